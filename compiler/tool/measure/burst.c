// burst.c: see burst.h. The loops are those of the instruction sets' records.
#include "tool/measure/burst.h"

#include <string.h>

#include "base/clock.h"
#include "cpu/isa.h"

#define BURST_SECONDS 2e-4
#define FIRST_BURSTS 40
// Longer than this times the best is disturbed.
#define CALM_RATIO 1.08

// What a thread runs.
typedef struct BurstLoop {
    uint32_t lanes;
    float (*run)(uint64_t rounds);
} BurstLoop;

// For instruction sets that no record describes.
static float run_scalar(uint64_t rounds)
{
    float sum[ISA_BURST_CHAINS] = {0};
    for (; rounds; rounds--) {
#pragma GCC unroll 12
        for (int i = 0; i < ISA_BURST_CHAINS; i++) {
            sum[i] = sum[i] * 0.999f + 0.001f;
        }
    }
    for (int i = 1; i < ISA_BURST_CHAINS; i++) {
        sum[0] += sum[i];
    }
    return sum[0];
}

static BurstLoop find_loop(const char *name)
{
    const Isa *isa = isa_find(name);
    return isa && isa->burst ? (BurstLoop){isa->vector_floats, isa->burst}
                             : (BurstLoop){1, run_scalar};
}

static void run_task(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    (void)worker;
    const Burst *b = context;
    BurstLoop l = find_loop(b->isa);
    for (uint32_t i = lo; i < hi; i++) {
        volatile float sink = l.run(b->rounds); // volatile: the loop must run
        (void)sink;
    }
}

static double run_all(Burst *b)
{
    double start = clock_seconds();
    rn_pool_for(b->pool, rn_pool_threads(b->pool), 1, run_task, b);
    return clock_seconds() - start;
}

void burst_start(Burst *b, const char *isa, RnPool *pool)
{
    *b = (Burst){.isa = isa, .pool = pool, .rounds = 1000};
    double seconds = run_all(b);
    while (seconds < BURST_SECONDS) {
        b->rounds *= 2;
        seconds = run_all(b);
    }
    b->best_seconds = seconds;
    for (int i = 0; i < FIRST_BURSTS; i++) {
        (void)burst_is_calm(b);
    }
    b->flops =
        2.0 * ISA_BURST_CHAINS * find_loop(isa).lanes * (double)b->rounds * rn_pool_threads(pool);
}

bool burst_is_calm(Burst *b)
{
    double seconds = run_all(b);
    if (seconds < b->best_seconds) {
        b->best_seconds = seconds;
    }
    return seconds <= CALM_RATIO * b->best_seconds;
}

double burst_peak_gflops(const Burst *b)
{
    return 1e-9 * b->flops / b->best_seconds;
}
