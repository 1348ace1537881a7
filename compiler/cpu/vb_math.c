// vb_math.c: the scalar builder over vectors, and exp and log as polynomials, so that an object
// needs no libm. Coefficients: Moshier's Cephes library, expf and logf (netlib.org/cephes, single).
#include "cpu/vb.h"

#include <math.h>

#include "base/internal_error.h"

#define LN2_HIGH 0.693359375     // 10 bits: n * LN2_HIGH is exact for |n| < 2^14
#define LN2_LOW (-2.12194440e-4) // ln 2 - LN2_HIGH
#define LOG2_E 1.44269504088896341
#define ROUND_MAGIC 12582912.0 // 1.5 * 2^23: adding it rounds to an integer in the low bits
#define ROUND_MAGIC_BITS 0x4B400000

static Typ int_vec(Vb *b)
{
    return LLVMVectorType(b->i32, b->width);
}

static Val int_const(Vb *b, int32_t x)
{
    return vb_splat(b, LLVMConstInt(b->i32, (unsigned long long)(int64_t)x, 1));
}

static Val as_int(Vb *b, Val x)
{
    return LLVMBuildBitCast(b->builder, x, int_vec(b), "");
}

static Val as_float(Vb *b, Val x)
{
    return LLVMBuildBitCast(b->builder, x, b->vec, "");
}

static Val fcmp_select(Vb *b, LLVMRealPredicate p, Val x, Val y, Val t, Val f)
{
    return vb_select(b, LLVMBuildFCmp(b->builder, p, x, y, ""), t, f);
}

// c[0] x^(n-1) + ... + c[n-1]
static Val horner(Vb *b, Val x, const double *c, uint32_t n)
{
    Val sum = vb_const(b, c[0]);
    for (uint32_t i = 1; i < n; i++) {
        sum = vb_fma(b, sum, x, vb_const(b, c[i]));
    }
    return sum;
}

// 2^n as a float, -126 <= n <= 127
static Val power_of_two(Vb *b, Val n)
{
    Val biased = LLVMBuildAdd(b->builder, n, int_const(b, 127), "");
    return as_float(b, LLVMBuildShl(b->builder, biased, int_const(b, 23), ""));
}

Val vb_exp(Vb *b, Val x)
{
    static const double c[] = {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3,
                               4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1};
    // Beyond these the result is infinite or rounds to zero; NaN compares false and passes.
    Val high = vb_const(b, 89.0), low = vb_const(b, -104.0);
    x = fcmp_select(b, LLVMRealOGT, x, high, high, x);
    x = fcmp_select(b, LLVMRealOLT, x, low, low, x);
    // x = n ln2 + r, |r| <= ln2 / 2
    Val magic = vb_const(b, ROUND_MAGIC);
    Val shifted = vb_fadd(b, vb_fmul(b, x, vb_const(b, LOG2_E)), magic);
    Val nf = vb_fsub(b, shifted, magic);
    Val n = LLVMBuildSub(b->builder, as_int(b, shifted), int_const(b, ROUND_MAGIC_BITS), "");
    Val r = vb_fma(b, nf, vb_const(b, -LN2_HIGH), x);
    r = vb_fma(b, nf, vb_const(b, -LN2_LOW), r);
    Val p = horner(b, r, c, sizeof c / sizeof c[0]);
    p = vb_fma(b, vb_fmul(b, r, r), p, r);
    p = vb_fadd(b, p, vb_const(b, 1.0));
    // Two factors, so that neither leaves the exponent's range where the product is subnormal or
    // infinite.
    Val half = LLVMBuildAShr(b->builder, n, int_const(b, 1), "");
    Val rest = LLVMBuildSub(b->builder, n, half, "");
    return vb_fmul(b, vb_fmul(b, p, power_of_two(b, half)), power_of_two(b, rest));
}

Val vb_log(Vb *b, Val x)
{
    static const double c[] = {7.0376836292e-2,  -1.1514610310e-1, 1.1676998740e-1,
                               -1.2420140846e-1, 1.4249322787e-1,  -1.6668057665e-1,
                               2.0000714765e-1,  -2.4999993993e-1, 3.3333331174e-1};
    Val zero = vb_zero(b);
    Val tiny = vb_const(b, 0x1p-126), scale = vb_const(b, 0x1p25);
    Val scaled = fcmp_select(b, LLVMRealOLT, x, tiny, vb_fmul(b, x, scale), x);
    Val shift = fcmp_select(b, LLVMRealOLT, x, tiny, vb_const(b, -25.0), zero);
    // scaled = m * 2^e, m in [sqrt(1/2), sqrt(2))
    Val bits = as_int(b, scaled);
    Val above = LLVMBuildSub(b->builder, bits, int_const(b, 0x3F3504F3), "");
    Val e = LLVMBuildAShr(b->builder, above, int_const(b, 23), "");
    Val m = as_float(
        b, LLVMBuildSub(b->builder, bits, LLVMBuildShl(b->builder, e, int_const(b, 23), ""), ""));
    Val ef = vb_fadd(b, LLVMBuildSIToFP(b->builder, e, b->vec, ""), shift);
    Val f = vb_fsub(b, m, vb_const(b, 1.0));
    Val z = vb_fmul(b, f, f);
    Val y = vb_fmul(b, vb_fmul(b, horner(b, f, c, sizeof c / sizeof c[0]), f), z);
    y = vb_fma(b, ef, vb_const(b, LN2_LOW), y);
    y = vb_fma(b, z, vb_const(b, -0.5), y);
    Val result = vb_fma(b, ef, vb_const(b, LN2_HIGH), vb_fadd(b, f, y));
    // The edges: 0, negative, infinity, NaN.
    Val infinity = vb_const(b, HUGE_VAL);
    result = fcmp_select(b, LLVMRealOEQ, x, zero, vb_const(b, -HUGE_VAL), result);
    result = fcmp_select(b, LLVMRealOLT, x, zero, vb_const(b, (double)NAN), result);
    result = fcmp_select(b, LLVMRealOEQ, x, infinity, infinity, result);
    return fcmp_select(b, LLVMRealUNO, x, x, x, result);
}

Val vb_sqrt(Vb *b, Val x)
{
    return vb_intrinsic(b, "llvm.sqrt", LLVMTypeOf(x), &x, 1);
}

// ScalarBuilder's face. The builder is the first member of Vb.

static Vb *vb_of(ScalarBuilder *b)
{
    return (Vb *)(void *)b;
}

static ScalarVal wrap(Val x)
{
    return (ScalarVal){.ir = x};
}

static Val unwrap(ScalarVal x)
{
    return (Val)x.ir;
}

static ScalarVal scalar_constant(ScalarBuilder *b, double x)
{
    return wrap(vb_const(vb_of(b), x));
}

static ScalarVal scalar_unary(ScalarBuilder *sb, ScalarUnary op, ScalarVal arg)
{
    Vb *b = vb_of(sb);
    Val x = unwrap(arg);
    switch (op) {
    case SCALAR_NEG:
        return wrap(LLVMBuildFNeg(b->builder, x, ""));
    case SCALAR_ABS:
        return wrap(vb_intrinsic(b, "llvm.fabs", LLVMTypeOf(x), &x, 1));
    case SCALAR_EXP:
        return wrap(vb_exp(b, x));
    case SCALAR_LOG:
        return wrap(vb_log(b, x));
    case SCALAR_SQRT:
        return wrap(vb_sqrt(b, x));
    }
    INTERNAL_ERROR("unknown unary operation %d", (int)op);
}

static ScalarVal scalar_binary(ScalarBuilder *sb, ScalarBinary op, ScalarVal x, ScalarVal y)
{
    Vb *b = vb_of(sb);
    switch (op) {
    case SCALAR_ADD:
        return wrap(vb_fadd(b, unwrap(x), unwrap(y)));
    case SCALAR_SUB:
        return wrap(vb_fsub(b, unwrap(x), unwrap(y)));
    case SCALAR_MUL:
        return wrap(vb_fmul(b, unwrap(x), unwrap(y)));
    case SCALAR_DIV:
        return wrap(vb_fdiv(b, unwrap(x), unwrap(y)));
    }
    INTERNAL_ERROR("unknown binary operation %d", (int)op);
}

static ScalarVal scalar_fma(ScalarBuilder *b, ScalarVal x, ScalarVal y, ScalarVal z)
{
    return wrap(vb_fma(vb_of(b), unwrap(x), unwrap(y), unwrap(z)));
}

static LLVMRealPredicate predicate_of(ScalarCompare cmp)
{
    switch (cmp) {
    case SCALAR_LT:
        return LLVMRealOLT;
    case SCALAR_LE:
        return LLVMRealOLE;
    case SCALAR_GT:
        return LLVMRealOGT;
    case SCALAR_GE:
        return LLVMRealOGE;
    case SCALAR_EQ:
        return LLVMRealOEQ;
    }
    INTERNAL_ERROR("unknown comparison %d", (int)cmp);
}

static ScalarVal scalar_select(ScalarBuilder *b, ScalarCompare cmp, ScalarVal x, ScalarVal y,
                               ScalarVal t, ScalarVal f)
{
    return wrap(
        fcmp_select(vb_of(b), predicate_of(cmp), unwrap(x), unwrap(y), unwrap(t), unwrap(f)));
}

void vb_math_init(Vb *b)
{
    b->scalar = (ScalarBuilder){.constant = scalar_constant,
                                .unary = scalar_unary,
                                .binary = scalar_binary,
                                .fma = scalar_fma,
                                .select = scalar_select};
}
