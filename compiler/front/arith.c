// arith.c: operators on compile-time values. Integers are 64 bits and never wrap.
#include "front/arith.h"

#include <math.h>
#include <string.h>

#include "base/internal_error.h"

static const char *const OP_SIGNS[] = {
    [AST_OP_NEGATE] = "-", [AST_OP_NOT] = "not", [AST_OP_OR] = "or",    [AST_OP_AND] = "and",
    [AST_OP_EQ] = "==",    [AST_OP_NE] = "!=",   [AST_OP_LT] = "<",     [AST_OP_LE] = "<=",
    [AST_OP_GT] = ">",     [AST_OP_GE] = ">=",   [AST_OP_RANGE] = "..", [AST_OP_ADD] = "+",
    [AST_OP_SUB] = "-",    [AST_OP_MUL] = "*",   [AST_OP_DIV] = "/",    [AST_OP_MOD] = "%",
};

static Val report_overflow(Front *f, const Frame *frame, const AstExpr *e)
{
    (void)front_error(f, frame, e->range, "the result of %s is larger than any integer",
                      OP_SIGNS[e->u.operation.op]);
    return val_poison();
}

static Val report_kinds(Front *f, const Frame *frame, const AstExpr *e, const Val *a, const Val *b)
{
    (void)front_error(f, frame, e->range, "%s cannot be applied to %s and %s",
                      OP_SIGNS[e->u.operation.op], val_describe(f->arena, a),
                      val_describe(f->arena, b));
    return val_poison();
}

static Val report_zero(Front *f, const Frame *frame, const AstExpr *e)
{
    (void)front_error(f, frame, e->range, "division by zero");
    return val_poison();
}

static Val checked_float(Front *f, const Frame *frame, const AstExpr *e, double x)
{
    if (isfinite(x)) {
        return val_float(x);
    }
    (void)front_error(f, frame, e->range, "the result of %s is not a finite number",
                      OP_SIGNS[e->u.operation.op]);
    return val_poison();
}

Val arith_unary(Front *f, const Frame *frame, const AstExpr *e, Val x)
{
    if (x.kind == VAL_FLOAT) {
        return val_float(-x.u.real);
    }
    if (x.kind == VAL_INT && x.u.integer != INT64_MIN) {
        return val_int(-x.u.integer);
    }
    if (x.kind == VAL_INT) {
        return report_overflow(f, frame, e);
    }
    (void)front_error(f, frame, e->range, "- cannot be applied to %s", val_describe(f->arena, &x));
    return val_poison();
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    if (b == -1) {
        return 0; // INT64_MIN % -1 traps
    }
    int64_t r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// / stays an integer where it divides exactly and is a float otherwise.
static Val divide_ints(Front *f, const Frame *frame, const AstExpr *e, int64_t a, int64_t b)
{
    if (b == 0) {
        return report_zero(f, frame, e);
    }
    if (b == -1) {
        return a == INT64_MIN ? report_overflow(f, frame, e) : val_int(-a);
    }
    return a % b == 0 ? val_int(a / b) : val_float((double)a / (double)b);
}

static Val int_arith(Front *f, const Frame *frame, const AstExpr *e, int64_t a, int64_t b)
{
    int64_t result = 0;
    bool overflow = false;
    switch (e->u.operation.op) {
    case AST_OP_ADD:
        overflow = __builtin_add_overflow(a, b, &result);
        break;
    case AST_OP_SUB:
        overflow = __builtin_sub_overflow(a, b, &result);
        break;
    case AST_OP_MUL:
        overflow = __builtin_mul_overflow(a, b, &result);
        break;
    case AST_OP_DIV:
        return divide_ints(f, frame, e, a, b);
    case AST_OP_MOD:
        return b == 0 ? report_zero(f, frame, e) : val_int(floor_mod(a, b));
    default:
        INTERNAL_ERROR("operator %s is no arithmetic", OP_SIGNS[e->u.operation.op]);
    }
    return overflow ? report_overflow(f, frame, e) : val_int(result);
}

static Val float_arith(Front *f, const Frame *frame, const AstExpr *e, double a, double b)
{
    AstOp op = e->u.operation.op;
    if ((op == AST_OP_DIV || op == AST_OP_MOD) && !(b < 0.0 || b > 0.0)) {
        return report_zero(f, frame, e);
    }
    switch (op) {
    case AST_OP_ADD:
        return checked_float(f, frame, e, a + b);
    case AST_OP_SUB:
        return checked_float(f, frame, e, a - b);
    case AST_OP_MUL:
        return checked_float(f, frame, e, a * b);
    case AST_OP_DIV:
        return checked_float(f, frame, e, a / b);
    case AST_OP_MOD:
        return checked_float(f, frame, e, a - b * floor(a / b));
    default:
        INTERNAL_ERROR("operator %s is no arithmetic", OP_SIGNS[op]);
    }
}

static bool compare(AstOp op, double a, double b)
{
    switch (op) {
    case AST_OP_LT:
        return a < b;
    case AST_OP_LE:
        return a <= b;
    case AST_OP_GT:
        return a > b;
    case AST_OP_GE:
        return a >= b;
    default:
        INTERNAL_ERROR("operator %s is no comparison", OP_SIGNS[op]);
    }
}

static bool compare_ints(AstOp op, int64_t a, int64_t b)
{
    // As floats, integers past 2^53 could look equal.
    return compare(op, a < b ? -1.0 : a > b ? 1.0 : 0.0, 0.0);
}

static Val make_range(Front *f, const Frame *frame, const AstExpr *e, int64_t from, int64_t to)
{
    if (to <= from) {
        return val_list(NULL, 0);
    }
    uint64_t count = (uint64_t)to - (uint64_t)from;
    if (count > FRONT_MAX_LIST) {
        (void)front_error(f, frame, e->range, "a range of %llu integers, the limit is %d",
                          (unsigned long long)count, FRONT_MAX_LIST);
        return val_poison();
    }
    if (!front_charge(f, frame, e->range, count)) {
        return val_poison();
    }
    Val *at = ARENA_ARRAY(f->arena, Val, count);
    for (uint64_t i = 0; i < count; i++) {
        at[i] = val_int(from + (int64_t)i);
    }
    return val_list(at, (uint32_t)count);
}

static Val join_lists(Front *f, const Frame *frame, const AstExpr *e, const Val *a, const Val *b)
{
    uint32_t first = a->u.list.count, count = first + b->u.list.count;
    if (count > FRONT_MAX_LIST) {
        return front_list(f, frame, e->range, NULL, count);
    }
    Val *at = ARENA_ARRAY(f->arena, Val, count);
    if (first) {
        memcpy(at, a->u.list.at, first * sizeof *at);
    }
    if (b->u.list.count) {
        memcpy(at + first, b->u.list.at, b->u.list.count * sizeof *at);
    }
    return front_list(f, frame, e->range, at, count);
}

static const char *text_of(Front *f, const Val *v)
{
    if (v->kind == VAL_TEXT) {
        return v->u.text;
    }
    StrBuf b = {.arena = f->arena};
    val_print(v, &b);
    return strbuf_text(&b);
}

static Val join_texts(Front *f, const Frame *frame, const AstExpr *e, const Val *a, const Val *b)
{
    const char *left = text_of(f, a), *right = text_of(f, b);
    size_t length = strlen(left) + strlen(right);
    if (length > FRONT_MAX_TEXT) {
        (void)front_error(f, frame, e->range, "a text of %zu characters, the limit is %d", length,
                          FRONT_MAX_TEXT);
        return val_poison();
    }
    if (!front_charge(f, frame, e->range, length / 16)) {
        return val_poison();
    }
    return val_text(arena_printf(f->arena, "%s%s", left, right));
}

static Val equality(Front *f, const Frame *frame, const AstExpr *e, const Val *a, const Val *b)
{
    if (a->kind == VAL_LIST && !front_charge(f, frame, e->range, a->u.list.size)) {
        return val_poison();
    }
    return val_bool(val_equal(a, b) == (e->u.operation.op == AST_OP_EQ));
}

Val arith_binary(Front *f, const Frame *frame, const AstExpr *e, Val a, Val b)
{
    AstOp op = e->u.operation.op;
    bool ints = a.kind == VAL_INT && b.kind == VAL_INT;
    bool numbers = val_is_number(&a) && val_is_number(&b);
    if (op == AST_OP_EQ || op == AST_OP_NE) {
        return equality(f, frame, e, &a, &b);
    }
    if (op == AST_OP_RANGE) {
        return ints ? make_range(f, frame, e, a.u.integer, b.u.integer)
                    : report_kinds(f, frame, e, &a, &b);
    }
    if (op == AST_OP_ADD && a.kind == VAL_LIST && b.kind == VAL_LIST) {
        return join_lists(f, frame, e, &a, &b);
    }
    if (op == AST_OP_ADD && (a.kind == VAL_TEXT || b.kind == VAL_TEXT)) {
        bool joinable =
            (a.kind == VAL_TEXT || val_is_number(&a)) && (b.kind == VAL_TEXT || val_is_number(&b));
        return joinable ? join_texts(f, frame, e, &a, &b) : report_kinds(f, frame, e, &a, &b);
    }
    if (!numbers) {
        return report_kinds(f, frame, e, &a, &b);
    }
    if (op == AST_OP_LT || op == AST_OP_LE || op == AST_OP_GT || op == AST_OP_GE) {
        return val_bool(ints ? compare_ints(op, a.u.integer, b.u.integer)
                             : compare(op, val_number(&a), val_number(&b)));
    }
    if (ints) {
        return int_arith(f, frame, e, a.u.integer, b.u.integer);
    }
    return float_arith(f, frame, e, val_number(&a), val_number(&b));
}
