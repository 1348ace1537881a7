// expr.h: putting one node's expression into another's.
#ifndef PASSES_EXPR_H
#define PASSES_EXPR_H

#include "ir/graph.h"

enum {
    EXPR_MAX_STEPS = 24,    // of one node
    EXPR_MAX_OPERANDS = 16, // inputs of one node beyond its own
};

/// Index of v among the operands (inputs past own_inputs) of n, appended if it is not there.
uint32_t expr_operand(Graph *g, Node *n, Value *v);

/// Appends the steps of `from` to the expression `into` of node n and gives what they result in.
/// Inputs of the source become operands of n, but `replaced` (may be NULL) becomes `by`.
typedef struct ExprSource {
    const Expr *steps;
    Value *const *inputs;
    const Value *replaced;
    ExprRef by;
} ExprSource;
ExprRef expr_inline(Graph *g, Node *n, Expr *into, const ExprSource *from);

#endif
