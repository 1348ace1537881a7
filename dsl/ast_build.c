// ast_build.c: makes the nodes of the tree and keeps its depth within the limit.
#include "dsl/parse_state.h"

Loc parse_loc(SrcRange range)
{
    return (Loc){.range = range};
}

static uint32_t deeper(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t expr_depth(const AstExpr *e)
{
    return e ? e->depth : 0;
}

static uint32_t args_depth(const ArgList *args)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < args->count; i++) {
        depth = deeper(depth, expr_depth(args->at[i].value));
    }
    return depth;
}

static uint32_t body_depth(const StmtList *body)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < body->count; i++) {
        depth = deeper(depth, body->at[i]->depth);
    }
    return depth;
}

static bool is_too_deep(Parse *p, SrcRange range, uint32_t depth)
{
    if (depth <= AST_MAX_DEPTH) {
        return false;
    }
    if (!p->deep_reported) {
        DiagItem *item =
            diag_error(p->diag, parse_loc(range), "nested more than %d levels deep", AST_MAX_DEPTH);
        diag_help(p->diag, item, "split it: name a part, or move statements into a block");
    }
    p->deep_reported = true;
    return true;
}

AstExpr *ast_new_expr(Parse *p, AstExprKind kind, SrcRange range)
{
    AstExpr *e = ARENA_NEW(p->arena, AstExpr);
    e->kind = kind;
    e->range = range;
    e->depth = 1;
    return e;
}

// A node above children of the given depth; an ERROR node when that is too deep.
static AstExpr *new_above(Parse *p, AstExprKind kind, SrcRange range, uint32_t children)
{
    if (is_too_deep(p, range, children + 1)) {
        return ast_new_expr(p, AST_ERROR, range);
    }
    AstExpr *e = ast_new_expr(p, kind, range);
    e->depth = children + 1;
    return e;
}

AstExpr *ast_new_int(Parse *p, SrcRange range, int64_t value)
{
    AstExpr *e = ast_new_expr(p, AST_INT, range);
    e->u.integer = value;
    return e;
}

AstExpr *ast_new_float(Parse *p, SrcRange range, double value)
{
    AstExpr *e = ast_new_expr(p, AST_FLOAT, range);
    e->u.real = value;
    return e;
}

AstExpr *ast_new_bool(Parse *p, SrcRange range, bool value)
{
    AstExpr *e = ast_new_expr(p, AST_BOOL, range);
    e->u.truth = value;
    return e;
}

AstExpr *ast_new_text(Parse *p, AstExprKind kind, SrcRange range, const char *text)
{
    AstExpr *e = ast_new_expr(p, kind, range);
    e->u.text = text;
    return e;
}

AstExpr *ast_new_size(Parse *p, SrcRange range, int64_t rows, int64_t columns)
{
    AstExpr *e = ast_new_expr(p, AST_SIZE, range);
    e->u.size.rows = rows;
    e->u.size.columns = columns;
    return e;
}

AstExpr *ast_new_list(Parse *p, SrcRange range, AstExprList list)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < list.count; i++) {
        depth = deeper(depth, list.at[i]->depth);
    }
    AstExpr *e = new_above(p, AST_LIST, range, depth);
    if (e->kind == AST_LIST) {
        e->u.list = list;
    }
    return e;
}

AstExpr *ast_new_unary(Parse *p, SrcRange range, AstOp op, AstExpr *operand)
{
    AstExpr *e = new_above(p, AST_UNARY, range, operand->depth);
    if (e->kind != AST_UNARY) {
        return e;
    }
    e->u.operation.op = op;
    e->u.operation.left = operand;
    return e;
}

AstExpr *ast_new_binary(Parse *p, SrcRange range, AstOp op, AstExpr *left, AstExpr *right)
{
    AstExpr *e = new_above(p, AST_BINARY, range, deeper(left->depth, right->depth));
    if (e->kind != AST_BINARY) {
        return e;
    }
    e->u.operation.op = op;
    e->u.operation.left = left;
    e->u.operation.right = right;
    return e;
}

AstExpr *ast_new_choice(Parse *p, SrcRange range, AstExpr *condition, AstExpr *yes, AstExpr *no)
{
    uint32_t depth = deeper(condition->depth, deeper(yes->depth, no->depth));
    AstExpr *e = new_above(p, AST_CHOICE, range, depth);
    if (e->kind != AST_CHOICE) {
        return e;
    }
    e->u.choice.condition = condition;
    e->u.choice.yes = yes;
    e->u.choice.no = no;
    return e;
}

AstExpr *ast_new_call_expr(Parse *p, Call *call)
{
    AstExpr *e = new_above(p, AST_CALL, call->range, args_depth(&call->args));
    if (e->kind == AST_CALL) {
        e->u.call = call;
    }
    return e;
}

AstExpr *ast_new_index(Parse *p, SrcRange range, AstExpr *of, AstExpr *at)
{
    AstExpr *e = new_above(p, AST_INDEX, range, deeper(of->depth, at->depth));
    if (e->kind != AST_INDEX) {
        return e;
    }
    e->u.index.of = of;
    e->u.index.at = at;
    return e;
}

AstExpr *ast_new_field(Parse *p, SrcRange range, AstExpr *of, Name name)
{
    AstExpr *e = new_above(p, AST_FIELD, range, of->depth);
    if (e->kind != AST_FIELD) {
        return e;
    }
    e->u.field.of = of;
    e->u.field.name = name;
    return e;
}

Call *ast_new_call(Parse *p, SrcRange range, Name name, ArgList args)
{
    Call *call = ARENA_NEW(p->arena, Call);
    call->name = name;
    call->args = args;
    call->range = range;
    return call;
}

Stmt *ast_new_stmt(Parse *p, StmtKind kind, SrcRange range)
{
    Stmt *s = ARENA_NEW(p->arena, Stmt);
    s->kind = kind;
    s->range = range;
    s->depth = 1;
    return s;
}

static Stmt *new_stmt_above(Parse *p, StmtKind kind, SrcRange range, uint32_t children)
{
    if (is_too_deep(p, range, children + 1)) {
        return ast_new_stmt(p, STMT_ERROR, range);
    }
    Stmt *s = ast_new_stmt(p, kind, range);
    s->depth = children + 1;
    return s;
}

Stmt *ast_new_named(Parse *p, StmtKind kind, SrcRange range, Name name, AstExpr *value)
{
    Stmt *s = new_stmt_above(p, kind, range, expr_depth(value));
    s->name = name;
    s->value = value;
    return s;
}

Stmt *ast_new_compound(Parse *p, StmtKind kind, SrcRange range, Name name, AstExpr *value,
                       StmtList body)
{
    Stmt *s = new_stmt_above(p, kind, range, deeper(expr_depth(value), body_depth(&body)));
    if (s->kind == STMT_ERROR) {
        return s;
    }
    s->name = name;
    s->value = value;
    s->body = body;
    return s;
}

Stmt *ast_new_if(Parse *p, SrcRange range, AstExpr *condition, StmtList body, Stmt *otherwise)
{
    uint32_t depth = deeper(condition->depth, body_depth(&body));
    Stmt *s = new_stmt_above(p, STMT_IF, range, deeper(depth, otherwise ? otherwise->depth : 0));
    if (s->kind == STMT_ERROR) {
        return s;
    }
    s->value = condition;
    s->body = body;
    s->u.otherwise = otherwise;
    return s;
}

Stmt *ast_new_block(Parse *p, SrcRange range, Name name, ArgList params, StmtList body)
{
    uint32_t depth = deeper(args_depth(&params), body_depth(&body));
    Stmt *s = new_stmt_above(p, STMT_BLOCK, range, depth);
    if (s->kind == STMT_ERROR) {
        return s;
    }
    s->name = name;
    s->u.params = params;
    s->body = body;
    return s;
}

Stmt *ast_new_input(Parse *p, SrcRange range, Name name, AstExprList dims, StmtList steps)
{
    uint32_t depth = body_depth(&steps);
    for (uint32_t i = 0; i < dims.count; i++) {
        depth = deeper(depth, dims.at[i]->depth);
    }
    Stmt *s = new_stmt_above(p, STMT_INPUT, range, depth);
    if (s->kind == STMT_ERROR) {
        return s;
    }
    s->name = name;
    s->u.dims = dims;
    s->body = steps;
    return s;
}

Stmt *ast_new_call_stmt(Parse *p, Call *call)
{
    Stmt *s = new_stmt_above(p, STMT_CALL, call->range, args_depth(&call->args));
    if (s->kind == STMT_CALL) {
        s->u.call = call;
    }
    return s;
}

Stmt *ast_new_label(Parse *p, SrcRange range, Label label, Stmt *stmt)
{
    uint32_t depth = deeper(expr_depth(label.computed), stmt->depth);
    Stmt *s = new_stmt_above(p, STMT_LABEL, range, depth);
    if (s->kind == STMT_ERROR) {
        return s;
    }
    s->u.labelled.label = label;
    s->u.labelled.stmt = stmt;
    return s;
}
