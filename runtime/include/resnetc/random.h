// random.h: random numbers by counter: the value is a function of (seed, stream, counter) alone, so
// that neither order nor number of threads can change a result, and any value can be had directly.
//
//     mix(z)  = splitmix64's finaliser (Steele, Lea, Flood 2014)
//     u64     = mix(mix(seed + G * (stream + 1)) + G * (counter + 1)),  G = 0x9E3779B97F4A7C15
#ifndef RESNETC_RANDOM_H
#define RESNETC_RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

uint64_t rn_random_u64(uint64_t seed, uint64_t stream, uint64_t counter);

/// Uniform in [0, 1): the upper 53 bits / 2^53.
double rn_random_uniform(uint64_t seed, uint64_t stream, uint64_t counter);

/// Standard normal by Box and Muller, from the uniforms u, v at 2 * counter and 2 * counter + 1:
/// sqrt(-2 log(1 - u)) * cos(2 pi v).
double rn_random_normal(uint64_t seed, uint64_t stream, uint64_t counter);

/// Uniform in [0, bound), bound > 0; bias below 2^-32 for bound < 2^32.
uint64_t rn_random_below(uint64_t seed, uint64_t stream, uint64_t counter, uint64_t bound);

/// A stream number for a name (FNV-1a, 64 bit).
uint64_t rn_random_stream(const char *name);

#ifdef __cplusplus
}
#endif
#endif
