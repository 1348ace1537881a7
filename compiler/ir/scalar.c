// scalar.c: the plain-C scalar builder: evaluates expressions at once, in double.
#include "ir/scalar.h"

#include <math.h>
#include <stdbool.h>

static ScalarVal plain_constant(ScalarBuilder *b, double x)
{
    (void)b;
    return (ScalarVal){.d = x};
}

static ScalarVal plain_unary(ScalarBuilder *b, ScalarUnary op, ScalarVal x)
{
    (void)b;
    switch (op) {
    case SCALAR_NEG:
        return (ScalarVal){.d = -x.d};
    case SCALAR_ABS:
        return (ScalarVal){.d = fabs(x.d)};
    case SCALAR_EXP:
        return (ScalarVal){.d = exp(x.d)};
    case SCALAR_LOG:
        return (ScalarVal){.d = log(x.d)};
    case SCALAR_SQRT:
        return (ScalarVal){.d = sqrt(x.d)};
    }
    return x;
}

static ScalarVal plain_binary(ScalarBuilder *b, ScalarBinary op, ScalarVal x, ScalarVal y)
{
    (void)b;
    switch (op) {
    case SCALAR_ADD:
        return (ScalarVal){.d = x.d + y.d};
    case SCALAR_SUB:
        return (ScalarVal){.d = x.d - y.d};
    case SCALAR_MUL:
        return (ScalarVal){.d = x.d * y.d};
    case SCALAR_DIV:
        return (ScalarVal){.d = x.d / y.d};
    }
    return x;
}

static ScalarVal plain_fma(ScalarBuilder *b, ScalarVal x, ScalarVal y, ScalarVal z)
{
    (void)b;
    return (ScalarVal){.d = x.d * y.d + z.d};
}

static bool compare(ScalarCompare cmp, double x, double y)
{
    switch (cmp) {
    case SCALAR_LT:
        return x < y;
    case SCALAR_LE:
        return x <= y;
    case SCALAR_GT:
        return x > y;
    case SCALAR_GE:
        return x >= y;
    case SCALAR_EQ:
        return x == y;
    }
    return false;
}

static ScalarVal plain_select(ScalarBuilder *b, ScalarCompare cmp, ScalarVal x, ScalarVal y,
                              ScalarVal t, ScalarVal f)
{
    (void)b;
    return compare(cmp, x.d, y.d) ? t : f;
}

const ScalarBuilder scalar_plain = {
    .constant = plain_constant,
    .unary = plain_unary,
    .binary = plain_binary,
    .fma = plain_fma,
    .select = plain_select,
};
