// counter_rng.h: numbers that depend on name, seed and index only, bit for bit those of
// scripts/goldens/counter_rng.py: goldens then need to store neither parameters nor pictures.
#ifndef SUPPORT_COUNTER_RNG_H
#define SUPPORT_COUNTER_RNG_H

#include <stddef.h>
#include <stdint.h>

uint64_t counter_rng_stream(const char *name, uint64_t seed);
uint64_t counter_rng_raw(uint64_t stream, uint64_t i);
/// In [-1, 1), a multiple of 2^-23.
float counter_rng_unit(uint64_t stream, uint64_t i);

/// A parameter or a piece of state, by the last part of its name and its rank.
void counter_rng_tensor(const char *name, const uint32_t *dim, uint32_t rank, uint64_t seed,
                        float *out);
/// Elements first, first + 1, ... of the endless set of pictures.
void counter_rng_pixels(uint64_t seed, uint64_t first, size_t count, float *out);
void counter_rng_labels(uint64_t seed, uint64_t first, size_t count, uint32_t classes,
                        uint32_t *out);
/// Index of sample k of a tensor; all entries in order where there are no more than `count`.
uint64_t counter_rng_sample(const char *name, uint64_t seed, uint64_t size, uint64_t count,
                            uint64_t k);

enum { COUNTER_RNG_PROJECTIONS = 16 };
/// Signed sums of a whole tensor: entry i has the sign of bit k of its number. The mean square of
/// the projections of an error is the square of its norm: these few numbers show an error anywhere.
void counter_rng_project(const char *name, uint64_t seed, const float *data, uint64_t size,
                         double sums[COUNTER_RNG_PROJECTIONS]);

#endif
