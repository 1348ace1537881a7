// bn_fold.c: batch norm folded into scale and shift, and those into weights and bias. In double,
// once.
#include "cpu/kernels/elementwise/vector_pass.h"
#include "ops/norm/bn_attrs.h"

// Parameters and state are read as they stand, computed vectors padded.
static const char *plan_vectors(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    int64_t c = shape_elements(&n->outputs.at[0]->shape);
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        out->in_layout[i] = vector_input_layout(ctx, n, i, c);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        out->out_layout[i] = layout_padded_vector(ctx->arena, c, width);
    }
    plan_vector_pass(ctx, c, 24, out);
    return NULL;
}

// weight, bias, mean, var -> scale, shift
static void scale_shift_body(Emit *e, const VectorPlace *at)
{
    Vb *b = e->vb;
    const BnAttrs *attrs = e->node->attrs;
    Val weight = load_input64(e, 0, at), bias = load_input64(e, 1, at);
    Val mean = load_input64(e, 2, at), var = load_input64(e, 3, at);
    Val scale = vb_fdiv(b, weight, vb_sqrt(b, vb_fadd(b, var, vb_const64(b, attrs->eps))));
    store_output64(e, 0, at, scale);
    store_output64(e, 1, at, vb_fsub(b, bias, vb_fmul(b, mean, scale)));
}

static void emit_scale_shift(Emit *e)
{
    emit_vector_pass(e, shape_elements(&e->node->outputs.at[0]->shape), scale_shift_body);
}

// scale, shift, bias (may be absent) -> bias * scale + shift
static void fold_bias_body(Emit *e, const VectorPlace *at)
{
    Vb *b = e->vb;
    Val x = load_input64(e, 1, at);
    if (e->node->own_inputs > 2) {
        x = vb_fadd(b, x, vb_fmul(b, load_input64(e, 2, at), load_input64(e, 0, at)));
    }
    store_output64(e, 0, at, x);
}

static void emit_fold_bias(Emit *e)
{
    emit_vector_pass(e, shape_elements(&e->node->outputs.at[0]->shape), fold_bias_body);
}

// w [k,...] plain, scale [k] -> plain: one task per filter.
static const char *plan_weights(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const Shape *s = &n->inputs.at[0]->shape;
    double elements = (double)shape_elements(s);
    double bytes = elements * 2 * elem_bytes(ELEM_F32); // read and written
    out->in_layout[0] = layout_plain();
    out->in_layout[1] = vector_input_layout(ctx, n, 1, s->dim[0]);
    out->out_layout[0] = layout_plain();
    out->tasks_mul = (uint32_t)s->dim[0];
    out->tasks_div = RN_DIV_ALL;
    out->bytes_fixed = (uint64_t)bytes;
    out->flops_fixed = (uint64_t)elements;
    out->predicted_ns = cost_ns(ctx->target, elements, bytes);
    return NULL;
}

static void emit_fold_weights(Emit *e)
{
    Vb *b = e->vb;
    const Shape *s = &e->node->inputs.at[0]->shape;
    int64_t row = shape_elements(s) / s->dim[0], full = row / b->width * b->width;
    Val task;
    TaskLoop tasks = emit_tasks(e, &task);
    Val scale = access_broadcast(b, access_index(b, emit_input(e, 1), task, 1));
    Access from = emit_input(e, 0), to = emit_output(e, 0);
    Val offset = vb_muli(b, task, access_bytes(from, row));
    from = access_at(b, from, offset);
    to = access_at(b, to, access_rescale(b, offset, from.elem, to.elem));
    VbLoop loop = vb_for(b, vb_int(b, 0), vb_int(b, full), b->width, NULL, 0);
    Val at = vb_muli(b, loop.index, access_bytes(from, 1));
    Access made = access_at(b, to, access_rescale(b, at, from.elem, to.elem));
    Val x = access_load_unaligned(b, access_at(b, from, at));
    access_store_unaligned(b, vb_fmul(b, x, scale), made);
    vb_for_end(b, &loop, NULL);
    if (full < row) {
        uint32_t lanes = (uint32_t)(row - full);
        x = access_load_lanes(b, access_ati(b, from, access_bytes(from, full)), lanes);
        Access last = access_ati(b, to, access_bytes(to, full));
        access_store_lanes(b, vb_fmul(b, x, scale), last, lanes);
    }
    emit_tasks_end(e, &tasks);
}

const KernelDef kernel_bn_scale_shift = {
    .name = "vector",
    .op = "bn_scale_shift",
    .doc = "vectors in double",
    .plan = plan_vectors,
    .emit = emit_scale_shift,
};

const KernelDef kernel_fold_bias = {
    .name = "vector",
    .op = "fold_bias",
    .doc = "vectors in double",
    .plan = plan_vectors,
    .emit = emit_fold_bias,
};

const KernelDef kernel_fold_weights = {
    .name = "rows",
    .op = "fold_weights",
    .doc = "one filter per task",
    .plan = plan_weights,
    .emit = emit_fold_weights,
};
