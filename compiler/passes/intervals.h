// intervals.h: offsets for buffers that live from one step to another, so that no two that live
// together overlap and the whole is small (dynamic storage allocation).
#ifndef PASSES_INTERVALS_H
#define PASSES_INTERVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct Interval {
    uint32_t first, last; // steps, inclusive
    uint64_t bytes;       // a multiple of the alignment wanted
    uint64_t offset;      // result
    bool yields;          // placed after the others, in what they leave free
} Interval;

/// Sets the offsets; gives the size of the whole. Where some yield, the size of the others counts
/// as much as that of the whole. Deterministic.
uint64_t intervals_pack(Arena *scratch, Interval *at, uint32_t count);

#endif
