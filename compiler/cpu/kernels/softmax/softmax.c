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
    Val dy, y, out, factor; // factor: sum, or the dot product
} SoftmaxArg;

static Val divide_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes,
                       Val running)
{
    (void)channel;
    (void)lanes;
    Vb *b = e->vb;
    const SoftmaxArg *a = arg;
    Val at = vb_at(b, a->out, offset);
    Val y = vb_fdiv(b, vb_load(b, at), a->factor);
    vb_store(b, vb_keep_lanes(b, y, lanes), at); // a NaN sum must not reach the pads
    return running;
}

static void softmax_emit(Emit *e)
{
    Vb *b = e->vb;
    int64_t c = shape_channels(&e->node->outputs.at[0]->shape);
    ImageLoop l = emit_images(e);
    Val offset = vb_muli(b, l.image, row_bytes(e, c));
    Val x = vb_at(b, e->in[0], offset), y = vb_at(b, e->out[0], offset);
    SoftmaxArg arg = {.out = y};
    arg.factor = row_exp_sum(e, x, c, row_max(e, x, c), y);
    emit_row(e, c, divide_body, &arg, vb_zero(b));
    emit_images_end(e, &l);
}

static Val dot_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    (void)channel;
    (void)lanes;
    Vb *b = e->vb;
    const SoftmaxArg *a = arg;
    return vb_fma(b, vb_load(b, vb_at(b, a->dy, offset)), vb_load(b, vb_at(b, a->y, offset)),
                  running);
}

static Val grad_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    (void)channel;
    Vb *b = e->vb;
    const SoftmaxArg *a = arg;
    Val rest = vb_fsub(b, vb_load(b, vb_at(b, a->dy, offset)), a->factor);
    Val dx = vb_fmul(b, vb_load(b, vb_at(b, a->y, offset)), rest);
    vb_store(b, vb_keep_lanes(b, dx, lanes), vb_at(b, a->out, offset));
    return running;
}

static void softmax_grad_emit(Emit *e)
{
    Vb *b = e->vb;
    int64_t c = shape_channels(&e->node->outputs.at[0]->shape);
    ImageLoop l = emit_images(e);
    Val offset = vb_muli(b, l.image, row_bytes(e, c));
    SoftmaxArg arg = {.dy = vb_at(b, e->in[0], offset),
                      .y = vb_at(b, e->in[1], offset),
                      .out = vb_at(b, e->out[0], offset)};
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
