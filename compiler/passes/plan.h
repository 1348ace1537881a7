// plan.h: lifetimes and sizes of the arena's buffers, computed by the planner and printed by
// plan_print.
#ifndef PASSES_PLAN_H
#define PASSES_PLAN_H

#include "ir/graph.h"

enum { PLAN_ALIGN = 64 };

/// Bytes that hold v whatever the batch: fixed + batch * per_image. One of the two is 0.
typedef struct PlanBytes {
    uint64_t fixed, per_image;
} PlanBytes;
PlanBytes plan_bytes(const Value *v);

static inline uint64_t plan_round_up(uint64_t bytes)
{
    return (bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
}

/// One buffer: the values that follow each other in it.
typedef struct PlanBuffer {
    uint32_t first, last; // steps
    PlanBytes bytes;
    uint64_t offset; // in its space: the fixed or the per-image one
} PlanBuffer;

typedef struct PlanLives {
    VEC(PlanBuffer) buffers;
    uint32_t *buffer_of; // by value id, index + 1; 0: not in the arena
    uint32_t *first;     // by value id: the step that makes it
    uint32_t *last;      // by value id: the last step that reads it
    uint32_t steps;
} PlanLives;

/// Lifetimes of all values that are made by steps (not by prepare), with in-place results sharing
/// buffers.
void plan_lives(Arena *a, const Graph *g, PlanLives *lives);

/// Live bytes and scratch of the step where their sum at the plan's batch is largest.
typedef struct PlanBound {
    uint64_t fixed, per_image, scratch;
    uint32_t step;
} PlanBound;
PlanBound plan_bound(Arena *a, const Graph *g, const PlanLives *lives);
/// The largest scratch of a step, per worker.
uint64_t plan_scratch(const Graph *g);

/// Bytes of the arena at the plan's batch with one worker's scratch.
static inline uint64_t plan_total(const Graph *g)
{
    return g->arena_fixed + g->plan_batch * g->arena_per_image + g->scratch_beside;
}

/// Whether the node runs in a plan's steps: the others are prepare's.
static inline bool plan_is_step(const Node *n)
{
    return n->bind == BIND_INPUTS;
}

#endif
