// conv_plan.c: tiles, tasks and costs of the direct convolutions, from the target record alone.
//
// Register tile: columns * images pixels times blocks vectors of output channels stay in registers
// for the whole reduction; one step (one input channel of one tap) loads `blocks` weights and
// broadcasts each pixel once. A step costs the most of: its multiply-adds, its loads, the latency
// of one multiply-add. A tile reads all the weights of its channels, so it costs no less than
// streaming them from the cache that holds them. Every candidate is priced over the real row:
// border tiles, tails, the two widths of a split.
#include "cpu/kernels/conv/conv_plan.h"

#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_size.h"

#define STORE_CYCLES 2.5 // epilogue of one vector
#define TILE_CYCLES 12.0 // loop set-up of one tile
#define MIN_TASK_NS 3000.0
#define WANTED_TASKS 16
#define WANTED_BATCH_TASKS 32
#define L2_SHARE 0.5  // of L2 for what is used again
#define L2_CHUNK 0.35 // of L2 for a chunk of the input
#define L3_SHARE 0.2  // of L3's bandwidth for weights that pass for each chunk

static int64_t bits(uint64_t mask)
{
    int64_t n = 0;
    for (; mask; mask &= mask - 1) {
        n++;
    }
    return n;
}

static int64_t row_taps(const ConvPass *p, const ConvPhase *f) // sum over rows of the taps inside
{
    int64_t sum = 0;
    for (int64_t y = 0; y < f->count[0]; y++) {
        int64_t lo, hi;
        conv_tap_range(p, f, 0, y, &lo, &hi);
        sum += hi > lo ? hi - lo : 0;
    }
    return sum;
}

// One phase, one group of `blocks` output-channel blocks, `images` images at once: ns.
static double phase_ns(const TargetDef *t, const ConvPass *p, const ConvPhase *f, int64_t blocks,
                       int64_t columns, int64_t images)
{
    ConvSplit split = conv_split(f->count[1], columns);
    double row = 0; // cycles of all tiles of a row per row of taps
    for (int64_t i = 0; i < split.tiles; i++) {
        int64_t start = conv_split_start(&split, i), width = split.width - (i >= split.wide);
        for (int64_t s = 0; s < f->taps[1]; s++) {
            int64_t pixels = images * bits(conv_column_mask(p, f, start, width, s));
            row += pixels ? conv_step_cycles(t, pixels, blocks) * (double)p->in_c : 0;
        }
    }
    double rows = (double)f->count[0], tiles = rows * (double)split.tiles;
    double compute = (row * (double)row_taps(p, f) + tiles * TILE_CYCLES) / t->clock_ghz;
    double slice = 4.0 * (double)conv_slice(p, f, blocks, t->vector_floats);
    double stream = tiles * slice / conv_stream_gbps(t, slice);
    double stores = rows * (double)(f->count[1] * images * blocks) * STORE_CYCLES / t->clock_ghz;
    return fmax(compute, stream) + stores;
}

// All output channels of `batch` images.
static double pass_ns(const TargetDef *t, const ConvPass *p, const ConvTiles *c, uint32_t batch)
{
    int64_t blocks = conv_out_blocks(p, t->vector_floats), full = blocks / c->blocks;
    double many = (double)(batch / (uint32_t)c->images),
           one = (double)(batch % (uint32_t)c->images);
    double ns = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        const ConvPhase *f = &p->phase[i];
        double each = many * phase_ns(t, p, f, c->blocks, c->columns, c->images);
        if (one > 0) {
            each += one * phase_ns(t, p, f, c->blocks, c->columns, 1);
        }
        ns += each * (double)full;
        if (c->tail_blocks) {
            ns += (double)batch * phase_ns(t, p, f, c->tail_blocks, c->tail_columns, 1);
        }
    }
    return ns * (double)p->groups;
}

static int64_t max_columns(const ConvPass *p)
{
    int64_t most = 1;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        most = p->phase[i].count[1] > most ? p->phase[i].count[1] : most;
    }
    return most;
}

// The widest tile beside `blocks` that cuts the row into equal parts.
static int64_t fitting_columns(const ConvPass *p, int64_t most)
{
    int64_t columns = max_columns(p);
    return most < 1 ? 0 : div_up(columns, div_up(columns, most));
}

static void set_tail(const TargetDef *t, const ConvPass *p, ConvTiles *c)
{
    int64_t tail = conv_out_blocks(p, t->vector_floats) % c->blocks;
    c->tail_blocks = (int32_t)tail;
    c->tail_columns = (int32_t)(tail ? fitting_columns(p, conv_accumulators(t, tail) / tail) : 0);
}

static void try_tile(const PlanCtx *ctx, const ConvPass *p, ConvTiles c, ConvTiles *best,
                     double *best_ns)
{
    set_tail(ctx->target, p, &c);
    double ns = pass_ns(ctx->target, p, &c, ctx->plan_batch);
    if (ns < *best_ns * 0.999) {
        *best = c;
        *best_ns = ns;
    }
}

// Several images share a tile only where a row of one is too short to fill it.
static void try_columns(const PlanCtx *ctx, const ConvPass *p, int64_t blocks, ConvTiles *best,
                        double *best_ns)
{
    int64_t room = conv_accumulators(ctx->target, blocks) / blocks, row = max_columns(p);
    for (int64_t tiles = div_up(row, room), tried = 0; tiles <= row && tried < 3;
         tiles++, tried++) {
        int64_t columns = div_up(row, tiles);
        ConvTiles c = {.blocks = (int32_t)blocks, .columns = (int32_t)columns, .images = 1};
        try_tile(ctx, p, c, best, best_ns);
        int64_t images = room / columns;
        images = images < ctx->plan_batch ? images : ctx->plan_batch;
        if (tiles == 1 && images > 1) {
            c.images = (int32_t)images;
            try_tile(ctx, p, c, best, best_ns);
        }
    }
}

#define MAX_BLOCKS 8

double conv_choose_tile(const PlanCtx *ctx, const ConvPass *p, ConvTiles *best)
{
    double best_ns = 1e300;
    int64_t blocks = conv_out_blocks(p, ctx->target->vector_floats);
    for (int64_t b = 1; b <= MAX_BLOCKS && b <= blocks; b++) {
        if (conv_accumulators(ctx->target, b) >= b) {
            try_columns(ctx, p, b, best, &best_ns);
        }
    }
    return best_ns;
}

static int64_t clamp(double x, int64_t lo, int64_t hi)
{
    return x < (double)lo ? lo : x > (double)hi ? hi : (int64_t)x;
}

// Rows that tasks count: those of an image, or column tiles of a flat picture.
static int64_t task_rows(const ConvPass *p, const ConvTiles *t)
{
    return p->flat ? div_up(p->out_w, t->columns) : p->phase[0].count[0];
}

// Of all groups.
static double weight_bytes(const TargetDef *g, const ConvPass *p, const ConvTiles *t)
{
    double bytes = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        bytes += 4.0 * (double)conv_slice(p, &p->phase[i], t->blocks, g->vector_floats);
    }
    return bytes * (double)(p->groups * div_up(conv_out_blocks(p, g->vector_floats), t->blocks));
}

// Tasks of one chunk of rows follow each other, so that all weights pass for each chunk, where
// - an image does not stay in L2, and chunks of it and all weights do; or
// - threads share an image: each then reads rows that it has written itself, not half of them from
//   the other's cache. All weights stay in L2, or memory can well bring them once for each chunk.
static void plan_across(const PlanCtx *ctx, const ConvPass *p, double image_ns, ConvTiles *t)
{
    const TargetDef *g = ctx->target;
    double l2 = (double)g->l2_bytes, rows = (double)task_rows(p, t);
    double image = 4.0 * (double)(p->in_c * p->in_h * p->in_w), weights = weight_bytes(g, p, t);
    double chunks = fmax(fmax(ceil(image / (L2_CHUNK * l2)), t->chunks), 2);
    bool large = image > L2_SHARE * l2, shared = ctx->plan_batch == 1;
    bool stays = weights <= L2_SHARE * l2;
    bool passes = shared && chunks * weights <= L3_SHARE * g->l3_gbps * image_ns;
    bool one = conv_out_blocks(p, g->vector_floats) <= t->blocks;
    if (one || chunks > rows || !(large || shared) || !(stays || passes)) {
        return;
    }
    t->across = 1;
    t->image_div = t->images;
    t->chunks = (int32_t)chunks;
}

void conv_plan_tasks(const PlanCtx *ctx, const ConvPass *p, double image_ns, ConvTiles *t)
{
    const TargetDef *g = ctx->target;
    int64_t tiles = p->groups * div_up(conv_out_blocks(p, g->vector_floats), t->blocks);
    double task_ns = image_ns / (double)tiles;
    double slice = weight_bytes(g, p, t) / (double)tiles;
    int64_t batch = ctx->plan_batch, most = batch * tiles / WANTED_BATCH_TASKS;
    double reuse = 8 * slice / g->l3_gbps / task_ns;
    int64_t div = clamp(fmax(reuse, MIN_TASK_NS / task_ns) + 1, 1, most < 1 ? 1 : most);
    if (div % t->images) {
        div += t->images - div % t->images;
    }
    div = div > batch ? batch : div;
    int64_t rows = task_rows(p, t);
    int64_t tasks = tiles * div_up(batch, div);
    int64_t wanted = clamp((double)batch * image_ns / MIN_TASK_NS, 8, WANTED_TASKS);
    int64_t chunks = div_up(wanted, tasks);
    t->image_div = (int32_t)div;
    t->chunks = (int32_t)(chunks > rows ? rows : chunks);
    plan_across(ctx, p, image_ns, t);
}

_Static_assert(sizeof(ConvPhase) == 12 * sizeof(int64_t) &&
                   sizeof(ConvTiles) == 8 * sizeof(int32_t) &&
                   sizeof(ConvPass) == 4 * sizeof(int32_t) + 17 * sizeof(int64_t) +
                                           CONV_MAX_PHASES * sizeof(ConvPhase) &&
                   sizeof(ConvPlan) == sizeof(ConvPass) + sizeof(ConvTiles) + 8 * sizeof(int64_t),
               "a plan has no padding");

void conv_place(ConvPlan *plan, uint32_t width)
{
    ConvPass *p = &plan->pass;
    conv_place_weights(p, plan->tiles.blocks, width);
    plan->in_row = p->in_w * p->in_block;
    plan->in_plane = p->in_h * plan->in_row;
    plan->in_image = p->image_blocks * plan->in_plane;
    plan->in_group = conv_in_blocks(p) * plan->in_plane;
    plan->out_row = p->out_w * width;
    plan->out_plane = p->out_h * plan->out_row;
    plan->out_image = p->groups * conv_out_blocks(p, width) * plan->out_plane;
}

void conv_fill_lowering(const PlanCtx *ctx, const Node *n, const ConvPass *p, const ConvTiles *t,
                        Layout weights, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    ConvSize z = conv_size(n);
    out->in_layout[0] = layout_blocked((uint32_t)p->in_block);
    out->in_layout[1] = weights;
    if (p->bias) {
        out->in_layout[2] = layout_padded_vector(ctx->arena, z.k, width);
    }
    out->out_layout[0] = layout_blocked(width);
    int64_t tiles = p->groups * div_up(conv_out_blocks(p, width), t->blocks);
    out->tasks_mul = (uint32_t)(tiles * t->chunks);
    out->tasks_div = (uint32_t)t->image_div;
    out->parts_mul = (uint32_t)t->chunks;
    out->parts_div = (uint32_t)t->image_div;
    out->flops_per_image = (uint64_t)(2 * conv_macs(&z));
    out->bytes_per_image = (uint64_t)elem_size(ELEM_F32, z.c * z.h * z.w + z.k * z.oh * z.ow);
    out->bytes_fixed = (uint64_t)elem_size(ELEM_F32, z.k * (z.c / z.groups) * z.r * z.s);
}
