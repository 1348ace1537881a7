// interpret.c: runs a graph in double on plain tensors: the oracle of the tests.
// Not here: what operators compute (their references and scalar definitions).
#include <string.h>

#include "base/internal_error.h"
#include "ir/builder.h"

// The element of an output that is being computed. Unbatched outputs have one image; their channel
// is the first dimension.
typedef struct Element {
    int64_t index, image, channel;
} Element;

typedef struct Extent {
    int64_t images, channels, pixels;
} Extent;

static Extent extent_of(const Shape *s, int64_t batch)
{
    int64_t channels = shape_channels(s);
    return (Extent){.images = shape_is_batched(s) ? batch : 1,
                    .channels = channels,
                    .pixels = channels ? shape_elements(s) / channels : 0};
}

static int64_t total(Extent e)
{
    return e.images * e.channels * e.pixels;
}

static Element element_at(Extent e, int64_t index)
{
    return (Element){.index = index,
                     .image = index / (e.channels * e.pixels),
                     .channel = index / e.pixels % e.channels};
}

// How an operand is read follows from its shape (graph.h, Expr).
static double read_operand(const Value *v, const RefTensor *t, const Shape *out, Element e)
{
    if (shape_equal(&v->shape, out)) {
        return t->at[e.index];
    }
    if (!shape_is_batched(&v->shape)) {
        return t->at[v->shape.dim[0] == 1 ? 0 : e.channel];
    }
    if (v->shape.rank == 1) {
        return t->at[e.image];
    }
    return t->at[e.image * shape_channels(out) + e.channel];
}

typedef struct Run {
    const Graph *g;
    Arena *arena;
    int64_t batch;
    RefTensor *values;
    double loss_scale;
    ScalarBuilder builder;
} Run;

static double read_input(const Run *r, const Node *n, uint32_t input, const Shape *out, Element e)
{
    const Value *v = n->inputs.at[input];
    return read_operand(v, &r->values[v->id], out, e);
}

static void run_elementwise(Run *r, const Node *n)
{
    const Value *out = n->outputs.at[0];
    Extent extent = extent_of(&out->shape, r->batch);
    ScalarVal *arg = ARENA_ARRAY(r->arena, ScalarVal, n->own_inputs);
    for (int64_t i = 0; i < total(extent); i++) {
        Element e = element_at(extent, i);
        for (uint32_t k = 0; k < n->own_inputs; k++) {
            arg[k].d = read_input(r, n, k, &out->shape, e);
        }
        r->values[out->id].at[i] = n->op->scalar(&r->builder, n->attrs, arg, n->own_inputs).d;
    }
}

static double eval_ref(const Run *r, const Node *n, const ExprRef *ref, const double *step,
                       Element e)
{
    const Value *out = n->outputs.at[0];
    switch (ref->kind) {
    case EXPR_RESULT:
        return r->values[out->id].at[e.index];
    case EXPR_INPUT:
        return read_input(r, n, ref->index, &out->shape, e);
    case EXPR_STEP:
        return step[ref->index];
    }
    return 0.0;
}

static void run_store(Run *r, const Node *n)
{
    const Expr *expr = n->store;
    const Value *out = n->outputs.at[0];
    Extent extent = extent_of(&out->shape, r->batch);
    double *step = ARENA_ARRAY(r->arena, double, expr->steps.count + 1);
    for (int64_t i = 0; i < total(extent); i++) {
        Element e = element_at(extent, i);
        for (uint32_t k = 0; k < expr->steps.count; k++) {
            const ExprStep *s = &expr->steps.at[k];
            ScalarVal arg[EXPR_MAX_ARGS];
            for (uint32_t j = 0; j < s->arg_count; j++) {
                arg[j].d = eval_ref(r, n, &s->arg[j], step, e);
            }
            step[k] = s->op->scalar(&r->builder, s->attrs, arg, s->arg_count).d;
        }
        r->values[out->id].at[i] = eval_ref(r, n, &expr->result, step, e);
    }
}

// A reduction over what `over` holds: out[t][c] = sum of term t; behind row 0 where that is the
// centre, each channel's first element. input[k] gives argument k's node input.
static void run_reduction(Run *r, const Node *n, const OpDef *op, const void *attrs,
                          const Value *over, const uint32_t *input, uint32_t arg_count,
                          const Value *out)
{
    Extent extent = extent_of(&over->shape, r->batch);
    double *sum = r->values[out->id].at;
    const double *x = r->values[over->id].at;
    memset(sum, 0, (size_t)(out->terms * extent.channels) * sizeof *sum);
    for (int64_t c = 0; op->centred && c < extent.channels; c++) {
        sum[c] = x[c * extent.pixels];
    }
    for (int64_t i = 0; i < total(extent); i++) {
        Element e = element_at(extent, i);
        ScalarVal arg[EXPR_MAX_ARGS + 1], term[2];
        arg[0].d = x[i];
        for (uint32_t k = 1; k < arg_count; k++) {
            arg[k].d = read_input(r, n, input[k], &over->shape, e);
        }
        arg[arg_count].d = sum[e.channel]; // the centre, where there is one
        uint32_t terms = op->terms(&r->builder, attrs, arg, arg_count + op->centred, term);
        for (uint32_t t = 0; t < terms; t++) {
            sum[(t + op->centred) * extent.channels + e.channel] += term[t].d;
        }
    }
}

static void run_own_reduction(Run *r, const Node *n)
{
    uint32_t input[EXPR_MAX_ARGS];
    for (uint32_t k = 0; k < EXPR_MAX_ARGS; k++) {
        input[k] = k;
    }
    run_reduction(r, n, n->op, n->attrs, n->inputs.at[0], input, n->own_inputs, n->outputs.at[0]);
}

static void run_side(Run *r, const Node *n, const Side *side)
{
    uint32_t input[EXPR_MAX_ARGS] = {0};
    for (uint32_t k = 1; k < side->arg_count; k++) {
        input[k] = side->arg[k].index;
    }
    run_reduction(r, n, side->op, side->attrs, n->outputs.at[0], input, side->arg_count,
                  n->outputs.at[side->output]);
}

static void run_reference(Run *r, const Node *n)
{
    RefTensor *in = ARENA_ARRAY(r->arena, RefTensor, n->own_inputs + 1);
    RefTensor *out = ARENA_ARRAY(r->arena, RefTensor, n->outputs.count);
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        in[i] = r->values[n->inputs.at[i]->id];
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        out[i] = r->values[n->outputs.at[i]->id];
    }
    RefCtx ctx = {.node = n,
                  .batch = r->batch,
                  .in = in,
                  .in_count = n->own_inputs,
                  .out = out,
                  .out_count = n->outputs.count,
                  .training = r->g->mode == MODE_TRAIN,
                  .loss_scale = r->loss_scale};
    n->op->reference(&ctx);
}

static void allocate_outputs(Run *r, const Node *n)
{
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.at[i];
        RefTensor *t = &r->values[v->id];
        if (t->at) {
            continue;
        }
        t->shape = v->shape;
        if (shape_is_batched(&v->shape)) {
            t->shape.dim[0] = r->batch;
        }
        t->at = ARENA_ARRAY(r->arena, double, total(extent_of(&v->shape, r->batch)));
    }
}

static void run_node(Run *r, const Node *n)
{
    allocate_outputs(r, n);
    if (n->op->reference) {
        run_reference(r, n);
    } else if (n->op->kind == OP_ELEMENTWISE) {
        run_elementwise(r, n);
    } else if (n->op->kind == OP_CHANNEL_REDUCE) {
        run_own_reduction(r, n);
    } else if (!n->store) {
        INTERNAL_ERROR("interpreter: node %s (%s) has no reference", n->name, n->op->name);
    }
    if (n->store) {
        run_store(r, n);
    }
    for (uint32_t i = 0; i < n->side_count; i++) {
        run_side(r, n, &n->sides[i]);
    }
}

void graph_interpret(const Graph *g, Arena *a, int64_t batch, RefTensor *values, double loss_scale)
{
    Run r = {.g = g,
             .arena = a,
             .batch = batch,
             .values = values,
             .loss_scale = loss_scale,
             .builder = scalar_plain};
    for (const Node *n = g->first; n; n = n->next) {
        run_node(&r, n);
    }
}
