// channel_gather.h: copies channels from inputs to an output in any compile-time arrangement:
// concat, slice_channels, pad_channels.
#ifndef CPU_KERNELS_NORM_CHANNEL_GATHER_H
#define CPU_KERNELS_NORM_CHANNEL_GATHER_H

#include "cpu/kernels/pool/spatial.h"

/// Where an output channel comes from: channel `channel` of input `input`; input -1: zero.
typedef struct ChannelSource {
    int32_t input;
    int32_t channel;
} ChannelSource;

void plan_channel_gather(const PlanCtx *ctx, const Node *n, Lowering *out);
/// source: one per channel of output 0.
void emit_channel_gather(Emit *e, const ChannelSource *source);

#endif
