// tensor_table.c: the model's tensors and regions, gathered over all its plans.
#include "object/tensor_table.h"

#include <string.h>

#include "base/internal_error.h"
#include "ir/lowering.h"
#include "ir/opdef.h"

typedef struct Gather {
    Arena *arena;
    const ModelSpec *spec;
    TensorTable *t;
    uint32_t plan; // being walked
} Gather;

bool node_is_prepared(const Graph *g, const Node *n)
{
    return g->mode == MODE_INFER && n->bind != BIND_INPUTS;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static RnTensor describe(const Gather *g, const Value *v, RnRole role, const char *name)
{
    if (v->layout.kind != LAYOUT_PLAIN) {
        INTERNAL_ERROR("%s is no plain tensor", name);
    }
    RnTensor t = {.offset = v->place.offset,
                  .slope = v->place.slope,
                  .init_arg = v->init_arg,
                  .name = texts_add(g->t->texts, name),
                  .grad = -1,
                  .region = (uint16_t)v->place.region,
                  .elem = (uint8_t)v->elem,
                  .role = (uint8_t)role,
                  .flags = (uint16_t)v->tensor_flags,
                  .rank = (uint8_t)v->shape.rank,
                  .init = (uint8_t)v->init};
    for (uint32_t i = 0; i < v->shape.rank; i++) {
        t.dim[i] = (uint32_t)v->shape.dim[i];
    }
    if (shape_is_batched(&v->shape)) {
        t.dim[0] = 0;
        t.flags = (uint16_t)(t.flags | RN_TENSOR_BATCHED);
    }
    return t;
}

static int32_t *slot(Gather *g, const Value *v)
{
    const Graph *graph = g->spec->plans[g->plan];
    if (v->id >= graph->next_value) {
        INTERNAL_ERROR("value %u is numbered past the graph's last", v->id);
    }
    return &g->t->index[g->plan][v->id];
}

static void add(Gather *g, const Value *v, RnRole role, const char *name)
{
    *slot(g, v) = (int32_t)g->t->tensors.count;
    VEC_PUSH(g->arena, &g->t->tensors, describe(g, v, role, name ? name : v->name));
}

// The tensor that this value of a later plan shares with an earlier plan: same role, same place.
static void add_shared(Gather *g, const Value *v, RnRole role, const char *name)
{
    for (uint32_t i = 0; i < g->t->tensors.count; i++) {
        const RnTensor *old = &g->t->tensors.at[i];
        if (old->role == (uint32_t)role && old->region == v->place.region &&
            old->offset == v->place.offset) {
            *slot(g, v) = (int32_t)i;
            return;
        }
    }
    add(g, v, role, name);
}

static void grow_region(TensorTable *t, const Value *v, const char *name)
{
    uint32_t r = v->place.region;
    if (r >= MAX_REGIONS) {
        INTERNAL_ERROR("region %u, at most %d are possible", r, MAX_REGIONS);
    }
    uint64_t fixed, per_image;
    layout_bytes(&v->shape, &v->layout, &fixed, &per_image);
    RnRegion *region = &t->regions[r];
    region->name = region->name ? region->name : name;
    region->fixed_bytes = max_u64(region->fixed_bytes, v->place.offset + fixed);
    region->per_image_bytes = max_u64(region->per_image_bytes, v->place.slope + per_image);
    t->region_count = r >= t->region_count ? r + 1 : t->region_count;
}

// Parameters (and states) stand in the same order in every plan: the first plan's make the tensors.
static void add_row(Gather *g, Value *const *at, uint32_t count, uint32_t first, RnRole role)
{
    for (uint32_t i = 0; i < count; i++) {
        const Value *v = at[i];
        if (g->plan == 0) {
            add(g, v, role, NULL);
            continue;
        }
        bool same = first + i < g->t->tensors.count;
        const RnTensor *old = same ? &g->t->tensors.at[first + i] : NULL;
        if (!old || old->role != (uint32_t)role || old->offset != v->place.offset) {
            INTERNAL_ERROR("the plans disagree on %s", v->name);
        }
        *slot(g, v) = (int32_t)(first + i);
    }
}

static void add_params(Gather *g, const Graph *graph)
{
    add_row(g, graph->params.at, graph->params.count, 0, RN_ROLE_PARAM);
    for (uint32_t i = 0; i < graph->params.count; i++) {
        grow_region(g->t, graph->params.at[i], "params");
    }
}

static void add_states(Gather *g, const Graph *graph)
{
    add_row(g, graph->states.at, graph->states.count, g->t->param_count, RN_ROLE_STATE);
    for (uint32_t i = 0; i < graph->states.count; i++) {
        grow_region(g->t, graph->states.at[i], "state");
    }
}

static void add_io_value(Gather *g, const Value *v, RnRole role, const char *name)
{
    if (!v || !v->place.placed || v->place.region < RN_REGION_FIRST_IO) {
        return;
    }
    name = name ? name : v->name;
    add_shared(g, v, role, name);
    grow_region(g->t, v, name);
    g->t->regions[v->place.region].preprocess = v->preprocess;
}

static void add_io(Gather *g, const Graph *graph)
{
    for (uint32_t i = 0; i < graph->inputs.count; i++) {
        add_io_value(g, graph->inputs.at[i], RN_ROLE_INPUT, NULL);
    }
    add_io_value(g, graph->labels, RN_ROLE_LABELS, "labels");
    for (uint32_t i = 0; i < graph->outputs.count; i++) {
        const char *name = i < graph->output_names.count ? graph->output_names.at[i] : NULL;
        add_io_value(g, graph->outputs.at[i], RN_ROLE_OUTPUT, name);
    }
    add_io_value(g, graph->loss, RN_ROLE_LOSS, "loss");
}

// Gradients may be complete in another order in another plan, at the same places.
static void add_grads(Gather *g, const Graph *graph)
{
    for (uint32_t i = 0; i < graph->grads.count; i++) {
        const Value *v = graph->grads.at[i];
        RnTensor *param = &g->t->tensors.at[*slot(g, v->param)];
        grow_region(g->t, v, "grads");
        if (param->grad < 0) {
            param->grad = (int32_t)g->t->tensors.count;
            add(g, v, RN_ROLE_GRAD, NULL); // may move the tensors
            continue;
        }
        *slot(g, v) = param->grad;
        if (g->t->tensors.at[param->grad].offset != v->place.offset) {
            INTERNAL_ERROR("the plans disagree on the gradient of %s", v->param->name);
        }
    }
}

static void gather_sizes(Gather *g, const Graph *graph)
{
    TensorTable *t = g->t;
    RnRegion *arena = &t->regions[RN_REGION_ARENA], *packed = &t->regions[RN_REGION_PACKED];
    arena->fixed_bytes = max_u64(arena->fixed_bytes, graph->arena_fixed);
    arena->per_image_bytes = max_u64(arena->per_image_bytes, graph->arena_per_image);
    packed->fixed_bytes = max_u64(packed->fixed_bytes, graph->packed_bytes);
    t->infers = t->infers || graph->mode == MODE_INFER;
    t->trains = t->trains || graph->mode == MODE_TRAIN;
    for (const Node *n = graph->first; n; n = n->next) {
        t->scratch_bytes = max_u64(t->scratch_bytes, n->lowering->scratch_bytes);
    }
}

static void each_plan(Gather *g, void (*visit)(Gather *, const Graph *))
{
    for (g->plan = 0; g->plan < g->spec->plan_count; g->plan++) {
        visit(g, g->spec->plans[g->plan]);
    }
}

// What the embedded weights are the content of.
static void set_initial(TensorTable *t, const EmbeddedWeights *w)
{
    if (!w) {
        return;
    }
    t->regions[RN_REGION_PARAMS].initial = w->params;
    t->regions[RN_REGION_STATE].initial = w->state;
    t->regions[RN_REGION_PACKED].initial = w->packed;
    for (uint32_t i = 0; i < RN_REGION_FIRST_IO; i++) {
        if (t->regions[i].fixed_bytes == 0) {
            t->regions[i].initial = NULL;
        }
    }
}

static void finish_regions(TensorTable *t)
{
    static const char *const names[RN_REGION_FIRST_IO] = {"params", "state", "grads", "packed",
                                                          "arena"};
    for (uint32_t i = 0; i < t->region_count; i++) {
        RnRegion *r = &t->regions[i];
        r->align = 64;
        if (i < RN_REGION_FIRST_IO) {
            r->name = names[i];
        } else if (!r->name) {
            r->name = "unused";
        }
    }
    t->regions[RN_REGION_ARENA].per_worker_bytes = (t->scratch_bytes + 63) / 64 * 64;
}

static uint64_t forward_macs(const Graph *graph)
{
    uint64_t sum = 0;
    for (const Node *n = graph->first; n; n = n->next) {
        sum += n->phase == PHASE_FORWARD && n->op->macs ? n->op->macs(n) : 0;
    }
    return sum;
}

TensorTable *tensor_table_create(Arena *a, const ModelSpec *spec)
{
    TensorTable *t = ARENA_NEW(a, TensorTable);
    t->texts = texts_create(a);
    Gather g = {.arena = a, .spec = spec, .t = t};
    if (spec->plan_count == 0 || spec->plan_count > MAX_PLANS) {
        INTERNAL_ERROR("%u plans: 1 to %d are possible", spec->plan_count, MAX_PLANS);
    }
    for (uint32_t p = 0; p < spec->plan_count; p++) {
        uint32_t count = spec->plans[p]->next_value;
        t->index[p] = ARENA_ARRAY(a, int32_t, count + 1);
        for (uint32_t i = 0; i < count; i++) {
            t->index[p][i] = -1;
        }
    }
    t->region_count = RN_REGION_FIRST_IO;
    bool packed = spec_is_packed(spec);
    if (!packed) {
        each_plan(&g, add_params);
        t->param_count = t->tensors.count;
        each_plan(&g, add_states);
        t->state_count = t->tensors.count - t->param_count;
    }
    each_plan(&g, add_io);
    each_plan(&g, add_grads);
    each_plan(&g, gather_sizes);
    finish_regions(t);
    set_initial(t, spec->weights);
    const Graph *first = spec->plans[0];
    if (!packed &&
        (t->param_count != first->params.count || t->state_count != first->states.count)) {
        INTERNAL_ERROR("the plans disagree on parameters or state");
    }
    for (uint32_t i = 0; i < first->params.count; i++) {
        t->param_elements += (uint64_t)shape_elements(&first->params.at[i]->shape);
    }
    t->macs_per_image = forward_macs(first);
    return t;
}
