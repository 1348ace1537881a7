// conv_bwd_weights_plan.c: tiles, chunks and tasks of the direct backward-weights kernel.
// Not here: the algorithm (conv_bwd_weights.c).
#include "cpu/kernels/conv/conv_bwd_weights_plan.h"

#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_pass.h"
#include "cpu/kernels/conv/conv_size.h"

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

// What follows from register tile and walk.
static void set_sizes(WeightsPlan *p, const ConvSize *z, uint32_t width)
{
    DwTiles *dw = &p->dw;
    int64_t k = z->k / z->groups;
    p->c = z->c / z->groups;
    dw->groups = z->groups;
    dw->extent = round_up(p->c < dw->in_block ? p->c : dw->in_block, p->channels);
    if (p->shuffled) {
        dw->groups = div_up(z->k, width);
        p->c = k = width;
        dw->extent = p->shuffled;
    }
    if (p->expanded) {
        dw->groups = div_up(z->k, width);
        k = width;
        dw->extent = p->c;
    }
    dw->k = k;
    dw->in_blocks = div_up(p->c, dw->in_block);
    p->out_blocks = div_up(k, width);
    dw->tiles = div_up(p->out_blocks, dw->blocks);
}

// Rows of x, of one image, that a chunk reads at most.
static int64_t chunk_x_rows(const WeightsPlan *p)
{
    int64_t rows = (p->chunk_rows - 1) * p->stride[0] + p->dw.r;
    return rows < p->h ? rows : p->h;
}

// Cycles of one pixel for one register tile.
static double step_cycles(const TargetDef *g, const WeightsPlan *p, int64_t columns, int64_t blocks)
{
    double fma = (double)(p->channels * columns * blocks);
    double loads = (double)(p->channels * columns + blocks), shuffles = 0;
    if (p->shuffled) {
        loads = (double)(columns + blocks);
        shuffles = p->shuffled > 1 ? (double)(p->channels * columns) : 0;
    }
    double uops = fma * (g->has_fma ? 1 : 2) + loads + shuffles + 3;
    double cycles = fmax((fma + 0.5 * shuffles) / g->fma_per_cycle, loads / g->loads_per_cycle);
    return fmax(fmax(cycles, FMA_LATENCY), uops / ISSUE_WIDTH) + STEP_CYCLES;
}

// Cycles of one pixel, all channels and filters of a group.
static double pixel_cycles(const TargetDef *g, const WeightsPlan *p)
{
    int64_t parts = div_up(p->dw.s, p->columns), last = p->dw.s - (parts - 1) * p->columns;
    int64_t full = p->out_blocks / p->dw.blocks;
    int64_t c_tiles = (p->dw.in_blocks - 1) * div_up(p->dw.extent, p->channels) +
                      div_up(p->c - (p->dw.in_blocks - 1) * p->dw.in_block, p->channels);
    if (p->shuffled) {
        c_tiles = p->dw.extent / p->channels;
    }
    double cycles = 0;
    for (int64_t i = 0; i < parts; i++) {
        int64_t columns = i == parts - 1 ? last : p->columns;
        cycles += (double)full * step_cycles(g, p, columns, p->dw.blocks);
        cycles += p->tail_blocks ? step_cycles(g, p, columns, p->tail_blocks) : 0;
    }
    return cycles * (double)c_tiles;
}

static bool fits_registers(const TargetDef *g, const WeightsPlan *p)
{
    int64_t acc = p->dw.blocks * p->channels * p->columns;
    int64_t other = p->dw.blocks + 1 + (g->has_fma ? 0 : 1) + (p->shuffled ? 2 : 0);
    return acc + other <= (int64_t)g->vector_registers;
}

static bool may_split_blocks(const WeightsPlan *p, int64_t blocks)
{
    // a tail would reach into the next group's filters
    return blocks <= p->out_blocks && (p->dw.groups == 1 || p->out_blocks % blocks == 0);
}

// The best channels and columns of a tile beside `blocks`; its cycles of a pixel, or 1e300 if none.
static double fill_tile(const TargetDef *g, const ConvSize *z, int64_t blocks, WeightsPlan *best)
{
    double best_cycles = 1e300;
    WeightsPlan base = *best;
    int64_t lanes = base.shuffled ? base.shuffled : base.dw.in_block;
    if (base.expanded) {
        lanes /= g->vector_floats;
    }
    base.dw.blocks = blocks;
    for (int64_t c = 1; c <= lanes; c++) {
        bool may =
            base.expanded || lanes % c == 0; // the last tile of expanded ones may be narrower
        for (int64_t parts = 1; parts <= z->s && may; parts++) {
            WeightsPlan p = base;
            p.channels = c;
            p.columns = div_up(z->s, parts);
            set_sizes(&p, z, g->vector_floats);
            p.tail_blocks = p.out_blocks % blocks;
            if (!fits_registers(g, &p) || !may_split_blocks(&p, blocks)) {
                continue;
            }
            double cycles = pixel_cycles(g, &p);
            if (cycles < best_cycles * 0.999) {
                best_cycles = cycles;
                *best = p;
            }
            break; // more parts are never better
        }
    }
    return best_cycles;
}

// Bytes of one channel block of x, and of one k tile of dy, per pixel of dy.
static double x_bytes(const WeightsPlan *p)
{
    return 4.0 * (double)p->dw.in_block * (double)(p->stride[0] * p->stride[1]);
}

static double dy_bytes(const WeightsPlan *p, uint32_t width)
{
    return 4.0 * (double)p->dw.blocks * width;
}

// A chunk's x block and dy tile fit most of L1; expanded, half of L2.
static void choose_chunks(const TargetDef *g, WeightsPlan *p)
{
    int64_t pixels = p->oh * p->ow, row = p->walk == WALK_PIXELS ? p->piece : p->ow;
    double room = p->expanded ? 0.5 * (double)g->l2_bytes : 0.75 * (double)g->l1_bytes;
    double fit = room / (x_bytes(p) + dy_bytes(p, g->vector_floats));
    int64_t most = fit < CHUNK_PIXELS ? (int64_t)fit : CHUNK_PIXELS;
    p->chunk_rows = p->rows;
    p->chunk_images = pixels < most ? most / pixels : 1;
    if (pixels > most * 5 / 4) {
        int64_t chunks = div_up(p->rows, row < most ? most / row : 1);
        p->chunk_rows = div_up(p->rows, chunks);
    }
}

// Time of all tasks that each read `bytes` per pixel of dy. Memory and arithmetic overlap in part;
// fewer than WANTED_TASKS balance worse, fewer than MIN_TASKS leave some threads idle, fewer than
// LEAST_TASKS most of them.
static double tasks_ns(const PlanCtx *ctx, const ConvSize *z, double compute_ns, double bytes,
                       int64_t tasks)
{
    const TargetDef *g = ctx->target;
    double pixels = (double)(z->oh * z->ow) * ctx->plan_batch;
    double operands = 4.0 * pixels * (double)(z->c * z->stride[0] * z->stride[1] + z->k);
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
static double choose_rectangle(const PlanCtx *ctx, const ConvSize *z, double compute_ns,
                               WeightsPlan *p)
{
    const TargetDef *g = ctx->target;
    double least = 1e300, x = x_bytes(p), dy = dy_bytes(p, g->vector_floats);
    int64_t row = p->walk == WALK_PIXELS ? p->piece : p->walk == WALK_ROWS ? p->ow : 1;
    double chunk = (double)(p->chunk_images * p->chunk_rows * row);
    for (int64_t k = 1; k <= p->dw.tiles; k++) {
        for (int64_t c = 1; c <= p->dw.in_blocks; c++) {
            double bytes = x * (double)c + dy * (double)k;
            int64_t tasks = p->dw.groups * div_up(p->dw.tiles, k) * div_up(p->dw.in_blocks, c);
            if (k * c > 1 && (tasks < LEAST_TASKS || bytes * chunk > 0.5 * (double)g->l2_bytes)) {
                break;
            }
            bool several = p->dw.r > 1;
            bool may = several && tasks < MIN_TASKS, must = several && tasks < LEAST_TASKS;
            for (int64_t split = must; split <= may; split++) {
                int64_t made = split ? tasks * p->dw.r : tasks;
                double ns = tasks_ns(ctx, z, compute_ns, bytes, made);
                if (ns < least * 0.999) {
                    least = ns;
                    p->many_k = k;
                    p->many_c = c;
                    p->split_rows = split;
                }
            }
        }
    }
    return least;
}

static void choose_tasks(WeightsPlan *p, Lowering *out)
{
    int64_t tasks =
        p->dw.groups * div_up(p->dw.tiles, p->many_k) * div_up(p->dw.in_blocks, p->many_c);
    tasks *= p->split_rows ? p->dw.r : 1;
    // Only within a filter row do the channel tiles of a task lie side by side: so few tasks have
    // had their rows split.
    if (tasks < LEAST_TASKS && p->dw.extent > p->channels && !p->expanded) {
        p->split_channels = 1;
        tasks *= p->dw.extent / p->channels;
    }
    out->tasks_mul = (uint32_t)tasks;
    out->tasks_div = RN_DIV_ALL;
}

// Register tile, chunks and rectangles depend on each other: all block counts are tried. Gives the
// time of arithmetic alone.
static double choose_tiles(const PlanCtx *ctx, const ConvSize *z, WeightsPlan *p)
{
    const TargetDef *g = ctx->target;
    WeightsPlan base = *p;
    double least = 1e300, compute = 0;
    for (int64_t blocks = 1; blocks <= MAX_BLOCKS; blocks++) {
        WeightsPlan tried = base;
        double cycles = fill_tile(g, z, blocks, &tried);
        if (cycles >= 1e300) {
            continue;
        }
        double pixels = (double)(z->oh * z->ow * z->r * tried.dw.groups) * ctx->plan_batch;
        double compute_ns = pixels * cycles / g->clock_ghz;
        choose_chunks(g, &tried);
        double ns = choose_rectangle(ctx, z, compute_ns, &tried);
        if (ns < least * 0.999) {
            least = ns;
            compute = compute_ns;
            *p = tried;
        }
    }
    return compute;
}

// How blocks hold groups, how pixels are walked.
static void choose_walk(const ConvSize *z, uint32_t width, WeightsPlan *p)
{
    int64_t c = z->c / z->groups, k = z->k / z->groups;
    if (z->groups > 1 && (c % width || k % width)) {
        bool divides = c == k && width % c == 0;
        p->shuffled = divides ? c : 0;
        p->expanded = !divides;
        p->dw.in_block = divides ? width : c * width;
    }
    bool one = z->r == 1 && z->s == 1 && z->stride[0] == 1 && z->stride[1] == 1 && z->oh == z->h &&
               z->ow == z->w && z->pad[0] == 0 && z->pad[1] == 0 && !p->expanded;
    p->rows = z->oh;
    if (one && z->h == 1 && z->w == 1) {
        p->walk = WALK_IMAGES;
        p->rows = 1;
    } else if (one) {
        p->walk = WALK_PIXELS;
        p->piece = div_up(z->h * z->w, div_up(z->h * z->w, PIECE_PIXELS));
        p->rows = div_up(z->oh * z->ow, p->piece);
    }
}

static WeightsPlan start_plan(const Node *n, const ConvSize *z, uint32_t width)
{
    WeightsPlan p = {.channels = 1,
                     .columns = 1,
                     .h = z->h,
                     .w = z->w,
                     .oh = z->oh,
                     .ow = z->ow,
                     .stride = {z->stride[0], z->stride[1]},
                     .pad = {z->pad[0], z->pad[1]}};
    p.dw = (DwTiles){.blocks = 1,
                     .in_block = conv_input_block(n->inputs.at[0], width),
                     .r = z->r,
                     .s = z->s,
                     .dense = z->dense};
    choose_walk(z, width, &p);
    return p;
}

// Where rows, planes and images of x, dy and dw lie.
static void set_bytes(WeightsPlan *p, uint32_t width)
{
    bool pieces = p->walk == WALK_PIXELS, rows = p->chunk_rows < p->rows;
    p->x_pixel = p->dw.in_block * 4;
    p->x_row = (pieces ? p->piece : p->w) * p->x_pixel;
    p->x_plane = p->h * p->w * p->x_pixel;
    p->x_image = p->expanded ? p->x_plane : p->dw.groups * p->dw.in_blocks * p->x_plane;
    p->dy_pixel = (int64_t)width * 4;
    p->dy_row = (pieces ? p->piece : p->ow) * p->dy_pixel;
    p->dy_plane = p->oh * p->ow * p->dy_pixel;
    p->dy_image = p->dw.groups * p->out_blocks * p->dy_plane;
    p->cell = p->dw.blocks * p->dy_pixel;
    int64_t x_step = pieces ? p->x_row : p->stride[0] * p->x_row;
    p->x_ahead = rows ? p->chunk_rows * x_step : p->chunk_images * p->x_image;
    p->dy_ahead = rows ? p->chunk_rows * p->dy_row : p->chunk_images * p->dy_image;
}

// Scratch for a chunk's expanded x; the time to expand all of it.
static double plan_expanded(const PlanCtx *ctx, const ConvSize *z, WeightsPlan *p, Lowering *out)
{
    const TargetDef *g = ctx->target;
    int64_t rows = chunk_x_rows(p), chunks = div_up(p->rows, p->chunk_rows);
    p->lanes = group_lanes(z->groups, z->c / z->groups, z->k / z->groups, g->vector_floats);
    out->in_layout[0] = layout_blocked(g->vector_floats);
    out->scratch_bytes = (uint64_t)(p->chunk_images * rows * p->w * p->x_pixel);
    double pixels = (double)(chunks * rows * p->w) * ctx->plan_batch;
    pixels *= p->split_rows ? (double)p->dw.r : 1; // each of these tasks expands for itself
    return group_lanes_cycles(&p->lanes, pixels) / g->clock_ghz;
}

const char *weights_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const TargetDef *g = ctx->target;
    uint32_t width = g->vector_floats;
    ConvSize z = conv_size(n);
    if (z.s > CONV_MAX_TAPS) {
        return "filter wider than 64";
    }
    WeightsPlan *p = ARENA_NEW(ctx->arena, WeightsPlan);
    *p = start_plan(n, &z, width);
    double compute_ns = choose_tiles(ctx, &z, p);
    choose_tasks(p, out);
    set_bytes(p, width);
    out->in_layout[0] = layout_blocked((uint32_t)p->dw.in_block);
    out->in_layout[1] = layout_blocked(width);
    out->out_layout[0] = dw_layout(ctx->arena, &p->dw, width);
    out->parts_mul = out->parts_div = 1;
    out->flops_per_image = (uint64_t)(2 * conv_macs(&z));
    out->bytes_per_image = (uint64_t)(4 * (z.c * z.h * z.w + z.k * z.oh * z.ow));
    out->bytes_fixed = (uint64_t)(4 * z.k * (z.c / z.groups) * z.r * z.s);
    out->plan = p;
    out->plan_bytes = sizeof *p;
    if (p->expanded) {
        compute_ns += plan_expanded(ctx, &z, p, out);
    }
    out->predicted_ns = fmax(compute_ns, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}
