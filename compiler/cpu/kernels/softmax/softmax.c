// softmax.c: probabilities, and their gradient dx = y * (dy - sum of dy*y).
#include "cpu/kernels/softmax/row.h"

static const char *softmax_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    Layout blocked = layout_blocked(ctx->target->vector_floats);
    out->in_layout[0] = out->in_layout[1] = out->out_layout[0] = blocked;
    plan_images(ctx, shape_channels(&n->outputs.at[0]->shape), 2, 30, out);
    return NULL;
}

typedef struct SoftmaxArg {
    Access x, dy, y, out;
    Val max, factor; // factor: sum, or the dot product
} SoftmaxArg;

// exp(x - max) as the pass before has stored it; computed again where storing rounds it.
static Val exp_term(Emit *e, const SoftmaxArg *a, Val offset)
{
    Vb *b = e->vb;
    if (a->out.elem == ELEM_F32) {
        return access_load(b, row_at(e, a->out, offset));
    }
    return vb_exp(b, vb_fsub(b, access_load(b, row_at(e, a->x, offset)), a->max));
}

static Val divide_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes,
                       Val running)
{
    (void)channel;
    (void)lanes;
    Vb *b = e->vb;
    const SoftmaxArg *a = arg;
    Val y = vb_fdiv(b, exp_term(e, a, offset), a->factor);
    Access to = row_at(e, a->out, offset);
    access_store(b, vb_keep_lanes(b, y, lanes), to); // a NaN sum must not reach the pads
    return running;
}

static void softmax_emit(Emit *e)
{
    Vb *b = e->vb;
    int64_t c = shape_channels(&e->node->outputs.at[0]->shape);
    ImageLoop l = emit_images(e);
    Val offset = vb_muli(b, l.image, row_bytes(e, c));
    SoftmaxArg arg = {.x = row_at(e, emit_input(e, 0), offset)};
    arg.out = row_at(e, emit_output(e, 0), offset);
    arg.max = row_max(e, arg.x, c);
    Access kept = arg.out.elem == ELEM_F32 ? arg.out : (Access){0};
    arg.factor = row_exp_sum(e, arg.x, c, arg.max, kept);
    emit_row(e, c, divide_body, &arg, vb_zero(b));
    emit_images_end(e, &l);
}

static Val dot_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    (void)channel;
    (void)lanes;
    Vb *b = e->vb;
    const SoftmaxArg *a = arg;
    Val y = access_load(b, row_at(e, a->y, offset));
    return vb_fma(b, access_load(b, row_at(e, a->dy, offset)), y, running);
}

static Val grad_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    (void)channel;
    Vb *b = e->vb;
    const SoftmaxArg *a = arg;
    Val rest = vb_fsub(b, access_load(b, row_at(e, a->dy, offset)), a->factor);
    Val dx = vb_fmul(b, access_load(b, row_at(e, a->y, offset)), rest);
    access_store(b, vb_keep_lanes(b, dx, lanes), row_at(e, a->out, offset));
    return running;
}

static void softmax_grad_emit(Emit *e)
{
    Vb *b = e->vb;
    int64_t c = shape_channels(&e->node->outputs.at[0]->shape);
    ImageLoop l = emit_images(e);
    Val offset = vb_muli(b, l.image, row_bytes(e, c));
    SoftmaxArg arg = {.dy = row_at(e, emit_input(e, 0), offset)};
    arg.y = row_at(e, emit_input(e, 1), offset);
    arg.out = row_at(e, emit_output(e, 0), offset);
    Val dot = emit_row(e, c, dot_body, &arg, vb_zero(b));
    arg.factor = vb_splat(b, vb_reduce_add(b, dot));
    emit_row(e, c, grad_body, &arg, vb_zero(b));
    emit_images_end(e, &l);
}

const KernelDef kernel_softmax = {
    .name = "rows",
    .op = "softmax",
    .doc = "three passes over each image's row",
    .plan = softmax_plan,
    .emit = softmax_emit,
};

const KernelDef kernel_softmax_grad = {
    .name = "rows",
    .op = "softmax_grad",
    .doc = "two passes over each image's row",
    .plan = softmax_plan,
    .emit = softmax_grad_emit,
};
