// avgpool.c: mean of each window, and its gradient (gathered: each dx sums the windows that hold
// it).
#include "cpu/kernels/pool/window.h"

typedef struct AvgPool {
    const PoolAttrs *attrs;
    WindowDim dim[2];
} AvgPool;

static AvgPool avgpool_of(const PoolAttrs *a, const Value *full, const Value *pooled)
{
    return (AvgPool){.attrs = a,
                     .dim = {window_dim(a, &full->shape, &pooled->shape, 0),
                             window_dim(a, &full->shape, &pooled->shape, 1)}};
}

static Val divisor(Emit *e, const AvgPool *p, Val oy, Val ox)
{
    Vb *b = e->vb;
    Val count = vb_mul(b, window_count(b, &p->dim[0], oy, p->attrs->count_pad),
                       window_count(b, &p->dim[1], ox, p->attrs->count_pad));
    return vb_from_int(b, count);
}

static Val pixel_offset(Emit *e, Access plane, Val y, Val x, int64_t columns)
{
    Vb *b = e->vb;
    return vb_muli(b, vb_add(b, vb_muli(b, y, columns), x), access_bytes(plane, b->width));
}

static Val window_sum(Emit *e, const AvgPool *p, Access plane, Val oy, Val ox)
{
    Vb *b = e->vb;
    Val y_lo, y_hi, x_lo, x_hi, zero = vb_zero(b);
    window_range(b, &p->dim[0], oy, &y_lo, &y_hi);
    window_range(b, &p->dim[1], ox, &x_lo, &x_hi);
    VbLoop rows = vb_for(b, y_lo, y_hi, 1, &zero, 1);
    VbLoop columns = vb_for(b, x_lo, x_hi, 1, rows.carried, 1);
    Val at = pixel_offset(e, plane, rows.index, columns.index, p->dim[1].in);
    Val sum = vb_fadd(b, columns.carried[0], access_load(b, access_at(b, plane, at)));
    vb_for_end(b, &columns, &sum);
    vb_for_end(b, &rows, columns.carried);
    return rows.carried[0];
}

static const char *avgpool_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const PoolAttrs *a = n->attrs;
    out->in_layout[0] = out->out_layout[0] = layout_blocked(ctx->target->vector_floats);
    plan_rows(ctx, &n->outputs.at[0]->shape, (double)(a->stride[0] * a->stride[1]),
              (double)(a->kernel[0] * a->kernel[1]), out);
    return NULL;
}

static void avgpool_emit(Emit *e)
{
    Vb *b = e->vb;
    const Value *in = e->node->inputs.at[0], *out = e->node->outputs.at[0];
    AvgPool p = avgpool_of(e->node->attrs, in, out);
    SpatialWalk w = spatial_walk(e);
    Access from = access_at(b, emit_input(e, 0), plane_offset(e, in, w.image, w.block));
    Access to = access_at(b, emit_output(e, 0), plane_offset(e, out, w.image, w.block));
    VbLoop rows = vb_loop(b, w.task.row_lo, w.task.row_hi, 1, NULL, 0);
    VbLoop columns = vb_loop(b, vb_int(b, 0), vb_int(b, p.dim[1].out), 1, NULL, 0);
    Val sum = window_sum(e, &p, from, rows.index, columns.index);
    Val mean = vb_fdiv(b, sum, divisor(e, &p, rows.index, columns.index));
    Val at = pixel_offset(e, to, rows.index, columns.index, p.dim[1].out);
    access_store(b, mean, access_at(b, to, at));
    vb_loop_end(b, &columns, NULL);
    vb_loop_end(b, &rows, NULL);
    spatial_walk_end(e, &w);
}

static const char *avgpool_bwd_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    out->in_layout[0] = out->out_layout[0] = layout_blocked(ctx->target->vector_floats);
    plan_rows(ctx, &n->outputs.at[0]->shape, 0.25, 4, out);
    return NULL;
}

// Sum over the windows that hold (y, x) of dy / divisor.
static Val gather_windows(Emit *e, const AvgPool *p, Access dy_plane, Val y, Val x)
{
    Vb *b = e->vb;
    Val oy_lo, oy_hi, ox_lo, ox_hi, zero = vb_zero(b);
    window_outputs(b, &p->dim[0], y, &oy_lo, &oy_hi);
    window_outputs(b, &p->dim[1], x, &ox_lo, &ox_hi);
    VbLoop rows = vb_for(b, oy_lo, oy_hi, 1, &zero, 1);
    VbLoop columns = vb_for(b, ox_lo, ox_hi, 1, rows.carried, 1);
    Val at = pixel_offset(e, dy_plane, rows.index, columns.index, p->dim[1].out);
    Val dy = access_load(b, access_at(b, dy_plane, at));
    Val share = vb_fdiv(b, dy, divisor(e, p, rows.index, columns.index));
    Val sum = vb_fadd(b, columns.carried[0], share);
    vb_for_end(b, &columns, &sum);
    vb_for_end(b, &rows, columns.carried);
    return rows.carried[0];
}

static void avgpool_bwd_emit(Emit *e)
{
    Vb *b = e->vb;
    const Value *dy = e->node->inputs.at[0], *dx = e->node->outputs.at[0];
    AvgPool p = avgpool_of(e->node->attrs, dx, dy);
    SpatialWalk w = spatial_walk(e);
    Access from = access_at(b, emit_input(e, 0), plane_offset(e, dy, w.image, w.block)),
           to = emit_output(e, 0);
    Val plane = plane_offset(e, dx, w.image, w.block);
    VbLoop rows = vb_loop(b, w.task.row_lo, w.task.row_hi, 1, NULL, 0);
    VbLoop columns = vb_loop(b, vb_int(b, 0), vb_int(b, p.dim[1].in), 1, NULL, 0);
    Val sum = gather_windows(e, &p, from, rows.index, columns.index);
    Val pixel = pixel_offset(e, to, rows.index, columns.index, p.dim[1].in);
    ExprPlace at = {.image = w.image, .block = w.block, .offset = vb_add(b, plane, pixel)};
    access_store(b, emit_store_expr(e, sum, &at), access_at(b, to, at.offset));
    vb_loop_end(b, &columns, NULL);
    vb_loop_end(b, &rows, NULL);
    spatial_walk_end(e, &w);
}

const KernelDef kernel_avgpool = {
    .name = "window",
    .op = "avgpool",
    .doc = "vector of channels, loop over the window",
    .plan = avgpool_plan,
    .emit = avgpool_emit,
};

const KernelDef kernel_avgpool_bwd = {
    .name = "gather",
    .op = "avgpool_bwd",
    .doc = "each element sums the windows that hold it",
    .takes_store = true,
    .plan = avgpool_bwd_plan,
    .emit = avgpool_bwd_emit,
};
