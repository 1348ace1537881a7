// plan_lives.c: which buffers the arena holds and from which step to which. A result may take over
// the buffer of an operand that its expression reads last, element by element, at the very place it
// then writes. Not here: offsets (plan_buffers.c, intervals.c).
#include "ir/lowering.h"
#include "ir/opdef.h"
#include "passes/plan.h"

PlanBytes plan_bytes(const Value *v)
{
    PlanBytes b = {0};
    layout_bytes(&v->shape, &v->layout, &b.fixed, &b.per_image);
    uint64_t parts = v->parts_mul ? v->parts_mul : 1;
    if (v->parts_mul && v->parts_div != RN_DIV_ALL) {
        // parts_mul * ceil(batch / parts_div) parts: at most parts_mul per image
        b.per_image = b.fixed * parts;
        b.fixed = 0;
    } else {
        b.fixed *= parts;
    }
    return b;
}

static bool reads_elsewhere(const Node *n, const Value *v, uint32_t operand)
{
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        if (n->inputs.at[i] == v) {
            return true;
        }
    }
    for (uint32_t i = 0; i < n->side_count; i++) {
        for (uint32_t k = 1; k < n->sides[i].arg_count; k++) {
            if (n->sides[i].arg[k].kind == EXPR_INPUT && n->sides[i].arg[k].index == operand) {
                return true;
            }
        }
    }
    return false;
}

static bool in_arena(const Value *v)
{
    return v->kind == VALUE_TEMP && v->def && plan_is_step(v->def);
}

// The buffer of an operand that output 0 of n may take over, or 0.
static uint32_t inherited(const PlanLives *lives, const Node *n, uint32_t step)
{
    const Value *out = n->outputs.at[0];
    for (uint32_t i = n->own_inputs; n->store && i < n->inputs.count; i++) {
        const Value *v = n->inputs.at[i];
        if (in_arena(v) && lives->last[v->id] == step && shape_equal(&v->shape, &out->shape) &&
            layout_equal(&v->layout, &out->layout) && !reads_elsewhere(n, v, i)) {
            return lives->buffer_of[v->id];
        }
    }
    return 0;
}

static void add_buffers(Arena *a, PlanLives *lives, const Node *n, uint32_t step)
{
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.at[i];
        if (!in_arena(v)) {
            continue;
        }
        uint32_t last = lives->last[v->id];
        uint32_t buffer = i == 0 ? inherited(lives, n, step) : 0;
        if (buffer) {
            lives->buffers.at[buffer - 1].last = last;
        } else {
            PlanBuffer b = {.first = step, .last = last, .bytes = plan_bytes(v)};
            VEC_PUSH(a, &lives->buffers, b);
            buffer = lives->buffers.count;
        }
        lives->buffer_of[v->id] = buffer;
    }
}

void plan_lives(Arena *a, const Graph *g, PlanLives *lives)
{
    *lives = (PlanLives){0};
    lives->buffer_of = ARENA_ARRAY(a, uint32_t, g->next_value);
    lives->first = ARENA_ARRAY(a, uint32_t, g->next_value);
    lives->last = ARENA_ARRAY(a, uint32_t, g->next_value);
    for (const Node *n = g->first; n; n = n->next) {
        if (!plan_is_step(n)) {
            continue;
        }
        uint32_t step = lives->steps++;
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            lives->first[n->outputs.at[i]->id] = lives->last[n->outputs.at[i]->id] = step;
        }
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            lives->last[n->inputs.at[i]->id] = step;
        }
    }
    uint32_t step = 0;
    for (const Node *n = g->first; n; n = n->next) {
        if (plan_is_step(n)) {
            add_buffers(a, lives, n, step++);
        }
    }
}

PlanBound plan_bound(Arena *a, const Graph *g, const PlanLives *lives)
{
    uint64_t *fixed = ARENA_ARRAY(a, uint64_t, lives->steps + 1);
    uint64_t *per_image = ARENA_ARRAY(a, uint64_t, lives->steps + 1);
    for (uint32_t i = 0; i < lives->buffers.count; i++) {
        const PlanBuffer *b = &lives->buffers.at[i];
        fixed[b->first] += b->bytes.fixed; // differences wrap around and sum up right
        fixed[b->last + 1] -= b->bytes.fixed;
        per_image[b->first] += b->bytes.per_image;
        per_image[b->last + 1] -= b->bytes.per_image;
    }
    PlanBound bound = {0}, now = {0};
    uint64_t most = 0;
    for (const Node *n = g->first; n; n = n->next) {
        if (!plan_is_step(n)) {
            continue;
        }
        now.fixed += fixed[now.step];
        now.per_image += per_image[now.step];
        now.scratch = n->lowering->scratch_bytes;
        uint64_t sum = now.fixed + g->plan_batch * now.per_image + now.scratch;
        if (sum > most) {
            most = sum;
            bound = now;
        }
        now.step++;
    }
    return bound;
}

uint64_t plan_scratch(const Graph *g)
{
    uint64_t most = 0;
    for (const Node *n = g->first; n; n = n->next) {
        if (plan_is_step(n) && n->lowering->scratch_bytes > most) {
            most = n->lowering->scratch_bytes;
        }
    }
    return most;
}
