// softmax_xent.c: cross entropy of softmax against labels, and its gradient. Formulas:
// ops/loss/softmax_xent.c.
// Labels are below the class count: the runtime has checked them.
#include <stddef.h>

#include "cpu/kernels/softmax/row.h"
#include "ops/loss/xent_attrs.h"

static const char *xent_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    Layout blocked = layout_blocked(ctx->target->vector_floats);
    out->in_layout[0] = blocked;
    out->in_layout[1] = layout_plain();
    out->out_layout[0] = n->outputs.at[0]->shape.rank == 1 ? layout_plain() : blocked;
    plan_images(ctx, shape_channels(&n->inputs.at[0]->shape), 2, 30, out);
    return NULL;
}

static Val load_label(Emit *e, Val image)
{
    Vb *b = e->vb;
    Access label = access_index(b, emit_input(e, 1), image, 1);
    return vb_load_typed(b, b->i32, label.at, elem_bytes(ELEM_U32));
}

static double smoothing_of(const Emit *e)
{
    const XentAttrs *a = e->node->attrs;
    return a->smoothing;
}

typedef struct SumArg {
    Access row;
    Val max;
} SumArg;

static Val sum_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    (void)channel;
    Vb *b = e->vb;
    const SumArg *a = arg;
    Val x = vb_fsub(b, access_load(b, row_at(e, a->row, offset)), a->max);
    return vb_fadd(b, running, vb_keep_lanes(b, x, lanes));
}

// sum over k of t[k] * (z[k] - max), in all lanes
static Val expected_logit(Emit *e, Access row, int64_t c, Val max, Val label)
{
    Vb *b = e->vb;
    double smoothing = smoothing_of(e);
    Val z = vb_fsub(b, access_broadcast(b, access_index(b, row, label, 1)), max);
    if (smoothing == 0) {
        return z;
    }
    SumArg arg = {row, max};
    Val all = vb_splat(b, vb_reduce_add(b, emit_row(e, c, sum_body, &arg, vb_zero(b))));
    return vb_fadd(b, vb_fmul(b, z, vb_const(b, 1.0 - smoothing)),
                   vb_fmul(b, all, vb_const(b, smoothing / (double)c)));
}

static void xent_emit(Emit *e)
{
    Vb *b = e->vb;
    int64_t c = shape_channels(&e->node->inputs.at[0]->shape);
    ImageLoop l = emit_images(e);
    Access row = row_at(e, emit_input(e, 0), vb_muli(b, l.image, row_bytes(e, c)));
    Val max = row_max(e, row, c);
    Val log_sum = vb_log(b, row_exp_sum(e, row, c, max, (Access){0}));
    Val label = LLVMBuildZExt(b->builder, load_label(e, l.image), b->i64, "");
    Val loss = vb_fsub(b, log_sum, expected_logit(e, row, c, max, label));
    Val first = LLVMBuildExtractElement(b->builder, loss, LLVMConstInt(b->i32, 0, 0), "");
    access_store_scalar(b, first, access_index(b, emit_output(e, 0), l.image, 1));
    emit_images_end(e, &l);
}

typedef struct GradArg {
    Access row, out;
    Val max, sum, scale, label; // label: i32
    double smoothing, spread;   // spread: smoothing / classes
} GradArg;

// <V x float>: the targets t[k] of a vector's classes
static Val targets(Emit *e, const GradArg *a, Val channel)
{
    Vb *b = e->vb;
    Val lane[64];
    for (uint32_t i = 0; i < b->width; i++) {
        lane[i] = LLVMConstInt(b->i32, i, 0);
    }
    Val first = LLVMBuildTrunc(b->builder, channel, b->i32, "");
    Val wanted = vb_splat(b, LLVMBuildSub(b->builder, a->label, first, ""));
    Val is = vb_icmp(b, LLVMIntEQ, LLVMConstVector(lane, b->width), wanted);
    return vb_select(b, is, vb_const(b, 1.0 - a->smoothing + a->spread), vb_const(b, a->spread));
}

static Val grad_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    Vb *b = e->vb;
    const GradArg *a = arg;
    Val x = access_load(b, row_at(e, a->row, offset));
    Val p = vb_fdiv(b, vb_exp(b, vb_fsub(b, x, a->max)), a->sum);
    Val d = vb_fmul(b, a->scale, vb_fsub(b, p, targets(e, a, channel)));
    access_store(b, vb_keep_lanes(b, d, lanes), row_at(e, a->out, offset));
    return running;
}

static void xent_grad_emit(Emit *e)
{
    Vb *b = e->vb;
    int64_t c = shape_channels(&e->node->inputs.at[0]->shape);
    ImageLoop l = emit_images(e);
    Val offset = vb_muli(b, l.image, row_bytes(e, c));
    GradArg arg = {.row = row_at(e, emit_input(e, 0), offset)};
    arg.out = row_at(e, emit_output(e, 0), offset);
    arg.max = row_max(e, arg.row, c);
    arg.sum = row_exp_sum(e, arg.row, c, arg.max, (Access){0});
    Access scale = {vb_ati(b, e->call, offsetof(RnCall, loss_scale)), ELEM_F32};
    arg.scale = access_broadcast(b, scale);
    arg.label = load_label(e, l.image);
    arg.smoothing = smoothing_of(e);
    arg.spread = arg.smoothing / (double)c;
    emit_row(e, c, grad_body, &arg, vb_zero(b));
    emit_images_end(e, &l);
}

const KernelDef kernel_softmax_xent = {
    .name = "rows",
    .op = "softmax_xent",
    .doc = "two passes over each image's row",
    .plan = xent_plan,
    .emit = xent_emit,
};

const KernelDef kernel_softmax_xent_grad = {
    .name = "rows",
    .op = "softmax_xent_grad",
    .doc = "three passes over each image's row",
    .plan = xent_plan,
    .emit = xent_grad_emit,
};
