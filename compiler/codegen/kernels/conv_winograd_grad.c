// conv_winograd_grad.c: gradient of 3x3 weights of stride 1 by Winograd's minimal filtering.
//
// The forward algorithm y = A^T ((G w G^T) . (B^T d B)) A is linear in w, so its gradient is the
// transposed algorithm with the same points (Lavin and Gray 2016; winograd_math.c):
//   V[p] = B^T d B, per tile of x         D[p] = A dy A^T, per tile of dy (zeros outside)
//   dU[p][k][c] = sum over tiles of D[p][k] V[p][c]         dw = G^T dU G, once
// (m+2)^2 instead of 9 m^2 multiply-adds per tile and pair of channels.
//
// A task owns a rectangle of dU (k tiles x c blocks) in scratch and walks the tiles of the whole
// batch in order, a few dozen at a time: both transforms, then for each point register tiles of
// blocks x channels, whose sums start at zero for each batch of tiles and are added to dU: chains
// stay short, and sums do not depend on threads. Last, dw in the direct kernel's layout. Not here:
// the choice of rectangle and tiles (conv_winograd_grad_plan.c), the transforms (winograd_input.c).
#include <string.h>

#include "codegen/kernels/conv_winograd_grad.h"

#define MAX_ACC 32

typedef struct Grad {
    Emit *e;
    Vb *b;
    const GradTiles *t;
    GradSize s;
    WinogradMatrix g_row, g_column; // G^T
    int64_t vector;                 // bytes
    Val k_lo, k_hi, c_lo, c_hi;     // of the task
    WinogradRange range;            // tiles at hand
} Grad;

static Val scratch_at(Grad *w, int64_t offset)
{
    return vb_ati(w->b, w->e->scratch, offset);
}

// One register tile of dU: v stands at its first channel, d at its first block, slot 0.
static void emit_micro(Grad *w, Val v, Val d, Val du)
{
    Vb *b = w->b;
    const GradTiles *t = w->t;
    uint32_t count = (uint32_t)(t->blocks * t->channels);
    Val acc[MAX_ACC + 2];
    for (uint32_t i = 0; i < count; i++) {
        acc[i] = vb_zero(b);
    }
    acc[count] = v;
    acc[count + 1] = d;
    VbLoop loop = vb_loop(b, vb_int(b, 0), w->range.count, 1, acc, count + 2);
    memcpy(acc, loop.carried, (count + 2) * sizeof(Val));
    Val own[MAX_ACC];
    for (int o = 0; o < t->blocks; o++) {
        own[o] = vb_load(b, vb_ati(b, acc[count + 1], o * w->s.dy.block_bytes));
    }
    for (int c = 0; c < t->channels; c++) {
        Val x = vb_broadcast(b, vb_ati(b, acc[count], c * 4));
        for (int o = 0; o < t->blocks; o++) {
            Val *sum = &acc[c * t->blocks + o];
            *sum = vb_fma(b, own[o], x, *sum);
        }
    }
    acc[count] = vb_ati(b, acc[count], w->vector);
    acc[count + 1] = vb_ati(b, acc[count + 1], w->vector);
    vb_loop_end(b, &loop, acc);
    for (int c = 0; c < t->channels; c++) {
        for (int o = 0; o < t->blocks; o++) {
            Val at = vb_ati(b, du, c * w->s.cell + o * w->vector);
            vb_store(b, vb_fadd(b, vb_load(b, at), acc[c * t->blocks + o]), at);
        }
    }
}

// dU of k tile `tile` and c block `block`, counted from the task's first.
static Val du_at(Grad *w, Val tile, Val block)
{
    Vb *b = w->b;
    Val at = vb_add(b, vb_muli(b, tile, w->t->many_c), block);
    return vb_at(b, scratch_at(w, w->s.du), vb_muli(b, at, w->s.tile));
}

// The point of a product, both in row-major order (winograd_math.h).
static Val point_of(Grad *w, Val product)
{
    Vb *b = w->b;
    if (w->t->stride == 1) {
        return product;
    }
    Val row = vb_divi(b, product, w->s.column_products);
    Val column = vb_remi(b, product, w->s.column_products);
    row = vb_muli(b, vb_remi(b, row, w->s.row_points), w->s.column_points);
    return vb_add(b, row, vb_remi(b, column, w->s.column_points));
}

// Adds the products of the tiles at hand to dU.
static void multiply(Grad *w)
{
    Vb *b = w->b;
    const GradTiles *t = w->t;
    Val zero = vb_int(b, 0);
    VbLoop products = vb_loop(b, zero, vb_int(b, w->s.products), 1, NULL, 0);
    Val v = vb_at(b, scratch_at(w, w->s.x.points), vb_muli(b, products.index, w->s.x.plane_bytes));
    Val point = vb_muli(b, point_of(w, products.index), w->s.dy.plane_bytes);
    Val d = vb_at(b, scratch_at(w, w->s.dy.points), point);
    VbLoop tiles = vb_loop(b, zero, vb_sub(b, w->k_hi, w->k_lo), 1, NULL, 0);
    Val own_d = vb_at(b, d, vb_muli(b, tiles.index, t->blocks * w->s.dy.block_bytes));
    VbLoop blocks = vb_loop(b, zero, vb_sub(b, w->c_hi, w->c_lo), 1, NULL, 0);
    Val own_v = vb_at(b, v, vb_muli(b, blocks.index, w->s.x.block_bytes));
    Val du = vb_at(b, du_at(w, tiles.index, blocks.index), vb_muli(b, products.index, w->s.plane));
    VbLoop channels = vb_loop(b, zero, vb_int(b, w->s.s.extent), t->channels, NULL, 0);
    Val to = vb_at(b, du, vb_muli(b, channels.index, w->s.cell));
    emit_micro(w, vb_at(b, own_v, vb_muli(b, channels.index, 4)), own_d, to);
    vb_loop_end(b, &channels, NULL);
    vb_loop_end(b, &blocks, NULL);
    vb_loop_end(b, &tiles, NULL);
    vb_loop_end(b, &products, NULL);
}

// dw = G^T dU G for one vector of k: from its dU of product 0, to its dw at filter row 0, column 0.
static void emit_filter(Grad *w, Val from, Val to)
{
    Vb *b = w->b;
    int rows = w->g_row.columns, columns = w->g_column.columns;
    int64_t row_bytes = w->s.s.extent * WINOGRAD_TAPS * w->s.cell, half_row = columns * w->vector;
    Val u[WINOGRAD_MAX_POINTS], out[WINOGRAD_TAPS], half = scratch_at(w, w->s.half);
    VbLoop loop = vb_loop(b, vb_int(b, 0), vb_int(b, columns), 1, NULL, 0);
    Val column = vb_at(b, from, vb_muli(b, loop.index, w->s.plane));
    for (int i = 0; i < rows; i++) {
        u[i] = vb_load(b, vb_ati(b, column, i * columns * w->s.plane));
    }
    winograd_emit(b, &w->g_row, u, out);
    for (int r = 0; r < WINOGRAD_TAPS; r++) {
        Val at = vb_at(b, half, vb_muli(b, loop.index, w->vector));
        vb_store(b, out[r], vb_ati(b, at, r * half_row));
    }
    vb_loop_end(b, &loop, NULL);
    loop = vb_loop(b, vb_int(b, 0), vb_int(b, WINOGRAD_TAPS), 1, NULL, 0);
    for (int j = 0; j < columns; j++) {
        u[j] =
            vb_load(b, vb_ati(b, vb_at(b, half, vb_muli(b, loop.index, half_row)), j * w->vector));
    }
    winograd_emit(b, &w->g_column, u, out);
    for (int s = 0; s < WINOGRAD_TAPS; s++) {
        Val at = vb_at(b, to, vb_muli(b, loop.index, row_bytes));
        vb_store(b, out[s], vb_ati(b, at, s * w->s.cell));
    }
    vb_loop_end(b, &loop, NULL);
}

// dw of the task's rectangle: [k tile][c block][r][c][s][blocks*V].
static void finish(Grad *w)
{
    Vb *b = w->b;
    const WeightsSize *s = &w->s.s;
    int64_t block_bytes = WINOGRAD_TAPS * s->extent * WINOGRAD_TAPS * w->s.cell;
    VbLoop tiles = vb_loop(b, w->k_lo, w->k_hi, 1, NULL, 0);
    VbLoop blocks = vb_loop(b, w->c_lo, w->c_hi, 1, NULL, 0);
    Val from = du_at(w, vb_sub(b, tiles.index, w->k_lo), vb_sub(b, blocks.index, w->c_lo));
    Val at = vb_add(b, vb_muli(b, tiles.index, s->in_blocks), blocks.index);
    Val to = vb_at(b, w->e->out[0], vb_muli(b, at, block_bytes));
    VbLoop channels = vb_loop(b, vb_int(b, 0), vb_int(b, s->extent), 1, NULL, 0);
    VbLoop outs = vb_loop(b, vb_int(b, 0), vb_int(b, w->s.cell), w->vector, NULL, 0);
    Val du = vb_add(b, vb_muli(b, channels.index, w->s.cell), outs.index);
    Val dw = vb_add(b, vb_muli(b, channels.index, WINOGRAD_TAPS * w->s.cell), outs.index);
    emit_filter(w, vb_at(b, from, du), vb_at(b, to, dw));
    vb_loop_end(b, &outs, NULL);
    vb_loop_end(b, &channels, NULL);
    vb_loop_end(b, &blocks, NULL);
    vb_loop_end(b, &tiles, NULL);
}

static void emit_task(Grad *w, Val task)
{
    Vb *b = w->b;
    const GradTiles *t = w->t;
    const WeightsSize *s = &w->s.s;
    int64_t across = div_up(s->in_blocks, t->many_c);
    w->c_lo = vb_muli(b, vb_remi(b, task, across), t->many_c);
    w->c_hi = vb_min(b, vb_addi(b, w->c_lo, t->many_c), vb_int(b, s->in_blocks));
    w->k_lo = vb_muli(b, vb_divi(b, task, across), t->many_k);
    w->k_hi = vb_min(b, vb_addi(b, w->k_lo, t->many_k), vb_int(b, s->tiles));
    winograd_input_clear(w->e, &w->s.x);
    winograd_input_clear(w->e, &w->s.dy);
    winograd_clear(w->e, w->s.du, w->s.products * w->s.plane);
    Val all = vb_muli(b, w->e->batch, w->s.image_tiles);
    VbLoop tiles = vb_loop(b, vb_int(b, 0), all, t->tiles, NULL, 0);
    w->range = (WinogradRange){.image = vb_int(b, 0), .first = tiles.index};
    w->range.count = vb_min(b, vb_int(b, t->tiles), vb_sub(b, all, tiles.index));
    winograd_input_emit(w->e, &w->s.x, w->e->in[0], &w->range, w->c_lo, w->c_hi);
    winograd_input_emit(w->e, &w->s.dy, w->e->in[1], &w->range, vb_muli(b, w->k_lo, t->blocks),
                        vb_muli(b, w->k_hi, t->blocks));
    multiply(w);
    vb_loop_end(b, &tiles, NULL);
    finish(w);
}

void winograd_grad_emit(Emit *e)
{
    const GradTiles *t = e->lowering->tiles;
    Vb *b = e->vb;
    Grad w = {.e = e, .b = b, .t = t, .s = winograd_grad_size(e->node, t, b->width)};
    Winograd row = winograd_make(t->rows, t->stride), column = winograd_make(t->columns, t->stride);
    w.s.x.row = row.bt;
    w.s.x.column = column.bt;
    w.s.dy.row = winograd_transpose(&row.at);
    w.s.dy.column = winograd_transpose(&column.at);
    w.g_row = winograd_transpose(&row.g);
    w.g_column = winograd_transpose(&column.g);
    w.vector = (int64_t)b->width * 4;
    Val task;
    TaskLoop loop = emit_tasks(e, &task);
    emit_task(&w, task);
    emit_tasks_end(e, &loop);
}
