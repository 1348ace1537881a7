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
#include "cpu/kernels/conv/conv_walk.h"

#include <math.h>

#define MAX_LANES 64
#define TILE_CYCLES 12.0 // set-up and epilogue of a tile
#define TURN_CYCLES 2.0  // of the loop over channels

typedef struct Grouped {
    ConvWalk *w;
    const ConvTile *t;
    Val *acc;
    int64_t size; // channels per group
    LaneRow row;
} Grouped;

static Val shuffled(Grouped *g, Val x, int64_t i)
{
    uint32_t mask[MAX_LANES];
    for (uint32_t l = 0; l < g->w->b->width; l++) {
        mask[l] = l / (uint32_t)g->size * (uint32_t)g->size + (uint32_t)i;
    }
    return g->size == 1 || g->w->tiles->expanded ? x : vb_shuffle(g->w->b, x, mask);
}

// Whether input column `column` (relative to tap 0 of the tile's first column) lies in the picture.
static bool is_inside(const Grouped *g, int64_t column)
{
    const ConvPass *p = &g->w->pass;
    int64_t x = g->t->first_column * p->stride[1] - g->t->phase->pad[1] + column;
    return g->t->first_column < 0 || (x >= 0 && x < p->in_w);
}

static Val load_pixel(Grouped *g, int64_t column)
{
    const ConvPass *p = &g->w->pass;
    if (g->t->first_column >= 0) { // the input pointer stands at column 0 of the picture
        column += g->t->first_column * p->stride[1] - g->t->phase->pad[1];
    }
    Vb *b = g->w->b;
    const LaneRow *r = &g->row;
    int64_t at = column * p->in_block * 4;
    Val x = vb_load(b, vb_ati(b, r->input, at));
    if (r->index) {
        x = vb_permute2(b, x, vb_load(b, vb_ati(b, r->next, at)), r->index);
    }
    if (r->third) {
        x = vb_permute2(b, x, vb_load(b, vb_ati(b, r->third, at)), r->index_third);
    }
    return x;
}

// Channels [first, first + count) of the groups, one row of taps: each pixel is loaded and shuffled
// once.
static void emit_channels(Grouped *g, int64_t first, int64_t count)
{
    Vb *b = g->w->b;
    const ConvTile *t = g->t;
    int64_t stride = g->w->pass.stride[1], taps = t->phase->taps[1], bytes = (int64_t)b->width * 4;
    Val *weight = ARENA_ARRAY(b->arena, Val, taps * count);
    for (int64_t i = 0; i < taps * count; i++) {
        int64_t at = i / count * g->size + first + i % count;
        weight[i] = vb_load(b, vb_ati(b, g->row.weights, at * bytes));
    }
    for (int64_t column = 0; column < (t->columns - 1) * stride + taps; column++) {
        if (!is_inside(g, column)) {
            continue;
        }
        Val x = NULL;
        for (int64_t i = 0; i < count; i++) {
            Val lanes = NULL;
            for (int64_t tap = column % stride; tap < taps && tap <= column; tap += stride) {
                int64_t c = (column - tap) / stride;
                if (c >= t->columns) {
                    continue;
                }
                x = x ? x : load_pixel(g, column);
                lanes = lanes ? lanes : shuffled(g, x, first + i);
                g->acc[c] = vb_fma(b, weight[tap * count + i], lanes, g->acc[c]);
            }
        }
    }
}

// One turn per `step` channels, each in a loop of one trip: blocks of their own keep the weights of
// one turn from being loaded, and spilled, before another.
static void emit_row(Grouped *g)
{
    Vb *b = g->w->b;
    int64_t step = g->w->tiles->step;
    uint32_t count = (uint32_t)g->t->columns;
    for (int64_t i = 0; i < g->size; i += step) {
        VbLoop once = vb_loop(b, vb_int(b, 0), vb_int(b, 1), 1, g->acc, count);
        for (uint32_t c = 0; c < count; c++) {
            g->acc[c] = once.carried[c];
        }
        emit_channels(g, i, g->size - i < step ? g->size - i : step);
        vb_loop_end(b, &once, g->acc);
    }
}

static void reduce(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    Grouped g = {.w = w, .t = t, .acc = acc, .size = w->pass.shuffled};
    int64_t row_bytes = t->phase->taps[1] * g.size * b->width * 4;
    uint32_t count = (uint32_t)t->columns;
    VbLoop rows = vb_loop(b, t->tap_lo, t->tap_hi, 1, acc, count);
    for (uint32_t c = 0; c < count; c++) {
        acc[c] = rows.carried[c];
    }
    Val row = vb_add(b, t->row, rows.index);
    g.row.input = vb_at(b, t->input, vb_muli(b, row, w->in_row));
    g.row.weights = vb_at(b, t->weights, vb_muli(b, rows.index, row_bytes));
    emit_row(&g);
    vb_loop_end(b, &rows, acc);
}

void conv_reduce_lanes(ConvWalk *w, const ConvTile *t, const LaneRow *row, Val *acc)
{
    Grouped g = {.w = w, .t = t, .acc = acc, .size = conv_in_step(&w->pass), .row = *row};
    emit_channels(&g, 0, 1);
}

double conv_lane_cycles(const TargetDef *g, const ConvPass *p, int64_t columns, double more)
{
    double cycles = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        const ConvPhase *f = &p->phase[i];
        ConvSplit split = conv_split(f->count[1], columns);
        double taps = (double)f->taps[1], fma = (double)split.width * taps;
        double pixels = (double)((split.width - 1) * p->stride[1]) + taps;
        pixels = pixels < fma ? pixels : fma;
        double loads = pixels * (more > 0 ? 2 : 1) + taps;
        double sums = (fma + pixels * more) / g->fma_per_cycle;
        double turn = fmax(sums, loads / g->loads_per_cycle) + TURN_CYCLES;
        double tiles = (double)(f->count[0] * split.tiles);
        cycles += tiles * (turn * (double)(f->taps[0] * p->in_c) + TILE_CYCLES);
    }
    return cycles * (double)p->groups;
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

// Accumulators take about half of the registers.
int64_t conv_lane_columns(const TargetDef *g, const ConvPass *p)
{
    int64_t row = 1, most = g->vector_registers >= 32 ? 14 : 6;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        row = p->phase[i].count[1] > row ? p->phase[i].count[1] : row;
    }
    return div_up(row, div_up(row, most));
}

// The weights of as many channels as fit take the rest of the registers.
static void choose_tile(const TargetDef *g, const ConvPass *p, ConvTiles *t)
{
    int64_t registers = g->vector_registers, taps = conv_most_taps(p, 1);
    int64_t columns = conv_lane_columns(g, p);
    int64_t step = (registers - columns - 2 - (g->has_fma ? 0 : 1)) / (taps > 0 ? taps : 1);
    step = step < 1 ? 1 : step;
    *t = (ConvTiles){
        .blocks = 1, .columns = (int32_t)columns, .images = 1, .chunks = 1, .image_div = 1};
    t->step = (int32_t)(step < p->in_c ? step : p->in_c);
    t->in_block = (int32_t)p->in_block;
    t->shuffled = (int32_t)p->in_c;
}

static const char *plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const char *why;
    ConvPass p = grouped_pass(n, width, &why);
    if (why) {
        return why;
    }
    if (!conv_has_taps(&p)) {
        return "no filter tap meets the picture";
    }
    ConvTiles t;
    choose_tile(ctx->target, &p, &t);
    const Packing *packing = conv_pack_lanes(ctx->arena, &p, width);
    conv_join_groups(&p, width);
    ConvSize z = conv_size(n);
    double macs = (double)(conv_macs(&z) * ctx->plan_batch);
    // a shuffle per taps multiply-adds, and the two share ports
    double share = 1.0 + 1.0 / (double)conv_most_taps(&p, 1);
    double ns = macs / width / ctx->target->fma_per_cycle * share / ctx->target->clock_ghz;
    conv_plan_tasks(ctx, &p, ns / ctx->plan_batch, &t);
    conv_fill_lowering(ctx, n, &p, &t, (Layout){.kind = LAYOUT_PACKED, .packing = packing}, out);
    double memory = conv_memory_ns(ctx->target, out, ctx->plan_batch);
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
