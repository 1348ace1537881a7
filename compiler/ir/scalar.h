// scalar.h: an abstract builder of scalar expressions. An elementwise operator is written once over
// it; the plain-C builder (scalar.c) evaluates it in double, the code generator's builder
// (cpu/vb.c) emits vectors from it. Not here: the operators.
#ifndef IR_SCALAR_H
#define IR_SCALAR_H

/// A value of the builder at hand: d in the plain-C builder, ir in the code generator's.
typedef union ScalarVal {
    double d;
    void *ir;
} ScalarVal;

typedef enum ScalarUnary {
    SCALAR_NEG,
    SCALAR_ABS,
    SCALAR_EXP,
    SCALAR_LOG,
    SCALAR_SQRT
} ScalarUnary;
typedef enum ScalarBinary { SCALAR_ADD, SCALAR_SUB, SCALAR_MUL, SCALAR_DIV } ScalarBinary;
typedef enum ScalarCompare { SCALAR_LT, SCALAR_LE, SCALAR_GT, SCALAR_GE, SCALAR_EQ } ScalarCompare;

typedef struct ScalarBuilder ScalarBuilder;
struct ScalarBuilder {
    ScalarVal (*constant)(ScalarBuilder *b, double x);
    ScalarVal (*unary)(ScalarBuilder *b, ScalarUnary op, ScalarVal x);
    ScalarVal (*binary)(ScalarBuilder *b, ScalarBinary op, ScalarVal x, ScalarVal y);
    /// x * y + z, fused where the target can
    ScalarVal (*fma)(ScalarBuilder *b, ScalarVal x, ScalarVal y, ScalarVal z);
    /// (x cmp y) ? t : f; an unordered (NaN) comparison is false
    ScalarVal (*select)(ScalarBuilder *b, ScalarCompare cmp, ScalarVal x, ScalarVal y, ScalarVal t,
                        ScalarVal f);
};

/// The plain-C builder: evaluates at once, in double.
extern const ScalarBuilder scalar_plain;
/// Finds what an expression gives whatever its unknown operands are: d is a number that is known
/// exactly, or NaN where it is not known. Its rules stand in scalar_known.c.
extern const ScalarBuilder scalar_known;

#define SC_CONST(b, x) ((b)->constant((b), (x)))
#define SC_ADD(b, x, y) ((b)->binary((b), SCALAR_ADD, (x), (y)))
#define SC_SUB(b, x, y) ((b)->binary((b), SCALAR_SUB, (x), (y)))
#define SC_MUL(b, x, y) ((b)->binary((b), SCALAR_MUL, (x), (y)))
#define SC_DIV(b, x, y) ((b)->binary((b), SCALAR_DIV, (x), (y)))
#define SC_FMA(b, x, y, z) ((b)->fma((b), (x), (y), (z)))
#define SC_EXP(b, x) ((b)->unary((b), SCALAR_EXP, (x)))
#define SC_SELECT(b, cmp, x, y, t, f) ((b)->select((b), (cmp), (x), (y), (t), (f)))

#endif
