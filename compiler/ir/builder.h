// builder.h: makes nodes with inferred shapes. Used by the front end (with diagnostics) and by
// passes.
#ifndef IR_BUILDER_H
#define IR_BUILDER_H

#include "ir/graph.h"
#include "ir/opdef.h"

typedef struct NodeSpec {
    const OpDef *op;
    const void *attrs; // op->attr_bytes, copied; NULL: defaults
    Value *const *in;  // tensors (and parameters, when the caller has them)
    uint32_t in_count;
    const char *name; // layer path; parameter paths are name + "." + suffix
    Loc loc;
    Phase phase;
    Node *before;     // insertion place, NULL: at the end
    bool make_params; // create the operator's parameters and append them to the inputs
    Diag *diag;       // NULL: a shape error is an internal error
} NodeSpec;

/// Makes the node, its parameters and outputs. NULL after a diagnostic (nothing is added then).
/// Not for map: a pass turns an elementwise node into one (op, store, own_inputs = 0) in place.
Node *build_node(Graph *g, const NodeSpec *spec);

/// Runs a graph of any stage before layout in double on plain tensors: the oracle of the tests.
/// `values` is indexed by Value.id; entries of inputs, labels, params, state are given, others are
/// allocated from the arena. State is updated in place. Expressions and sides are understood;
/// partial sums have one part. seed, step and first image of masks are 0.
void graph_interpret(const Graph *g, Arena *a, int64_t batch, RefTensor *values, double loss_scale);

#endif
