// conv_direct.h: direct convolution, forward and backward data.
#ifndef CPU_KERNELS_CONV_CONV_DIRECT_H
#define CPU_KERNELS_CONV_CONV_DIRECT_H

#include "cpu/kernels/conv/conv_walk.h"

/// Finds register tile, tasks and layouts for a direct pass and fills `out`. The weights are
/// input 1.
void conv_plan_direct(const PlanCtx *ctx, const Node *n, const ConvPass *p, Lowering *out);
/// Emits a kernel that conv_plan_direct planned.
void conv_emit_direct(Emit *e);

#endif
