// conv_winograd_plan.c: tiles, tasks, scratch and costs of the Winograd convolutions.
//
// Cost of a plan, the sum of
//   products      at the register tile's rate, but no faster than U streams: the first time from
//                 memory (between two runs all other weights pass), then once for each block of
//                 tiles from the cache that holds it; the shorter of the two is not wholly hidden
//   transforms    by vectors loaded and stored, far slower where scratch exceeds L2; the input's
//                 once more for each part of the output channels, since tasks do not wait for each
//                 other
//   activations   that are too large for L2 come and go with the transforms, beside no products,
//                 but for input fetched ahead
//   weights       a training step makes U too, where direct kernels pack weights
// Not here: the algorithm (conv_winograd.c).
#include "cpu/kernels/winograd/conv_winograd_plan.h"

#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_pass.h"
#include "cpu/kernels/conv/conv_plan.h"
#include "cpu/kernels/weights/winograd_weights.h"
#include "cpu/kernels/winograd/winograd_limits.h"
#include "cpu/kernels/winograd/winograd_points.h"

#define TRANSFORM_CYCLES 3.0 // of a 1-D transform, per vector
#define STRIDED_CYCLES 6.0   // of the input's at stride 2: as many planes again to store to
#define SPILLED (8.0 / 3.0)  // so many times as much where scratch exceeds L2
#define WEIGHT_CYCLES 19.0   // of U, per vector
#define PACK_CYCLES 33.0     // of the weights that direct kernels pack, per vector
#define EXPOSED 0.15         // of the shorter of streaming and products
#define FETCH_SHARE 0.02     // of the products, that reading the input takes at least to be fetched
#define MICRO_CYCLES 40.0    // loop set-up and stores of one register tile and plane
#define TASK_SHARE 0.5       // of a task that the last worker waits for
#define SUM_TERMS 64         // products in one chain of additions, about
#define MAX_TILES 256
#define MAX_PARTS 16

// Two, the last tile one; three where that leaves none over.
static int64_t choose_blocks(const TargetDef *g, int64_t out_blocks)
{
    if (out_blocks % 2 && out_blocks % 3 == 0 && conv_accumulators(g, 3) >= 12) {
        return 3;
    }
    return out_blocks > 1 ? 2 : 1;
}

// The sizes of F(m, 3)'s matrices along dimension d.
static void set_matrices(WinogradPlan *p, int d)
{
    int m = (int)p->tile[d], stride = (int)p->stride;
    int64_t points = winograd_points(m, stride), products = winograd_products(m, stride);
    bool spread = p->backward && stride == 2;
    p->made[d] = spread ? 2 * m : m;
    p->sums[d] = spread ? products : points;
    p->input.read[d] = p->input.points[d] = spread ? points : products;
}

// What does not depend on how the tiles are cut into tasks.
static WinogradPlan start_plan(const PlanCtx *ctx, const Node *n)
{
    const char *why;
    const KernelDef *k = ctx->kernel;
    uint32_t width = ctx->target->vector_floats;
    ConvPass pass = conv_pass(n, width, &why);
    WinogradPlan p = {.tile = {k->tile[0], k->tile[1]},
                      .stride = k->stride,
                      .backward = pass.backward,
                      .in_channels = pass.in_c,
                      .in_blocks = conv_in_blocks(&pass),
                      .block_channels = conv_in_step(&pass),
                      .out_blocks = conv_out_blocks(&pass, width),
                      .out_h = pass.out_h,
                      .out_w = pass.out_w,
                      .bias = pass.bias,
                      .in_bytes = elem_bytes(n->inputs.at[0]->layout.elem),
                      .u_bytes = elem_bytes(n->inputs.at[1]->layout.elem),
                      .out_bytes = elem_bytes(n->outputs.at[0]->layout.elem)};
    for (int d = 0; d < 2; d++) {
        set_matrices(&p, d);
        p.mirrored[d] = pass.spread[d] == 2 && pass.phase[0].taps[d] == 2;
        p.input.step[d] = pass.stride[d] * p.tile[d];
        p.input.pad[d] = pass.phase[0].pad[d];
    }
    p.blocks = choose_blocks(ctx->target, p.out_blocks);
    p.out_tiles = div_up(p.out_blocks, p.blocks);
    p.products = winograd_products((int)p.tile[0], (int)p.stride) *
                 winograd_products((int)p.tile[1], (int)p.stride);
    p.sum_count = p.sums[0] * p.sums[1];
    p.slice = p.in_channels * p.blocks * width;
    p.input.size[0] = pass.in_h;
    p.input.size[1] = pass.in_w;
    p.input.tile_rows = div_up(p.out_h, p.made[0]);
    p.input.tile_columns = div_up(p.out_w, p.made[1]);
    p.input.blocks = p.in_blocks;
    p.chain_blocks = conv_chain_blocks(p.in_blocks, p.block_channels, SUM_TERMS);
    return p;
}

// What follows from tiles, micro and group_blocks.
static void place_scratch(WinogradPlan *p, uint32_t width)
{
    p->slots = round_up(p->tiles, p->micro);
    p->half = winograd_input_place(&p->input, 0, p->in_blocks, p->slots, width);
    p->m_block = p->slots * width;
    p->m_plane = (p->group_blocks * p->slots + 1) * width;
    p->m = p->half + p->made[0] * p->sums[1] * width;
    p->scratch = p->m + p->sum_count * p->m_plane;
}

// A chunk of an image is a stretch of rows of each channel block; whole images are one stretch.
static WinogradFetch make_fetch(const WinogradPlan *p, uint32_t width)
{
    const WinogradInput *in = &p->input;
    int64_t row = in->size[1] * width * p->in_bytes;
    int64_t plane = in->size[0] * row;
    int64_t rows = div_up(p->tiles, in->tile_columns) * in->step[0];
    WinogradFetch f = {.units = p->chunks > 1 ? p->in_blocks : 1};
    f.bytes = p->chunks > 1 ? rows * row : p->image_div * p->in_blocks * plane;
    f.parts = p->products * (p->out_tiles / p->parts) * (p->slots / p->micro) / f.units;
    if (f.parts > 0) { // else more stretches than products
        f.part_bytes = round_up(div_up(f.bytes, f.parts), ACCESS_CACHE_LINE);
        f.step = div_up(f.part_bytes, p->in_channels);
    }
    return f;
}

static int64_t weight_bytes(const WinogradPlan *p) // that are read of U
{
    return p->out_blocks * p->products * p->slice / p->blocks * p->u_bytes;
}

static int64_t scratch_bytes(const WinogradPlan *p)
{
    return elem_size(ELEM_F32, p->scratch);
}

// Whether V and M stay in L2 beside the slices of U that pass.
static bool fits(const PlanCtx *ctx, const WinogradPlan *p)
{
    return (double)scratch_bytes(p) <= 0.9 * (double)ctx->target->l2_bytes;
}

// From where the blocks of tiles after the first read U: L2, if it stays there beside V, M and the
// activations that pass.
static double again_gbps(const PlanCtx *ctx, const WinogradPlan *p, double u)
{
    double l2 = (double)ctx->target->l2_bytes;
    return (double)scratch_bytes(p) + u <= 0.6 * l2 ? ctx->target->l2_gbps
                                                    : conv_stream_gbps(ctx->target, u + l2);
}

static int64_t activation_elements(const PlanCtx *ctx, int64_t blocks, int64_t h, int64_t w)
{
    return blocks * h * w * ctx->target->vector_floats * ctx->plan_batch;
}

static double input_bytes(const PlanCtx *ctx, const WinogradPlan *p)
{
    const WinogradInput *in = &p->input;
    int64_t elements = activation_elements(ctx, p->in_blocks, in->size[0], in->size[1]);
    return (double)(elements * p->in_bytes);
}

static double output_bytes(const PlanCtx *ctx, const WinogradPlan *p)
{
    int64_t elements = activation_elements(ctx, p->out_blocks, p->out_h, p->out_w);
    return (double)(elements * p->out_bytes);
}

// Whether both activations stay in L2 from layer to layer.
static bool stay(const PlanCtx *ctx, const WinogradPlan *p)
{
    return input_bytes(ctx, p) + output_bytes(ctx, p) <= 0.5 * (double)ctx->target->l2_bytes;
}

// One thread's time for the products of the batch.
static double products_ns(const PlanCtx *ctx, const WinogradPlan *p)
{
    const TargetDef *g = ctx->target;
    double passes =
        (double)(div_up(ctx->plan_batch, p->image_div) * p->chunks) * (double)(p->slots / p->micro);
    double steps = (double)(p->products * p->in_channels);
    int64_t full = p->out_blocks / p->blocks, tail = p->out_blocks % p->blocks;
    double micro = steps * (double)full * conv_step_cycles(g, p->micro, p->blocks);
    micro += tail ? steps * conv_step_cycles(g, p->micro, tail) : 0;
    micro += (double)(p->out_tiles * p->products) * MICRO_CYCLES;
    return passes * micro / g->clock_ghz;
}

static double input_ns(const PlanCtx *ctx, const WinogradPlan *p)
{
    double in = input_bytes(ctx, p);
    return in / conv_stream_gbps(ctx->target, in + output_bytes(ctx, p));
}

// Input that is not in L2 is fetched while products are made, if it has room there and takes long
// enough to be worth an instruction beside all products.
static WinogradFetch choose_fetch(const PlanCtx *ctx, const WinogradPlan *p)
{
    WinogradFetch f = make_fetch(p, ctx->target->vector_floats);
    double coming = (double)(f.units * f.bytes), l2 = (double)ctx->target->l2_bytes;
    bool wanted = !stay(ctx, p) && f.parts > 0 && (double)scratch_bytes(p) + coming <= 0.9 * l2 &&
                  input_ns(ctx, p) > FETCH_SHARE * products_ns(ctx, p);
    return wanted ? f : (WinogradFetch){0};
}

static double activation_ns(const PlanCtx *ctx, const WinogradPlan *p)
{
    double in = input_ns(ctx, p), out = in * output_bytes(ctx, p) / input_bytes(ctx, p);
    return stay(ctx, p) ? 0 : in * (p->fetch.parts ? EXPOSED : 1) + out;
}

// What making U takes longer than packing weights, if a step does that.
static double weights_ns(const PlanCtx *ctx, const WinogradPlan *p)
{
    double cycles =
        WEIGHT_CYCLES * (double)p->products - PACK_CYCLES * WINOGRAD_TAPS * WINOGRAD_TAPS;
    double vectors = (double)(p->in_channels * p->out_blocks);
    return ctx->training ? vectors * cycles / ctx->target->clock_ghz : 0;
}

// One thread's time for the batch.
static double plan_ns(const PlanCtx *ctx, const WinogradPlan *p)
{
    const TargetDef *g = ctx->target;
    double blocks = (double)(div_up(ctx->plan_batch, p->image_div) * p->chunks);
    double tiles = (double)p->tiles;
    double k_tiles = (double)p->out_tiles, products = products_ns(ctx, p);
    double u = (double)weight_bytes(p);
    double v = (double)elem_size(ELEM_F32, p->products * p->input.plane_step);
    double stream = u / g->dram_gbps + (blocks - 1) * u / again_gbps(ctx, p, u);
    stream += blocks * k_tiles * v / conv_stream_gbps(g, v);
    double in = (double)(p->input.points[0] * (p->input.step[1] + p->input.points[1]));
    double made = (double)(p->sum_count + p->made[0] * (p->sums[1] + p->made[1]));
    in *= winograd_has_sums(p) ? STRIDED_CYCLES : TRANSFORM_CYCLES;
    double cycles = in * (double)(p->in_blocks * p->parts);
    cycles += made * TRANSFORM_CYCLES * (double)p->out_blocks;
    cycles *= fits(ctx, p) ? 1 : SPILLED;
    double hidden = (1 - EXPOSED) * fmin(products, stream);
    double transforms = blocks * tiles * cycles / g->clock_ghz;
    return products + stream - hidden + transforms + activation_ns(ctx, p);
}

// M of a group takes at most a quarter of L2.
static void set_group(const TargetDef *g, WinogradPlan *p)
{
    double block = (double)elem_size(ELEM_F32, p->sum_count * p->tiles * g->vector_floats);
    int64_t k_tiles = (int64_t)(0.25 * (double)g->l2_bytes / block) / p->blocks;
    int64_t part = div_up(p->out_tiles, p->parts);
    k_tiles = k_tiles < 1 ? 1 : k_tiles > part ? part : k_tiles;
    p->group_blocks = div_up(part, div_up(part, k_tiles)) * p->blocks;
}

// What waiting adds to one thread's time: the mean of one thread and of two, and of more that the
// last task ends later than the others.
static double waiting(double tasks)
{
    return (1 + 2 * ceil(tasks / 2) / tasks) / 2 * (1 + TASK_SHARE / tasks);
}

static void try_plan(const PlanCtx *ctx, WinogradPlan p, WinogradPlan *best, double *best_score)
{
    const TargetDef *g = ctx->target;
    int64_t most = conv_accumulators(g, p.blocks) / p.blocks;
    p.micro = div_up(p.tiles, div_up(p.tiles, most));
    for (int64_t parts = 1; parts <= MAX_PARTS && parts <= p.out_tiles; parts *= 2) {
        p.parts = parts;
        set_group(g, &p);
        place_scratch(&p, g->vector_floats);
        p.fetch = choose_fetch(ctx, &p);
        double tasks = (double)(div_up(ctx->plan_batch, p.image_div) * p.chunks * parts);
        double score = plan_ns(ctx, &p) * waiting(tasks);
        if (score < *best_score) {
            *best_score = score;
            *best = p;
        }
    }
}

// Blocks of tiles: parts of an image, or several images.
static WinogradPlan choose_tiles(const PlanCtx *ctx, const WinogradPlan *base)
{
    double best_score = 1e300;
    WinogradPlan best = *base;
    int64_t image = base->input.tile_rows * base->input.tile_columns;
    for (int64_t chunks = 1; chunks <= image; chunks += 1 + chunks / 4) {
        WinogradPlan p = *base;
        p.image_div = 1;
        p.tiles = div_up(image, chunks);
        p.chunks = div_up(image, p.tiles);
        try_plan(ctx, p, &best, &best_score);
    }
    for (int64_t div = 2; div <= ctx->plan_batch && div * image <= MAX_TILES; div += 1 + div / 4) {
        WinogradPlan p = *base;
        p.chunks = 1;
        p.image_div = div;
        p.tiles = div * image;
        try_plan(ctx, p, &best, &best_score);
    }
    return best;
}

// The weights as their own kernel prepares them.
static Layout prepared_weights(const PlanCtx *ctx, const Node *n, const WinogradPlan *p,
                               Lowering *out)
{
    WinogradAttrs *a = ARENA_NEW(ctx->arena, WinogradAttrs);
    *a = (WinogradAttrs){.tile = {p->tile[0], p->tile[1]},
                         .stride = p->stride,
                         .blocks = p->blocks,
                         .backward = p->backward,
                         .mirrored = {p->mirrored[0], p->mirrored[1]}};
    out->prepare_op[1] = "winograd_weights";
    out->prepare_attrs[1] = a;
    return winograd_weight_layout(ctx->arena, a, &n->inputs.at[1]->shape,
                                  ctx->target->vector_floats);
}

// U that the cache does not hold is fetched ahead, a slice's share with each register tile.
static int64_t choose_ahead(const PlanCtx *ctx, const WinogradPlan *p)
{
    if (2 * (uint64_t)weight_bytes(p) <= ctx->target->l2_bytes) {
        return 0;
    }
    int64_t channel = p->blocks * ctx->target->vector_floats * p->u_bytes;
    return div_up(channel, p->slots / p->micro);
}

const char *winograd_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const char *why = winograd_why_not(ctx, n);
    why = ctx->options->optimize_size ? "larger weights" : why;
    if (why) {
        return why;
    }
    const TargetDef *g = ctx->target;
    WinogradPlan *p = ARENA_NEW(ctx->arena, WinogradPlan);
    WinogradPlan base = start_plan(ctx, n);
    *p = choose_tiles(ctx, &base);
    p->ahead_step = choose_ahead(ctx, p);
    ConvPass pass = conv_pass(n, g->vector_floats, &why);
    ConvTiles tasks = {.blocks = (int32_t)p->blocks,
                       .chunks = (int32_t)p->chunks,
                       .image_div = (int32_t)p->image_div};
    conv_fill_lowering(ctx, n, &pass, &tasks, prepared_weights(ctx, n, p, out), out);
    out->tasks_mul = (uint32_t)(p->chunks * p->parts);
    out->bytes_fixed = (uint64_t)weight_bytes(p);
    out->scratch_bytes = (uint64_t)scratch_bytes(p);
    out->plan = p;
    out->plan_bytes = sizeof *p;
    double ns = plan_ns(ctx, p) + weights_ns(ctx, p);
    out->predicted_ns = fmax(ns, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}
