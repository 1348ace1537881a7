// ast_equal.c: whether two trees say the same.
#include "dsl/ast.h"

static bool exprs_equal(const AstExpr *a, const AstExpr *b);
static bool stmts_equal(const Stmt *a, const Stmt *b);

static bool lists_equal(const AstExprList *a, const AstExprList *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (!exprs_equal(a->at[i], b->at[i])) {
            return false;
        }
    }
    return true;
}

static bool args_equal(const ArgList *a, const ArgList *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->at[i].name.text != b->at[i].name.text ||
            !exprs_equal(a->at[i].value, b->at[i].value)) {
            return false;
        }
    }
    return true;
}

static bool calls_equal(const Call *a, const Call *b)
{
    return a->name.text == b->name.text && args_equal(&a->args, &b->args);
}

static bool exprs_equal(const AstExpr *a, const AstExpr *b)
{
    if (!a || !b) {
        return a == b;
    }
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case AST_ERROR:
    case AST_NONE:
        return true;
    case AST_BOOL:
        return a->u.truth == b->u.truth;
    case AST_INT:
        return a->u.integer == b->u.integer;
    case AST_FLOAT:
        return a->u.real >= b->u.real && a->u.real <= b->u.real;
    case AST_STRING:
    case AST_NAME:
        return a->u.text == b->u.text;
    case AST_SIZE:
        return a->u.size.rows == b->u.size.rows && a->u.size.columns == b->u.size.columns;
    case AST_LIST:
        return lists_equal(&a->u.list, &b->u.list);
    case AST_UNARY:
    case AST_BINARY:
        return a->u.operation.op == b->u.operation.op &&
               exprs_equal(a->u.operation.left, b->u.operation.left) &&
               exprs_equal(a->u.operation.right, b->u.operation.right);
    case AST_CHOICE:
        return exprs_equal(a->u.choice.condition, b->u.choice.condition) &&
               exprs_equal(a->u.choice.yes, b->u.choice.yes) &&
               exprs_equal(a->u.choice.no, b->u.choice.no);
    case AST_CALL:
        return calls_equal(a->u.call, b->u.call);
    case AST_INDEX:
        return exprs_equal(a->u.index.of, b->u.index.of) &&
               exprs_equal(a->u.index.at, b->u.index.at);
    case AST_FIELD:
        return a->u.field.name.text == b->u.field.name.text &&
               exprs_equal(a->u.field.of, b->u.field.of);
    }
    return false;
}

static bool bodies_equal(const StmtList *a, const StmtList *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (!stmts_equal(a->at[i], b->at[i])) {
            return false;
        }
    }
    return true;
}

// What only one kind of statement has.
static bool details_equal(const Stmt *a, const Stmt *b)
{
    switch (a->kind) {
    case STMT_INCLUDE:
        return a->u.path == b->u.path;
    case STMT_ASSERT:
        return a->u.message == b->u.message;
    case STMT_BLOCK:
        return args_equal(&a->u.params, &b->u.params);
    case STMT_INPUT:
        return lists_equal(&a->u.dims, &b->u.dims);
    case STMT_CALL:
        return calls_equal(a->u.call, b->u.call);
    case STMT_IF:
        return stmts_equal(a->u.otherwise, b->u.otherwise);
    case STMT_LABEL:
        return a->u.labelled.label.text == b->u.labelled.label.text &&
               exprs_equal(a->u.labelled.label.computed, b->u.labelled.label.computed) &&
               stmts_equal(a->u.labelled.stmt, b->u.labelled.stmt);
    case STMT_ERROR:
    case STMT_PARAM:
    case STMT_MODEL:
    case STMT_OUTPUT:
    case STMT_ASSIGN:
    case STMT_GROUP:
    case STMT_REPEAT:
    case STMT_FOR:
        return true;
    }
    return false;
}

static bool stmts_equal(const Stmt *a, const Stmt *b)
{
    if (!a || !b) {
        return a == b;
    }
    return a->kind == b->kind && a->name.text == b->name.text && exprs_equal(a->value, b->value) &&
           bodies_equal(&a->body, &b->body) && details_equal(a, b);
}

bool ast_equal(const AstFile *a, const AstFile *b)
{
    return bodies_equal(&a->body, &b->body);
}
