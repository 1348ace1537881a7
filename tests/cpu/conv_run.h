// conv_run.h: one convolution or dense kernel, run on random tensors and compared with plain loops
// in float64: results, fused epilogues, side sums, bounds of memory (each block lies between
// inaccessible pages), and equal bits for any split of the tasks. Not here: which cases
// (test_conv.c, test_winograd.c).
#ifndef CONV_RUN_H
#define CONV_RUN_H

#include "cpu/kernel.h"
#include "cpu/plain_conv.h"

// The operators as the kernels see them: names and roles. Independent of the real ones on purpose:
// these tests pin what kernels do.
extern const OpDef op_conv, op_bwd_data, op_bwd_weights;

typedef struct Run {
    Arena *arena;
    const TargetDef *target;
    const KernelDef *kernel;
    Case t;
    Graph *graph;
    Node *node;
    Plain x, w, y;     // the three tensors of the convolution; the node's output among them
    Plain in[8], want; // by node input; the expected output
    uint32_t out_of;   // which of x, w, y the node makes: 0, 1, 2
    Plain *sums;       // of the plain loops, for all kernels of a case; NULL: only planned
    double error;      // of the whole output, relative, in the root mean square
} Run;

// Builds the node in an arena of its own and plans it; why the kernel cannot, or NULL.
const char *plan_case(Run *r, const OpDef *op);

// The kernels that served a case, and how far each was off.
typedef struct Served {
    int count;
    const char *kernel[16];
    double error[16];
} Served;

// Runs the case on every kernel that serves the operator.
Served run_case(const TargetDef *target, const OpDef *op, uint32_t out_of, const Case *t);

#define CASES(array) ((int)(sizeof(array) / sizeof(array)[0]))

#endif
