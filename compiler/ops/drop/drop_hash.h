// drop_hash.h: which elements and images dropout and stochastic depth drop: counter-based, so that
// a mask needs no storage, is the same for any number of threads, and can be made again in
// backward. Kernels emit exactly this arithmetic.
#ifndef OPS_DROP_DROP_HASH_H
#define OPS_DROP_DROP_HASH_H

#include <stdint.h>

/// Finaliser of splitmix64 (Steele, Lea & Flood 2014).
static inline uint64_t drop_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/// One key per image of a call: seed and step of the call, salt of the node, index of the image in
/// the data set (first_image + n).
static inline uint64_t drop_image_key(uint64_t seed, uint64_t step, uint64_t salt, uint64_t image)
{
    uint64_t key = drop_mix(seed + salt * UINT64_C(0x9E3779B97F4A7C15));
    key = drop_mix(key + step);
    return drop_mix(key + image);
}

/// 32 random bits of an element: its index in the image in plain order, (c*h + y)*w + x, modulo
/// 2^32. Two rounds of lowbias32 (Wellons 2018), keyed by the two halves.
static inline uint32_t drop_element_bits(uint64_t key, uint32_t element)
{
    uint32_t x = element ^ (uint32_t)key;
    for (int round = 0; round < 2; round++) {
        x = (x ^ (x >> 16)) * UINT32_C(0x7FEB352D);
        x = (x ^ (x >> 15)) * UINT32_C(0x846CA68B);
        x ^= x >> 16;
        if (round == 0) {
            x += (uint32_t)(key >> 32);
        }
    }
    return x;
}

/// An image of drop_path has the key's upper half for its bits.
static inline uint32_t drop_path_bits(uint64_t key)
{
    return (uint32_t)(key >> 32);
}

/// Bits below this drop. p is below 1.
static inline uint32_t drop_threshold(double p)
{
    return (uint32_t)(p * 4294967296.0);
}

#endif
