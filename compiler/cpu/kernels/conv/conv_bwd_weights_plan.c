// conv_bwd_weights_plan.c: tiles, chunks and tasks of the direct backward-weights kernel.
// Not here: the algorithm (conv_bwd_weights.c).
#include "cpu/kernels/conv/conv_bwd_weights.h"
#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_pack.h"
#include "cpu/kernels/conv/group_lanes.h"

#include <math.h>

#define FMA_LATENCY 4.0
#define ISSUE_WIDTH 5.0
#define STEP_CYCLES 0.5 // of a trip of the pixel loop beside: tells small tiles from large ones
#define MAX_BLOCKS 6
#define LEAST_TASKS 4
#define MIN_TASKS 8
#define WANTED_TASKS 16
#define OVERLAP_LOSS 0.25 // of the shorter of arithmetic and memory
#define PIECE_PIXELS 192
// No accumulator adds up more products than this.
#define CHUNK_PIXELS 768

WeightsSize weights_size(const Node *n, const WeightsTiles *t, uint32_t width)
{
    WeightsSize s = {.z = conv_size(n)};
    const ConvSize *z = &s.z;
    s.groups = z->groups;
    s.c = z->c / z->groups;
    s.k = z->k / z->groups;
    s.extent = round_up(s.c < t->in_block ? s.c : t->in_block, t->channels);
    if (t->shuffled) {
        s.groups = div_up(z->k, width);
        s.c = s.k = width;
        s.extent = t->shuffled;
    }
    if (t->expanded) {
        s.groups = div_up(z->k, width);
        s.k = width;
        s.extent = s.c;
    }
    s.in_blocks = div_up(s.c, t->in_block);
    s.out_blocks = div_up(s.k, width);
    s.tiles = div_up(s.out_blocks, t->blocks);
    s.rows = t->walk == WALK_ROWS     ? z->oh
             : t->walk == WALK_PIXELS ? div_up(z->oh * z->ow, t->piece)
                                      : 1;
    return s;
}

int64_t weights_chunk_rows(const WeightsSize *s, const WeightsTiles *t)
{
    int64_t rows = (t->chunk_rows - 1) * s->z.stride[0] + s->z.r;
    return rows < s->z.h ? rows : s->z.h;
}

const Packing *weights_packing(Arena *a, const WeightsSize *s, const WeightsTiles *t,
                               uint32_t width)
{
    Packing *p = ARENA_NEW(a, Packing);
    if (s->groups > 1) {
        conv_add_dim(p, s->groups, 0, s->k);
    }
    conv_add_dim(p, s->tiles, 0, t->blocks * (int64_t)width);
    conv_add_dim(p, s->in_blocks, 1, t->in_block);
    if (!s->z.dense) {
        conv_add_dim(p, s->z.r, 2, 1);
    }
    conv_add_dim(p, s->extent, 1, 1);
    if (!s->z.dense) {
        conv_add_dim(p, s->z.s, 3, 1);
    }
    conv_add_dim(p, t->blocks * (int64_t)width, 0, 1);
    return p;
}

// Cycles of one pixel for one register tile.
static double step_cycles(const TargetDef *g, const WeightsTiles *t, int64_t columns,
                          int64_t blocks)
{
    double fma = (double)(t->channels * columns * blocks);
    double loads = (double)(t->channels * columns + blocks), shuffles = 0;
    if (t->shuffled) {
        loads = (double)(columns + blocks);
        shuffles = t->shuffled > 1 ? (double)(t->channels * columns) : 0;
    }
    double uops = fma * (g->has_fma ? 1 : 2) + loads + shuffles + 3;
    double cycles = fmax((fma + 0.5 * shuffles) / g->fma_per_cycle, loads / g->loads_per_cycle);
    return fmax(fmax(cycles, FMA_LATENCY), uops / ISSUE_WIDTH) + STEP_CYCLES;
}

// Cycles of one pixel, all channels and filters of a group.
static double pixel_cycles(const TargetDef *g, const WeightsSize *s, const WeightsTiles *t)
{
    int64_t parts = div_up(s->z.s, t->columns), last = s->z.s - (parts - 1) * t->columns;
    int64_t full = s->out_blocks / t->blocks;
    int64_t c_tiles = (s->in_blocks - 1) * div_up(s->extent, t->channels) +
                      div_up(s->c - (s->in_blocks - 1) * t->in_block, t->channels);
    if (t->shuffled) {
        c_tiles = s->extent / t->channels;
    }
    double cycles = 0;
    for (int64_t i = 0; i < parts; i++) {
        int64_t columns = i == parts - 1 ? last : t->columns;
        cycles += (double)full * step_cycles(g, t, columns, t->blocks);
        cycles += t->tail_blocks ? step_cycles(g, t, columns, t->tail_blocks) : 0;
    }
    return cycles * (double)c_tiles;
}

static bool fits_registers(const TargetDef *g, const WeightsTiles *t)
{
    int64_t acc = (int64_t)t->blocks * t->channels * t->columns;
    int64_t other = t->blocks + 1 + (g->has_fma ? 0 : 1) + (t->shuffled ? 2 : 0);
    return acc + other <= (int64_t)g->vector_registers;
}

static bool may_split_blocks(const WeightsSize *s, int64_t blocks)
{
    // a tail would reach into the next group's filters
    return blocks <= s->out_blocks && (s->groups == 1 || s->out_blocks % blocks == 0);
}

// The best channels and columns of a tile beside `blocks`; its cycles of a pixel, or 1e300 if none.
static double fill_tile(const PlanCtx *ctx, const Node *n, int64_t blocks, WeightsTiles *best)
{
    const TargetDef *g = ctx->target;
    double best_cycles = 1e300;
    WeightsTiles base = *best;
    int64_t lanes = base.shuffled ? base.shuffled : base.in_block;
    if (base.expanded) {
        lanes /= g->vector_floats;
    }
    int64_t filter = conv_size(n).s;
    for (int64_t c = 1; c <= lanes; c++) {
        bool may =
            base.expanded || lanes % c == 0; // the last tile of expanded ones may be narrower
        for (int64_t parts = 1; parts <= filter && may; parts++) {
            WeightsTiles t = base;
            t.blocks = (int32_t)blocks;
            t.channels = (int32_t)c;
            t.columns = (int32_t)div_up(filter, parts);
            WeightsSize s = weights_size(n, &t, g->vector_floats);
            t.tail_blocks = (int32_t)(s.out_blocks % blocks);
            if (!fits_registers(g, &t) || !may_split_blocks(&s, blocks)) {
                continue;
            }
            double cycles = pixel_cycles(g, &s, &t);
            if (cycles < best_cycles * 0.999) {
                best_cycles = cycles;
                *best = t;
            }
            break; // more parts are never better
        }
    }
    return best_cycles;
}

// Bytes of one channel block of x, and of one k tile of dy, per pixel of dy.
static double x_bytes(const WeightsSize *s, const WeightsTiles *t)
{
    return 4.0 * t->in_block * (double)(s->z.stride[0] * s->z.stride[1]);
}

static double dy_bytes(const WeightsTiles *t, uint32_t width)
{
    return 4.0 * t->blocks * width;
}

// A chunk's x block and dy tile fit most of L1; expanded, half of L2.
static void choose_chunks(const TargetDef *g, const WeightsSize *s, WeightsTiles *t)
{
    int64_t pixels = s->z.oh * s->z.ow, row = t->walk == WALK_PIXELS ? t->piece : s->z.ow;
    double room = t->expanded ? 0.5 * (double)g->l2_bytes : 0.75 * (double)g->l1_bytes;
    double fit = room / (x_bytes(s, t) + dy_bytes(t, g->vector_floats));
    int64_t most = fit < CHUNK_PIXELS ? (int64_t)fit : CHUNK_PIXELS;
    t->chunk_rows = (int32_t)s->rows;
    t->chunk_images = (int32_t)(pixels < most ? most / pixels : 1);
    if (pixels > most * 5 / 4) {
        int64_t chunks = div_up(s->rows, row < most ? most / row : 1);
        t->chunk_rows = (int32_t)div_up(s->rows, chunks);
    }
}

// Time of all tasks that each read `bytes` per pixel of dy. Memory and arithmetic overlap in part;
// fewer than WANTED_TASKS balance worse, fewer than MIN_TASKS leave some threads idle, fewer than
// LEAST_TASKS most of them.
static double tasks_ns(const PlanCtx *ctx, const WeightsSize *s, double compute_ns, double bytes,
                       int64_t tasks)
{
    const TargetDef *g = ctx->target;
    double pixels = (double)(s->z.oh * s->z.ow) * ctx->plan_batch;
    double operands = 4.0 * pixels * (double)(s->z.c * s->z.stride[0] * s->z.stride[1] + s->z.k);
    double bandwidth = operands <= 0.5 * (double)g->l3_bytes ? g->l3_gbps : g->dram_gbps;
    double memory_ns = bytes * (double)tasks * pixels / bandwidth;
    double longer = fmax(compute_ns, memory_ns);
    double ns = longer + OVERLAP_LOSS * (compute_ns + memory_ns - longer);
    double loss = tasks >= WANTED_TASKS  ? 1
                  : tasks >= MIN_TASKS   ? 1.05
                  : tasks >= LEAST_TASKS ? 1.3
                                         : 3;
    return ns * loss;
}

// The rectangles that take least time, whose chunks fit half of L2, with or without a task for each
// filter row (all of them read the same; below LEAST_TASKS always with); gives that time.
static double choose_rectangle(const PlanCtx *ctx, const WeightsSize *s, double compute_ns,
                               WeightsTiles *t)
{
    const TargetDef *g = ctx->target;
    double least = 1e300, x = x_bytes(s, t), dy = dy_bytes(t, g->vector_floats);
    int64_t row = t->walk == WALK_PIXELS ? t->piece : t->walk == WALK_ROWS ? s->z.ow : 1;
    double chunk = (double)(t->chunk_images * t->chunk_rows * row);
    for (int64_t k = 1; k <= s->tiles; k++) {
        for (int64_t c = 1; c <= s->in_blocks; c++) {
            double bytes = x * (double)c + dy * (double)k;
            int64_t tasks = s->groups * div_up(s->tiles, k) * div_up(s->in_blocks, c);
            if (k * c > 1 && (tasks < LEAST_TASKS || bytes * chunk > 0.5 * (double)g->l2_bytes)) {
                break;
            }
            bool may = s->z.r > 1 && tasks<MIN_TASKS, must = s->z.r> 1 && tasks < LEAST_TASKS;
            for (int64_t split = must; split <= may; split++) {
                int64_t made = split ? tasks * s->z.r : tasks;
                double ns = tasks_ns(ctx, s, compute_ns, bytes, made);
                if (ns < least * 0.999) {
                    least = ns;
                    t->many_k = (int32_t)k;
                    t->many_c = (int32_t)c;
                    t->split_rows = (int32_t)split;
                }
            }
        }
    }
    return least;
}

static void choose_tasks(const WeightsSize *s, WeightsTiles *t, Lowering *out)
{
    int64_t tasks = s->groups * div_up(s->tiles, t->many_k) * div_up(s->in_blocks, t->many_c);
    tasks *= t->split_rows ? s->z.r : 1;
    // Only within a filter row do the channel tiles of a task lie side by side: so few tasks have
    // had their rows split.
    if (tasks < LEAST_TASKS && s->extent > t->channels && !t->expanded) {
        t->split_channels = 1;
        tasks *= s->extent / t->channels;
    }
    out->tasks_mul = (uint32_t)tasks;
    out->tasks_div = RN_DIV_ALL;
}

// Register tile, chunks and rectangles depend on each other: all block counts are tried. Gives the
// time of arithmetic alone.
static double choose_tiles(const PlanCtx *ctx, const Node *n, WeightsTiles *t)
{
    const TargetDef *g = ctx->target;
    WeightsTiles base = *t;
    double least = 1e300, compute = 0;
    for (int64_t blocks = 1; blocks <= MAX_BLOCKS; blocks++) {
        WeightsTiles tried = base;
        double cycles = fill_tile(ctx, n, blocks, &tried);
        if (cycles >= 1e300) {
            continue;
        }
        WeightsSize s = weights_size(n, &tried, g->vector_floats);
        double pixels = (double)(s.z.oh * s.z.ow * s.z.r * s.groups) * ctx->plan_batch;
        double compute_ns = pixels * cycles / g->clock_ghz;
        choose_chunks(g, &s, &tried);
        double ns = choose_rectangle(ctx, &s, compute_ns, &tried);
        if (ns < least * 0.999) {
            least = ns;
            compute = compute_ns;
            *t = tried;
        }
    }
    return compute;
}

// How pixels are walked, how blocks hold groups; NULL or why the kernel cannot.
static const char *choose_walk(const PlanCtx *ctx, const Node *n, WeightsTiles *t)
{
    uint32_t width = ctx->target->vector_floats;
    ConvSize z = conv_size(n);
    int64_t c = z.c / z.groups, k = z.k / z.groups;
    t->in_block = (int32_t)conv_input_block(n->inputs.at[0], width);
    if (z.groups > 1 && (c % width || k % width)) {
        bool divides = c == k && width % c == 0;
        t->shuffled = divides ? (int32_t)c : 0;
        t->expanded = !divides;
        t->in_block = (int32_t)(divides ? width : c * width);
    }
    if (z.s > CONV_MAX_TAPS) {
        return "filter wider than 64";
    }
    bool one = z.r == 1 && z.s == 1 && z.stride[0] == 1 && z.stride[1] == 1 && z.oh == z.h &&
               z.ow == z.w && z.pad[0] == 0 && z.pad[1] == 0 && !t->expanded;
    if (one && z.h == 1 && z.w == 1) {
        t->walk = WALK_IMAGES;
    } else if (one) {
        t->walk = WALK_PIXELS;
        t->piece = (int32_t)div_up(z.h * z.w, div_up(z.h * z.w, PIECE_PIXELS));
    }
    return NULL;
}

// Scratch for a chunk's expanded x; the time to expand all of it.
static double plan_expanded(const PlanCtx *ctx, const WeightsSize *s, const WeightsTiles *t,
                            Lowering *out)
{
    const ConvSize *z = &s->z;
    const TargetDef *g = ctx->target;
    int64_t rows = weights_chunk_rows(s, t), chunks = div_up(s->rows, t->chunk_rows);
    GroupLanes lanes = group_lanes(z->groups, z->c / z->groups, z->k / z->groups, g->vector_floats);
    out->in_layout[0] = layout_blocked(g->vector_floats);
    out->scratch_bytes = (uint64_t)(t->chunk_images * rows * z->w * t->in_block * 4);
    double pixels = (double)(chunks * rows * z->w) * ctx->plan_batch;
    pixels *= t->split_rows ? (double)z->r : 1; // each of these tasks expands for itself
    return group_lanes_cycles(&lanes, pixels) / g->clock_ghz;
}

const char *weights_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const TargetDef *g = ctx->target;
    uint32_t width = g->vector_floats;
    WeightsTiles *t = ARENA_NEW(ctx->arena, WeightsTiles);
    const char *why = choose_walk(ctx, n, t);
    if (why) {
        return why;
    }
    t->blocks = t->channels = t->columns = 1;
    double compute_ns = choose_tiles(ctx, n, t);
    WeightsSize s = weights_size(n, t, width);
    const ConvSize *z = &s.z;
    choose_tasks(&s, t, out);
    out->in_layout[0] = layout_blocked((uint32_t)t->in_block);
    out->in_layout[1] = layout_blocked(width);
    out->out_layout[0] =
        (Layout){.kind = LAYOUT_PACKED, .packing = weights_packing(ctx->arena, &s, t, width)};
    out->parts_mul = out->parts_div = 1;
    out->flops_per_image = (uint64_t)(2 * conv_macs(z));
    out->bytes_per_image = (uint64_t)(4 * (z->c * z->h * z->w + z->k * z->oh * z->ow));
    out->bytes_fixed = (uint64_t)(4 * z->k * (z->c / z->groups) * z->r * z->s);
    out->plan = t;
    out->plan_bytes = sizeof *t;
    if (t->expanded) {
        compute_ns += plan_expanded(ctx, &s, t, out);
    }
    out->predicted_ns = fmax(compute_ns, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}
