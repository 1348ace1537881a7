// conv_winograd_grad_plan.c: rectangles, tiles and costs of backward weights by Winograd.
// A task owns a rectangle of dU and walks the whole batch, so x is transformed once for each column
// of rectangles and dy once for each row: large rectangles save transforms, small ones leave tasks.
// Scratch and what is fetched ahead stay in L2.
// Not here: the algorithm (conv_winograd_grad.c).
#include "cpu/kernels/winograd/conv_winograd_grad.h"

#include <math.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/winograd/conv_winograd.h"

#define TRANSFORM_CYCLES 3.0 // of a 1-D transform, per vector
#define STRIDED_CYCLES 6.0   // of x's at stride 2
#define FLUSH_CYCLES 2.0     // to add one accumulator to dU
#define MICRO_CYCLES 30.0    // loop set-up of one register tile
#define TASK_SHARE 0.5       // of a task that the last worker waits for
#define ROOM 0.9             // of L2 for scratch and what is fetched ahead
#define STAYS 0.35           // of L2: operands that stay there need not be fetched ahead
#define EXPOSED 0.2          // of the time to fetch ahead
#define CHANNELS 8           // of a register tile

static const int32_t TILE_COUNTS[] = {16, 32, 48, 64, 96, 128};

// A matrix of which only the size counts.
static WinogradMatrix matrix_size(int64_t rows, int64_t columns)
{
    return (WinogradMatrix){.rows = (int)rows, .columns = (int)columns};
}

// Stretches of the `blocks` blocks that a batch of tiles reads.
static GradAhead stretches(const WinogradInput *in, const GradTiles *t, int64_t blocks,
                           uint32_t width)
{
    int64_t vector = (int64_t)width * 4, image = in->tile_rows * in->tile_columns;
    GradAhead a = {.blocks = 1, .tiles = image, .per_image = 1};
    a.bytes = blocks * in->size[0] * in->size[1] * vector;
    if (t->tiles < image) {
        a.blocks = blocks;
        a.tiles = in->tile_columns;
        a.per_image = in->tile_rows;
        a.bytes = in->step[0] * in->size[1] * vector;
    }
    a.count = div_up(t->tiles, a.tiles);
    return a;
}

static void set_parts(GradAhead *a, const GradTiles *t, int64_t share)
{
    a->parts = a->bytes > share ? a->bytes / share : 1;
    int64_t step = div_up(a->bytes / a->parts, t->tiles);
    a->step = step < VB_CACHE_LINE ? step : VB_CACHE_LINE;
}

int64_t winograd_grad_parts(const GradAhead *a)
{
    return a->count * a->blocks * a->parts;
}

static int64_t ahead_bytes(const GradAhead *a)
{
    return a->count * a->blocks * a->bytes;
}

int64_t winograd_grad_micros(const GradSize *s, const GradTiles *t)
{
    return s->products * t->many_c * (s->s.extent / t->channels);
}

// All register tiles of a batch of tiles take equal shares.
static void set_ahead(GradSize *s, const GradTiles *t, uint32_t width)
{
    s->x_ahead = stretches(&s->x, t, t->many_c, width);
    s->dy_ahead = stretches(&s->dy, t, t->blocks, width);
    int64_t bytes = ahead_bytes(&s->x_ahead) + t->many_k * ahead_bytes(&s->dy_ahead);
    int64_t share = div_up(bytes, winograd_grad_micros(s, t) * t->many_k);
    set_parts(&s->x_ahead, t, share);
    set_parts(&s->dy_ahead, t, share);
}

GradSize winograd_grad_size(const Node *n, const GradTiles *t, uint32_t width)
{
    GradSize g = {.row_points = winograd_points(t->rows, t->stride),
                  .column_points = winograd_points(t->columns, t->stride),
                  .row_products = winograd_products(t->rows, t->stride),
                  .column_products = winograd_products(t->columns, t->stride)};
    g.products = g.row_products * g.column_products;
    g.direct = (WeightsTiles){
        .blocks = t->blocks, .channels = t->channels, .columns = 1, .in_block = (int32_t)width};
    g.s = weights_size(n, &g.direct, width);
    const ConvSize *z = &g.s.z;
    int64_t rows = div_up(z->oh, t->rows), columns = div_up(z->ow, t->columns);
    g.image_tiles = rows * columns;
    WinogradInput in = {.tile_rows = rows, .tile_columns = columns};
    g.x = g.dy = in;
    g.x.row = matrix_size(g.row_products, g.row_products);
    g.x.column = matrix_size(g.column_products, g.column_products);
    g.dy.row = matrix_size(g.row_points, t->rows);
    g.dy.column = matrix_size(g.column_points, t->columns);
    g.dy.step[0] = t->rows;
    g.dy.step[1] = t->columns;
    g.x.step[0] = t->stride * t->rows;
    g.x.step[1] = t->stride * t->columns;
    g.x.pad[0] = z->pad[0];
    g.x.pad[1] = z->pad[1];
    g.x.size[0] = z->h;
    g.x.size[1] = z->w;
    g.x.blocks = g.s.in_blocks;
    g.dy.size[0] = z->oh;
    g.dy.size[1] = z->ow;
    g.dy.blocks = g.s.out_blocks;
    g.cell = (int64_t)t->blocks * width * 4;
    g.tile = g.s.extent * g.cell;
    g.plane = t->many_k * t->many_c * g.tile + width * 4;
    int64_t end = winograd_input_place(&g.x, 0, t->many_c, t->tiles, width);
    g.du = winograd_input_place(&g.dy, end, t->blocks, t->tiles, width);
    g.half = g.du + g.products * g.plane;
    g.scratch = g.half + WINOGRAD_TAPS * g.column_products * width * 4;
    set_ahead(&g, t, width);
    return g;
}

// Bytes of a blocked operand of the batch.
static double operand_bytes(const PlanCtx *ctx, const WinogradInput *in)
{
    double floats = (double)(in->blocks * in->size[0] * in->size[1] * ctx->target->vector_floats);
    return 4 * floats * ctx->plan_batch;
}

// Time to read x and dy as often as they are, most of it beside the products.
static double fetch_ns(const PlanCtx *ctx, const GradSize *s, const GradTiles *t)
{
    double micros = (double)winograd_grad_micros(s, t);
    double x_parts = (double)winograd_grad_parts(&s->x_ahead);
    double dy_parts = (double)winograd_grad_parts(&s->dy_ahead);
    double x_ahead = fmax(0, fmin(1, (micros - dy_parts) * t->many_k / x_parts));
    double dy_ahead = fmin(1, micros / dy_parts);
    double x_shown = t->ahead ? 1 - (1 - EXPOSED) * x_ahead : 1;
    double dy_shown = t->ahead ? 1 - (1 - EXPOSED) * dy_ahead : 1;
    double x = operand_bytes(ctx, &s->x), dy = operand_bytes(ctx, &s->dy);
    double bytes = x * (double)div_up(s->s.tiles, t->many_k) * x_shown +
                   dy * (double)div_up(s->s.in_blocks, t->many_c) * dy_shown;
    return bytes / conv_stream_gbps(ctx->target, x + dy);
}

// One thread's time for the batch.
static double plan_ns(const PlanCtx *ctx, const GradSize *s, const GradTiles *t)
{
    const TargetDef *g = ctx->target;
    double tiles = (double)(s->image_tiles * ctx->plan_batch);
    double c = (double)s->s.in_blocks, k = (double)s->s.out_blocks, k_tiles = (double)s->s.tiles;
    double micros = k_tiles * c * (double)(s->s.extent / t->channels * s->products);
    double flush = FLUSH_CYCLES * t->channels * t->blocks + MICRO_CYCLES;
    flush /= fmin(t->tiles, tiles);
    double cycles = tiles * micros * (conv_step_cycles(g, t->channels, t->blocks) + flush);
    double rows = (double)s->row_products, columns = (double)s->column_products;
    double x = (t->stride == 1 ? TRANSFORM_CYCLES : STRIDED_CYCLES) * rows;
    x *= (double)s->x.step[1] + columns;
    // dy's tiles do not overlap, but as many points are made
    double dy = TRANSFORM_CYCLES * (double)(s->row_points * (t->columns + s->column_points));
    x *= c * (double)div_up(s->s.tiles, t->many_k);
    dy *= k * (double)div_up(s->s.in_blocks, t->many_c);
    double last = TRANSFORM_CYCLES * (rows * columns + 3 * columns + 9);
    cycles += tiles * (x + dy) + k * c * (double)s->s.extent * last;
    return cycles / g->clock_ghz + fetch_ns(ctx, s, t);
}

static int64_t l2_use(const GradSize *s, const GradTiles *t)
{
    int64_t ahead = ahead_bytes(&s->x_ahead) + ahead_bytes(&s->dy_ahead);
    return s->scratch + (t->ahead ? ahead : 0);
}

static void choose(const PlanCtx *ctx, const Node *n, GradTiles base, GradTiles *best)
{
    const TargetDef *g = ctx->target;
    double best_score = 1e300;
    base.many_k = base.many_c = base.tiles = 1;
    GradSize s = winograd_grad_size(n, &base, g->vector_floats);
    double operands = operand_bytes(ctx, &s.x) + operand_bytes(ctx, &s.dy);
    base.ahead = operands > STAYS * (double)g->l2_bytes;
    for (int32_t k = 1; k <= s.s.tiles; k += 1 + k / 3) {
        for (int32_t c = 1; c <= s.s.in_blocks; c += 1 + c / 3) {
            for (size_t i = 0; i < sizeof TILE_COUNTS / sizeof TILE_COUNTS[0]; i++) {
                GradTiles t = base;
                t.many_k = (int32_t)div_up(s.s.tiles, div_up(s.s.tiles, k));
                t.many_c = (int32_t)div_up(s.s.in_blocks, div_up(s.s.in_blocks, c));
                t.tiles = TILE_COUNTS[i];
                GradSize own = winograd_grad_size(n, &t, g->vector_floats);
                if (best->tiles && (double)l2_use(&own, &t) > ROOM * (double)g->l2_bytes) {
                    break;
                }
                double tasks = (double)(div_up(s.s.tiles, k) * div_up(s.s.in_blocks, c));
                double score = plan_ns(ctx, &own, &t) * (1 + TASK_SHARE / tasks);
                if (score < best_score) {
                    best_score = score;
                    *best = t;
                }
            }
        }
    }
}

// The register tile that divides channels and output blocks, with most accumulators.
static void choose_register_tile(const TargetDef *g, const Node *n, GradTiles *t)
{
    int64_t out_blocks = div_up(conv_size(n).k, g->vector_floats);
    t->blocks = 1;
    t->channels = g->vector_floats < CHANNELS ? (int32_t)g->vector_floats : CHANNELS;
    for (int32_t b = 2; b <= 3; b++) {
        if (out_blocks % b == 0 && b * t->channels <= conv_accumulators(g, b)) {
            t->blocks = b;
        }
    }
    if (t->blocks == 1 && out_blocks % 2 == 0) { // few registers
        t->blocks = 2;
        t->channels = 4;
    }
}

const char *winograd_grad_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const char *why = winograd_why_not(ctx, n);
    if (why) {
        return why;
    }
    const TargetDef *g = ctx->target;
    uint32_t width = g->vector_floats;
    GradTiles base = {.rows = ctx->kernel->tile[0],
                      .columns = ctx->kernel->tile[1],
                      .stride = ctx->kernel->stride};
    GradTiles *t = ARENA_NEW(ctx->arena, GradTiles);
    choose_register_tile(g, n, &base);
    choose(ctx, n, base, t);
    GradSize s = winograd_grad_size(n, t, width);
    const ConvSize *z = &s.s.z;
    const Packing *packing = weights_packing(ctx->arena, &s.s, &s.direct, width);
    out->in_layout[0] = out->in_layout[1] = layout_blocked(width);
    out->out_layout[0] = (Layout){.kind = LAYOUT_PACKED, .packing = packing};
    out->tasks_mul = (uint32_t)(div_up(s.s.tiles, t->many_k) * div_up(s.s.in_blocks, t->many_c));
    out->tasks_div = RN_DIV_ALL;
    out->parts_mul = out->parts_div = 1;
    out->scratch_bytes = (uint64_t)s.scratch;
    out->flops_per_image = (uint64_t)(2 * conv_macs(z));
    out->bytes_per_image = (uint64_t)(4 * (z->c * z->h * z->w + z->k * z->oh * z->ow));
    out->bytes_fixed = (uint64_t)(36 * z->k * z->c);
    out->plan = t;
    out->plan_bytes = sizeof *t;
    double ns = plan_ns(ctx, &s, t);
    out->predicted_ns = fmax(ns, conv_memory_ns(g, out, ctx->plan_batch));
    return NULL;
}
