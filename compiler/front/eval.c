// eval.c: the value of an expression.
// Not here: operators (arith.c) and functions (function.c) on values, calls of operators and blocks
// (call.c).
#include "front/expand.h"

#include <string.h>

#include "front/arith.h"
#include "front/function.h"
#include "front/vars.h"

enum { MAX_WRITTEN = 80 };

const char *eval_written(Front *f, const AstExpr *e)
{
    StrBuf b = {.arena = f->arena};
    ast_print_expr(e, &b);
    const char *text = strbuf_text(&b);
    if (strlen(text) <= MAX_WRITTEN) {
        return text;
    }
    return arena_printf(f->arena, "%.*s...", MAX_WRITTEN, text);
}

static Val eval_list(Front *f, Frame *frame, const AstExpr *e)
{
    const AstExprList *list = &e->u.list;
    Val *at = ARENA_ARRAY(f->arena, Val, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        at[i] = eval_expr(f, frame, list->at[i]);
        if (at[i].kind == VAL_POISON) {
            return val_poison();
        }
    }
    return front_list(f, frame, e->range, at, list->count);
}

static Val eval_size(Front *f, const AstExpr *e)
{
    Val *at = ARENA_ARRAY(f->arena, Val, 2);
    at[0] = val_int(e->u.size.rows);
    at[1] = val_int(e->u.size.columns);
    return val_list(at, 2);
}

static Val eval_it(Front *f, const Frame *frame, SrcRange range)
{
    if (frame->it.kind == VAL_NONE) {
        DiagItem *item = front_error(f, frame, range, "there is no current tensor here");
        diag_help(f->diag, item, "a model begins with an input: input image[3, 224, 224]");
        return val_poison();
    }
    return frame->it;
}

static uint64_t count_params(const Graph *g)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < g->params.count; i++) {
        total += (uint64_t)shape_elements(&g->params.at[i]->shape);
    }
    return total;
}

static uint64_t count_macs(const Graph *g)
{
    uint64_t total = 0;
    for (const Node *n = g->first; n; n = n->next) {
        total += n->op->macs ? n->op->macs(n) : 0;
    }
    return total;
}

static Val eval_name(Front *f, const Frame *frame, const AstExpr *e)
{
    const char *name = e->u.text;
    if (name == f->it_name) {
        return eval_it(f, frame, e->range);
    }
    const Var *var = vars_find(&frame->vars, name);
    if (!var) {
        var = vars_find(&f->globals->vars, name);
    }
    if (var) {
        return var->value;
    }
    if (f->complete && name == f->params_name) {
        return val_int((int64_t)count_params(f->graph));
    }
    if (f->complete && name == f->macs_name) {
        return val_int((int64_t)count_macs(f->graph));
    }
    vars_report_unknown(f, frame, name, e->range);
    return val_poison();
}

static Val eval_index(Front *f, Frame *frame, const AstExpr *e)
{
    Val of = eval_expr(f, frame, e->u.index.of), at = eval_expr(f, frame, e->u.index.at);
    if (of.kind == VAL_POISON || at.kind == VAL_POISON) {
        return val_poison();
    }
    if (of.kind != VAL_LIST) {
        (void)front_error(f, frame, e->u.index.of->range, "only a list has elements, this is %s",
                          val_describe(f->arena, &of));
        return val_poison();
    }
    if (at.kind != VAL_INT) {
        (void)front_error(f, frame, e->u.index.at->range, "an index is an integer, not %s",
                          val_describe(f->arena, &at));
        return val_poison();
    }
    int64_t count = of.u.list.count, i = at.u.integer;
    if (i < -count || i >= count) {
        DiagItem *item = front_error(f, frame, e->u.index.at->range, "index %lld in a list of %lld",
                                     (long long)i, (long long)count);
        diag_help(f->diag, item, "the first element is [0], the last is [-1]");
        return val_poison();
    }
    return of.u.list.at[i < 0 ? i + count : i];
}

static Val eval_field(Front *f, Frame *frame, const AstExpr *e)
{
    Val of = eval_expr(f, frame, e->u.field.of);
    const char *name = e->u.field.name.text;
    if (of.kind == VAL_POISON) {
        return of;
    }
    if (of.kind != VAL_TENSOR) {
        (void)front_error(f, frame, e->range, "only a tensor has .%s, this is %s", name,
                          val_describe(f->arena, &of));
        return val_poison();
    }
    const Shape *shape = &of.u.tensor->shape;
    if (strcmp(name, "c") == 0) {
        return val_int(shape_channels(shape));
    }
    if (strcmp(name, "h") == 0) {
        return val_int(shape_height(shape));
    }
    if (strcmp(name, "w") == 0) {
        return val_int(shape_width(shape));
    }
    DiagItem *item = front_error(f, frame, e->u.field.name.range, "a tensor has no .%s", name);
    diag_help(f->diag, item, "it has .c (channels), .h (height) and .w (width)");
    return val_poison();
}

Val eval_condition(Front *f, Frame *frame, const AstExpr *e)
{
    Val v = eval_expr(f, frame, e);
    if (v.kind != VAL_BOOL && v.kind != VAL_POISON) {
        (void)front_error(f, frame, e->range, "expected true or false, this is %s",
                          val_describe(f->arena, &v));
    }
    return v;
}

// The condition's value, or -1 after a report.
static int eval_truth(Front *f, Frame *frame, const AstExpr *e)
{
    Val v = eval_condition(f, frame, e);
    return v.kind == VAL_BOOL ? v.u.truth : -1;
}

static Val eval_choice(Front *f, Frame *frame, const AstExpr *e)
{
    int yes = eval_truth(f, frame, e->u.choice.condition);
    if (yes < 0) {
        return val_poison();
    }
    return eval_expr(f, frame, yes ? e->u.choice.yes : e->u.choice.no);
}

static Val eval_binary(Front *f, Frame *frame, const AstExpr *e)
{
    AstOp op = e->u.operation.op;
    if (op == AST_OP_AND || op == AST_OP_OR) {
        int left = eval_truth(f, frame, e->u.operation.left);
        if (left < 0) {
            return val_poison();
        }
        if (left == (op == AST_OP_OR)) {
            return val_bool(left);
        }
        int right = eval_truth(f, frame, e->u.operation.right);
        return right < 0 ? val_poison() : val_bool(right);
    }
    Val a = eval_expr(f, frame, e->u.operation.left);
    Val b = eval_expr(f, frame, e->u.operation.right);
    if (a.kind == VAL_POISON || b.kind == VAL_POISON) {
        return val_poison();
    }
    return arith_binary(f, frame, e, a, b);
}

static Val eval_unary(Front *f, Frame *frame, const AstExpr *e)
{
    if (e->u.operation.op == AST_OP_NOT) {
        int x = eval_truth(f, frame, e->u.operation.left);
        return x < 0 ? val_poison() : val_bool(!x);
    }
    Val x = eval_expr(f, frame, e->u.operation.left);
    return x.kind == VAL_POISON ? x : arith_unary(f, frame, e, x);
}

static Val eval_function(Front *f, Frame *frame, const Call *call)
{
    Val *args = ARENA_ARRAY(f->arena, Val, call->args.count);
    bool poisoned = false;
    for (uint32_t i = 0; i < call->args.count; i++) {
        args[i] = eval_expr(f, frame, call->args.at[i].value);
        poisoned |= args[i].kind == VAL_POISON;
        if (call->args.at[i].name.text) {
            (void)front_error(f, frame, call->args.at[i].range, "%s takes no named arguments",
                              call->name.text);
            poisoned = true;
        }
    }
    return poisoned ? val_poison() : function_call(f, frame, call, args);
}

static Val eval_kind(Front *f, Frame *frame, const AstExpr *e)
{
    switch (e->kind) {
    case AST_ERROR:
        return val_poison();
    case AST_NONE:
        return val_none();
    case AST_BOOL:
        return val_bool(e->u.truth);
    case AST_INT:
        return val_int(e->u.integer);
    case AST_FLOAT:
        return val_float(e->u.real);
    case AST_STRING:
        return val_text(e->u.text);
    case AST_SIZE:
        return eval_size(f, e);
    case AST_NAME:
        return eval_name(f, frame, e);
    case AST_LIST:
        return eval_list(f, frame, e);
    case AST_UNARY:
        return eval_unary(f, frame, e);
    case AST_BINARY:
        return eval_binary(f, frame, e);
    case AST_CHOICE:
        return eval_choice(f, frame, e);
    case AST_CALL:
        if (function_exists(e->u.call->name.text)) {
            return eval_function(f, frame, e->u.call);
        }
        return call_apply(f, frame, e->u.call, NULL);
    case AST_INDEX:
        return eval_index(f, frame, e);
    case AST_FIELD:
        return eval_field(f, frame, e);
    }
    return val_poison();
}

Val eval_expr(Front *f, Frame *frame, const AstExpr *e)
{
    if (!front_charge(f, frame, e->range, 1) || !front_enter(f, frame, e->range)) {
        return val_poison();
    }
    Val v = eval_kind(f, frame, e);
    f->frames--;
    return v;
}

static bool list_mentions(const Front *f, const AstExprList *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (eval_mentions_totals(f, list->at[i])) {
            return true;
        }
    }
    return false;
}

static bool args_mention(const Front *f, const ArgList *args)
{
    for (uint32_t i = 0; i < args->count; i++) {
        if (eval_mentions_totals(f, args->at[i].value)) {
            return true;
        }
    }
    return false;
}

bool eval_mentions_totals(const Front *f, const AstExpr *e)
{
    switch (e->kind) {
    case AST_NAME:
        return e->u.text == f->params_name || e->u.text == f->macs_name;
    case AST_LIST:
        return list_mentions(f, &e->u.list);
    case AST_UNARY:
        return eval_mentions_totals(f, e->u.operation.left);
    case AST_BINARY:
        return eval_mentions_totals(f, e->u.operation.left) ||
               eval_mentions_totals(f, e->u.operation.right);
    case AST_CHOICE:
        return eval_mentions_totals(f, e->u.choice.condition) ||
               eval_mentions_totals(f, e->u.choice.yes) || eval_mentions_totals(f, e->u.choice.no);
    case AST_CALL:
        return args_mention(f, &e->u.call->args);
    case AST_INDEX:
        return eval_mentions_totals(f, e->u.index.of) || eval_mentions_totals(f, e->u.index.at);
    case AST_FIELD:
        return eval_mentions_totals(f, e->u.field.of);
    case AST_ERROR:
    case AST_NONE:
    case AST_BOOL:
    case AST_INT:
    case AST_FLOAT:
    case AST_STRING:
    case AST_SIZE:
        return false;
    }
    return false;
}
