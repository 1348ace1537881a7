// counter_rng.c: the C side of the numbers that golden files are made from.
#include "support/counter_rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GOLDEN_RATIO UINT64_C(0x9E3779B97F4A7C15)

static uint64_t finalize(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t counter_rng_stream(const char *name, uint64_t seed)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (const char *p = name; *p; p++) {
        h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001B3);
    }
    return finalize(h ^ (seed * GOLDEN_RATIO));
}

uint64_t counter_rng_raw(uint64_t stream, uint64_t i)
{
    return finalize(stream + (i + 1) * GOLDEN_RATIO);
}

float counter_rng_unit(uint64_t stream, uint64_t i)
{
    int32_t bits = (int32_t)(counter_rng_raw(stream, i) >> 40) - (1 << 23);
    return (float)bits * 0x1p-23f;
}

static int ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

void counter_rng_tensor(const char *name, const uint32_t *dim, uint32_t rank, uint64_t seed,
                        float *out)
{
    uint64_t stream = counter_rng_stream(name, seed), fan_in = 1;
    for (uint32_t d = 1; d < rank; d++) {
        fan_in *= (uint64_t)dim[d];
    }
    uint64_t size = (uint64_t)dim[0] * fan_in;
    // value = offset + scale * u; scales of 0.5 and 0.25 are exact, so each value is rounded once.
    float offset = 0.0f, scale = 0.1f; // biases and running means
    if (rank > 1) {
        scale = (float)sqrt(6.0 / (double)fan_in);
    } else if (ends_with(name, "running_var")) {
        offset = 1.0f, scale = 0.5f;
    } else if (ends_with(name, "weight")) {
        offset = 1.0f, scale = 0.25f;
    }
    for (uint64_t i = 0; i < size; i++) {
        float product = scale * counter_rng_unit(stream, i);
        out[i] = offset + product;
    }
}

void counter_rng_pixels(uint64_t seed, uint64_t first, size_t count, float *out)
{
    uint64_t stream = counter_rng_stream("input", seed);
    for (size_t i = 0; i < count; i++) {
        out[i] = counter_rng_unit(stream, first + i) * 1.7f;
    }
}

void counter_rng_labels(uint64_t seed, uint64_t first, size_t count, uint32_t classes,
                        uint32_t *out)
{
    uint64_t stream = counter_rng_stream("labels", seed);
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint32_t)(counter_rng_raw(stream, first + i) % classes);
    }
}

uint64_t counter_rng_sample(const char *name, uint64_t seed, uint64_t size, uint64_t count,
                            uint64_t k)
{
    if (size <= count) {
        return k;
    }
    char stream_name[600];
    (void)snprintf(stream_name, sizeof stream_name, "sample/%s", name);
    return counter_rng_raw(counter_rng_stream(stream_name, seed), k) % size;
}

void counter_rng_project(const char *name, uint64_t seed, const float *data, uint64_t size,
                         double sums[COUNTER_RNG_PROJECTIONS])
{
    char stream_name[600];
    (void)snprintf(stream_name, sizeof stream_name, "project/%s", name);
    uint64_t stream = counter_rng_stream(stream_name, seed);
    double total = 0.0, negative[COUNTER_RNG_PROJECTIONS] = {0};
    for (uint64_t i = 0; i < size; i++) {
        uint64_t bits = counter_rng_raw(stream, i);
        double v = (double)data[i];
        total += v;
        for (int k = 0; k < COUNTER_RNG_PROJECTIONS; k++) {
            negative[k] += (double)(bits >> k & 1) * v;
        }
    }
    for (int k = 0; k < COUNTER_RNG_PROJECTIONS; k++) {
        sums[k] = total - 2.0 * negative[k];
    }
}
