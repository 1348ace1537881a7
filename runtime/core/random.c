// random.c: counter-based random numbers.
#include "resnetc/random.h"

#include <math.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t rn_random_u64(uint64_t seed, uint64_t stream, uint64_t counter)
{
    uint64_t key = mix(seed + GOLDEN * (stream + 1));
    return mix(key + GOLDEN * (counter + 1));
}

double rn_random_uniform(uint64_t seed, uint64_t stream, uint64_t counter)
{
    return (double)(rn_random_u64(seed, stream, counter) >> 11) * 0x1p-53;
}

double rn_random_normal(uint64_t seed, uint64_t stream, uint64_t counter)
{
    const double two_pi = 6.283185307179586476925286766559;
    double u = rn_random_uniform(seed, stream, 2 * counter);
    double v = rn_random_uniform(seed, stream, 2 * counter + 1);
    return sqrt(-2.0 * log(1.0 - u)) * cos(two_pi * v);
}

uint64_t rn_random_below(uint64_t seed, uint64_t stream, uint64_t counter, uint64_t bound)
{
    uint64_t r = rn_random_u64(seed, stream, counter);
    // floor(r * bound / 2^64) from two 32-bit halves of r; exact enough for bounds below 2^32.
    if (bound <= UINT32_MAX) {
        return ((r >> 32) * bound + (((r & UINT32_MAX) * bound) >> 32)) >> 32;
    }
    return r % bound;
}

uint64_t rn_random_stream(const char *name)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
    }
    return hash;
}
