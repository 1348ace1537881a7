// map.c: elementwise expressions over blocked activations, with channel reductions of what is
// stored.
#include "cpu/kernels/norm/channel_pass.h"

static const char *map_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const Shape *shape = &n->outputs.at[0]->shape;
    uint32_t tensors = 1, flops = 1;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        tensors += shape_equal(&n->inputs.at[i]->shape, shape) ? 1 : 0;
    }
    flops += n->store ? n->store->steps.count : 0;
    plan_channel_pass(ctx, shape, tensors, flops, out);
    out->out_layout[0] = layout_blocked(ctx->target->vector_floats);
    for (uint32_t s = 0; s < n->side_count; s++) {
        out->out_layout[n->sides[s].output] = layout_partials(ctx->target->vector_floats);
    }
    return NULL;
}

static void map_body(Emit *e, const ExprPlace *at, Val sum[PASS_MAX_SUMS])
{
    Val x = emit_store_expr(e, NULL, at);
    emit_store_output(e, x, at);
    uint32_t next = 0;
    for (uint32_t s = 0; s < e->node->side_count; s++) {
        next += emit_side_terms(e, s, x, at, &sum[next]);
    }
}

static Val map_first(Emit *e, const ExprPlace *at)
{
    return emit_store_expr(e, NULL, at);
}

static void map_emit(Emit *e)
{
    const Node *n = e->node;
    ChannelPass pass = {.shape = &n->outputs.at[0]->shape, .body = map_body, .first = map_first};
    for (uint32_t s = 0; s < n->side_count; s++) {
        channel_pass_add(&pass, n, n->sides[s].output, n->sides[s].op);
    }
    emit_channel_pass(e, &pass);
}

const KernelDef kernel_map = {
    .name = "map",
    .op = "map",
    .doc = "vector loop over blocked activations, four vectors per trip",
    .takes_store = true,
    .takes_sides = true,
    .streams = true,
    .plan = map_plan,
    .emit = map_emit,
};
