// conv_winograd.c: 3x3 convolution by Winograd's minimal filtering, of stride 1 or 2: forward and
// backward data.
//
// Tiles of rows x columns outputs are made from (rows+2) x (columns+2) inputs (Lavin and Gray 2016;
// F(m,3) nested in two dimensions, winograd_math.c):
//   U[p]    = G w G^T                              once per weight (winograd_weights.c)
//   V[p]    = B^T d B                              per tile and input channel
//   M[p][k] = sum over c of U[p][k][c] V[p][c]     per tile
//   y       = A^T M A
// so that a tile of m x m outputs costs (m+2)^2 instead of 9 m^2 multiply-adds for a pair of
// channels. At stride 2 there are (2m+1)^2 products, of which up to four have the same point
// (winograd_strided.c). Forward M[p][k] sums these too, so a point reduces over so many planes of
// V. Backward data makes 2m x 2m pixels of as many M, and these products share V[p].
//
// A task makes a block of tiles (flattened over images, tile rows, tile columns) for a part of the
// output channels, all in scratch:
//   the input transform of all channels into V
//   for each group of output channels
//       for each point p: register tiles of output-channel blocks x tiles into M
//       the output transform with the fused epilogue
// Transforms are vertical code over vectors of channels, without shuffles.
//
// The last register tile of a block moves back to end with the block, and repeats some products.
// Not here: choice of tiles (conv_winograd_plan.c), the input transform (winograd_input.c).
#include "cpu/kernels/winograd/conv_winograd.h"

#include <string.h>

#include "cpu/kernels/winograd/conv_winograd_plan.h"
#include "cpu/kernels/winograd/winograd_math.h"

#define MAX_ACC 32

typedef struct Wino {
    Emit *e;
    Vb *b;
    const WinogradPlan *p;
    WinogradTransform input;
    WinogradMatrix row, column; // A^T
    Access x, u, scratch;
    int64_t vector; // of V and M, bytes
    // of the task
    WinogradRange range;
    Val part, k_lo, k_hi; // partial sums; tiles of output channels
    Val coming;           // the first stretch of the next task's input; NULL: not fetched
    int64_t blocks;       // of the tile of output channels being emitted
} Wino;

// Bytes of so many elements of V and M.
static int64_t scratch_bytes(const Wino *w, int64_t elements)
{
    return access_bytes(w->scratch, elements);
}

static Val scratch_at(Wino *w, int64_t offset)
{
    return winograd_scratch(w->e, offset).at;
}

static Val load_scratch(Wino *w, Val at)
{
    return access_load(w->b, access_as(w->scratch, at));
}

static void store_scratch(Wino *w, Val x, Val at)
{
    access_store(w->b, x, access_as(w->scratch, at));
}

// The products of one sum.
typedef struct Point {
    Val before;        // products before them in U
    Val plane;         // the first one's plane of V
    Val rows, columns; // how many; NULL where nothing is summed: one
} Point;

// Sum `index`. Even rows of products stand in V before odd ones, and so do columns; infinity has
// even ones only.
static Point point_at(Wino *w, Val index)
{
    Vb *b = w->b;
    const WinogradPlan *p = w->p;
    if (p->stride == 1) {
        return (Point){.before = index, .plane = index};
    }
    const int64_t *points = p->input.points;
    Val row = vb_divi(b, index, p->sums[1]), column = vb_remi(b, index, p->sums[1]);
    if (!winograd_has_sums(p)) {
        Val plane = vb_muli(b, vb_remi(b, row, points[0]), points[1]);
        plane = vb_add(b, plane, vb_remi(b, column, points[1]));
        return (Point){.before = index, .plane = plane};
    }
    Val last_row = vb_icmp(b, LLVMIntEQ, row, vb_int(b, p->sums[0] - 1));
    Val last_column = vb_icmp(b, LLVMIntEQ, column, vb_int(b, p->sums[1] - 1));
    Point at = {.plane = vb_add(b, vb_muli(b, row, points[1]), column)};
    at.rows = vb_select(b, last_row, vb_int(b, 1), vb_int(b, 2));
    at.columns = vb_select(b, last_column, vb_int(b, 1), vb_int(b, 2));
    at.before =
        vb_add(b, vb_muli(b, row, 2 * points[1]), vb_mul(b, at.rows, vb_muli(b, column, 2)));
    return at;
}

static Val product_count(Wino *w, const Point *p)
{
    return p->rows ? vb_mul(w->b, p->rows, p->columns) : vb_int(w->b, 1);
}

static Val slice_at(Wino *w, Val k, const Point *p)
{
    Vb *b = w->b;
    Val slice = vb_add(b, vb_muli(b, k, w->p->products), p->before);
    return access_index(b, w->u, slice, w->p->slice).at;
}

// What a register tile reads: its tiles in the planes of a point and weights; weights and input
// that come next, both any pointer where nothing is fetched.
typedef struct Micro {
    const Point *point;
    Val v, u, ahead, coming;
} Micro;

#define MICRO_POINTERS 4

static void fetch_lines(Wino *w, Val *from, int64_t bytes)
{
    for (int64_t line = 0; line < bytes; line += ACCESS_CACHE_LINE) {
        access_prefetch(w->b, vb_ati(w->b, *from, line));
    }
    *from = vb_ati(w->b, *from, bytes);
}

// One block of channels: `x` are the accumulators, then the pointers; v is left where it stood.
static void reduce_block(Wino *w, Val *x, Val channels)
{
    Vb *b = w->b;
    const WinogradPlan *p = w->p;
    int64_t made = w->blocks, u_vector = access_bytes(w->u, b->width);
    uint32_t acc = (uint32_t)(p->micro * made), count = acc + MICRO_POINTERS;
    Val weight[MAX_ACC], start = x[acc];
    VbLoop loop = vb_loop(b, vb_int(b, 0), channels, 1, x, count);
    memcpy(x, loop.carried, count * sizeof(Val));
    for (int64_t o = 0; o < made; o++) {
        Access at = access_as(w->u, x[acc + 1]);
        weight[o] = access_load(b, access_ati(b, at, o * u_vector));
    }
    for (int64_t i = 0; i < p->micro; i++) {
        Access at = access_as(w->scratch, x[acc]);
        Val point = access_broadcast(b, access_ati(b, at, i * w->vector));
        for (int64_t o = 0; o < made; o++) {
            x[i * made + o] = emit_dot(b, x[i * made + o], weight[o], point);
        }
    }
    fetch_lines(w, &x[acc + 2], p->ahead_step);
    fetch_lines(w, &x[acc + 3], p->fetch.step);
    x[acc] = vb_ati(b, x[acc], scratch_bytes(w, 1));
    x[acc + 1] = vb_ati(b, x[acc + 1], p->blocks * u_vector);
    vb_loop_end(b, &loop, x);
    x[acc] = vb_ati(b, start, scratch_bytes(w, p->input.block_step));
}

// Channel blocks [lo, hi) into accumulators x that begin at zero; at: pointers, which move on.
static void reduce_blocks(Wino *w, Val lo, Val hi, Val *at, Val *x)
{
    Vb *b = w->b;
    uint32_t acc = (uint32_t)(w->p->micro * w->blocks), count = acc + MICRO_POINTERS;
    int64_t step = w->p->block_channels, tail = w->p->in_channels % step;
    for (uint32_t i = 0; i < acc; i++) {
        x[i] = vb_zero(b);
    }
    memcpy(&x[acc], at, MICRO_POINTERS * sizeof(Val));
    VbLoop loop = vb_loop(b, lo, hi, 1, x, count);
    memcpy(x, loop.carried, count * sizeof(Val));
    Val channels = vb_int(b, step);
    if (tail) {
        Val last = vb_icmp(b, LLVMIntEQ, loop.index, vb_int(b, w->p->in_blocks - 1));
        channels = vb_select(b, last, vb_int(b, tail), channels);
    }
    reduce_block(w, x, channels);
    vb_loop_end(b, &loop, x);
    memcpy(at, &x[acc], MICRO_POINTERS * sizeof(Val));
}

// Whether M is a sum of sums (why: conv_direct.c).
static bool has_parts(const Wino *w)
{
    return winograd_has_sums(w->p) || w->p->chain_blocks < w->p->in_blocks;
}

// The products of the plane at at[0] to M, in parts of about SUM_TERMS channels.
static void reduce_plane(Wino *w, Val *at, Val m)
{
    Vb *b = w->b;
    Val x[MAX_ACC + MICRO_POINTERS], blocks = vb_int(b, w->p->in_blocks);
    int64_t chunk = w->p->chain_blocks, m_block = scratch_bytes(w, w->p->m_block);
    VbLoop loop = vb_loop(b, vb_int(b, 0), blocks, chunk, at, MICRO_POINTERS);
    memcpy(at, loop.carried, MICRO_POINTERS * sizeof(Val));
    reduce_blocks(w, loop.index, vb_min(b, vb_addi(b, loop.index, chunk), blocks), at, x);
    for (int64_t o = 0; o < w->blocks; o++) {
        for (int64_t i = 0; i < w->p->micro; i++) {
            Val place = vb_ati(b, m, o * m_block + i * w->vector), sum = x[i * w->blocks + o];
            sum = has_parts(w) ? vb_fadd(b, load_scratch(w, place), sum) : sum;
            store_scratch(w, sum, place);
        }
    }
    vb_loop_end(b, &loop, at);
}

static void clear_m(Wino *w, Val m)
{
    Vb *b = w->b;
    VbLoop tiles = vb_loop(b, vb_int(b, 0), vb_int(b, w->p->micro), 1, &m, 1);
    for (int64_t o = 0; o < w->blocks; o++) {
        Val at = vb_ati(b, tiles.carried[0], o * scratch_bytes(w, w->p->m_block));
        store_scratch(w, vb_zero(b), at);
    }
    m = vb_ati(b, tiles.carried[0], w->vector);
    vb_loop_end(b, &tiles, &m);
}

// M of one register tile, from all planes of its point.
static void emit_micro(Wino *w, const Micro *from, Val m)
{
    Vb *b = w->b;
    Val at[MICRO_POINTERS] = {from->v, from->u, from->ahead, from->coming}, zero = vb_int(b, 0);
    if (has_parts(w)) {
        clear_m(w, m);
    }
    if (!winograd_has_sums(w->p)) {
        reduce_plane(w, at, m);
        return;
    }
    int64_t plane = scratch_bytes(w, w->p->input.plane_step);
    VbLoop rows = vb_loop(b, zero, from->point->rows, 1, at, MICRO_POINTERS);
    memcpy(at, rows.carried, sizeof at);
    Val row = vb_muli(b, rows.index, w->p->sums[0] * w->p->input.points[1] * plane);
    VbLoop columns = vb_loop(b, zero, from->point->columns, 1, at, MICRO_POINTERS);
    Val column = vb_muli(b, columns.index, w->p->sums[1] * plane);
    at[0] = vb_at(b, from->v, vb_add(b, row, column));
    at[1] = columns.carried[1];
    at[2] = columns.carried[2];
    at[3] = columns.carried[3];
    reduce_plane(w, at, m);
    vb_loop_end(b, &columns, at);
    vb_loop_end(b, &rows, at);
}

// The slices of U that are used after those of k and the point.
static Val next_slice(Wino *w, Val k, Val index, const Point *point, Val k_lo, Val k_hi)
{
    Vb *b = w->b;
    Val next_k = vb_addi(b, k, 1), next = vb_addi(b, index, 1);
    Point other = point_at(w, next), first = {.before = vb_int(b, 0)};
    Val is_last = vb_icmp(b, LLVMIntEQ, next, vb_int(b, w->p->sum_count));
    Val slice = vb_select(b, is_last, slice_at(w, k_hi, &first), slice_at(w, k_lo, &other));
    Val more = vb_icmp(b, LLVMIntSLT, next_k, k_hi);
    return vb_select(b, more, slice_at(w, next_k, point), slice);
}

// Where a stretch of the next task's input begins, of channel block 0.
static Val find_coming(Wino *w)
{
    Vb *b = w->b;
    const WinogradInput *in = &w->p->input;
    int64_t row = access_bytes(w->x, in->size[1] * b->width),
            image = in->blocks * in->size[0] * row;
    Val from = vb_at(b, w->x.at, vb_muli(b, w->range.image, image));
    if (w->p->chunks == 1) {
        return vb_ati(b, from, w->p->image_div * image);
    }
    Val next = vb_divi(b, vb_addi(b, w->range.first, w->p->tiles), in->tile_columns);
    from = vb_at(b, from, vb_muli(b, vb_divi(b, next, in->tile_rows), image));
    // The first row that no tile row above reads.
    int64_t above = in->read[0] - in->step[0] - in->pad[0];
    Val y = vb_muli(b, vb_remi(b, next, in->tile_rows), in->step[0]);
    return vb_at(b, from, vb_muli(b, vb_addi(b, y, above), row));
}

// Which part of it the register tile at the `nth` product of the task fetches.
static Val coming_at(Wino *w, Val nth)
{
    Vb *b = w->b;
    const WinogradInput *in = &w->p->input;
    Val unit = vb_divi(b, nth, w->p->fetch.parts), part = vb_remi(b, nth, w->p->fetch.parts);
    Val at = vb_muli(b, unit, access_bytes(w->x, in->size[0] * in->size[1] * b->width));
    return vb_at(b, w->coming, vb_add(b, at, vb_muli(b, part, w->p->fetch.part_bytes)));
}

// The passes over a slice of U for all tiles of pixels; each fetches a part of the next slice.
// nth: the first one's product, counted over all passes of the task.
static void emit_micros(Wino *w, const Micro *tile, Val nth, Val m)
{
    Vb *b = w->b;
    const WinogradPlan *p = w->p;
    VbLoop slots = vb_loop(b, vb_int(b, 0), w->range.count, p->micro, NULL, 0);
    Val last = vb_max(b, vb_addi(b, w->range.count, -p->micro), vb_int(b, 0));
    Val offset = vb_muli(b, vb_min(b, slots.index, last), w->vector);
    int64_t share = p->in_channels * p->ahead_step;
    Val ahead = vb_muli(b, vb_divi(b, slots.index, p->micro), share);
    ahead = vb_mul(b, ahead, product_count(w, tile->point));
    Micro at = {tile->point, vb_at(b, tile->v, offset), tile->u, vb_at(b, tile->ahead, ahead),
                tile->u};
    if (w->coming) {
        Val pass = vb_mul(b, vb_divi(b, slots.index, p->micro), product_count(w, tile->point));
        at.coming = coming_at(w, vb_add(b, nth, pass));
    }
    emit_micro(w, &at, vb_at(b, m, offset));
    vb_loop_end(b, &slots, NULL);
}

// Products of output-channel tiles [k_lo, k_hi) at all points. The last of all may be narrower.
static void multiply(Wino *w, Val k_lo, Val k_hi)
{
    Vb *b = w->b;
    const WinogradPlan *p = w->p;
    int64_t full = p->out_blocks / p->blocks, tail = p->out_blocks % p->blocks;
    VbLoop points = vb_loop(b, vb_int(b, 0), vb_int(b, p->sum_count), 1, NULL, 0);
    Point point = point_at(w, points.index);
    VbLoop ks = vb_loop(b, k_lo, k_hi, 1, NULL, 0);
    Micro tile = {.point = &point, .u = slice_at(w, ks.index, &point)};
    tile.ahead = next_slice(w, ks.index, points.index, &point, k_lo, k_hi);
    tile.v = vb_at(b, scratch_at(w, p->input.result),
                   vb_muli(b, point.plane, scratch_bytes(w, p->input.plane_step)));
    Val own = vb_muli(b, vb_sub(b, ks.index, k_lo), scratch_bytes(w, p->blocks * p->m_block));
    Val m = vb_at(b, scratch_at(w, p->m),
                  vb_add(b, vb_muli(b, points.index, scratch_bytes(w, p->m_plane)), own));
    // Passes are counted group by group, in a group sum by sum, then tile by tile.
    Val nth = vb_muli(b, vb_sub(b, k_lo, w->k_lo), p->products);
    nth = vb_add(b, nth, vb_mul(b, point.before, vb_sub(b, k_hi, k_lo)));
    nth = vb_add(b, nth, vb_mul(b, vb_sub(b, ks.index, k_lo), product_count(w, &point)));
    nth = vb_muli(b, nth, p->slots / p->micro);
    w->blocks = p->blocks;
    if (!tail) {
        emit_micros(w, &tile, nth, m);
    } else {
        Val is_full = vb_icmp(b, LLVMIntSLT, ks.index, vb_int(b, full));
        VbIf whole = vb_if(b, is_full);
        emit_micros(w, &tile, nth, m);
        vb_if_end(b, &whole);
        VbIf rest = vb_if(b, LLVMBuildNot(b->builder, is_full, ""));
        w->blocks = tail;
        emit_micros(w, &tile, nth, m);
        vb_if_end(b, &rest);
    }
    vb_loop_end(b, &ks, NULL);
    vb_loop_end(b, &points, NULL);
}

// Where an output tile stands.
typedef struct OutTile {
    Val image, block, y, x; // y, x: of its first pixel
    Val m;                  // its first product
    Val bias;               // NULL: none
} OutTile;

// A^T over the rows of M into scratch: half[row][point column].
static void emit_half(Wino *w, const OutTile *o)
{
    Vb *b = w->b;
    int64_t points = w->p->sums[0];
    Val d[WINOGRAD_MAX_POINTS], out[WINOGRAD_MAX_POINTS];
    int64_t plane = scratch_bytes(w, w->p->m_plane), below = w->p->sums[1] * plane;
    Val carried[2] = {o->m, scratch_at(w, w->p->half)};
    VbLoop loop = vb_loop(b, vb_int(b, 0), vb_int(b, w->p->sums[1]), 1, carried, 2);
    for (int64_t i = 0; i < points; i++) {
        d[i] = load_scratch(w, vb_ati(b, loop.carried[0], i * below));
    }
    winograd_emit(b, &w->row, d, out);
    for (int64_t i = 0; i < w->p->made[0]; i++) {
        store_scratch(w, out[i], vb_ati(b, loop.carried[1], i * w->p->sums[1] * w->vector));
    }
    carried[0] = vb_ati(b, loop.carried[0], plane);
    carried[1] = vb_ati(b, loop.carried[1], w->vector);
    vb_loop_end(b, &loop, carried);
}

// The first block of tile k of output channels; of the one behind the last: how many there are.
static Val first_block(Wino *w, Val k)
{
    return vb_min(w->b, vb_muli(w->b, k, w->p->blocks), vb_int(w->b, w->p->out_blocks));
}

static void clear_sums(Wino *w)
{
    Vb *b = w->b;
    if (w->e->node->side_count == 0) {
        return;
    }
    VbLoop blocks = vb_loop(b, first_block(w, w->k_lo), first_block(w, w->k_hi), 1, NULL, 0);
    SumPlace at = {w->part, blocks.index};
    emit_clear_sums(w->e, &at);
    vb_loop_end(b, &blocks, NULL);
}

static Val store_pixel(Wino *w, Val y, const ExprPlace *at)
{
    Val stored = emit_store_expr(w->e, y, at);
    emit_store_output(w->e, stored, at);
    return stored;
}

// A^T over the columns of the half-transformed tile, row by row, and the epilogue of `columns`
// pixels.
static void emit_rows(Wino *w, const OutTile *o, int64_t columns)
{
    Vb *b = w->b;
    const WinogradPlan *p = w->p;
    int64_t points = p->sums[1];
    Val d[WINOGRAD_MAX_POINTS], out[WINOGRAD_MAX_POINTS];
    SumPlace partial = {w->part, o->block};
    Val sum[EMIT_MAX_SUMS];
    uint32_t sums = emit_sum_count(w->e->node);
    int64_t vector = access_bytes(emit_output(w->e, 0), b->width);
    emit_open_sums(w->e, &partial, sum);
    for (uint32_t i = 0; i < sums; i++) {
        sum[i] = sum[i] ? sum[i] : vb_zero(b);
    }
    Val rows = vb_min(b, vb_int(b, p->made[0]), vb_sub(b, vb_int(b, p->out_h), o->y));
    VbLoop loop = vb_loop(b, vb_int(b, 0), rows, 1, sum, sums);
    for (uint32_t i = 0; i < sums; i++) {
        sum[i] = loop.carried[i];
    }
    Val row_sum[EMIT_MAX_SUMS];
    emit_split_sums(w->e, sum, row_sum);
    Val half = vb_at(b, scratch_at(w, p->half), vb_muli(b, loop.index, p->sums[1] * w->vector));
    for (int64_t i = 0; i < points; i++) {
        d[i] = load_scratch(w, vb_ati(b, half, i * w->vector));
    }
    winograd_emit(b, &w->column, d, out);
    Val row = vb_add(b, vb_muli(b, o->image, p->out_blocks), o->block);
    row = vb_add(b, vb_muli(b, row, p->out_h), vb_add(b, o->y, loop.index));
    Val pixel = vb_add(b, vb_muli(b, row, p->out_w), o->x);
    ExprPlace at = {.image = o->image, .block = o->block, .offset = vb_muli(b, pixel, vector)};
    for (int64_t c = 0; c < columns; c++) {
        at.offset_const = c * vector;
        Val stored = store_pixel(w, o->bias ? vb_fadd(b, out[c], o->bias) : out[c], &at);
        if (c == 0) {
            emit_count_sums(w->e, stored, columns, row_sum);
        }
        emit_add_sums(w->e, stored, &at, row_sum);
    }
    emit_join_sums(w->e, row_sum, sum);
    vb_loop_end(b, &loop, sum);
    emit_flush_sums(w->e, &partial, sum);
}

// The last tile of a row may be narrower.
static void emit_out_tile(Wino *w, const OutTile *o, Val column)
{
    Vb *b = w->b;
    int64_t across = w->p->input.tile_columns;
    int64_t rest = w->p->out_w - (across - 1) * w->p->made[1];
    emit_half(w, o);
    if (rest == w->p->made[1]) {
        emit_rows(w, o, rest);
        return;
    }
    Val is_last = vb_icmp(b, LLVMIntEQ, column, vb_int(b, across - 1));
    if (across > 1) {
        VbIf whole = vb_if(b, LLVMBuildNot(b->builder, is_last, ""));
        emit_rows(w, o, w->p->made[1]);
        vb_if_end(b, &whole);
    }
    VbIf last = vb_if(b, is_last);
    emit_rows(w, o, rest);
    vb_if_end(b, &last);
}

// Outputs of the channel tiles [k_lo, k_hi) from M.
static void transform_output(Wino *w, Val k_lo, Val k_hi)
{
    Vb *b = w->b;
    Val first = first_block(w, k_lo);
    VbLoop blocks = vb_loop(b, first, first_block(w, k_hi), 1, NULL, 0);
    OutTile o = {.block = blocks.index};
    Val own = vb_muli(b, vb_sub(b, o.block, first), scratch_bytes(w, w->p->m_block));
    Val m = vb_at(b, scratch_at(w, w->p->m), own);
    if (w->p->bias) {
        o.bias = access_load(b, access_index(b, emit_input(w->e, 2), o.block, b->width));
    }
    WinogradRow r =
        winograd_rows_begin(b, &w->range, w->p->input.tile_rows, w->p->input.tile_columns);
    o.image = r.image;
    o.y = vb_muli(b, r.y, w->p->made[0]);
    ExprPlace at = {.image = o.image, .block = o.block};
    emit_hold(w->e, &at);
    VbLoop tiles = vb_loop(b, r.lo, r.hi, 1, NULL, 0);
    o.x = vb_muli(b, tiles.index, w->p->made[1]);
    o.m = vb_at(b, m, vb_muli(b, vb_add(b, r.slot, tiles.index), w->vector));
    emit_out_tile(w, &o, tiles.index);
    vb_loop_end(b, &tiles, NULL);
    emit_release(w->e);
    winograd_rows_end(b, &r);
    vb_loop_end(b, &blocks, NULL);
}

static void emit_tiles(Wino *w)
{
    Vb *b = w->b;
    int64_t group = w->p->group_blocks / w->p->blocks;
    w->coming = w->p->fetch.parts ? find_coming(w) : NULL;
    winograd_input_clear(w->e, &w->p->input);
    winograd_input_emit(w->e, &w->input, w->x, &w->range, vb_int(b, 0), vb_int(b, w->p->in_blocks));
    VbLoop groups = vb_loop(b, w->k_lo, w->k_hi, group, NULL, 0);
    Val hi = vb_min(b, vb_addi(b, groups.index, group), w->k_hi);
    multiply(w, groups.index, hi);
    transform_output(w, groups.index, hi);
    vb_loop_end(b, &groups, NULL);
}

// Tasks are (block of images, part of the output channels, chunk of tiles).
static void emit_task(Wino *w, Val task)
{
    Vb *b = w->b;
    const WinogradPlan *p = w->p;
    int64_t mul = p->chunks * p->parts, k_tiles = p->out_tiles;
    Val images = vb_divi(b, task, mul), rest = vb_remi(b, task, mul);
    Val chunk = vb_remi(b, rest, p->chunks), part = vb_divi(b, rest, p->chunks);
    w->part = vb_add(b, vb_muli(b, images, p->chunks), chunk);
    w->k_lo = vb_divi(b, vb_muli(b, part, k_tiles), p->parts);
    w->k_hi = vb_divi(b, vb_muli(b, vb_addi(b, part, 1), k_tiles), p->parts);
    w->range.image = vb_muli(b, images, p->image_div);
    Val here = vb_min(b, vb_int(b, p->image_div), vb_sub(b, w->e->batch, w->range.image));
    Val all = vb_muli(b, here, p->input.tile_rows * p->input.tile_columns);
    w->range.first = vb_muli(b, chunk, p->tiles);
    w->range.count = vb_min(b, vb_int(b, p->tiles), vb_sub(b, all, w->range.first));
    clear_sums(w);
    VbIf some = vb_if(b, vb_icmp(b, LLVMIntSGT, w->range.count, vb_int(b, 0)));
    emit_tiles(w);
    vb_if_end(b, &some);
}

// Of dimension d.
static Winograd matrices(const WinogradPlan *p, int d)
{
    int m = (int)p->tile[d], stride = (int)p->stride;
    return p->backward ? winograd_make_backward(m, stride, p->mirrored[d])
                       : winograd_make(m, stride);
}

void winograd_emit_kernel(Emit *e)
{
    const WinogradPlan *p = e->lowering->plan;
    Vb *b = e->vb;
    Winograd row = matrices(p, 0), column = matrices(p, 1);
    Wino w = {.e = e, .b = b, .p = p, .row = row.at, .column = column.at};
    w.input = (WinogradTransform){.in = &p->input, .row = row.bt, .column = column.bt};
    w.x = emit_input(e, 0);
    w.u = emit_input(e, 1);
    w.scratch = emit_scratch(e);
    w.vector = access_bytes(w.scratch, b->width);
    Val task;
    TaskLoop loop = emit_tasks(e, &task);
    emit_task(&w, task);
    emit_tasks_end(e, &loop);
}
