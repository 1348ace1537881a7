// spatial_reduce.c: sums over the picture per image and channel: global average pooling and
// spatial_dot.
#include "cpu/kernels/pool/window.h"

#define UNROLL 4

static Val load_pixel(Vb *b, Access plane, int64_t pixel)
{
    return access_load(b, access_ati(b, plane, access_bytes(plane, pixel * b->width)));
}

// The second plane's vector where the first one's stands at `offset`.
static Val load_same(Vb *b, const Access plane[2], Val offset)
{
    Val at = access_rescale(b, offset, plane[0].elem, plane[1].elem);
    return access_load(b, access_at(b, plane[1], at));
}

// Sum over pixels of x, or of g * x.
static Val plane_sum(Emit *e, const Access *plane, uint32_t planes, int64_t pixels)
{
    Vb *b = e->vb;
    int64_t whole = pixels / UNROLL * UNROLL;
    Val acc[UNROLL];
    for (uint32_t u = 0; u < UNROLL; u++) {
        acc[u] = vb_zero(b);
    }
    VbLoop loop = vb_for(b, vb_int(b, 0), vb_int(b, whole), UNROLL, acc, UNROLL);
    Val next[UNROLL];
    for (uint32_t u = 0; u < UNROLL; u++) {
        Val offset = vb_muli(b, vb_addi(b, loop.index, u), access_bytes(plane[0], b->width));
        Val x = access_load(b, access_at(b, plane[0], offset));
        next[u] = planes == 1 ? vb_fadd(b, loop.carried[u], x)
                              : vb_fma(b, x, load_same(b, plane, offset), loop.carried[u]);
    }
    vb_for_end(b, &loop, next);
    for (int64_t p = whole; p < pixels; p++) {
        Val x = load_pixel(b, plane[0], p);
        uint32_t u = (uint32_t)(p - whole);
        Val old = loop.carried[u];
        loop.carried[u] =
            planes == 1 ? vb_fadd(b, old, x) : vb_fma(b, x, load_pixel(b, plane[1], p), old);
    }
    return vb_fadd(b, vb_fadd(b, loop.carried[0], loop.carried[1]),
                   vb_fadd(b, loop.carried[2], loop.carried[3]));
}

static const char *reduce_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    Layout blocked = layout_blocked(ctx->target->vector_floats);
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        out->in_layout[i] = blocked;
    }
    out->out_layout[0] = blocked;
    plan_planes(ctx, &n->inputs.at[0]->shape, n->own_inputs, 2, out);
    return NULL;
}

static void reduce_emit(Emit *e)
{
    Vb *b = e->vb;
    const Node *n = e->node;
    const Value *in = n->inputs.at[0];
    int64_t pixels = shape_height(&in->shape) * shape_width(&in->shape);
    SpatialWalk w = spatial_walk(e);
    Access plane[2] = {{0}};
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        Val offset = plane_offset(e, n->inputs.at[i], w.image, w.block);
        plane[i] = access_at(b, emit_input(e, i), offset);
    }
    Val sum = plane_sum(e, plane, n->own_inputs, pixels);
    if (n->own_inputs == 1) {
        sum = vb_fdiv(b, sum, vb_const(b, (double)pixels));
    }
    Val offset = plane_offset(e, n->outputs.at[0], w.image, w.block);
    access_store(b, sum, access_at(b, emit_output(e, 0), offset));
    spatial_walk_end(e, &w);
}

const KernelDef kernel_global_avgpool = {
    .name = "planes",
    .op = "global_avgpool",
    .doc = "four accumulators per plane",
    .plan = reduce_plan,
    .emit = reduce_emit,
};

const KernelDef kernel_spatial_dot = {
    .name = "planes",
    .op = "spatial_dot",
    .doc = "four accumulators per plane",
    .plan = reduce_plan,
    .emit = reduce_emit,
};
