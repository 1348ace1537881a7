// test_scalar.c: the builder that finds which numbers are known whatever the unknown operands are:
// by its rules, and by the operators of the language on pad lanes.
#include <math.h>

#include "ir/opdef.h"
#include "ir/scalar.h"
#include "support/check_main.h"

static const ScalarVal zero = {.d = 0.0}, one = {.d = 1.0};

static ScalarVal unknown(void)
{
    return (ScalarVal){.d = (double)NAN};
}

START_TEST(rules)
{
    ScalarBuilder k = scalar_known, *b = &k;
    ScalarVal u = unknown();
    ck_assert(SC_MUL(b, zero, u).d == 0.0);
    ck_assert(SC_MUL(b, u, zero).d == 0.0);
    ck_assert(isnan(SC_MUL(b, u, one).d));
    ck_assert(isnan(SC_MUL(b, zero, SC_CONST(b, 1e300)).d)); // infinite as float32
    ck_assert(SC_ADD(b, zero, one).d == 1.0);
    ck_assert(isnan(SC_ADD(b, zero, u).d));
    ck_assert(isnan(SC_ADD(b, one, one).d));
    ck_assert(SC_SUB(b, zero, one).d == -1.0);
    ck_assert(isnan(SC_SUB(b, one, one).d)); // rounding decides; nobody asks
    ck_assert(SC_DIV(b, zero, one).d == 0.0);
    ck_assert(isnan(SC_DIV(b, zero, u).d));
    ck_assert(isnan(SC_DIV(b, zero, zero).d));
    ck_assert(b->fma(b, zero, u, zero).d == 0.0);
    ck_assert(isnan(b->fma(b, one, u, zero).d));
    ck_assert(SC_EXP(b, zero).d == 1.0);
    ck_assert(isnan(SC_EXP(b, one).d));
    ck_assert(SC_CONST(b, 1e-60).d == 0.0); // 0 as float32
}
END_TEST

START_TEST(selections)
{
    ScalarBuilder k = scalar_known, *b = &k;
    ScalarVal u = unknown();
    ck_assert(SC_SELECT(b, SCALAR_LT, zero, one, zero, u).d == 0.0);
    ck_assert(isnan(SC_SELECT(b, SCALAR_LT, zero, one, u, zero).d));
    ck_assert(SC_SELECT(b, SCALAR_GT, u, zero, zero, zero).d == 0.0);
    // 0 for u = 0.7 and for u = -1.9, and yet not always
    ck_assert(isnan(SC_SELECT(b, SCALAR_GT, u, SC_CONST(b, 0.8), one, zero).d));
}
END_TEST

// What an operator gives where its first operand is a pad, 0, and the other one as given.
static double on_pads(const char *name, ScalarVal other)
{
    ScalarBuilder b = scalar_known;
    const OpDef *op = op_find(name);
    ScalarVal arg[3] = {zero, other, other};
    return op->scalar(&b, NULL, arg, op->min_inputs).d;
}

START_TEST(operators_on_pads)
{
    ck_assert(on_pads("relu", zero) == 0.0);
    ck_assert(on_pads("relu_grad", zero) == 0.0);
    ck_assert(on_pads("relu_grad", unknown()) == 0.0);
    ck_assert(on_pads("add", zero) == 0.0);
    ck_assert(isnan(on_pads("add", unknown())));
    ck_assert(on_pads("mul", unknown()) == 0.0);
    ck_assert(on_pads("channel_affine", zero) == 0.0);
    ck_assert(isnan(on_pads("channel_affine", unknown())));
    ck_assert(on_pads("sigmoid_grad", zero) == 0.0);
    ck_assert(!(on_pads("sigmoid", zero) == 0.0)); // 1/2
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scalar");
    TCase *t = tcase_create("known");
    tcase_add_test(t, rules);
    tcase_add_test(t, selections);
    tcase_add_test(t, operators_on_pads);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
