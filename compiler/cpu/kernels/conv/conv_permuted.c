// conv_permuted.c: grouped convolution with groups of any size below V (32 groups of 5, 3 channels
// in and 6 out), forward and backward data, where a vector of outputs finds each channel of its
// groups in two or three neighbouring vectors of the input.
//
//   y[n,k,y,x] = bias[k] + sum over i < ci, r, s of w[k,i,r,s] * x[n, k/co*ci + i, y*sh+r-pt,
//   x*sw+s-pl]
//
// Lane l of output vector b is channel b V + l, of group (b V + l) / co: for channel i it needs
// input channel c = (b V + l) / co * ci + i. The lanes' c lie about V ci / co apart, so mostly in
// the block of lane 0's and the next; one permutation of two loaded vectors by indices that are
// computed once per tile and i puts them in place, for all filter columns that meet the pixel.
// Where some lie in the block after, a second permutation fetches these. Nothing is stored between
// (conv_expanded.c does, and serves all other sizes). Weights are [block][r][s][i][V]. Backward
// data is the same with w transposed inside each group and rotated (conv_bwd_data.c). Not here: the
// multiply-adds of a row of taps (conv_grouped.c).
#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_lanes.h"
#include "cpu/kernels/conv/conv_pack.h"
#include "cpu/kernels/conv/group_lanes.h"

// Input channel of output channel `made` for channel i of its group.
static int64_t channel_of(const GroupLanes *g, int64_t made, int64_t i)
{
    return made / g->made * g->reduced + i;
}

// Vectors of a pixel that the lanes of vector `block` of the outputs meet for channel i.
static int64_t vectors_met(const GroupLanes *g, int64_t block, int64_t i, uint32_t width)
{
    int64_t first = block * width, last = first + width - 1, total = g->groups * g->made;
    last = last < total ? last : total - 1;
    return channel_of(g, last, i) / width - channel_of(g, first, i) / width + 1;
}

// Over all vectors of the outputs and channels.
typedef struct Met {
    int64_t most; // vectors
    double far;   // share of the cases that meet more than two
} Met;

static Met lanes_met(const GroupLanes *g, uint32_t width)
{
    Met m = {0};
    for (int64_t block = 0; block < g->blocks; block++) {
        for (int64_t i = 0; i < g->reduced; i++) {
            int64_t met = vectors_met(g, block, i, width);
            m.most = met > m.most ? met : m.most;
            m.far += met > 2;
        }
    }
    m.far /= (double)(g->blocks * g->reduced);
    return m;
}

static const char *why_not(const TargetDef *t, const GroupLanes *g, const Met *met)
{
    if (!vb_can_permute2(t)) {
        return "the target cannot permute two vectors";
    }
    if (g->groups == 1 || g->reduced >= t->vector_floats) {
        return "not groups of fewer channels in than a vector";
    }
    return met->most <= 3 ? NULL : "channels of a vector lie too far apart";
}

typedef struct PermutedPlan {
    ConvPlan walk;
    GroupLanes lanes;
    int64_t most; // vectors of a pixel that a vector of outputs meets for one channel
} PermutedPlan;

typedef struct Permuted {
    ConvWalk *w;
    const ConvTile *t;
    const GroupLanes *g;
    Val lowest; // lane 0's input channel for i = 0
    Val lanes;  // every lane's, <V x i32>
} Permuted;

static Val narrow(Vb *b, Val x) // to every lane
{
    return vb_splat(b, LLVMBuildTrunc(b->builder, x, b->i32, ""));
}

static Val constant(Vb *b, int64_t x)
{
    return vb_splat(b, LLVMConstInt(b->i32, (uint64_t)x, 0));
}

static void find_channels(Permuted *p)
{
    Vb *b = p->w->b;
    Val made = vb_muli(b, p->w->block, b->width);
    p->lowest = vb_muli(b, vb_divi(b, made, p->g->made), p->g->reduced);
    Val lanes = vb_add(b, narrow(b, made), vb_lane_numbers(b));
    Val group = LLVMBuildUDiv(b->builder, lanes, constant(b, p->g->made), "");
    p->lanes = vb_mul(b, group, constant(b, p->g->reduced));
}

// The last lane's input channel for i = 0.
static Val last_channel(Permuted *p)
{
    Vb *b = p->w->b;
    Val made = vb_addi(b, vb_muli(b, p->w->block, b->width), b->width - 1);
    made = vb_min(b, made, vb_int(b, p->g->groups * p->g->made - 1));
    return vb_muli(b, vb_divi(b, made, p->g->made), p->g->reduced);
}

static Val block_at(Permuted *p, Val block)
{
    Val last = vb_int(p->w->b, p->g->in_blocks - 1);
    return vb_at(p->w->b, p->t->input,
                 vb_muli(p->w->b, vb_min(p->w->b, block, last), p->w->in_plane));
}

// Tap rows [lo, hi), maybe none, of channel i; of three vectors or two.
static void emit_rows(Permuted *p, const LaneRow *r, Val lo, Val hi, Val *acc)
{
    Vb *b = p->w->b;
    int64_t row_bytes =
        p->t->phase->taps[1] * p->g->reduced * elem_size(p->w->weight_elem, b->width);
    uint32_t count = (uint32_t)p->t->columns;
    VbLoop rows = vb_for(b, lo, hi, 1, acc, count);
    Val at = vb_muli(b, vb_add(b, p->t->row, rows.index), p->w->in_row);
    LaneRow row = *r;
    row.input = vb_at(b, r->input, at);
    row.next = vb_at(b, r->next, at);
    row.third = r->third ? vb_at(b, r->third, at) : NULL;
    row.weights = vb_at(b, r->weights, vb_muli(b, rows.index, row_bytes));
    Val sum[CONV_MAX_ACC];
    for (uint32_t c = 0; c < count; c++) {
        sum[c] = rows.carried[c];
    }
    conv_reduce_lanes(p->w, p->t, &row, 0, 1, sum);
    vb_for_end(b, &rows, sum);
    for (uint32_t c = 0; c < count; c++) {
        acc[c] = rows.carried[c];
    }
}

// For each channel of the groups, the rows of taps.
static void reduce(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    const PermutedPlan *d = w->e->lowering->plan;
    Permuted p = {w, t, &d->lanes, NULL, NULL};
    find_channels(&p);
    VbLoop turns = vb_loop(b, vb_int(b, 0), vb_int(b, p.g->reduced), 1, acc, (uint32_t)t->columns);
    Val i = turns.index, block = vb_divi(b, vb_add(b, p.lowest, i), b->width);
    LaneRow row = {.input = block_at(&p, block), .next = block_at(&p, vb_addi(b, block, 1))};
    row.weights = vb_at(b, t->weights, vb_muli(b, i, elem_size(w->weight_elem, b->width)));
    row.channels = p.g->reduced;
    row.index = vb_add(b, p.lanes, narrow(b, vb_sub(b, i, vb_muli(b, block, b->width))));
    for (int64_t c = 0; c < t->columns; c++) {
        acc[c] = turns.carried[c];
    }
    if (d->most <= 2) {
        emit_rows(&p, &row, t->tap_lo, t->tap_hi, acc);
        vb_loop_end(b, &turns, acc);
        return;
    }
    Val in_third = vb_icmp(b, LLVMIntSGE, row.index, constant(b, 2 * b->width));
    Val far = vb_icmp(b, LLVMIntSGE, vb_add(b, last_channel(&p), i),
                      vb_muli(b, vb_addi(b, block, 2), b->width));
    emit_rows(&p, &row, t->tap_lo, vb_select(b, far, t->tap_lo, t->tap_hi), acc);
    row.third = block_at(&p, vb_addi(b, block, 2));
    row.index_third =
        vb_select(b, in_third, vb_sub(b, row.index, constant(b, b->width)), vb_lane_numbers(b));
    emit_rows(&p, &row, t->tap_lo, vb_select(b, far, t->tap_hi, t->tap_lo), acc);
    vb_loop_end(b, &turns, acc);
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
    GroupLanes lanes = group_lanes_of(n, p.backward, width);
    Met met = lanes_met(&lanes, width);
    why = why_not(g, &lanes, &met);
    if (why) {
        return why;
    }
    PermutedPlan *d = ARENA_NEW(ctx->arena, PermutedPlan);
    ConvTiles *t = &d->walk.tiles;
    d->lanes = lanes;
    d->most = met.most;
    const Packing *packing = conv_pack_lanes(ctx->arena, &p, width);
    conv_expand_groups(&p, width);
    p.in_block = width;
    *t = (ConvTiles){.blocks = 1, .columns = (int32_t)conv_lane_columns(g, &p), .images = 1};
    double more = vb_permute2_ops(g) * (1 + met.far);
    double ns = conv_lane_cycles(g, &p, t->columns, more) / g->clock_ghz;
    conv_plan_tasks(ctx, &p, ns, t);
    d->walk.pass = p;
    conv_place(&d->walk, width);
    d->walk.in_group = 0;
    conv_fill_lowering(ctx, n, &p, t, (Layout){.kind = LAYOUT_PACKED, .packing = packing}, out);
    out->plan = d;
    out->plan_bytes = sizeof *d;
    out->predicted_ns = fmax(ns * ctx->plan_batch, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}

static void emit(Emit *e)
{
    conv_walk(e, reduce, NULL);
}

static const char doc[] =
    "Groups of any size below a vector: two or three vectors of a pixel, permuted.";

const KernelDef kernel_conv_permuted = CONV_WALK_KERNEL("permuted", "conv2d", doc, plan, emit);
const KernelDef kernel_conv_permuted_bwd_data =
    CONV_WALK_KERNEL("permuted", "conv2d_bwd_data", doc, plan, emit);
