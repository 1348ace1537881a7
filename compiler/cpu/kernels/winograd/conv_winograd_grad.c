// conv_winograd_grad.c: gradient of 3x3 weights by Winograd's minimal filtering, stride 1 and 2.
//
// The forward algorithm y = A^T S ((G w G^T) . (B^T d B)) S^T A is linear in w, so its gradient is
// the transposed algorithm with the same points (Lavin and Gray 2016; winograd_math.c):
//   V[q]        = B^T d B                              per tile of x
//   D[p]        = A dy A^T                             per tile of dy (zeros outside)
//   dU[q][k][c] = sum over tiles of D[p][k] V[q][c]    p the point of product q
//   dw          = G^T dU G                             once
// (m+2)^2 instead of 9 m^2 multiply-adds per tile and pair of channels, at stride 2 (2m+1)^2: S
// sums up to four products of a point, so its transpose takes a point of dy for each of them.
//
// A task owns a rectangle of dU (k tiles x c blocks) in scratch and walks the tiles of the whole
// batch in order, a few dozen at a time:
//   x's transform
//   for each k tile: dy's transform
//       for each product: register tiles of blocks x channels
//   dw in the direct kernel's layout, at the end
// A register tile's sums start at zero for each batch of tiles and are added to dU: chains stay
// short, and sums do not depend on threads. Meanwhile register tiles fetch what the next transforms
// read: these compute little and would wait for memory.
// Not here: the choice of rectangle and tiles (conv_winograd_grad_plan.c), the transforms
// (winograd_input.c).
#include "cpu/kernels/winograd/conv_winograd_grad.h"

#include <string.h>

#include "cpu/kernels/winograd/conv_winograd_grad_plan.h"
#include "cpu/kernels/winograd/winograd_math.h"

#define MAX_ACC 32

typedef struct Grad {
    Emit *e;
    Vb *b;
    const GradPlan *p;
    WinogradTransform x, dy;
    WinogradMatrix g_row, g_column; // G^T
    Access scratch;
    int64_t vector;             // of scratch, bytes
    Val k_lo, k_hi, c_lo, c_hi; // of the task
    WinogradRange range;        // tiles at hand
    Val all;                    // tiles of all images
} Grad;

// Bytes of so many elements of V, D and dU.
static int64_t scratch_bytes(const Grad *w, int64_t elements)
{
    return access_bytes(w->scratch, elements);
}

static Val scratch_at(Grad *w, int64_t offset)
{
    return winograd_scratch(w->e, offset).at;
}

static Val load_scratch(Grad *w, Val at)
{
    return access_load(w->b, access_as(w->scratch, at));
}

static void store_scratch(Grad *w, Val x, Val at)
{
    access_store(w->b, x, access_as(w->scratch, at));
}

// What comes next of x or dy.
typedef struct Coming {
    const WinogradInput *in;
    const GradAhead *ahead;
    Access from; // the tensor
    Val first;   // a block of the first image
    Val tile;    // of the first stretch, among the tiles of all images
} Coming;

// Where part `index` lies.
static Val part_at(Grad *w, const Coming *c, Val index)
{
    Vb *b = w->b;
    const GradAhead *a = c->ahead;
    Val unit = vb_divi(b, index, a->parts), part = vb_remi(b, index, a->parts);
    Val last = vb_divi(b, vb_addi(b, w->all, -1), a->tiles);
    Val stretch = vb_add(b, vb_divi(b, c->tile, a->tiles), vb_remi(b, unit, a->count));
    stretch = vb_min(b, stretch, last);
    Val block = vb_min(b, vb_divi(b, unit, a->count), vb_int(b, a->blocks - 1));
    Val plane = vb_muli(b, vb_divi(b, stretch, a->per_image), c->in->blocks);
    plane = vb_add(b, plane, vb_add(b, c->first, block));
    int64_t size = c->in->size[0] * c->in->size[1] * b->width;
    Val at = vb_muli(b, plane, access_bytes(c->from, size));
    at = vb_add(b, at, vb_muli(b, vb_remi(b, stretch, a->per_image), a->bytes));
    return vb_at(b, c->from.at, vb_add(b, at, vb_muli(b, part, a->bytes / a->parts)));
}

// What a register tile fetches ahead, and how far it moves on with each tile.
typedef struct Ahead {
    Val from, step; // NULL: nothing
} Ahead;

// The register tiles of k tile `tile`, counted by `micro`, fetch first dy of the k tile that comes
// next, then a share of x of the tiles that come next.
static Ahead ahead_at(Grad *w, Val tile, Val micro)
{
    Vb *b = w->b;
    if (!w->p->ahead) {
        return (Ahead){0};
    }
    Val next_tiles = vb_addi(b, w->range.first, w->p->tiles);
    Val next_k = vb_add(b, w->k_lo, vb_addi(b, tile, 1));
    Val more = vb_icmp(b, LLVMIntSLT, next_k, w->k_hi);
    Coming x = {&w->p->x, &w->p->x_ahead, emit_input(w->e, 0), w->c_lo, next_tiles};
    Coming dy = {.in = &w->p->dy, .ahead = &w->p->dy_ahead, .from = emit_input(w->e, 1)};
    dy.first = vb_muli(b, vb_select(b, more, next_k, w->k_lo), w->p->dw.blocks);
    dy.tile = vb_select(b, more, w->range.first, next_tiles);
    int64_t dy_parts = dy.ahead->all_parts;
    int64_t x_parts = w->p->micros - dy_parts; // of this k tile
    Val own = vb_add(b, vb_muli(b, tile, x_parts), vb_addi(b, micro, -dy_parts));
    Val is_dy = vb_icmp(b, LLVMIntSLT, micro, vb_int(b, dy_parts));
    Val step = vb_select(b, is_dy, vb_int(b, dy.ahead->step), vb_int(b, x.ahead->step));
    return (Ahead){vb_select(b, is_dy, part_at(w, &dy, micro), part_at(w, &x, own)), step};
}

// One register tile of dU: v stands at its first channel, d at its first block, slot 0.
static void emit_micro(Grad *w, Val v, Val d, Val du, const Ahead *ahead)
{
    Vb *b = w->b;
    const GradPlan *p = w->p;
    uint32_t count = (uint32_t)(p->dw.blocks * p->channels);
    Val acc[MAX_ACC + 3];
    uint32_t carried = count + (ahead->from ? 3 : 2);
    for (uint32_t i = 0; i < count; i++) {
        acc[i] = vb_zero(b);
    }
    acc[count] = v;
    acc[count + 1] = d;
    acc[count + 2] = ahead->from;
    VbLoop loop = vb_loop(b, vb_int(b, 0), w->range.count, 1, acc, carried);
    memcpy(acc, loop.carried, carried * sizeof(Val));
    Val own[MAX_ACC];
    for (int64_t o = 0; o < p->dw.blocks; o++) {
        own[o] = load_scratch(w, vb_ati(b, acc[count + 1], scratch_bytes(w, o * p->dy.block_step)));
    }
    for (int64_t c = 0; c < p->channels; c++) {
        Val at = vb_ati(b, acc[count], scratch_bytes(w, c));
        Val x = access_broadcast(b, access_as(w->scratch, at));
        for (int64_t o = 0; o < p->dw.blocks; o++) {
            Val *sum = &acc[c * p->dw.blocks + o];
            *sum = emit_dot(b, *sum, x, own[o]);
        }
    }
    acc[count] = vb_ati(b, acc[count], w->vector);
    acc[count + 1] = vb_ati(b, acc[count + 1], w->vector);
    if (ahead->from) {
        access_prefetch(b, acc[count + 2]);
        acc[count + 2] = vb_at(b, acc[count + 2], ahead->step);
    }
    vb_loop_end(b, &loop, acc);
    for (int64_t c = 0; c < p->channels; c++) {
        for (int64_t o = 0; o < p->dw.blocks; o++) {
            Val at = vb_ati(b, du, scratch_bytes(w, c * p->cell) + o * w->vector);
            store_scratch(w, vb_fadd(b, load_scratch(w, at), acc[c * p->dw.blocks + o]), at);
        }
    }
}

// dU of k tile `tile` and c block `block`, counted from the task's first.
static Val du_at(Grad *w, Val tile, Val block)
{
    Vb *b = w->b;
    Val at = vb_add(b, vb_muli(b, tile, w->p->many_c), block);
    return vb_at(b, scratch_at(w, w->p->du), vb_muli(b, at, scratch_bytes(w, w->p->block)));
}

// The point of a product, both in row-major order (winograd_math.h).
static Val point_of(Grad *w, Val product)
{
    Vb *b = w->b;
    if (w->p->stride == 1) {
        return product;
    }
    Val row = vb_divi(b, product, w->p->products[1]);
    Val column = vb_remi(b, product, w->p->products[1]);
    row = vb_muli(b, vb_remi(b, row, w->p->points[0]), w->p->points[1]);
    return vb_add(b, row, vb_remi(b, column, w->p->points[1]));
}

// Adds the products of the tiles at hand and of k tile `tile` of the task to dU.
static void multiply(Grad *w, Val tile)
{
    Vb *b = w->b;
    const GradPlan *p = w->p;
    int64_t halves = p->dw.extent / p->channels;
    Val zero = vb_int(b, 0), many_c = vb_sub(b, w->c_hi, w->c_lo);
    VbLoop products = vb_loop(b, zero, vb_int(b, p->product_count), 1, NULL, 0);
    Val v = vb_at(b, scratch_at(w, p->x.result),
                  vb_muli(b, products.index, scratch_bytes(w, p->x.plane_step)));
    Val point = vb_muli(b, point_of(w, products.index), scratch_bytes(w, p->dy.plane_step));
    Val d = vb_at(b, scratch_at(w, p->dy.result), point);
    VbLoop blocks = vb_loop(b, zero, many_c, 1, NULL, 0);
    Val own_v = vb_at(b, v, vb_muli(b, blocks.index, scratch_bytes(w, p->x.block_step)));
    Val du = vb_at(b, du_at(w, tile, blocks.index),
                   vb_muli(b, products.index, scratch_bytes(w, p->plane)));
    Val micro = vb_add(b, vb_mul(b, products.index, many_c), blocks.index);
    micro = vb_muli(b, micro, halves);
    VbLoop channels = vb_loop(b, zero, vb_int(b, p->dw.extent), p->channels, NULL, 0);
    Val to = vb_at(b, du, vb_muli(b, channels.index, scratch_bytes(w, p->cell)));
    Ahead ahead = ahead_at(w, tile, vb_add(b, micro, vb_divi(b, channels.index, p->channels)));
    emit_micro(w, vb_at(b, own_v, vb_muli(b, channels.index, scratch_bytes(w, 1))), d, to, &ahead);
    vb_loop_end(b, &channels, NULL);
    vb_loop_end(b, &blocks, NULL);
    vb_loop_end(b, &products, NULL);
}

// dw = G^T dU G for one vector of k: from its dU of product 0, to its dw at filter row 0, column 0.
static void emit_filter(Grad *w, Val from, Access to)
{
    Vb *b = w->b;
    int rows = w->g_row.columns, columns = w->g_column.columns;
    int64_t plane = scratch_bytes(w, w->p->plane), half_row = columns * w->vector;
    int64_t row = w->p->dw.extent * WINOGRAD_TAPS * w->p->cell;
    Val u[WINOGRAD_MAX_POINTS], out[WINOGRAD_TAPS], half = scratch_at(w, w->p->half);
    VbLoop loop = vb_loop(b, vb_int(b, 0), vb_int(b, columns), 1, NULL, 0);
    Val column = vb_at(b, from, vb_muli(b, loop.index, plane));
    for (int i = 0; i < rows; i++) {
        u[i] = load_scratch(w, vb_ati(b, column, i * columns * plane));
    }
    winograd_emit(b, &w->g_row, u, out);
    for (int r = 0; r < WINOGRAD_TAPS; r++) {
        Val at = vb_at(b, half, vb_muli(b, loop.index, w->vector));
        store_scratch(w, out[r], vb_ati(b, at, r * half_row));
    }
    vb_loop_end(b, &loop, NULL);
    loop = vb_loop(b, vb_int(b, 0), vb_int(b, WINOGRAD_TAPS), 1, NULL, 0);
    Val half_at = vb_at(b, half, vb_muli(b, loop.index, half_row));
    for (int j = 0; j < columns; j++) {
        u[j] = load_scratch(w, vb_ati(b, half_at, j * w->vector));
    }
    winograd_emit(b, &w->g_column, u, out);
    for (int s = 0; s < WINOGRAD_TAPS; s++) {
        Access at = access_index(b, to, loop.index, row);
        access_store(b, out[s], access_ati(b, at, access_bytes(at, s * w->p->cell)));
    }
    vb_loop_end(b, &loop, NULL);
}

// dw of the task's rectangle: [k tile][c block][r][c][s][blocks*V].
static void finish(Grad *w)
{
    Vb *b = w->b;
    const GradPlan *p = w->p;
    Access out = emit_output(w->e, 0);
    int64_t block = WINOGRAD_TAPS * p->dw.extent * WINOGRAD_TAPS * p->cell;
    int64_t cell = scratch_bytes(w, p->cell);
    VbLoop tiles = vb_loop(b, w->k_lo, w->k_hi, 1, NULL, 0);
    VbLoop blocks = vb_loop(b, w->c_lo, w->c_hi, 1, NULL, 0);
    Val from = du_at(w, vb_sub(b, tiles.index, w->k_lo), vb_sub(b, blocks.index, w->c_lo));
    Val at = vb_add(b, vb_muli(b, tiles.index, p->dw.in_blocks), blocks.index);
    Access to = access_index(b, out, at, block);
    VbLoop channels = vb_loop(b, vb_int(b, 0), vb_int(b, p->dw.extent), 1, NULL, 0);
    VbLoop outs = vb_loop(b, vb_int(b, 0), vb_int(b, cell), w->vector, NULL, 0);
    Val du = vb_add(b, vb_muli(b, channels.index, cell), outs.index);
    Val own = access_rescale(b, outs.index, w->scratch.elem, out.elem);
    Val dw = vb_add(b, vb_muli(b, channels.index, access_bytes(out, WINOGRAD_TAPS * p->cell)), own);
    Access filter = access_at(b, to, dw);
    emit_filter(w, vb_at(b, from, du), filter);
    vb_loop_end(b, &outs, NULL);
    vb_loop_end(b, &channels, NULL);
    vb_loop_end(b, &blocks, NULL);
    vb_loop_end(b, &tiles, NULL);
}

static void emit_task(Grad *w, Val task)
{
    Vb *b = w->b;
    const GradPlan *p = w->p;
    int64_t across = div_up(p->dw.in_blocks, p->many_c);
    w->c_lo = vb_muli(b, vb_remi(b, task, across), p->many_c);
    w->c_hi = vb_min(b, vb_addi(b, w->c_lo, p->many_c), vb_int(b, p->dw.in_blocks));
    w->k_lo = vb_muli(b, vb_divi(b, task, across), p->many_k);
    w->k_hi = vb_min(b, vb_addi(b, w->k_lo, p->many_k), vb_int(b, p->dw.tiles));
    winograd_input_clear(w->e, &p->x);
    winograd_input_clear(w->e, &p->dy);
    winograd_clear(w->e, p->du, p->product_count * p->plane);
    w->all = vb_muli(b, w->e->batch, p->image_tiles);
    VbLoop tiles = vb_loop(b, vb_int(b, 0), w->all, p->tiles, NULL, 0);
    w->range = (WinogradRange){.image = vb_int(b, 0), .first = tiles.index};
    w->range.count = vb_min(b, vb_int(b, p->tiles), vb_sub(b, w->all, tiles.index));
    winograd_input_emit(w->e, &w->x, emit_input(w->e, 0), &w->range, w->c_lo, w->c_hi);
    VbLoop ks = vb_loop(b, w->k_lo, w->k_hi, 1, NULL, 0);
    Val block = vb_muli(b, ks.index, p->dw.blocks);
    winograd_input_emit(w->e, &w->dy, emit_input(w->e, 1), &w->range, block,
                        vb_addi(b, block, p->dw.blocks));
    multiply(w, vb_sub(b, ks.index, w->k_lo));
    vb_loop_end(b, &ks, NULL);
    vb_loop_end(b, &tiles, NULL);
    finish(w);
}

void winograd_grad_emit(Emit *e)
{
    const GradPlan *p = e->lowering->plan;
    Vb *b = e->vb;
    Grad w = {.e = e, .b = b, .p = p, .x = {.in = &p->x}, .dy = {.in = &p->dy}};
    Winograd row = winograd_make((int)p->tile[0], (int)p->stride);
    Winograd column = winograd_make((int)p->tile[1], (int)p->stride);
    w.x.row = row.bt;
    w.x.column = column.bt;
    w.dy.row = winograd_transpose(&row.at);
    w.dy.column = winograd_transpose(&column.at);
    w.g_row = winograd_transpose(&row.g);
    w.g_column = winograd_transpose(&column.g);
    w.scratch = emit_scratch(e);
    w.vector = access_bytes(w.scratch, b->width);
    Val task;
    TaskLoop loop = emit_tasks(e, &task);
    emit_task(&w, task);
    emit_tasks_end(e, &loop);
}
