// channel_reduce.c: channel reductions of a tensor that stands in memory (where no kernel that
// writes it could take them along).
#include "cpu/kernels/norm/channel_pass.h"

static const char *reduce_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const Shape *shape = &n->inputs.at[0]->shape;
    uint32_t tensors = 0;
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        const Shape *s = &n->inputs.at[i]->shape;
        bool full = shape_equal(s, shape);
        tensors += full ? 1 : 0;
        out->in_layout[i] =
            full ? layout_blocked(width) : layout_padded_vector(ctx->arena, s->dim[0], width);
    }
    out->out_layout[0] = layout_partials(width);
    plan_channel_pass(ctx, shape, tensors, 3, out);
    return NULL;
}

static void reduce_body(Emit *e, const ExprPlace *at, Val sum[PASS_MAX_SUMS])
{
    const Node *n = e->node;
    ScalarVal arg[EXPR_MAX_ARGS + 1], term[2];
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        arg[i].ir = emit_operand(e, i, at);
    }
    arg[n->own_inputs].ir = e->centre; // terms of others do not read it
    uint32_t args = n->own_inputs + n->op->centred;
    uint32_t count = n->op->terms(&e->vb->scalar, n->attrs, arg, args, term);
    for (uint32_t t = 0; t < count; t++) {
        sum[t] = (Val)term[t].ir;
    }
}

static Val reduce_first(Emit *e, const ExprPlace *at)
{
    return emit_operand(e, 0, at);
}

static void reduce_emit(Emit *e)
{
    const Node *n = e->node;
    ChannelPass pass = {
        .shape = &n->inputs.at[0]->shape, .body = reduce_body, .first = reduce_first};
    channel_pass_add(&pass, n, 0, n->op);
    emit_channel_pass(e, &pass);
}

#define DOC "vector loop over a blocked tensor, partial sums per task"

const KernelDef kernel_channel_moments = {
    .name = "reduce",
    .op = "channel_moments",
    .doc = DOC,
    .plan = reduce_plan,
    .emit = reduce_emit,
};

const KernelDef kernel_channel_dot = {
    .name = "reduce",
    .op = "channel_dot",
    .doc = DOC,
    .plan = reduce_plan,
    .emit = reduce_emit,
};

const KernelDef kernel_channel_sum = {
    .name = "reduce",
    .op = "channel_sum",
    .doc = DOC,
    .plan = reduce_plan,
    .emit = reduce_emit,
};
