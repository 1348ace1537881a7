// conv_reduce.h: the sums of a register tile over the channels of one input block at a time, each a
// broadcast times vectors of output channels. Shared by conv_direct.c and conv_spanned.c.
#ifndef CPU_KERNELS_CONV_CONV_REDUCE_H
#define CPU_KERNELS_CONV_CONV_REDUCE_H

#include "cpu/kernels/conv/conv_walk.h"

/// The innermost state: accumulators, then input and weight pointers (and where to prefetch), in
/// one array for loops to carry.
typedef struct Reduction {
    ConvWalk *w;
    const ConvTile *t;
    int64_t step;     // input channels per trip of the inner loop, where a block has all
    uint32_t acc;     // how many accumulators
    uint32_t carried; // accumulators and pointers
    Val v[CONV_MAX_ACC + 3];
    Val channels; // of this channel block, run time; NULL: all
    Val lanes;    // of the group at hand: <V x i32> of all ones or none; NULL: all
} Reduction;

#define REDUCTION_INPUT(r) ((r)->v[(r)->acc])
#define REDUCTION_WEIGHT(r) ((r)->v[(r)->acc + 1])
#define REDUCTION_COMING(r) ((r)->v[(r)->acc + 2]) // weights to prefetch; only if t->coming

int64_t reduction_vector_bytes(const Reduction *r);
int64_t reduction_step_bytes(const Reduction *r); // weights of one input channel of one tap

/// The state before the first tap: pointers at the first row of taps inside the picture.
Reduction reduction_begin(ConvWalk *w, const ConvTile *t, int64_t step, const Val *acc);
/// A loop that carries the state.
VbLoop reduction_loop(Reduction *r, Val lo, Val hi, int64_t step);
void reduction_loop_end(Reduction *r, VbLoop *loop);
/// All rows of taps of one channel block. The pointers move.
void reduction_emit_block(Reduction *r);

#endif
