// cost.c: a scalar builder that counts the expensive steps.
#include "passes/cost.h"

typedef struct Counter {
    ScalarBuilder base; // first: the operators see only this
    uint32_t expensive; // exp, log, sqrt, division
} Counter;

static ScalarVal count_constant(ScalarBuilder *b, double x)
{
    (void)b;
    return (ScalarVal){.d = x};
}

static ScalarVal count_unary(ScalarBuilder *b, ScalarUnary op, ScalarVal x)
{
    if (op != SCALAR_NEG && op != SCALAR_ABS) {
        ((Counter *)b)->expensive++;
    }
    return x;
}

static ScalarVal count_binary(ScalarBuilder *b, ScalarBinary op, ScalarVal x, ScalarVal y)
{
    (void)y;
    if (op == SCALAR_DIV) {
        ((Counter *)b)->expensive++;
    }
    return x;
}

static ScalarVal count_fma(ScalarBuilder *b, ScalarVal x, ScalarVal y, ScalarVal z)
{
    (void)b, (void)y, (void)z;
    return x;
}

static ScalarVal count_select(ScalarBuilder *b, ScalarCompare cmp, ScalarVal x, ScalarVal y,
                              ScalarVal t, ScalarVal f)
{
    (void)b, (void)cmp, (void)x, (void)y, (void)f;
    return t;
}

bool op_is_cheap(const OpDef *op, const void *attrs, uint32_t arg_count)
{
    enum { MAX_ARGS = 8 };
    if (!op->scalar || arg_count > MAX_ARGS) {
        return false;
    }
    Counter counter = {.base = {.constant = count_constant,
                                .unary = count_unary,
                                .binary = count_binary,
                                .fma = count_fma,
                                .select = count_select}};
    const ScalarVal arg[MAX_ARGS] = {{.d = 1.0}, {.d = 1.0}, {.d = 1.0}, {.d = 1.0},
                                     {.d = 1.0}, {.d = 1.0}, {.d = 1.0}, {.d = 1.0}};
    (void)op->scalar(&counter.base, attrs, arg, arg_count);
    return counter.expensive == 0;
}
