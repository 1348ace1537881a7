// channel_pass.h: a pass over blocked tensors element by element, with sums per channel on the way.
#ifndef CPU_KERNELS_NORM_CHANNEL_PASS_H
#define CPU_KERNELS_NORM_CHANNEL_PASS_H

#include "cpu/kernels/pool/spatial.h"

#define PASS_MAX_SUMS 4

/// Handles the vector at `at`: stores it if there is anything to store, and gives what is to be
/// summed.
typedef void (*PassBody)(Emit *e, const ExprPlace *at, Val sum[PASS_MAX_SUMS]);

/// The vector at `at` as body would see it, to be the centre of a part's sums.
typedef Val (*PassFirst)(Emit *e, const ExprPlace *at);

/// A tensor of partial sums that the pass writes: the node's output `output`.
typedef struct PassTarget {
    uint32_t output;
    bool centred;
} PassTarget;

/// Runs `body` for every vector of the task. shape: the tensors' common shape. sums: how many
/// values body gives, those of target[0] first. first: needed where a target is centred.
typedef struct ChannelPass {
    const Shape *shape;
    PassBody body;
    PassFirst first;
    uint32_t sums, targets;
    PassTarget target[NODE_MAX_SIDES];
} ChannelPass;
/// Sets target and sums for one more tensor of partial sums.
void channel_pass_add(ChannelPass *p, const Node *n, uint32_t output, const OpDef *op);
void emit_channel_pass(Emit *e, const ChannelPass *p);

/// Plans such a pass over tensors of this shape, `tensors` of them read or written.
void plan_channel_pass(const PlanCtx *ctx, const Shape *shape, uint32_t tensors, uint32_t flops,
                       Lowering *out);

#endif
