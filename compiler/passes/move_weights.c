// move_weights.c: makes packed weights all that inference reads, for objects that hold them: a
// parameter or state that a step takes as it is gets a place behind the prepared weights.
#include "passes/move_weights.h"

#include "base/internal_error.h"
#include "passes/plan.h"

// Position among parameters, then states.
static uint32_t weight_index(const Graph *g, const Value *v)
{
    for (uint32_t i = 0; i < g->params.count; i++) {
        if (g->params.at[i] == v) {
            return i;
        }
    }
    for (uint32_t i = 0; i < g->states.count; i++) {
        if (g->states.at[i] == v) {
            return g->params.count + i;
        }
    }
    INTERNAL_ERROR("%s is neither parameter nor state of its graph", v->name);
}

static uint64_t place_of(Arena *a, MovedWeights *moved, uint32_t index, uint64_t bytes)
{
    for (uint32_t i = 0; i < moved->list.count; i++) {
        if (moved->list.at[i].index == index) {
            return moved->list.at[i].offset;
        }
    }
    MovedWeight m = {.index = index, .offset = moved->packed_bytes, .bytes = bytes};
    VEC_PUSH(a, &moved->list, m);
    moved->packed_bytes += plan_round_up(bytes);
    return m.offset;
}

static void move_inputs(Arena *a, const Graph *g, const Node *n, MovedWeights *moved)
{
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        Value *v = n->inputs.at[i];
        if (v->kind != VALUE_PARAM && v->kind != VALUE_STATE) {
            continue;
        }
        if (v->place.region == RN_REGION_PACKED) { // moved for an earlier step of this plan
            continue;
        }
        uint64_t offset = place_of(a, moved, weight_index(g, v), plan_bytes(v).fixed);
        v->place = (Place){.placed = true, .region = RN_REGION_PACKED, .offset = offset};
    }
}

void passes_move_weights(Arena *a, Graph *const *plans, uint32_t count, MovedWeights *moved)
{
    *moved = (MovedWeights){0};
    for (uint32_t p = 0; p < count; p++) {
        if (plan_round_up(plans[p]->packed_bytes) > moved->packed_bytes) {
            moved->packed_bytes = plan_round_up(plans[p]->packed_bytes);
        }
    }
    for (uint32_t p = 0; p < count; p++) {
        for (const Node *n = plans[p]->first; n; n = n->next) {
            if (plan_is_step(n)) {
                move_inputs(a, plans[p], n, moved);
            }
        }
    }
    for (uint32_t p = 0; p < count; p++) {
        plans[p]->packed_bytes = moved->packed_bytes;
    }
}
