// plan_buffers.c: gives every value its place: parameters, state, gradients and the caller's
// tensors in regions of their own, prepared weights in the packed region, everything else in the
// arena. The arena has two parts, each packed by lifetime: bytes that do not depend on the batch,
// then bytes per image. A batched value lies at arena_fixed + batch * slope, so that one plan
// serves every batch. In a plan of batch 1, one worker's scratch is packed with the second part.
// Not here: lifetimes (plan_lives.c), the packing itself (intervals.c), printing (plan_print.c).
#include "ir/lowering.h"
#include "passes/intervals.h"
#include "passes/packed_pool.h"
#include "passes/pass.h"
#include "passes/plan.h"

static void place(Value *v, uint32_t region, uint64_t offset, uint64_t slope)
{
    v->place = (Place){.placed = true, .region = region, .offset = offset, .slope = slope};
}

static void place_in_row(Value *const *at, uint32_t count, uint32_t region)
{
    uint64_t offset = 0;
    for (uint32_t i = 0; i < count; i++) {
        place(at[i], region, offset, 0);
        offset += plan_round_up(plan_bytes(at[i]).fixed);
    }
}

// One region per caller's tensor: inputs, labels, loss, outputs. An object that can train has
// labels and loss in its inference plans' numbering too.
static void place_io(PassCtx *ctx)
{
    Graph *g = ctx->g;
    uint32_t region = RN_REGION_FIRST_IO;
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        place(g->inputs.at[i], region++, 0, 0);
    }
    if (g->labels) {
        place(g->labels, region, 0, 0);
    }
    if (g->loss) {
        place(g->loss, region + 1, 0, 0);
    }
    if (g->mode == MODE_TRAIN || ctx->opt->both_modes) {
        region += 2;
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        place(g->outputs.at[i], region++, 0, 0);
    }
}

// Steps run one after the other: what is free while one runs may be its scratch.
static bool places_scratch(const Graph *g)
{
    // A gap grows with the batch and scratch does not: made for 8 images, a gap would be too small
    // for 2. Beside many images scratch counts for little.
    return g->plan_batch == 1 && plan_scratch(g) > 0;
}

static uint32_t scratch_intervals(const Graph *g, Interval *at)
{
    uint32_t count = 0, step = 0;
    for (const Node *n = g->first; n; n = n->next) {
        if (!plan_is_step(n)) {
            continue;
        }
        uint64_t bytes = plan_round_up(n->lowering->scratch_bytes);
        if (bytes) {
            at[count++] = (Interval){.first = step, .last = step, .bytes = bytes, .yields = true};
        }
        step++;
    }
    return count;
}

// As placed by the packing; gives their end.
static uint64_t place_scratch(Graph *g, const Interval *at)
{
    uint64_t end = 0;
    for (Node *n = g->first; n; n = n->next) {
        if (!plan_is_step(n) || n->lowering->scratch_bytes == 0) {
            continue;
        }
        n->scratch = (Place){.placed = true,
                             .region = RN_REGION_ARENA,
                             .offset = g->arena_fixed,
                             .slope = at->offset};
        end = at->offset + at->bytes > end ? at->offset + at->bytes : end;
        at++;
    }
    return end;
}

// Packs the fixed or the per-image buffers; gives their end.
static uint64_t pack_space(PassCtx *ctx, PlanLives *lives, bool per_image)
{
    Graph *g = ctx->g;
    Interval *at = ARENA_ARRAY(ctx->scratch, Interval, lives->buffers.count + lives->steps + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < lives->buffers.count; i++) {
        const PlanBuffer *b = &lives->buffers.at[i];
        uint64_t bytes = per_image ? b->bytes.per_image : b->bytes.fixed;
        if (bytes) {
            at[count++] =
                (Interval){.first = b->first, .last = b->last, .bytes = plan_round_up(bytes)};
        }
    }
    uint32_t buffers = count;
    if (per_image && places_scratch(g)) {
        count += scratch_intervals(g, &at[count]);
    }
    intervals_pack(ctx->scratch, at, count);
    uint64_t end = 0;
    count = 0;
    for (uint32_t i = 0; i < lives->buffers.count; i++) {
        PlanBuffer *b = &lives->buffers.at[i];
        if (!(per_image ? b->bytes.per_image : b->bytes.fixed)) {
            continue;
        }
        b->offset = at[count].offset;
        end = b->offset + at[count].bytes > end ? b->offset + at[count].bytes : end;
        count++;
    }
    if (per_image && places_scratch(g)) {
        uint64_t scratch_end = place_scratch(g, &at[buffers]);
        g->scratch_placed = true;
        g->scratch_beside = scratch_end > end ? scratch_end - end : 0;
    }
    return end;
}

static void place_arena(PassCtx *ctx)
{
    Graph *g = ctx->g;
    PlanLives lives;
    plan_lives(ctx->scratch, g, &lives);
    g->scratch_beside = plan_scratch(g);
    g->arena_fixed = pack_space(ctx, &lives, false);
    g->arena_per_image = pack_space(ctx, &lives, true);
    for (Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            Value *v = n->outputs.at[i];
            if (!lives.buffer_of[v->id]) {
                continue;
            }
            const PlanBuffer *b = &lives.buffers.at[lives.buffer_of[v->id] - 1];
            if (b->bytes.per_image) {
                place(v, RN_REGION_ARENA, g->arena_fixed, b->offset);
            } else {
                place(v, RN_REGION_ARENA, b->offset, 0);
            }
        }
    }
    PlanBound bound = plan_bound(ctx->scratch, g, &lives);
    g->bound_fixed = bound.fixed;
    g->bound_per_image = bound.per_image;
}

// Prepared values. Intermediate ones (a folded weight before it is packed) may lie where later
// results of the same prepare will.
typedef struct Prepare {
    uint32_t *last;   // by value id: the last prepare step that reads it, or FOREVER
    bool *wanted;     // by value id: its content is not there yet and somebody needs it
    const char **key; // by value id, of values that steps read
    uint32_t count;   // prepare steps
} Prepare;

static const uint32_t FOREVER = UINT32_MAX;

static bool is_prepared(const Value *v)
{
    return v->def && !plan_is_step(v->def);
}

static void find_last_reads(const Graph *g, Prepare *p)
{
    for (const Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            uint32_t id = n->inputs.at[i]->id;
            if (plan_is_step(n)) {
                p->last[id] = FOREVER;
            } else if (p->last[id] != FOREVER) {
                p->last[id] = p->count;
            }
        }
        p->count += !plan_is_step(n);
    }
}

// From the last node to the first: a node runs if a step needs what no earlier plan has prepared,
// or a node that runs does.
static void find_wanted(PassCtx *ctx, PackedPool *pool, Prepare *p)
{
    for (Node *n = ctx->g->last; n; n = n->prev) {
        if (plan_is_step(n)) {
            continue;
        }
        bool runs = false;
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            Value *v = n->outputs.at[i];
            if (p->last[v->id] == FOREVER) {
                uint64_t offset;
                p->key[v->id] = packed_key(ctx->scratch, v);
                if (packed_pool_find(pool, p->key[v->id], &offset)) {
                    place(v, RN_REGION_PACKED, offset, 0);
                } else {
                    p->wanted[v->id] = true;
                }
            }
            runs |= p->wanted[v->id];
        }
        n->prepared = !runs;
        for (uint32_t i = 0; runs && i < n->inputs.count; i++) {
            Value *v = n->inputs.at[i];
            if (is_prepared(v) && !v->place.placed) {
                p->wanted[v->id] = true;
            }
        }
    }
}

static void place_wanted(PassCtx *ctx, PackedPool *pool, const Prepare *p)
{
    Graph *g = ctx->g;
    Interval *at = ARENA_ARRAY(ctx->scratch, Interval, g->next_value);
    Value **value = ARENA_ARRAY(ctx->scratch, Value *, g->next_value);
    uint32_t count = 0, step = 0;
    for (Node *n = g->first; n; n = n->next) {
        if (plan_is_step(n)) {
            continue;
        }
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            Value *v = n->outputs.at[i];
            if (v->place.placed) {
                continue;
            }
            // What no step reads and no running node needs has no content; any place will do.
            uint32_t last = p->last[v->id] == FOREVER ? p->count : p->last[v->id];
            uint64_t bytes = n->prepared ? 0 : plan_round_up(plan_bytes(v).fixed);
            value[count] = v;
            at[count++] =
                (Interval){.first = step, .last = last > step ? last : step, .bytes = bytes};
        }
        step++;
    }
    uint64_t base = packed_pool_bytes(pool);
    packed_pool_grow(pool, base + intervals_pack(ctx->scratch, at, count));
    for (uint32_t i = 0; i < count; i++) {
        Value *v = value[i];
        place(v, RN_REGION_PACKED, base + at[i].offset, 0);
        if (p->last[v->id] == FOREVER) {
            packed_pool_add(pool, p->key[v->id], v->place.offset);
        }
    }
    g->packed_bytes = packed_pool_bytes(pool);
}

static void place_packed(PassCtx *ctx)
{
    Graph *g = ctx->g;
    PackedPool *pool = ctx->opt->packed ? ctx->opt->packed : packed_pool_create(ctx->scratch);
    Prepare p = {0};
    p.last = ARENA_ARRAY(ctx->scratch, uint32_t, g->next_value);
    p.wanted = ARENA_ARRAY(ctx->scratch, bool, g->next_value);
    p.key = ARENA_ARRAY(ctx->scratch, const char *, g->next_value);
    find_last_reads(g, &p);
    find_wanted(ctx, pool, &p);
    place_wanted(ctx, pool, &p);
}

bool pass_plan_buffers(PassCtx *ctx)
{
    Graph *g = ctx->g;
    place_in_row(g->params.at, g->params.count, RN_REGION_PARAMS);
    place_in_row(g->states.at, g->states.count, RN_REGION_STATE);
    place_in_row(g->grads.at, g->grads.count, RN_REGION_GRADS);
    place_io(ctx);
    if (g->mode == MODE_INFER) {
        place_packed(ctx);
    }
    place_arena(ctx);
    return true;
}
