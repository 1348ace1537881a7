// lowering.h: what the code generator decided about a node, in words that the passes understand:
// which layouts it wants, how much scratch, how many tasks. The passes ask through LowerTarget and
// never see a kernel.
#ifndef IR_LOWERING_H
#define IR_LOWERING_H

#include "ir/graph.h"

#define NODE_MAX_OWN_INPUTS 8

struct Lowering {
    const char *kernel; // algorithm's name
    const void *kernel_def;
    // Layout wanted of each own input. Activations: LAYOUT_BLOCKED with the target's width (or, for
    // an image with fewer channels than that, block = channels) or LAYOUT_PLAIN. Weights:
    // LAYOUT_PACKED or LAYOUT_OPAQUE. Channel vectors: packed to padded length.
    Layout in_layout[NODE_MAX_OWN_INPUTS];
    Layout out_layout[6];
    // Where in_layout is LAYOUT_OPAQUE: the operator (source, plain) -> opaque that makes it, with
    // attributes.
    const char *prepare_op[NODE_MAX_OWN_INPUTS];
    const void *prepare_attrs[NODE_MAX_OWN_INPUTS];
    uint32_t tasks_mul, tasks_div;
    uint64_t scratch_bytes;        // per worker
    uint32_t parts_mul, parts_div; // partial sums that it writes (sides, or the reduction itself)
    uint64_t flops_fixed, flops_per_image, bytes_fixed, bytes_per_image;
    double predicted_ns; // one thread, at plan_batch
    bool streams;        // output 0 is larger than 3/4 of L3, and is stored around the caches
    const void *plan;    // the kernel's own: a struct without pointers and padding, private to the
    size_t plan_bytes;   // algorithm; part of the request's identity
    const char *explain; // candidates and why, one line each (--explain-kernels)
};

/// What a node's kernel, as chosen for its shapes, takes beside its own work.
typedef struct KernelTakes {
    bool store; // an expression on what it stores
    bool sides; // channel reductions of what it stores
} KernelTakes;

/// The code generator as the passes see it.
typedef struct LowerTarget {
    uint32_t vector_floats; // V: channels per block
    const void *impl;
    /// Chooses a kernel and plans it; never fails (the reference kernel takes everything).
    /// The answer lives as long as the target and the graph do, and may serve several nodes.
    const Lowering *(*lower)(const struct LowerTarget *t, const Graph *g, const Node *n);
    KernelTakes (*takes)(const struct LowerTarget *t, const Node *n);
} LowerTarget;

#endif
