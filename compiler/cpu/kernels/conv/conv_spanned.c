// conv_spanned.c: grouped convolution whose groups are no whole vectors (8 groups of 24), as a
// direct convolution, forward and backward data.
//
// A vector of outputs spans a few groups: for each of them the tile is multiplied with all channels
// of that group, by weights that are masked to zero in the lanes of other groups while they are
// loaded. So a vector's cost is multiplied by the number of groups that it meets, 1 + (V - 1) / co
// on average for co channels per group: little for large groups, for which conv_expanded.c would
// expand much. Weights are [block][r][s][i][V], as there. Zero times NaN or infinity is NaN, so
// these spread to groups that share a vector.
#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_lanes.h"
#include "cpu/kernels/conv/conv_pack.h"
#include "cpu/kernels/conv/conv_reduce.h"

#define GROUP_CYCLES 25.0 // of a tile, to begin another group or input block

typedef struct SpannedPlan {
    ConvPlan walk;
    int64_t groups;        // of the node
    int64_t reduced, made; // channels of a group: of the input, of the output
} SpannedPlan;

// Groups that the vectors of outputs meet, summed.
static int64_t groups_met(const ConvPass *p, uint32_t width)
{
    int64_t total = p->groups * p->out_c, met = 0;
    for (int64_t first = 0; first < total; first += width) {
        int64_t last = first + width < total ? first + width - 1 : total - 1;
        met += last / p->out_c - first / p->out_c + 1;
    }
    return met;
}

// A pass of one group per vector of outputs with as many channels as the vectors meet on average.
static ConvPass priced_pass(const ConvPass *p, uint32_t width)
{
    ConvPass priced = *p;
    priced.groups = div_up(p->groups * p->out_c, width);
    priced.in_c = priced.in_block = div_up(groups_met(p, width) * p->in_c, priced.groups);
    priced.out_c = width;
    return priced;
}

// Cycles of one image beside its steps: tiles that begin groups and input blocks.
static double set_up_cycles(const ConvPass *p, const ConvTiles *t, int64_t pieces)
{
    double tiles = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        tiles += (double)(p->phase[i].count[0] * div_up(p->phase[i].count[1], t->columns));
    }
    return tiles * (double)pieces * GROUP_CYCLES / t->images;
}

static const char *plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const TargetDef *g = ctx->target;
    uint32_t width = g->vector_floats;
    ConvPass p;
    const char *why = conv_lanes_pass(n, width, &p);
    if (why) {
        return why;
    }
    SpannedPlan *d = ARENA_NEW(ctx->arena, SpannedPlan);
    ConvTiles *t = &d->walk.tiles;
    d->groups = p.groups;
    d->reduced = p.in_c;
    d->made = p.out_c;
    const Packing *packing = conv_pack_lanes(ctx->arena, &p, width);
    conv_flatten(&p);
    ConvPass priced = priced_pass(&p, width);
    int64_t pieces = groups_met(&p, width) * div_up(p.in_c + width - 1, width);
    double ns = conv_choose_tile(ctx, &priced, t);
    ns += set_up_cycles(&p, t, pieces) * ctx->plan_batch / g->clock_ghz;
    conv_plan_tasks(ctx, &priced, ns / ctx->plan_batch, t);
    conv_join_groups(&p, width);
    d->walk.pass = p;
    conv_place(&d->walk, width);
    d->walk.in_group = 0;
    conv_fill_lowering(ctx, n, &p, t, (Layout){.kind = LAYOUT_PACKED, .packing = packing}, out);
    out->plan = d;
    out->plan_bytes = sizeof *d;
    out->predicted_ns = fmax(ns, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}

// Channels [from, end) of the node's input, those of one group, which may begin and end within a
// block. Weights of the first stand where the pointer does.
static void emit_group(Reduction *r, Val from, Val end)
{
    Vb *b = r->w->b;
    int64_t width = b->width;
    Val input = REDUCTION_INPUT(r), weight = REDUCTION_WEIGHT(r);
    Val last = vb_divi(b, vb_addi(b, end, -1), width);
    VbLoop blocks = reduction_loop(r, vb_divi(b, from, width), vb_addi(b, last, 1), 1);
    Val start = vb_muli(b, blocks.index, width), lo = vb_max(b, from, start);
    Val offset = vb_muli(b, blocks.index, r->w->in_plane);
    offset = vb_add(b, offset, vb_muli(b, vb_sub(b, lo, start), elem_bytes(r->w->in_elem)));
    REDUCTION_INPUT(r) = vb_at(b, input, offset);
    REDUCTION_WEIGHT(r) =
        vb_at(b, weight, vb_muli(b, vb_sub(b, lo, from), reduction_step_bytes(r)));
    r->channels = vb_sub(b, vb_min(b, end, vb_addi(b, start, width)), lo);
    reduction_emit_block(r);
    reduction_loop_end(r, &blocks);
    REDUCTION_INPUT(r) = input;
    REDUCTION_WEIGHT(r) = weight;
}

static void reduce(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    const SpannedPlan *d = w->e->lowering->plan;
    int64_t made = d->made, reduced = d->reduced;
    Reduction r = reduction_begin(w, t, 1, acc);
    Val first = vb_muli(b, w->block, b->width);
    Val end = vb_min(b, vb_addi(b, first, b->width), vb_int(b, made * d->groups));
    Val last = vb_divi(b, vb_addi(b, end, -1), made);
    VbLoop groups = reduction_loop(&r, vb_divi(b, first, made), vb_addi(b, last, 1), 1);
    Val begin = vb_sub(b, vb_muli(b, groups.index, made), first); // lane of the group's first
    Val before = vb_lane_mask(b, begin), until = vb_lane_mask(b, vb_addi(b, begin, made));
    Val own = LLVMBuildAnd(b->builder, until, LLVMBuildNot(b->builder, before, ""), "");
    r.lanes = LLVMBuildSExt(b->builder, own, LLVMVectorType(b->i32, b->width), "");
    Val from = vb_muli(b, groups.index, reduced);
    emit_group(&r, from, vb_addi(b, from, reduced));
    reduction_loop_end(&r, &groups);
    for (uint32_t i = 0; i < r.acc; i++) {
        acc[i] = r.v[i];
    }
}

static void emit(Emit *e)
{
    conv_walk(e, reduce, NULL);
}

static const char doc[] =
    "Direct convolution of each group that a vector of outputs meets, others masked.";

const KernelDef kernel_conv_spanned = CONV_WALK_KERNEL("spanned", "conv2d", doc, plan, emit);
const KernelDef kernel_conv_spanned_bwd_data =
    CONV_WALK_KERNEL("spanned", "conv2d_bwd_data", doc, plan, emit);
