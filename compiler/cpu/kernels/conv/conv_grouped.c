// conv_grouped.c: grouped convolution with fewer channels per group than a vector has lanes
// (ResNeXt's 4 and 8, depthwise 1), forward and backward data.
//
//   y[n,k,y,x] = bias[k] + sum over i < g, r, s of w[k,i,r,s] * x[n, k/g*g + i, y*sh+r-pt,
//   x*sw+s-pl]
//
// With g channels in and out per group and g dividing V, block b of the output reads block b of the
// input only: lane l needs the inputs of lanes l/g*g + i. For each i that is one shuffle of a
// loaded pixel by a constant mask (none for g = 1), and it serves every filter column and output
// that meets the pixel. A tile holds `columns` outputs in accumulators and, per row of taps, all
// filter columns' weights of `step` channels i in registers; more channels take another turn over
// the pixels. Weights are [block][r][s][i][V]. Backward data is the same with w transposed inside
// each group and rotated (conv_bwd_data.c). Not here: groups whose channels are multiples of V
// (conv_direct.c).
#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_lanes.h"
#include "cpu/kernels/conv/conv_pack.h"
#include "cpu/kernels/conv/conv_size.h"

typedef struct GroupedPlan {
    ConvPlan walk;
    int64_t size; // channels of a group
    int64_t step; // of them per turn
} GroupedPlan;

// One turn per `step` channels, each in a loop of one trip: blocks of their own keep the weights of
// one turn from being loaded, and spilled, before another.
static void emit_row(ConvWalk *w, const ConvTile *t, const LaneRow *row, Val *acc)
{
    Vb *b = w->b;
    const GroupedPlan *plan = w->e->lowering->plan;
    int64_t step = plan->step, size = plan->size;
    uint32_t count = (uint32_t)t->columns;
    for (int64_t i = 0; i < size; i += step) {
        VbLoop once = vb_loop(b, vb_int(b, 0), vb_int(b, 1), 1, acc, count);
        for (uint32_t c = 0; c < count; c++) {
            acc[c] = once.carried[c];
        }
        conv_reduce_lanes(w, t, row, i, size - i < step ? size - i : step, acc);
        vb_loop_end(b, &once, acc);
    }
}

static void reduce(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    const GroupedPlan *plan = w->e->lowering->plan;
    LaneRow row = {.channels = plan->size, .shuffled = plan->size > 1};
    int64_t row_bytes = t->phase->taps[1] * plan->size * elem_size(w->weight_elem, b->width);
    uint32_t count = (uint32_t)t->columns;
    VbLoop rows = vb_loop(b, t->tap_lo, t->tap_hi, 1, acc, count);
    for (uint32_t c = 0; c < count; c++) {
        acc[c] = rows.carried[c];
    }
    Val at = vb_add(b, t->row, rows.index);
    row.input = vb_at(b, t->input, vb_muli(b, at, w->in_row));
    row.weights = vb_at(b, t->weights, vb_muli(b, rows.index, row_bytes));
    emit_row(w, t, &row, acc);
    vb_loop_end(b, &rows, acc);
}

static ConvPass grouped_pass(const Node *n, uint32_t width, const char **why)
{
    ConvPass p = conv_pass(n, width, why);
    if (*why) {
        return p;
    }
    if (p.groups == 1 || p.in_c != p.out_c || p.in_c >= width || width % p.in_c != 0) {
        *why = "not groups of equal channels in and out that divide the vector";
    }
    return p;
}

// Channels per turn: as many as their weights find room beside the accumulators.
static int64_t choose_step(const TargetDef *g, const ConvPass *p, int64_t columns)
{
    int64_t registers = g->vector_registers, taps = conv_most_taps(p, 1);
    int64_t step = (registers - columns - 2 - (g->has_fma ? 0 : 1)) / (taps > 0 ? taps : 1);
    step = step < 1 ? 1 : step;
    return step < p->in_c ? step : p->in_c;
}

static const char *plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const TargetDef *g = ctx->target;
    uint32_t width = g->vector_floats;
    const char *why;
    ConvPass p = grouped_pass(n, width, &why);
    if (why) {
        return why;
    }
    if (!conv_has_taps(&p)) {
        return "no filter tap meets the picture";
    }
    GroupedPlan *d = ARENA_NEW(ctx->arena, GroupedPlan);
    ConvTiles *t = &d->walk.tiles;
    d->size = p.in_c;
    *t = (ConvTiles){.blocks = 1, .columns = (int32_t)conv_lane_columns(g, &p), .images = 1};
    d->step = choose_step(g, &p, t->columns);
    const Packing *packing = conv_pack_lanes(ctx->arena, &p, width);
    conv_join_groups(&p, width);
    ConvSize z = conv_size(n);
    double macs = (double)(conv_macs(&z) * ctx->plan_batch);
    // a shuffle per taps multiply-adds, and the two share ports
    double share = 1.0 + 1.0 / (double)conv_most_taps(&p, 1);
    double ns = macs / width / g->fma_per_cycle * share / g->clock_ghz;
    conv_plan_tasks(ctx, &p, ns / ctx->plan_batch, t);
    d->walk.pass = p;
    conv_place(&d->walk, width);
    conv_fill_lowering(ctx, n, &p, t, (Layout){.kind = LAYOUT_PACKED, .packing = packing}, out);
    out->plan = d;
    out->plan_bytes = sizeof *d;
    double memory = conv_memory_ns(g, out, ctx->plan_batch);
    out->predicted_ns = ns > memory ? ns : memory;
    return NULL;
}

static void emit(Emit *e)
{
    conv_walk(e, reduce, NULL);
}

static const char doc[] =
    "Groups of fewer channels than a vector: shuffled pixels, weights in registers.";

const KernelDef kernel_conv_grouped = CONV_WALK_KERNEL("grouped", "conv2d", doc, plan, emit);
const KernelDef kernel_conv_grouped_bwd_data =
    CONV_WALK_KERNEL("grouped", "conv2d_bwd_data", doc, plan, emit);
