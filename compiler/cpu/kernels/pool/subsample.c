// subsample.c: every stride-th row and column, and its gradient (zeros between).
#include "cpu/kernels/pool/window.h"

static const char *subsample_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    out->in_layout[0] = out->out_layout[0] = layout_blocked(ctx->target->vector_floats);
    plan_rows(ctx, &n->outputs.at[0]->shape, 1, 1, out);
    return NULL;
}

static Val pixel_offset(Vb *b, Access plane, Val y, Val x, int64_t columns)
{
    return vb_muli(b, vb_add(b, vb_muli(b, y, columns), x), access_bytes(plane, b->width));
}

static void subsample_emit(Emit *e)
{
    Vb *b = e->vb;
    const SubsampleAttrs *a = e->node->attrs;
    const Value *in = e->node->inputs.at[0], *out = e->node->outputs.at[0];
    int64_t in_columns = in->shape.dim[3], columns = out->shape.dim[3];
    SpatialWalk w = spatial_walk(e);
    Access from = access_at(b, emit_input(e, 0), plane_offset(e, in, w.image, w.block));
    Access to = access_at(b, emit_output(e, 0), plane_offset(e, out, w.image, w.block));
    VbLoop ys = vb_loop(b, w.task.row_lo, w.task.row_hi, 1, NULL, 0);
    VbLoop xs = vb_loop(b, vb_int(b, 0), vb_int(b, columns), 1, NULL, 0);
    Val y = vb_muli(b, ys.index, a->stride[0]), x = vb_muli(b, xs.index, a->stride[1]);
    Val value = access_load(b, access_at(b, from, pixel_offset(b, from, y, x, in_columns)));
    access_store(b, value, access_at(b, to, pixel_offset(b, to, ys.index, xs.index, columns)));
    vb_loop_end(b, &xs, NULL);
    vb_loop_end(b, &ys, NULL);
    spatial_walk_end(e, &w);
}

// dx[y,x] = dy[y/s,x/s] where both divide, else 0.
static void subsample_bwd_emit(Emit *e)
{
    Vb *b = e->vb;
    const SubsampleAttrs *a = e->node->attrs;
    const Value *dy = e->node->inputs.at[0], *dx = e->node->outputs.at[0];
    int64_t in_columns = dy->shape.dim[3], columns = dx->shape.dim[3];
    SpatialWalk w = spatial_walk(e);
    Access from = access_at(b, emit_input(e, 0), plane_offset(e, dy, w.image, w.block)),
           to = emit_output(e, 0);
    Val plane = plane_offset(e, dx, w.image, w.block);
    VbLoop ys = vb_loop(b, w.task.row_lo, w.task.row_hi, 1, NULL, 0);
    VbLoop xs = vb_loop(b, vb_int(b, 0), vb_int(b, columns), 1, NULL, 0);
    Val y = vb_divi(b, ys.index, a->stride[0]), x = vb_divi(b, xs.index, a->stride[1]);
    Val rest = vb_add(b, vb_remi(b, ys.index, a->stride[0]), vb_remi(b, xs.index, a->stride[1]));
    Val kept = vb_icmp(b, LLVMIntEQ, rest, vb_int(b, 0));
    // (y, x) lies inside dy for every pixel, so the load is safe where it is not wanted.
    Val value = access_load(b, access_at(b, from, pixel_offset(b, from, y, x, in_columns)));
    value = vb_select(b, vb_splat(b, kept), value, vb_zero(b));
    Val pixel = pixel_offset(b, to, ys.index, xs.index, columns);
    ExprPlace at = {.image = w.image, .block = w.block, .offset = vb_add(b, plane, pixel)};
    access_store(b, emit_store_expr(e, value, &at), access_at(b, to, at.offset));
    vb_loop_end(b, &xs, NULL);
    vb_loop_end(b, &ys, NULL);
    spatial_walk_end(e, &w);
}

const KernelDef kernel_subsample = {
    .name = "rows",
    .op = "subsample",
    .doc = "copies vectors",
    .plan = subsample_plan,
    .emit = subsample_emit,
};

const KernelDef kernel_subsample_bwd = {
    .name = "rows",
    .op = "subsample_bwd",
    .doc = "copies vectors, zeros between",
    .takes_store = true,
    .plan = subsample_plan,
    .emit = subsample_bwd_emit,
};
