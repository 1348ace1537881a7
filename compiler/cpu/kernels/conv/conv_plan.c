// conv_plan.c: tiles, tasks and costs of the direct convolutions, from the target record alone.
//
// Register tile: columns * images pixels times blocks vectors of output channels stay in registers
// for the whole reduction; one step (one input channel of one tap) loads `blocks` weights and
// broadcasts each pixel once. A step costs the most of: its multiply-adds, its loads, the latency
// of one multiply-add. A tile reads all the weights of its channels, so it costs no less than
// streaming them from the cache that holds them. Every candidate is priced over the real row:
// border tiles, tails, the two widths of a split.
#include "cpu/kernels/conv/conv_common.h"

#include <math.h>
#include <string.h>

#define FMA_LATENCY 4.0
#define ISSUE_WIDTH 5.0
#define STEP_CYCLES 0.5  // what a trip of the loop costs beside: tells small tiles from large ones
#define STORE_CYCLES 2.5 // epilogue of one vector
#define TILE_CYCLES 12.0 // loop set-up of one tile
#define MIN_TASK_NS 3000.0
#define WANTED_TASKS 16
#define WANTED_BATCH_TASKS 32
#define L2_SHARE 0.5          // of L2 for what is used again
#define L2_CHUNK 0.35         // of L2 for a chunk of the input
#define L3_SHARE 0.2          // of L3's bandwidth for weights that pass for each chunk
#define SUM_TERMS 144         // products in one chain of additions, about
#define MAX_PREFETCH_TILES 64 // more of them use the weights long enough

double conv_step_cycles(const TargetDef *t, int64_t pixels, int64_t blocks)
{
    double fma = (double)(pixels * blocks);
    double loads = (double)(pixels + blocks);
    double uops = fma * (t->has_fma ? 1 : 2) + (blocks == 1 ? 1.0 : loads) + 3;
    double cycles = fmax(fma / t->fma_per_cycle, loads / t->loads_per_cycle);
    return fmax(fmax(cycles, FMA_LATENCY), uops / ISSUE_WIDTH) + STEP_CYCLES;
}

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

double conv_stream_gbps(const TargetDef *t, double bytes)
{
    if (bytes <= 0.5 * (double)t->l1_bytes) {
        return 1e9;
    }
    if (bytes <= 0.35 * (double)t->l2_bytes) {
        return t->l2_gbps;
    }
    return bytes <= 0.5 * (double)t->l3_bytes ? t->l3_gbps : t->dram_gbps;
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
    double slice = (double)conv_slice_bytes(p, f, blocks, t->vector_floats);
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

// Vectors that accumulators may take: the rest holds weights, a pixel and, without FMA, a product.
int64_t conv_accumulators(const TargetDef *t, int64_t blocks)
{
    return (int64_t)t->vector_registers - blocks - 1 - (t->has_fma ? 0 : 1);
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

int64_t conv_chain_blocks(int64_t blocks, int64_t terms, int64_t wanted)
{
    if (blocks * terms < 2 * wanted) {
        return blocks;
    }
    return div_up(blocks, div_up(blocks, div_up(wanted, terms)));
}

int64_t conv_sum_blocks(const ConvPass *p, const ConvPhase *f)
{
    int64_t terms = f->taps[0] * f->taps[1] * conv_in_step(p);
    return conv_chain_blocks(conv_in_blocks(p), terms, SUM_TERMS);
}

// Totals of the longest register tile, if any phase's sum is cut.
static uint64_t total_bytes(const TargetDef *g, const ConvPass *p)
{
    bool cut = false;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        cut |= conv_sum_blocks(p, &p->phase[i]) < conv_in_blocks(p);
    }
    return cut ? (uint64_t)g->vector_registers * g->vector_floats * 4 : 0;
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
    return t->flat ? div_up(p->out_w, t->columns) : p->phase[0].count[0];
}

// Of all groups.
static double weight_bytes(const TargetDef *g, const ConvPass *p, const ConvTiles *t)
{
    double bytes = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        bytes += (double)conv_slice_bytes(p, &p->phase[i], t->blocks, g->vector_floats);
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

double conv_memory_ns(const TargetDef *t, const Lowering *l, uint32_t batch)
{
    double bytes = (double)l->bytes_fixed + (double)l->bytes_per_image * batch;
    return bytes / (bytes <= 0.5 * (double)t->l3_bytes ? t->l3_gbps : t->dram_gbps);
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
    out->bytes_per_image = (uint64_t)(4 * (z.c * z.h * z.w + z.k * z.oh * z.ow));
    out->bytes_fixed = (uint64_t)(4 * z.k * (z.c / z.groups) * z.r * z.s);
    ConvTiles *tiles_out = ARENA_NEW(ctx->arena, ConvTiles);
    *tiles_out = *t;
    out->plan = tiles_out;
    out->plan_bytes = sizeof *tiles_out;
}

// Input channels per trip of the inner loop: one is enough for a full tile; a small one would be
// bound by the loop itself. Steps of one trip read different channels, so they share no pixel.
static int32_t choose_step(const ConvPass *p, const ConvTiles *t)
{
    int32_t fma = t->blocks * t->columns * t->images;
    if (p->in_c % p->in_block != 0 || fma > 16) {
        return 1;
    }
    int32_t step = fma > 8 ? 2 : 4;
    return p->in_block % step == 0 ? step : 1;
}

// Where few pixels use a task's weights, memory cannot bring the weights as fast as they are used;
// one prefetch per step while the task before runs brings them earlier.
static bool wants_prefetch(const TargetDef *g, const ConvPass *p, const ConvTiles *t)
{
    const ConvPhase *f = &p->phase[0];
    int64_t tiles = f->count[0] * div_up(f->count[1], t->columns) * div_up(t->image_div, t->images);
    if (t->across) {
        tiles = tiles > t->chunks ? tiles / t->chunks : 1;
    }
    int64_t step = div_up(t->blocks * (int64_t)g->vector_floats * 4, tiles);
    return p->phase_count == 1 && step <= VB_CACHE_LINE && tiles <= MAX_PREFETCH_TILES;
}

void conv_plan_direct(const PlanCtx *ctx, const Node *n, ConvPass *p, Lowering *out)
{
    ConvTiles t = {0};
    bool flat = conv_is_flat(p);
    if (flat) {
        conv_flatten(p);
    }
    double ns = conv_choose_tile(ctx, p, &t);
    t.flat = flat;
    t.in_block = (int32_t)p->in_block;
    t.step = choose_step(p, &t);
    conv_plan_tasks(ctx, p, ns / ctx->plan_batch, &t);
    t.prefetch = wants_prefetch(ctx->target, p, &t);
    const Packing *packing = conv_pack_weights(ctx->arena, p, t.blocks, ctx->target->vector_floats);
    conv_fill_lowering(ctx, n, p, &t, (Layout){.kind = LAYOUT_PACKED, .packing = packing}, out);
    out->scratch_bytes = total_bytes(ctx->target, p);
    out->predicted_ns = fmax(ns, conv_memory_ns(ctx->target, out, ctx->plan_batch));
}
