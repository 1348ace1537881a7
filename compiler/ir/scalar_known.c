// scalar_known.c: which numbers an expression gives whatever its unknown operands are.
//
// A value is a number that is known exactly, or NaN: not known. Each rule gives a number only where
// float32 arithmetic gives exactly that one:
//   constant x       x, rounded to float32
//   0 + y, y + 0     y            y - 0   y        0 - y   -y
//   0 * y, y * 0     0            a y that is not known is taken to be finite (below)
//   0 / y            0            where y is known and not 0
//   -x, |x|          of a known x
//   exp 0            1            sqrt 0  0
//   x cmp y ? t : f  t or f, where x and y are known; else t where t = f
// All else is not known, 1 + 1 too: nobody asks. The sign of a zero is not kept.
//
// 0 * y with an infinite y or a NaN is NaN. Who relies on 0 * y = 0 has to accept that such a y
// spreads; it does so by itself wherever y meets other numbers.
#include "ir/scalar.h"

#include <math.h>
#include <stdbool.h>

static const double UNKNOWN = (double)NAN;

static bool is_zero(double x)
{
    return x == 0.0; // false if not known
}

static ScalarVal known(double x)
{
    return (ScalarVal){.d = x};
}

static ScalarVal known_constant(ScalarBuilder *b, double x)
{
    (void)b;
    return known((double)(float)x);
}

static ScalarVal known_unary(ScalarBuilder *b, ScalarUnary op, ScalarVal x)
{
    (void)b;
    switch (op) {
    case SCALAR_NEG:
        return known(-x.d);
    case SCALAR_ABS:
        return known(fabs(x.d));
    case SCALAR_EXP:
        return known(is_zero(x.d) ? 1.0 : UNKNOWN);
    case SCALAR_SQRT:
        return known(is_zero(x.d) ? 0.0 : UNKNOWN);
    case SCALAR_LOG:
        break;
    }
    return known(UNKNOWN);
}

static ScalarVal known_binary(ScalarBuilder *b, ScalarBinary op, ScalarVal x, ScalarVal y)
{
    (void)b;
    switch (op) {
    case SCALAR_ADD:
        return is_zero(x.d) ? y : is_zero(y.d) ? x : known(UNKNOWN);
    case SCALAR_SUB:
        return is_zero(y.d) ? x : is_zero(x.d) ? known(-y.d) : known(UNKNOWN);
    case SCALAR_MUL:
        if (isinf(x.d) || isinf(y.d)) {
            break;
        }
        return known(is_zero(x.d) || is_zero(y.d) ? 0.0 : UNKNOWN);
    case SCALAR_DIV:
        return known(is_zero(x.d) && fabs(y.d) > 0.0 ? 0.0 : UNKNOWN);
    }
    return known(UNKNOWN);
}

static ScalarVal known_fma(ScalarBuilder *b, ScalarVal x, ScalarVal y, ScalarVal z)
{
    return known_binary(b, SCALAR_ADD, known_binary(b, SCALAR_MUL, x, y), z);
}

static ScalarVal known_select(ScalarBuilder *b, ScalarCompare cmp, ScalarVal x, ScalarVal y,
                              ScalarVal t, ScalarVal f)
{
    if (isnan(x.d) || isnan(y.d)) {
        return t.d == f.d ? t : known(UNKNOWN);
    }
    ScalarBuilder plain = scalar_plain;
    (void)b;
    return plain.select(&plain, cmp, x, y, t, f);
}

const ScalarBuilder scalar_known = {
    .constant = known_constant,
    .unary = known_unary,
    .binary = known_binary,
    .fma = known_fma,
    .select = known_select,
};
