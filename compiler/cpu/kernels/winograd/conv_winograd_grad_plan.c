// conv_winograd_grad_plan.c: rectangles, tiles and costs of backward weights by Winograd.
// A task owns a rectangle of dU and walks the whole batch, so x is transformed once for each column
// of rectangles and dy once for each row: large rectangles save transforms, small ones leave tasks.
// Scratch and what is fetched ahead stay in L2.
// Not here: the algorithm (conv_winograd_grad.c).
#include "cpu/kernels/winograd/conv_winograd_grad_plan.h"

#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_size.h"
#include "cpu/kernels/winograd/winograd_limits.h"
#include "cpu/kernels/winograd/winograd_points.h"

#define TRANSFORM_CYCLES 3.0 // of a 1-D transform, per vector
#define STRIDED_CYCLES 6.0   // of x's at stride 2
#define FLUSH_CYCLES 2.0     // to add one accumulator to dU
#define MICRO_CYCLES 30.0    // loop set-up of one register tile
#define TASK_SHARE 0.5       // of a task that the last worker waits for
#define ROOM 0.9             // of L2 for scratch and what is fetched ahead
#define STAYS 0.35           // of L2: operands that stay there need not be fetched ahead
#define EXPOSED 0.2          // of the time to fetch ahead
#define TAPS (WINOGRAD_TAPS * WINOGRAD_TAPS)
#define CHANNELS 8 // of a register tile

static const int32_t TILE_COUNTS[] = {16, 32, 48, 64, 96, 128};

// The register tile that divides channels and output blocks, with most accumulators.
static void choose_register_tile(const TargetDef *g, int64_t out_blocks, GradPlan *p)
{
    p->dw.blocks = 1;
    p->channels = g->vector_floats < CHANNELS ? g->vector_floats : CHANNELS;
    for (int64_t b = 2; b <= 3; b++) {
        if (out_blocks % b == 0 && b * p->channels <= conv_accumulators(g, b)) {
            p->dw.blocks = b;
        }
    }
    if (p->dw.blocks == 1 && out_blocks % 2 == 0) { // few registers
        p->dw.blocks = 2;
        p->channels = 4;
    }
}

// Stretches of the `blocks` blocks that a batch of tiles reads. vector: bytes.
static GradAhead stretches(const GradPlan *p, const WinogradInput *in, int64_t blocks,
                           int64_t vector)
{
    int64_t image = p->image_tiles;
    GradAhead a = {.blocks = 1, .tiles = image, .per_image = 1};
    a.bytes = blocks * in->size[0] * in->size[1] * vector;
    if (p->tiles < image) {
        a.blocks = blocks;
        a.tiles = in->tile_columns;
        a.per_image = in->tile_rows;
        a.bytes = in->step[0] * in->size[1] * vector;
    }
    a.count = div_up(p->tiles, a.tiles);
    return a;
}

static void set_parts(GradAhead *a, int64_t tiles, int64_t share)
{
    a->parts = a->bytes > share ? a->bytes / share : 1;
    int64_t step = div_up(a->bytes / a->parts, tiles);
    a->step = step < ACCESS_CACHE_LINE ? step : ACCESS_CACHE_LINE;
    a->all_parts = a->count * a->blocks * a->parts;
}

static int64_t ahead_bytes(const GradAhead *a)
{
    return a->count * a->blocks * a->bytes;
}

// All register tiles of a batch of tiles take equal shares.
static void set_ahead(GradPlan *p, uint32_t width)
{
    p->x_ahead = stretches(p, &p->x, p->many_c, width * p->x_bytes);
    p->dy_ahead = stretches(p, &p->dy, p->dw.blocks, width * p->dy_bytes);
    int64_t bytes = ahead_bytes(&p->x_ahead) + p->many_k * ahead_bytes(&p->dy_ahead);
    int64_t share = div_up(bytes, p->micros * p->many_k);
    set_parts(&p->x_ahead, p->tiles, share);
    set_parts(&p->dy_ahead, p->tiles, share);
}

// Along dimension d.
static void set_input(GradPlan *p, const ConvSize *z, int d)
{
    int m = (int)p->tile[d], stride = (int)p->stride;
    p->points[d] = winograd_points(m, stride);
    p->products[d] = winograd_products(m, stride);
    p->x.read[d] = p->x.points[d] = p->products[d];
    p->x.step[d] = stride * m;
    p->x.pad[d] = z->pad[d];
    p->x.size[d] = d == 0 ? z->h : z->w;
    p->dy.read[d] = p->dy.step[d] = m;
    p->dy.points[d] = p->points[d];
    p->dy.size[d] = d == 0 ? z->oh : z->ow;
}

// What does not depend on rectangle and tiles.
static GradPlan start_plan(const PlanCtx *ctx, const Node *n, const ConvSize *z)
{
    const KernelDef *k = ctx->kernel;
    uint32_t width = ctx->target->vector_floats;
    int64_t out_blocks = div_up(z->k, width);
    GradPlan p = {.tile = {k->tile[0], k->tile[1]}, .stride = k->stride};
    p.x_bytes = elem_bytes(n->inputs.at[0]->layout.elem);
    p.dy_bytes = elem_bytes(n->inputs.at[1]->layout.elem);
    choose_register_tile(ctx->target, out_blocks, &p);
    p.dw = (DwTiles){.groups = 1,
                     .k = z->k,
                     .tiles = div_up(out_blocks, p.dw.blocks),
                     .blocks = p.dw.blocks,
                     .in_blocks = div_up(z->c, width),
                     .in_block = width,
                     .extent = round_up(z->c < width ? z->c : width, p.channels),
                     .r = z->r,
                     .s = z->s};
    set_input(&p, z, 0);
    set_input(&p, z, 1);
    p.product_count = p.products[0] * p.products[1];
    p.x.tile_rows = p.dy.tile_rows = div_up(z->oh, p.tile[0]);
    p.x.tile_columns = p.dy.tile_columns = div_up(z->ow, p.tile[1]);
    p.image_tiles = p.x.tile_rows * p.x.tile_columns;
    p.x.blocks = p.dw.in_blocks;
    p.dy.blocks = out_blocks;
    p.cell = p.dw.blocks * width;
    p.block = p.dw.extent * p.cell;
    return p;
}

// What follows from rectangle and tiles.
static void place_scratch(GradPlan *p, uint32_t width)
{
    p->micros = p->product_count * p->many_c * (p->dw.extent / p->channels);
    p->plane = p->many_k * p->many_c * p->block + width;
    int64_t end = winograd_input_place(&p->x, 0, p->many_c, p->tiles, width);
    p->du = winograd_input_place(&p->dy, end, p->dw.blocks, p->tiles, width);
    p->half = p->du + p->product_count * p->plane;
    p->scratch = p->half + WINOGRAD_TAPS * p->products[1] * width;
    set_ahead(p, width);
}

// Elements of a blocked operand of the batch.
static int64_t operand_elements(const PlanCtx *ctx, const WinogradInput *in)
{
    int64_t plane = in->size[0] * in->size[1] * ctx->target->vector_floats;
    return in->blocks * plane * ctx->plan_batch;
}

static double x_bytes(const PlanCtx *ctx, const GradPlan *p)
{
    return (double)(operand_elements(ctx, &p->x) * p->x_bytes);
}

static double dy_bytes(const PlanCtx *ctx, const GradPlan *p)
{
    return (double)(operand_elements(ctx, &p->dy) * p->dy_bytes);
}

// Time to read x and dy as often as they are, most of it beside the products.
static double fetch_ns(const PlanCtx *ctx, const GradPlan *p)
{
    double micros = (double)p->micros;
    double x_parts = (double)p->x_ahead.all_parts;
    double dy_parts = (double)p->dy_ahead.all_parts;
    double x_ahead = fmax(0, fmin(1, (micros - dy_parts) * (double)p->many_k / x_parts));
    double dy_ahead = fmin(1, micros / dy_parts);
    double x_shown = p->ahead ? 1 - (1 - EXPOSED) * x_ahead : 1;
    double dy_shown = p->ahead ? 1 - (1 - EXPOSED) * dy_ahead : 1;
    double x = x_bytes(ctx, p), dy = dy_bytes(ctx, p);
    double bytes = x * (double)div_up(p->dw.tiles, p->many_k) * x_shown +
                   dy * (double)div_up(p->dw.in_blocks, p->many_c) * dy_shown;
    return bytes / conv_stream_gbps(ctx->target, x + dy);
}

// One thread's time for the batch.
static double plan_ns(const PlanCtx *ctx, const GradPlan *p)
{
    const TargetDef *g = ctx->target;
    double tiles = (double)(p->image_tiles * ctx->plan_batch);
    double c = (double)p->dw.in_blocks, k = (double)p->dy.blocks, k_tiles = (double)p->dw.tiles;
    double micros = k_tiles * c * (double)(p->dw.extent / p->channels * p->product_count);
    double flush = FLUSH_CYCLES * (double)(p->channels * p->dw.blocks) + MICRO_CYCLES;
    flush /= fmin((double)p->tiles, tiles);
    double cycles = tiles * micros * (conv_step_cycles(g, p->channels, p->dw.blocks) + flush);
    double rows = (double)p->products[0], columns = (double)p->products[1];
    double x = (p->stride == 1 ? TRANSFORM_CYCLES : STRIDED_CYCLES) * rows;
    x *= (double)p->x.step[1] + columns;
    // dy's tiles do not overlap, but as many points are made
    double dy = TRANSFORM_CYCLES * (double)(p->points[0] * (p->tile[1] + p->points[1]));
    x *= c * (double)div_up(p->dw.tiles, p->many_k);
    dy *= k * (double)div_up(p->dw.in_blocks, p->many_c);
    double last = TRANSFORM_CYCLES * (rows * columns + 3 * columns + 9);
    cycles += tiles * (x + dy) + k * c * (double)p->dw.extent * last;
    return cycles / g->clock_ghz + fetch_ns(ctx, p);
}

static int64_t l2_use(const GradPlan *p)
{
    int64_t ahead = ahead_bytes(&p->x_ahead) + ahead_bytes(&p->dy_ahead);
    return elem_size(ELEM_F32, p->scratch) + (p->ahead ? ahead : 0);
}

static GradPlan choose(const PlanCtx *ctx, const GradPlan *base)
{
    const TargetDef *g = ctx->target;
    double best_score = 1e300;
    GradPlan best = *base;
    int64_t k_tiles = base->dw.tiles, c_blocks = base->dw.in_blocks;
    double operands = x_bytes(ctx, base) + dy_bytes(ctx, base);
    bool ahead = operands > STAYS * (double)g->l2_bytes;
    for (int64_t k = 1; k <= k_tiles; k += 1 + k / 3) {
        for (int64_t c = 1; c <= c_blocks; c += 1 + c / 3) {
            for (size_t i = 0; i < sizeof TILE_COUNTS / sizeof TILE_COUNTS[0]; i++) {
                GradPlan p = *base;
                p.many_k = div_up(k_tiles, div_up(k_tiles, k));
                p.many_c = div_up(c_blocks, div_up(c_blocks, c));
                p.tiles = TILE_COUNTS[i];
                p.ahead = ahead;
                place_scratch(&p, g->vector_floats);
                if (best.tiles && (double)l2_use(&p) > ROOM * (double)g->l2_bytes) {
                    break;
                }
                double tasks = (double)(div_up(k_tiles, k) * div_up(c_blocks, c));
                double score = plan_ns(ctx, &p) * (1 + TASK_SHARE / tasks);
                if (score < best_score) {
                    best_score = score;
                    best = p;
                }
            }
        }
    }
    return best;
}

const char *winograd_grad_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const char *why = winograd_why_not(ctx, n);
    if (why) {
        return why;
    }
    const TargetDef *g = ctx->target;
    uint32_t width = g->vector_floats;
    ConvSize z = conv_size(n);
    GradPlan *p = ARENA_NEW(ctx->arena, GradPlan);
    GradPlan base = start_plan(ctx, n, &z);
    *p = choose(ctx, &base);
    out->in_layout[0] = out->in_layout[1] = layout_blocked(width);
    out->out_layout[0] = dw_layout(ctx->arena, &p->dw, width);
    out->tasks_mul =
        (uint32_t)(div_up(p->dw.tiles, p->many_k) * div_up(p->dw.in_blocks, p->many_c));
    out->tasks_div = RN_DIV_ALL;
    out->parts_mul = out->parts_div = 1;
    out->scratch_bytes = (uint64_t)elem_size(ELEM_F32, p->scratch);
    out->flops_per_image = (uint64_t)(2 * conv_macs(&z));
    out->bytes_per_image =
        (uint64_t)(p->x_bytes * z.c * z.h * z.w + p->dy_bytes * z.k * z.oh * z.ow);
    out->bytes_fixed = (uint64_t)elem_size(ELEM_F32, TAPS * z.k * z.c);
    out->plan = p;
    out->plan_bytes = sizeof *p;
    out->predicted_ns = fmax(plan_ns(ctx, p), conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}
