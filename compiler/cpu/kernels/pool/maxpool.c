// maxpool.c: largest element of each window, and its gradient. A vector is V channels of one pixel;
// the window's taps are unrolled where they are few. Taps in the padding: where padding never wins
// their coordinates are moved to the nearest pixel of the picture. That pixel belongs to the window
// too, and since moving keeps the order of the taps, the first maximum in row order stays the
// first. Where padding counts as zero such a tap is a zero. NaN wins over everything before it, as
// in PyTorch.
#include "cpu/kernels/pool/window.h"

#define MAX_UNROLLED_TAPS 25

typedef struct MaxPool {
    const PoolAttrs *attrs;
    WindowDim dim[2];
    Access plane; // of x
    Val oy, ox;   // output pixel
    int64_t taps; // of a window
} MaxPool;

// A tap's value, its byte offset in the plane of x, and where zeros count whether it lies inside the
// picture.
typedef struct Tap {
    Val x, offset, inside;
} Tap;

static Val clamp(Vb *b, Val x, int64_t size)
{
    return vb_min(b, vb_max(b, x, vb_int(b, 0)), vb_int(b, size - 1));
}

static Val is_inside(Vb *b, Val x, int64_t size)
{
    return vb_icmp(b, LLVMIntULT, x, vb_int(b, size));
}

static Tap load_tap(Emit *e, const MaxPool *m, Val ky, Val kx)
{
    Vb *b = e->vb;
    Val y = vb_add(b, window_start(b, &m->dim[0], m->oy), ky);
    Val x = vb_add(b, window_start(b, &m->dim[1], m->ox), kx);
    if (m->attrs->pad_value == POOL_PAD_ZERO) { // what hangs over the padding (ceil) takes no part
        y = vb_min(b, y, vb_int(b, m->dim[0].in + m->dim[0].pad_after - 1));
        x = vb_min(b, x, vb_int(b, m->dim[1].in + m->dim[1].pad_after - 1));
    }
    Val pixel =
        vb_add(b, vb_muli(b, clamp(b, y, m->dim[0].in), m->dim[1].in), clamp(b, x, m->dim[1].in));
    Tap t = {.offset = vb_muli(b, pixel, access_bytes(m->plane, b->width))};
    t.x = access_load(b, access_at(b, m->plane, t.offset));
    if (m->attrs->pad_value == POOL_PAD_ZERO) {
        t.inside = LLVMBuildAnd(b->builder, is_inside(b, y, m->dim[0].in),
                                is_inside(b, x, m->dim[1].in), "");
        t.x = vb_select(b, vb_splat(b, t.inside), t.x, vb_zero(b));
    }
    return t;
}

// x > best, or x is NaN
static Val wins(Vb *b, Val x, Val best)
{
    Val greater = LLVMBuildFCmp(b->builder, LLVMRealOGT, x, best, "");
    Val nan = LLVMBuildFCmp(b->builder, LLVMRealUNO, x, x, "");
    return LLVMBuildOr(b->builder, greater, nan, "");
}

// The first maximum of a window: its value, and the number of its tap (i32 lanes).
static Val find_max(Emit *e, const MaxPool *m, Val *index)
{
    Vb *b = e->vb;
    int64_t columns = m->dim[1].kernel;
    Val zero = LLVMConstInt(b->i32, 0, 0);
    Val init[2] = {load_tap(e, m, vb_int(b, 0), vb_int(b, 0)).x, vb_splat(b, zero)};
    if (m->taps <= MAX_UNROLLED_TAPS) {
        for (int64_t t = 1; t < m->taps; t++) {
            Tap tap = load_tap(e, m, vb_int(b, t / columns), vb_int(b, t % columns));
            Val win = wins(b, tap.x, init[0]);
            Val number = vb_splat(b, LLVMConstInt(b->i32, (unsigned long long)t, 0));
            init[0] = vb_select(b, win, tap.x, init[0]);
            init[1] = index ? vb_select(b, win, number, init[1]) : init[1];
        }
    } else {
        VbLoop loop = vb_for(b, vb_int(b, 1), vb_int(b, m->taps), 1, init, 2);
        Tap tap = load_tap(e, m, vb_divi(b, loop.index, columns), vb_remi(b, loop.index, columns));
        Val win = wins(b, tap.x, loop.carried[0]);
        Val number = vb_splat(b, LLVMBuildTrunc(b->builder, loop.index, b->i32, ""));
        Val next[2] = {vb_select(b, win, tap.x, loop.carried[0]),
                       vb_select(b, win, number, loop.carried[1])};
        vb_for_end(b, &loop, next);
        init[0] = loop.carried[0];
        init[1] = loop.carried[1];
    }
    if (index) {
        *index = init[1];
    }
    return init[0];
}

static const char *maxpool_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const PoolAttrs *a = n->attrs;
    Layout blocked = layout_blocked(ctx->target->vector_floats);
    out->in_layout[0] = out->out_layout[0] = blocked;
    plan_rows(ctx, &n->outputs.at[0]->shape, (double)(a->stride[0] * a->stride[1]),
              (double)(a->kernel[0] * a->kernel[1]), out);
    return NULL;
}

static MaxPool maxpool_of(const PoolAttrs *a, const Value *full, const Value *pooled)
{
    return (MaxPool){.attrs = a,
                     .dim = {window_dim(a, &full->shape, &pooled->shape, 0),
                             window_dim(a, &full->shape, &pooled->shape, 1)},
                     .taps = a->kernel[0] * a->kernel[1]};
}

static void maxpool_emit(Emit *e)
{
    Vb *b = e->vb;
    const Value *in = e->node->inputs.at[0], *out = e->node->outputs.at[0];
    MaxPool m = maxpool_of(e->node->attrs, in, out);
    SpatialWalk w = spatial_walk(e);
    m.plane = access_at(b, emit_input(e, 0), plane_offset(e, in, w.image, w.block));
    Access to = access_at(b, emit_output(e, 0), plane_offset(e, out, w.image, w.block));
    VbLoop rows = vb_loop(b, w.task.row_lo, w.task.row_hi, 1, NULL, 0);
    VbLoop columns = vb_loop(b, vb_int(b, 0), vb_int(b, m.dim[1].out), 1, NULL, 0);
    m.oy = rows.index;
    m.ox = columns.index;
    Val pixel = vb_add(b, vb_muli(b, m.oy, m.dim[1].out), m.ox);
    access_store(b, find_max(e, &m, NULL), access_index(b, to, pixel, b->width));
    vb_loop_end(b, &columns, NULL);
    vb_loop_end(b, &rows, NULL);
    spatial_walk_end(e, &w);
}

static const char *maxpool_bwd_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const PoolAttrs *a = n->attrs;
    Layout blocked = layout_blocked(ctx->target->vector_floats);
    out->in_layout[0] = out->in_layout[1] = out->out_layout[0] = blocked;
    double taps = (double)(a->kernel[0] * a->kernel[1]);
    plan_planes(ctx, &n->outputs.at[0]->shape, 3.5,
                2 * taps / (double)(a->stride[0] * a->stride[1]), out);
    return NULL;
}

static void clear_plane(Emit *e, Access plane, int64_t pixels)
{
    Vb *b = e->vb;
    VbLoop loop = vb_loop(b, vb_int(b, 0), vb_int(b, pixels), 1, NULL, 0);
    access_store(b, vb_zero(b), access_index(b, plane, loop.index, b->width));
    vb_loop_end(b, &loop, NULL);
}

// dx of tap `number` += dy in the lanes that chose it.
static void give_tap(Emit *e, const MaxPool *m, Val number, Val chosen, Val dy, Access dx_plane)
{
    Vb *b = e->vb;
    Val ky = vb_divi(b, number, m->dim[1].kernel), kx = vb_remi(b, number, m->dim[1].kernel);
    Tap tap = load_tap(e, m, ky, kx);
    Val lanes =
        vb_icmp(b, LLVMIntEQ, chosen, vb_splat(b, LLVMBuildTrunc(b->builder, number, b->i32, "")));
    if (tap.inside) {
        lanes = LLVMBuildAnd(b->builder, lanes, vb_splat(b, tap.inside), "");
    }
    Access at = access_at(b, dx_plane, access_rescale(b, tap.offset, m->plane.elem, dx_plane.elem));
    access_store(b, vb_fadd(b, access_load(b, at), vb_select(b, lanes, dy, vb_zero(b))), at);
}

static void maxpool_bwd_pixel(Emit *e, const MaxPool *m, Access dy_plane, Access dx_plane)
{
    Vb *b = e->vb;
    Val chosen;
    find_max(e, m, &chosen);
    Val pixel = vb_add(b, vb_muli(b, m->oy, m->dim[1].out), m->ox);
    Val dy = access_load(b, access_index(b, dy_plane, pixel, b->width));
    if (m->taps <= MAX_UNROLLED_TAPS) {
        for (int64_t t = 0; t < m->taps; t++) {
            give_tap(e, m, vb_int(b, t), chosen, dy, dx_plane);
        }
        return;
    }
    VbLoop taps = vb_loop(b, vb_int(b, 0), vb_int(b, m->taps), 1, NULL, 0);
    give_tap(e, m, taps.index, chosen, dy, dx_plane);
    vb_loop_end(b, &taps, NULL);
}

static void maxpool_bwd_emit(Emit *e)
{
    Vb *b = e->vb;
    const Value *x = e->node->inputs.at[0], *dy = e->node->inputs.at[1];
    MaxPool m = maxpool_of(e->node->attrs, x, dy);
    SpatialWalk w = spatial_walk(e);
    Val full = plane_offset(e, x, w.image, w.block);
    m.plane = access_at(b, emit_input(e, 0), full);
    Access dx_plane = emit_output(e, 0);
    dx_plane = access_at(b, dx_plane, access_rescale(b, full, m.plane.elem, dx_plane.elem));
    Access dy_plane = access_at(b, emit_input(e, 1), plane_offset(e, dy, w.image, w.block));
    clear_plane(e, dx_plane, m.dim[0].in * m.dim[1].in);
    VbLoop rows = vb_loop(b, vb_int(b, 0), vb_int(b, m.dim[0].out), 1, NULL, 0);
    VbLoop columns = vb_loop(b, vb_int(b, 0), vb_int(b, m.dim[1].out), 1, NULL, 0);
    m.oy = rows.index;
    m.ox = columns.index;
    maxpool_bwd_pixel(e, &m, dy_plane, dx_plane);
    vb_loop_end(b, &columns, NULL);
    vb_loop_end(b, &rows, NULL);
    spatial_walk_end(e, &w);
}

const KernelDef kernel_maxpool = {
    .name = "window",
    .op = "maxpool",
    .doc = "vector of channels, taps unrolled",
    .plan = maxpool_plan,
    .emit = maxpool_emit,
};

const KernelDef kernel_maxpool_bwd = {
    .name = "scatter",
    .op = "maxpool_bwd",
    .doc = "finds each window's maximum again and adds dy there",
    .plan = maxpool_bwd_plan,
    .emit = maxpool_bwd_emit,
};
