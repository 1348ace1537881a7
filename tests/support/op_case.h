// op_case.h: makes a graph of one operator from a test case of its record, and numbers for its
// values.
#ifndef OP_CASE_H
#define OP_CASE_H

#include "ir/builder.h"

/// A graph with the case's tensors as inputs (vectors and weights as parameters, states where the
/// operator updates them) and the operator's node, last. *node is NULL after a refusal, which is in
/// diag. Stops the test on a case that does not parse.
Graph *op_case_build(Arena *a, const OpDef *op, const OpCase *c, Diag *diag, Node **node);

/// Reads "3x3, c=5, pad=[1,0,1,0]" into attrs (defaults first). False with a text if a name is
/// unknown or a value does not parse.
bool op_case_attrs(Arena *a, const OpDef *op, const char *text, void *attrs, const char **why);

/// Room for every value of the graph, and numbers that floats hold exactly for all that no node
/// makes: in
/// [-1,1]; for what must be positive in [0.5,1.5]; labels below the logits' channels.
RefTensor *op_case_values(Arena *a, const Graph *g, int64_t batch, uint64_t seed);

/// Elements of a value at this batch.
int64_t op_case_elements(const Value *v, int64_t batch);

#endif
