// conv_cost.c: what the steps and streams of a convolution cost, from the target record alone.
#include "cpu/kernels/conv/conv_cost.h"

#include <math.h>

#define FMA_LATENCY 4.0
#define ISSUE_WIDTH 5.0
#define STEP_CYCLES 0.5 // what a trip of the loop costs beside: tells small tiles from large ones

double conv_step_cycles(const TargetDef *t, int64_t pixels, int64_t blocks)
{
    double fma = (double)(pixels * blocks);
    double loads = (double)(pixels + blocks);
    double uops = fma * (t->has_fma ? 1 : 2) + (blocks == 1 ? 1.0 : loads) + 3;
    double cycles = fmax(fma / t->fma_per_cycle, loads / t->loads_per_cycle);
    return fmax(fmax(cycles, FMA_LATENCY), uops / ISSUE_WIDTH) + STEP_CYCLES;
}

double conv_stream_gbps(const TargetDef *t, double bytes)
{
    if (bytes <= 0.5 * (double)t->l1_bytes) {
        return 1e9;
    }
    if (bytes <= 0.35 * (double)t->l2_bytes) {
        return t->l2_gbps;
    }
    return bytes <= 0.5 * (double)t->l3_bytes ? t->l3_gbps : t->dram_gbps;
}

// Vectors that accumulators may take: the rest holds weights, a pixel and, without FMA, a product.
int64_t conv_accumulators(const TargetDef *t, int64_t blocks)
{
    return (int64_t)t->vector_registers - blocks - 1 - (t->has_fma ? 0 : 1);
}

double conv_memory_ns(const TargetDef *t, const Lowering *l, uint32_t batch)
{
    double bytes = (double)l->bytes_fixed + (double)l->bytes_per_image * batch;
    return bytes / (bytes <= 0.5 * (double)t->l3_bytes ? t->l3_gbps : t->dram_gbps);
}
