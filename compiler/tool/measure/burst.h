// burst.h: a short run of multiply-adds of known length on all threads. Its best rate is the
// machine's peak for an instruction set; a burst that takes longer tells that the machine is busy
// with something else. Not here: what is measured between bursts (cmd_bench.c).
#ifndef TOOL_MEASURE_BURST_H
#define TOOL_MEASURE_BURST_H

#include <stdbool.h>
#include <stdint.h>

#include "resnetc/pool.h"

typedef struct Burst {
    const char *isa;
    RnPool *pool;
    uint64_t rounds;     // of one thread
    double flops;        // of all threads
    double best_seconds; // least of all bursts
} Burst;

/// Measures until the best rate is known (some milliseconds). isa: RnModel.isa; another name than
/// the targets' gets plain floats.
void burst_start(Burst *b, const char *isa, RnPool *pool);
/// One burst; true if it ran at nearly the best rate.
bool burst_is_calm(Burst *b);
/// The best rate of all threads together, GFLOP/s.
double burst_peak_gflops(const Burst *b);

#endif
