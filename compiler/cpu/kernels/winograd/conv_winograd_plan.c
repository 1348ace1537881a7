// conv_winograd_plan.c: tiles, tasks, scratch and costs of the Winograd convolutions.
//
// Cost of a plan: products at the register tile's rate, but no faster than U streams, the first
// time from memory (between two runs all other weights pass), then once for each block of tiles
// from the cache that holds it; the shorter of the two is not wholly hidden. Transforms by vectors
// loaded and stored, far slower where scratch exceeds L2; the input transform once more for each
// part of the output channels, since tasks do not wait for each other. Activations too large for L2
// come and go with the transforms, beside no products, but for input fetched ahead. A training step
// makes U too, where direct kernels pack weights. Not here: the algorithm (conv_winograd.c).
#include "cpu/kernels/winograd/conv_winograd.h"

#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_plan.h"
#include "cpu/kernels/conv/conv_size.h"
#include "ops/conv/conv_attrs.h"

#define TRANSFORM_CYCLES 3.0 // of a 1-D transform, per vector
#define STRIDED_CYCLES 6.0   // of the input's at stride 2: as many planes again to store to
#define SPILLED (8.0 / 3.0)  // so many times as much where scratch exceeds L2
#define WEIGHT_CYCLES 19.0   // of U, per vector
#define PACK_CYCLES 33.0     // of the weights that direct kernels pack, per vector
#define EXPOSED 0.15         // of the shorter of streaming and products
#define FETCH_SHARE 0.02     // of the products, that reading the input takes at least to be fetched
#define MICRO_CYCLES 40.0    // loop set-up and stores of one register tile and plane
#define TASK_SHARE 0.5       // of a task that the last worker waits for
// An algorithm may round so many times as much as F(2x2). Gradients move more by a ReLU
// that flips than by any tile size here, so training may round more.
#define MOST_ERROR 3.0
#define MOST_TRAINING_ERROR 14.4
#define MAX_TILES 256
#define MAX_PARTS 16

// The sizes of F(m, 3)'s matrices.
static Winograd matrix_sizes(const ConvPass *p, int m, int stride)
{
    int points = winograd_points(m, stride), products = winograd_products(m, stride);
    bool spread = p->backward && stride == 2;
    int in = spread ? points : products;
    return (Winograd){.bt = {.rows = in, .columns = in},
                      .g = {.rows = products, .columns = WINOGRAD_TAPS},
                      .at = {.rows = spread ? 2 * m : m, .columns = spread ? products : points}};
}

WinogradSize winograd_size(const Node *n, const WinogradTiles *t, uint32_t width)
{
    const char *why;
    WinogradSize s = {.pass = conv_pass(n, width, &why)};
    const ConvPass *p = &s.pass;
    int64_t vector = (int64_t)width * 4;
    Winograd row = matrix_sizes(p, t->rows, t->stride);
    Winograd column = matrix_sizes(p, t->columns, t->stride);
    s.row = row.at;
    s.column = column.at;
    s.products = row.g.rows * column.g.rows;
    s.sums = s.row.columns * s.column.columns;
    s.tile_rows = div_up(p->out_h, s.row.rows);
    s.tile_columns = div_up(p->out_w, s.column.rows);
    s.in_blocks = conv_in_blocks(p);
    s.out_blocks = conv_out_blocks(p, width);
    s.out_tiles = div_up(s.out_blocks, t->blocks);
    s.slots = round_up(t->tiles, t->micro);
    s.slice = p->in_c * t->blocks * vector;
    s.input = (WinogradInput){.row = row.bt,
                              .column = column.bt,
                              .step = {p->stride[0] * t->rows, p->stride[1] * t->columns},
                              .pad = {p->phase[0].pad[0], p->phase[0].pad[1]},
                              .size = {p->in_h, p->in_w},
                              .tile_rows = s.tile_rows,
                              .tile_columns = s.tile_columns,
                              .blocks = s.in_blocks};
    s.half = winograd_input_place(&s.input, 0, s.in_blocks, s.slots, width);
    s.m_block = s.slots * vector;
    s.m_plane = (t->group_blocks * s.slots + 1) * vector;
    s.m = s.half + s.row.rows * s.column.columns * vector;
    s.scratch = s.m + s.sums * s.m_plane;
    return s;
}

// A chunk of an image is a stretch of rows of each channel block; whole images are one stretch.
WinogradFetch winograd_fetch(const WinogradSize *s, const WinogradTiles *t)
{
    const WinogradInput *in = &s->input;
    int64_t row = s->slice / (s->pass.in_c * t->blocks) * in->size[1], plane = in->size[0] * row;
    int64_t rows = div_up(t->tiles, s->tile_columns) * in->step[0];
    WinogradFetch f = {.units = t->chunks > 1 ? s->in_blocks : 1};
    f.bytes = t->chunks > 1 ? rows * row : t->image_div * s->in_blocks * plane;
    f.parts = s->products * (s->out_tiles / t->parts) * (s->slots / t->micro) / f.units;
    if (f.parts > 0) {
        f.part_bytes = round_up(div_up(f.bytes, f.parts), VB_CACHE_LINE);
        f.step = div_up(f.part_bytes, s->pass.in_c);
    }
    return f;
}

int64_t winograd_weight_bytes(const WinogradSize *s, const WinogradTiles *t)
{
    return s->out_blocks * s->products * s->slice / t->blocks;
}

// Whether V and M stay in L2 beside the slices of U that pass.
static bool fits(const PlanCtx *ctx, const WinogradSize *s)
{
    return (double)s->scratch <= 0.9 * (double)ctx->target->l2_bytes;
}

// From where the blocks of tiles after the first read U: L2, if it stays there beside V, M and the
// activations that pass.
static double again_gbps(const PlanCtx *ctx, const WinogradSize *s, double u)
{
    double l2 = (double)ctx->target->l2_bytes;
    return (double)s->scratch + u <= 0.6 * l2 ? ctx->target->l2_gbps
                                              : conv_stream_gbps(ctx->target, u + l2);
}

static int64_t activation_bytes(const PlanCtx *ctx, int64_t blocks, int64_t h, int64_t w)
{
    return blocks * h * w * ctx->target->vector_floats * 4 * ctx->plan_batch;
}

static double input_bytes(const PlanCtx *ctx, const WinogradSize *s)
{
    return (double)activation_bytes(ctx, s->in_blocks, s->pass.in_h, s->pass.in_w);
}

static double output_bytes(const PlanCtx *ctx, const WinogradSize *s)
{
    return (double)activation_bytes(ctx, s->out_blocks, s->pass.out_h, s->pass.out_w);
}

// Whether both activations stay in L2 from layer to layer.
static bool stay(const PlanCtx *ctx, const WinogradSize *s)
{
    return input_bytes(ctx, s) + output_bytes(ctx, s) <= 0.5 * (double)ctx->target->l2_bytes;
}

// One thread's time for the products of the batch.
static double products_ns(const PlanCtx *ctx, const WinogradSize *s, const WinogradTiles *t)
{
    const TargetDef *g = ctx->target;
    double passes =
        (double)(div_up(ctx->plan_batch, t->image_div) * t->chunks) * (double)(s->slots / t->micro);
    double steps = (double)(s->products * s->pass.in_c);
    int64_t full = s->out_blocks / t->blocks, tail = s->out_blocks % t->blocks;
    double micro = steps * (double)full * conv_step_cycles(g, t->micro, t->blocks);
    micro += tail ? steps * conv_step_cycles(g, t->micro, tail) : 0;
    micro += (double)(s->out_tiles * s->products) * MICRO_CYCLES;
    return passes * micro / g->clock_ghz;
}

static double input_ns(const PlanCtx *ctx, const WinogradSize *s)
{
    double in = input_bytes(ctx, s);
    return in / conv_stream_gbps(ctx->target, in + output_bytes(ctx, s));
}

// Input that is not in L2 is fetched while products are made, if it has room there and takes long
// enough to be worth an instruction beside all products.
static bool wants_fetch(const PlanCtx *ctx, const WinogradSize *s, const WinogradTiles *t)
{
    WinogradFetch f = winograd_fetch(s, t);
    double coming = (double)(f.units * f.bytes), l2 = (double)ctx->target->l2_bytes;
    return !stay(ctx, s) && f.parts > 0 && (double)s->scratch + coming <= 0.9 * l2 &&
           input_ns(ctx, s) > FETCH_SHARE * products_ns(ctx, s, t);
}

static double activation_ns(const PlanCtx *ctx, const WinogradSize *s, const WinogradTiles *t)
{
    double in = input_ns(ctx, s), out = in * output_bytes(ctx, s) / input_bytes(ctx, s);
    return stay(ctx, s) ? 0 : in * (t->fetch ? EXPOSED : 1) + out;
}

// What making U takes longer than packing weights, if a step does that.
static double weights_ns(const PlanCtx *ctx, const WinogradSize *s)
{
    double cycles =
        WEIGHT_CYCLES * (double)s->products - PACK_CYCLES * WINOGRAD_TAPS * WINOGRAD_TAPS;
    double vectors = (double)(s->pass.in_c * s->out_blocks);
    return ctx->training ? vectors * cycles / ctx->target->clock_ghz : 0;
}

// One thread's time for the batch.
static double plan_ns(const PlanCtx *ctx, const WinogradSize *s, const WinogradTiles *t)
{
    const TargetDef *g = ctx->target;
    double blocks = (double)(div_up(ctx->plan_batch, t->image_div) * t->chunks);
    double tiles = (double)t->tiles;
    double k_tiles = (double)s->out_tiles, products = products_ns(ctx, s, t);
    double u = (double)winograd_weight_bytes(s, t);
    double v = (double)(s->products * s->input.plane_bytes);
    double stream = u / g->dram_gbps + (blocks - 1) * u / again_gbps(ctx, s, u);
    stream += blocks * k_tiles * v / conv_stream_gbps(g, v);
    double in = (double)(s->input.row.rows * (s->input.step[1] + s->input.column.rows));
    double made = (double)(s->sums + s->row.rows * (s->column.columns + s->column.rows));
    in *= winograd_has_sums(s) ? STRIDED_CYCLES : TRANSFORM_CYCLES;
    double cycles = in * (double)s->in_blocks * t->parts;
    cycles += made * TRANSFORM_CYCLES * (double)s->out_blocks;
    cycles *= fits(ctx, s) ? 1 : SPILLED;
    double hidden = (1 - EXPOSED) * fmin(products, stream);
    double transforms = blocks * tiles * cycles / g->clock_ghz;
    return products + stream - hidden + transforms + activation_ns(ctx, s, t);
}

// M of a group takes at most a quarter of L2.
static void set_group(const TargetDef *g, const WinogradSize *s, WinogradTiles *t)
{
    double block = (double)(s->sums * t->tiles * g->vector_floats * 4);
    int64_t k_tiles = (int64_t)(0.25 * (double)g->l2_bytes / block) / t->blocks;
    int64_t part = div_up(s->out_tiles, t->parts);
    k_tiles = k_tiles < 1 ? 1 : k_tiles > part ? part : k_tiles;
    t->group_blocks = (int32_t)(div_up(part, div_up(part, k_tiles)) * t->blocks);
}

// What waiting adds to one thread's time: the mean of one thread and of two, and of more that the
// last task ends later than the others.
static double waiting(double tasks)
{
    return (1 + 2 * ceil(tasks / 2) / tasks) / 2 * (1 + TASK_SHARE / tasks);
}

static void try_plan(const PlanCtx *ctx, const Node *n, WinogradTiles t, WinogradTiles *best,
                     double *best_score)
{
    const TargetDef *g = ctx->target;
    int64_t most = conv_accumulators(g, t.blocks) / t.blocks;
    t.micro = (int32_t)div_up(t.tiles, div_up(t.tiles, most));
    t.group_blocks = t.blocks;
    WinogradSize s = winograd_size(n, &t, g->vector_floats);
    for (int32_t parts = 1; parts <= MAX_PARTS && parts <= s.out_tiles; parts *= 2) {
        t.parts = parts;
        set_group(g, &s, &t);
        s = winograd_size(n, &t, g->vector_floats);
        t.fetch = wants_fetch(ctx, &s, &t);
        double tasks = (double)(div_up(ctx->plan_batch, t.image_div) * t.chunks * parts);
        double score = plan_ns(ctx, &s, &t) * waiting(tasks);
        if (score < *best_score) {
            *best_score = score;
            *best = t;
        }
    }
}

// Blocks of tiles: parts of an image, or several images.
static void choose_tiles(const PlanCtx *ctx, const Node *n, WinogradTiles base, WinogradTiles *best)
{
    double best_score = 1e300;
    base.tiles = base.micro = base.image_div = base.chunks = 1;
    base.group_blocks = base.blocks;
    WinogradSize s = winograd_size(n, &base, ctx->target->vector_floats);
    int64_t image = s.tile_rows * s.tile_columns;
    for (int64_t chunks = 1; chunks <= image; chunks += 1 + chunks / 4) {
        WinogradTiles t = base;
        t.tiles = (int32_t)div_up(image, chunks);
        t.chunks = (int32_t)div_up(image, t.tiles);
        try_plan(ctx, n, t, best, &best_score);
    }
    for (int64_t div = 2; div <= ctx->plan_batch && div * image <= MAX_TILES; div += 1 + div / 4) {
        WinogradTiles t = base;
        t.image_div = (int32_t)div;
        t.tiles = (int32_t)(div * image);
        try_plan(ctx, n, t, best, &best_score);
    }
}

// Error of a tile size relative to F(2x2)'s, which rounds about as much as direct convolution
// (docs/kernels.md).
static double relative_error(const KernelDef *k)
{
    static const double known[][7] = {
        [1] = {[2] = 1.0, [3] = 1.7, [4] = 2.8, [5] = 5.9, [6] = 13.0},
        [2] = {[2] = 0.7, [3] = 1.1, [4] = 1.9},
    };
    return sqrt(known[k->stride][k->tile[0]] * known[k->stride][k->tile[1]]);
}

const char *winograd_why_not(const PlanCtx *ctx, const Node *n)
{
    const KernelDef *k = ctx->kernel;
    if (ctx->options->exact) {
        return "not exact";
    }
    if (relative_error(k) > (ctx->training ? MOST_TRAINING_ERROR : MOST_ERROR)) {
        return "rounds too much";
    }
    ConvSize z = conv_size(n);
    if (z.r != 3 || z.s != 3 || z.stride[0] != k->stride || z.stride[1] != k->stride ||
        z.groups != 1) {
        return k->stride == 1 ? "not 3x3 of stride 1 without groups"
                              : "not 3x3 of stride 2 without groups";
    }
    for (int i = 0; i < 4; i++) {
        if (z.pad[i] > 2) {
            return "padding over 2";
        }
    }
    uint32_t width = ctx->target->vector_floats;
    return conv_input_block(n->inputs.at[0], width) < width ? "image of few channels" : NULL;
}

// Two, the last tile one; three where that leaves none over.
static int32_t choose_blocks(const TargetDef *g, int64_t out_blocks)
{
    if (out_blocks % 2 && out_blocks % 3 == 0 && conv_accumulators(g, 3) >= 12) {
        return 3;
    }
    return out_blocks > 1 ? 2 : 1;
}

// The weights as their own kernel prepares them.
static Layout prepared_weights(const PlanCtx *ctx, const Node *n, const WinogradSize *s,
                               const WinogradTiles *t, Lowering *out)
{
    WinogradAttrs *a = ARENA_NEW(ctx->arena, WinogradAttrs);
    *a = (WinogradAttrs){.tile = {t->rows, t->columns},
                         .stride = t->stride,
                         .blocks = t->blocks,
                         .backward = s->pass.backward,
                         .mirrored = {winograd_is_mirrored(s, 0), winograd_is_mirrored(s, 1)}};
    out->prepare_op[1] = "winograd_weights";
    out->prepare_attrs[1] = a;
    return winograd_weight_layout(ctx->arena, a, &n->inputs.at[1]->shape,
                                  ctx->target->vector_floats);
}

const char *winograd_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const char *why = winograd_why_not(ctx, n);
    why = ctx->options->optimize_size ? "larger weights" : why;
    if (why) {
        return why;
    }
    const TargetDef *g = ctx->target;
    uint32_t width = g->vector_floats;
    ConvPass pass = conv_pass(n, width, &why);
    WinogradTiles *t = ARENA_NEW(ctx->arena, WinogradTiles);
    const KernelDef *k = ctx->kernel;
    WinogradTiles base = {.rows = k->tile[0], .columns = k->tile[1], .stride = k->stride};
    base.blocks = choose_blocks(g, conv_out_blocks(&pass, width));
    choose_tiles(ctx, n, base, t);
    WinogradSize s = winograd_size(n, t, width);
    ConvTiles tasks = {.blocks = t->blocks, .chunks = t->chunks, .image_div = t->image_div};
    Layout weights = prepared_weights(ctx, n, &s, t, out);
    conv_fill_lowering(ctx, n, &s.pass, &tasks, weights, out);
    out->tasks_mul = (uint32_t)(t->chunks * t->parts);
    out->bytes_fixed = (uint64_t)winograd_weight_bytes(&s, t);
    out->scratch_bytes = (uint64_t)s.scratch;
    out->plan = t;
    out->plan_bytes = sizeof *t;
    double ns = plan_ns(ctx, &s, t) + weights_ns(ctx, &s);
    out->predicted_ns = fmax(ns, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}
