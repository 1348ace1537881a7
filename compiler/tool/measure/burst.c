// burst.c: see burst.h. Each instruction set has a loop over independent chains of multiply-adds,
// enough of them to hide the latency of one.
#include "tool/measure/burst.h"

#include <string.h>

#include "base/clock.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define CHAINS 12
#define BURST_SECONDS 2e-4
#define FIRST_BURSTS 40
// Longer than this times the best is disturbed.
#define CALM_RATIO 1.08
#define FACTOR 0.999f
#define TERM 0.001f

typedef struct BurstLoop {
    const char *isa;
    uint32_t lanes;
    float (*run)(uint64_t rounds);
} BurstLoop;

// A loop over independent sums, by the names that an instruction set gives its vectors.
#define BURST_LOOP(NAME, VECTOR, SPREAD, MULTIPLY_ADD, ADD, FIRST)                                 \
    static float NAME(uint64_t rounds)                                                             \
    {                                                                                              \
        VECTOR sum[CHAINS], factor = SPREAD(FACTOR), term = SPREAD(TERM);                          \
        for (int i = 0; i < CHAINS; i++) {                                                         \
            sum[i] = SPREAD((float)i);                                                             \
        }                                                                                          \
        for (; rounds; rounds--) {                                                                 \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) sum[i] =                     \
                MULTIPLY_ADD(sum[i], factor, term);                                                \
        }                                                                                          \
        for (int i = 1; i < CHAINS; i++) {                                                         \
            sum[0] = ADD(sum[0], sum[i]);                                                          \
        }                                                                                          \
        return FIRST(sum[0]);                                                                      \
    }

static float run_scalar(uint64_t rounds)
{
    float sum[CHAINS] = {0};
    for (; rounds; rounds--) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            sum[i] = sum[i] * FACTOR + TERM;
        }
    }
    for (int i = 1; i < CHAINS; i++) {
        sum[0] += sum[i];
    }
    return sum[0];
}

// clang-format off
#if defined(__x86_64__)
#define MULTIPLY_THEN_ADD(x, factor, term) _mm_add_ps(_mm_mul_ps(x, factor), term)
__attribute__((target("avx512f")))
BURST_LOOP(run_v4, __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, _mm512_cvtss_f32)
__attribute__((target("avx2,fma")))
BURST_LOOP(run_v3, __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, _mm256_cvtss_f32)
BURST_LOOP(run_v1, __m128, _mm_set1_ps, MULTIPLY_THEN_ADD, _mm_add_ps, _mm_cvtss_f32)
#elif defined(__aarch64__)
#define ACCUMULATE(x, factor, term) vfmaq_f32(term, x, factor)
#define FIRST_LANE(x) vgetq_lane_f32(x, 0)
BURST_LOOP(run_neon, float32x4_t, vdupq_n_f32, ACCUMULATE, vaddq_f32, FIRST_LANE)
#endif

// The last row serves any other name.
static const BurstLoop loops[] = {
#if defined(__x86_64__)
    {"x86-64-v4", 16, run_v4},
    {"x86-64-v3", 8, run_v3},
    {"x86-64", 4, run_v1},
#elif defined(__aarch64__)
    {"aarch64", 4, run_neon},
#endif
    {"", 1, run_scalar},
};
// clang-format on

static const BurstLoop *find_loop(const char *isa)
{
    const BurstLoop *l = loops;
    while (l->isa[0] && strcmp(l->isa, isa) != 0) {
        l++;
    }
    return l;
}

static void run_task(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    (void)worker;
    const Burst *b = context;
    const BurstLoop *l = find_loop(b->isa);
    for (uint32_t i = lo; i < hi; i++) {
        volatile float sink = l->run(b->rounds); // volatile: the loop must run
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
    b->flops = 2.0 * CHAINS * find_loop(isa)->lanes * (double)b->rounds * rn_pool_threads(pool);
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
