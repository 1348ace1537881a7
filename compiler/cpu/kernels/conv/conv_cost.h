// conv_cost.h: what the steps and streams of a convolution cost, from the target record alone.
#ifndef CPU_KERNELS_CONV_CONV_COST_H
#define CPU_KERNELS_CONV_CONV_COST_H

#include "cpu/kernel.h"

/// Cycles of one step of a register tile: pixels * blocks multiply-adds, one load of each.
double conv_step_cycles(const TargetDef *t, int64_t pixels, int64_t blocks);
/// Vectors that accumulators may take beside `blocks` weight vectors.
int64_t conv_accumulators(const TargetDef *t, int64_t blocks);
/// Bandwidth of the cache that holds so many bytes.
double conv_stream_gbps(const TargetDef *t, double bytes);
/// Time to move the operands at plan_batch, ns.
double conv_memory_ns(const TargetDef *t, const Lowering *l, uint32_t batch);

#endif
