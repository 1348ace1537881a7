// move_weights.h: what happens to finished inference plans whose weights become part of the object.
#ifndef PASSES_MOVE_WEIGHTS_H
#define PASSES_MOVE_WEIGHTS_H

#include "base/arena.h"
#include "base/vec.h"
#include "ir/graph.h"

/// A parameter or state whose plain content belongs into the packed region.
typedef struct MovedWeight {
    uint32_t index; // among parameters, then states
    uint64_t offset, bytes;
} MovedWeight;

typedef struct MovedWeights {
    VEC(MovedWeight) list;
    uint64_t packed_bytes; // of the whole region
} MovedWeights;

/// Lets the steps of these inference plans (planned ones) read the packed region alone. Prepare
/// must have run, or been emitted, before: afterwards its nodes' inputs may have moved.
void passes_move_weights(Arena *a, Graph *const *plans, uint32_t count, MovedWeights *moved);

#endif
