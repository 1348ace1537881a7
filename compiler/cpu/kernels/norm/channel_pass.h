// channel_pass.h: a pass over blocked tensors element by element, with sums per channel on the way.
#ifndef CPU_KERNELS_NORM_CHANNEL_PASS_H
#define CPU_KERNELS_NORM_CHANNEL_PASS_H

#include "cpu/kernels/pool/spatial.h"

#define PASS_MAX_SUMS 4

/// Handles the vector at `at`: stores it if there is anything to store, and gives what is to be
/// summed.
typedef void (*PassBody)(Emit *e, const ExprPlace *at, Val sum[PASS_MAX_SUMS]);

/// Runs `body` for every vector of the task. shape: the tensors' common shape. sums: how many
/// values body gives; target[i] is where sum i goes (partial sums: start of [parts][terms][padded
/// c]), term[i] its place and terms[i] how many the tensor has.
typedef struct ChannelPass {
    const Shape *shape;
    PassBody body;
    uint32_t sums;
    Val target[PASS_MAX_SUMS];
    uint32_t term[PASS_MAX_SUMS], terms[PASS_MAX_SUMS];
} ChannelPass;
void emit_channel_pass(Emit *e, const ChannelPass *p);

/// Plans such a pass over tensors of this shape, `tensors` of them read or written.
void plan_channel_pass(const PlanCtx *ctx, const Shape *shape, uint32_t tensors, uint32_t flops,
                       Lowering *out);

#endif
