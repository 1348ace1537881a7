// conv_expanded.c: grouped convolution with groups of any size (32 groups of 3, 2 channels in and 5
// out), forward and backward data.
//
//   y[n,k,y,x] = bias[k] + sum over i < ci, r, s of w[k,i,r,s] * x[n, k/co*ci + i, y*sh+r-pt,
//   x*sw+s-pl]
//
// with ci channels in and co out per group. A task first expands the rows of x that it reads, once
// for each vector of outputs: [row][column][i][V], where lane l is channel i of the group of output
// lane l (group_lanes.c). What is left is a product lane by lane, as of a depthwise convolution,
// with ci times as many taps: a tile holds `columns` outputs, and per row of taps and channel i all
// filter columns' weights. Chunks of rows are as high as half of L2 holds their expanded rows;
// those that two chunks share are expanded twice. Weights are [block][r][s][i][V]. Backward data is
// the same with w transposed inside each group and rotated (conv_bwd_data.c). Not here: groups
// whose channels one shuffle of one or two loaded vectors puts in place (conv_grouped.c,
// conv_permuted.c).
#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_lanes.h"
#include "cpu/kernels/conv/conv_pack.h"
#include "cpu/kernels/conv/group_lanes.h"

#define L2_SHARE 0.5 // of L2 for a chunk's expanded rows

typedef struct ExpandedPlan {
    ConvPlan walk;
    GroupLanes lanes;
    int64_t before, behind; // the first input row that output row 0 reads, and behind the last
    int64_t plane;          // elements of a channel block of the node's input
} ExpandedPlan;

// Over all phases.
static void find_reach(const ConvPass *p, ExpandedPlan *d)
{
    d->before = INT64_MAX;
    d->behind = INT64_MIN;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        const ConvPhase *f = &p->phase[i];
        int64_t end = f->taps[0] - f->pad[0];
        if (f->taps[0] * f->taps[1] == 0) {
            continue;
        }
        d->before = -f->pad[0] < d->before ? -f->pad[0] : d->before;
        d->behind = end > d->behind ? end : d->behind;
    }
}

static void stage(ConvWalk *w, Val image, Val lo, Val hi)
{
    Vb *b = w->b;
    const ConvPass *p = w->pass;
    const ExpandedPlan *d = w->e->lowering->plan;
    Access in = emit_input(w->e, 0), rows_in = emit_scratch(w->e);
    int64_t plane = access_bytes(in, d->plane);
    Val zero = vb_int(b, 0), rows = vb_int(b, p->in_h);
    Val first = vb_addi(b, vb_muli(b, lo, p->stride[0]), d->before);
    Val end = vb_addi(b, vb_muli(b, vb_addi(b, hi, -1), p->stride[0]), d->behind);
    first = vb_max(b, first, zero);
    end = vb_min(b, end, rows);
    rows_in = access_at(b, rows_in, vb_sub(b, zero, vb_muli(b, first, w->in_row)));
    w->staged = rows_in.at;
    VbIf some = vb_if(b, vb_icmp(b, LLVMIntSLT, first, end));
    LanePixels pixels = {.block = w->block, .plane = plane, .to = rows_in};
    pixels.lo = vb_muli(b, first, p->in_w);
    pixels.hi = vb_muli(b, end, p->in_w);
    pixels.from = access_at(b, in, vb_muli(b, image, d->lanes.in_blocks * plane));
    emit_group_lanes(b, &d->lanes, &pixels);
    vb_if_end(b, &some);
}

// Rows of taps, and in each the channels.
static void reduce(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    int64_t channels = w->pass->in_c, vector = elem_size(w->in_elem, b->width);
    int64_t weights = elem_size(w->weight_elem, b->width);
    uint32_t count = (uint32_t)t->columns;
    Val v[CONV_MAX_ACC + 2];
    VbLoop rows = vb_loop(b, t->tap_lo, t->tap_hi, 1, acc, count);
    Val row = vb_add(b, t->row, rows.index);
    for (uint32_t c = 0; c < count; c++) {
        v[c] = rows.carried[c];
    }
    v[count] = vb_at(b, t->input, vb_muli(b, row, w->in_row));
    v[count + 1] =
        vb_at(b, t->weights, vb_muli(b, rows.index, t->phase->taps[1] * channels * weights));
    VbLoop turns = vb_loop(b, vb_int(b, 0), vb_int(b, channels), 1, v, count + 2);
    for (uint32_t c = 0; c < count; c++) {
        v[c] = turns.carried[c];
    }
    LaneRow lanes = {.input = turns.carried[count], .weights = turns.carried[count + 1]};
    lanes.channels = channels;
    conv_reduce_lanes(w, t, &lanes, 0, 1, v);
    v[count] = vb_ati(b, lanes.input, vector);
    v[count + 1] = vb_ati(b, lanes.weights, weights);
    vb_loop_end(b, &turns, v);
    for (uint32_t c = 0; c < count; c++) {
        acc[c] = v[c];
    }
    vb_loop_end(b, &rows, acc);
}

// Most input rows that a chunk reads.
static int64_t chunk_rows(const ExpandedPlan *d, int64_t chunks)
{
    const ConvPass *p = &d->walk.pass;
    int64_t rows = div_up(p->phase[0].count[0], chunks);
    int64_t most = (rows - 1) * p->stride[0] + d->behind - d->before;
    return most < p->in_h ? most : p->in_h;
}

static int64_t rows_bytes(const ExpandedPlan *d, int64_t rows) // of expanded input
{
    return elem_size(ELEM_F32, rows * d->walk.pass.in_w * d->walk.pass.in_block);
}

// Cycles to expand an image.
static double expand_cycles(const TargetDef *g, const ExpandedPlan *d)
{
    const ConvPass *p = &d->walk.pass;
    int64_t chunks = d->walk.tiles.chunks, rows = chunk_rows(d, chunks);
    double pixels = (double)(chunks * rows * p->in_w);
    double bytes = pixels * (double)elem_size(ELEM_F32, p->groups * p->in_block);
    double cycles = group_lanes_cycles(&d->lanes, pixels);
    bool far = rows_bytes(d, rows) > (int64_t)g->l1_bytes;
    return cycles + (far ? 2 * bytes / g->l2_gbps * g->clock_ghz : 0); // written and read
}

static int64_t fitting_chunks(const TargetDef *g, const ExpandedPlan *d, int64_t least)
{
    int64_t chunks = least, rows = d->walk.pass.phase[0].count[0];
    double most = L2_SHARE * (double)g->l2_bytes;
    while (chunks < rows && (double)rows_bytes(d, chunk_rows(d, chunks)) > most) {
        chunks++;
    }
    return chunks;
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
    ExpandedPlan *d = ARENA_NEW(ctx->arena, ExpandedPlan);
    ConvTiles *t = &d->walk.tiles;
    d->lanes = group_lanes_of(n, p.backward, width);
    d->plane = p.in_h * p.in_w * width;
    find_reach(&p, d);
    const Packing *packing = conv_pack_lanes(ctx->arena, &p, width);
    conv_expand_groups(&p, width);
    d->walk.pass = p;
    *t = (ConvTiles){.blocks = 1, .columns = (int32_t)conv_lane_columns(g, &p), .images = 1};
    double tiles = conv_lane_cycles(g, &p, t->columns, 0);
    conv_plan_tasks(ctx, &p, tiles / g->clock_ghz, t);
    t->chunks = (int32_t)fitting_chunks(g, d, t->chunks);
    conv_place(&d->walk, width);
    conv_fill_lowering(ctx, n, &p, t, (Layout){.kind = LAYOUT_PACKED, .packing = packing}, out);
    out->in_layout[0] = layout_blocked(width);
    out->plan = d;
    out->plan_bytes = sizeof *d;
    out->scratch_bytes = (uint64_t)rows_bytes(d, chunk_rows(d, t->chunks));
    double cycles = (tiles + expand_cycles(g, d)) * ctx->plan_batch;
    out->predicted_ns = fmax(cycles / g->clock_ghz, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}

static void emit(Emit *e)
{
    conv_walk(e, reduce, stage);
}

static const char doc[] =
    "Groups of any size: a vector for each channel of a group in every pixel, in scratch.";

const KernelDef kernel_conv_expanded = CONV_WALK_KERNEL("expanded", "conv2d", doc, plan, emit);
const KernelDef kernel_conv_expanded_bwd_data =
    CONV_WALK_KERNEL("expanded", "conv2d_bwd_data", doc, plan, emit);
