// conv_bwd_weights.c: gradient of a convolution's weights, directly.
//
//   dw[k,c,r,s] = sum over n,y,x of dy[n,k,y,x] * x[n,c,y*sh+r-pt,x*sw+s-pl]
//
// dw is written once per chunk of pixels, whose sums conv_bwd_weights_sums.c makes a register tile
// at a time. A chunk's x and dy are small enough for L2 while all channel tiles and filter rows
// pass over it. Tasks are tiles of dw and walk the whole batch in order, so the sums never depend
// on threads.
//
// Groups smaller than a vector: block b of dy meets block b of x only. Groups of other sizes: a
// chunk of x is expanded in scratch, once for each vector of dy, as in conv_expanded.c.
// Not here: the choice of tile, chunk and tasks (conv_bwd_weights_plan.c).
#include <string.h>

#include "cpu/kernels/conv/conv_bwd_weights_sums.h"

// Channel tiles of expanded x: the whole ones, then what is left.
static void emit_expanded(Weights *w, const Chunk *k, Val to)
{
    Vb *b = w->b;
    int64_t whole = w->p->dw.extent / w->channels, left = w->p->dw.extent % w->channels;
    int64_t step = w->channels * b->width * 4, bytes = w->channels * w->p->dw.s * w->p->cell;
    if (whole > 0) {
        VbLoop loop = vb_loop(b, vb_int(b, 0), vb_int(b, whole), 1, NULL, 0);
        Val offset = vb_muli(b, loop.index, step);
        weights_emit_sums(w, k, 0, offset, vb_at(b, to, vb_muli(b, loop.index, bytes)));
        vb_loop_end(b, &loop, NULL);
    }
    if (left > 0) {
        w->channels = left;
        weights_emit_sums(w, k, 0, vb_int(b, whole * step), vb_ati(b, to, whole * bytes));
        w->channels = w->p->channels;
    }
}

// All channel tiles (or the task's own) of one filter row; `to` is their dw.
static void emit_channels(Weights *w, const Chunk *k, Val own_tile, Val to)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    int64_t tiles = p->dw.extent / p->channels, bytes = p->channels * p->dw.s * p->cell;
    if (p->expanded) {
        emit_expanded(w, k, to);
    } else if (p->shuffled) { // the mask depends on the channel: one piece of code for each tile
        for (int64_t i = 0; i < tiles; i++) {
            if (!p->split_channels) {
                weights_emit_sums(w, k, i * p->channels, vb_int(b, 0), vb_ati(b, to, i * bytes));
                continue;
            }
            VbIf mine = vb_if(b, vb_icmp(b, LLVMIntEQ, own_tile, vb_int(b, i)));
            weights_emit_sums(w, k, i * p->channels, vb_int(b, 0), to);
            vb_if_end(b, &mine);
        }
    } else if (p->split_channels) {
        VbIf some = vb_if(b, vb_icmp(b, LLVMIntSLT, own_tile, w->channel_tiles));
        weights_emit_sums(w, k, 0, vb_muli(b, own_tile, p->channels * 4), to);
        vb_if_end(b, &some);
    } else {
        VbLoop loop = vb_loop(b, vb_int(b, 0), w->channel_tiles, 1, NULL, 0);
        Val offset = vb_muli(b, loop.index, p->channels * 4);
        weights_emit_sums(w, k, 0, offset, vb_at(b, to, vb_muli(b, loop.index, bytes)));
        vb_loop_end(b, &loop, NULL);
    }
}

// Rows of dy that filter row `tap` meets, within the chunk's rows.
static void emit_tap(Weights *w, Chunk k, Val own_tile, Val to)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    if (p->walk != WALK_ROWS) {
        emit_channels(w, &k, own_tile, to);
        return;
    }
    Val zero = vb_int(b, 0), above = vb_sub(b, vb_int(b, p->pad[0]), k.tap);
    Val first = vb_divi(b, vb_addi(b, vb_max(b, above, zero), p->stride[0] - 1), p->stride[0]);
    Val until = vb_max(b, vb_addi(b, above, p->h), zero);
    Val end = vb_divi(b, vb_addi(b, until, p->stride[0] - 1), p->stride[0]);
    k.row_lo = vb_max(b, k.row_lo, first);
    k.row_hi = vb_min(b, k.row_hi, end);
    VbIf some = vb_if(b, vb_icmp(b, LLVMIntSLT, k.row_lo, k.row_hi));
    emit_channels(w, &k, own_tile, to);
    vb_if_end(b, &some);
}

static int64_t row_cells(const Weights *w) // bytes of dw of one filter row
{
    return w->p->dw.extent * w->p->dw.s * w->p->cell;
}

static void emit_chunk(Weights *w, Chunk k, Val own_tap, Val own_tile)
{
    Vb *b = w->b;
    if (w->p->split_rows || w->p->dw.r == 1) {
        k.tap = own_tap;
        emit_tap(w, k, own_tile, w->dw);
        return;
    }
    VbLoop taps = vb_loop(b, vb_int(b, 0), vb_int(b, w->p->dw.r), 1, NULL, 0);
    k.tap = taps.index;
    emit_tap(w, k, own_tile, vb_at(b, w->dw, vb_muli(b, taps.index, row_cells(w))));
    vb_loop_end(b, &taps, NULL);
}

// What a task makes: k tiles [k_lo, k_hi) and channel blocks [c_lo, c_hi) of a group, or its own
// filter row and channel tile of one of them.
typedef struct Rectangle {
    Val group, k_lo, k_hi, c_lo, c_hi;
    Val own_tap, own_tile;
} Rectangle;

// Stands at k tile `tile` and channel block `block`.
static void enter_tile(Weights *w, const Rectangle *r, Val tile, Val block)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    int64_t c_tiles = p->dw.extent / p->channels;
    Val plane = vb_add(b, vb_muli(b, r->group, p->dw.in_blocks), block);
    if (!p->expanded) {
        w->x = vb_at(b, w->e->in[0], vb_muli(b, plane, p->x_plane));
    }
    plane = vb_add(b, vb_muli(b, r->group, p->out_blocks), vb_muli(b, tile, p->dw.blocks));
    w->dy = vb_at(b, w->e->in[1], vb_muli(b, plane, p->dy_plane));
    Val row = vb_add(b, vb_muli(b, r->group, p->dw.tiles), tile);
    row = vb_add(b, vb_muli(b, row, p->dw.in_blocks), block);
    row = vb_add(b, vb_muli(b, row, p->dw.r), r->own_tap);
    Val offset = vb_muli(b, r->own_tile, p->channels * p->dw.s * p->cell);
    w->dw = vb_at(b, w->e->out[0], vb_add(b, vb_muli(b, row, row_cells(w)), offset));
    int64_t tail = div_up(p->c - (p->dw.in_blocks - 1) * p->dw.in_block, p->channels);
    Val last = vb_icmp(b, LLVMIntEQ, block, vb_int(b, p->dw.in_blocks - 1));
    Val some = vb_int(b, tail < c_tiles ? tail : c_tiles);
    w->channel_tiles = vb_select(b, last, some, vb_int(b, c_tiles));
}

static void clear(Weights *w, const Rectangle *r)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    int64_t row = p->split_channels ? p->channels * p->dw.s * p->cell : row_cells(w);
    int64_t bytes = row * (p->split_rows ? 1 : p->dw.r);
    VbLoop tiles = vb_loop(b, r->k_lo, r->k_hi, 1, NULL, 0);
    VbLoop blocks = vb_loop(b, r->c_lo, r->c_hi, 1, NULL, 0);
    enter_tile(w, r, tiles.index, blocks.index);
    VbLoop loop = vb_loop(b, vb_int(b, 0), vb_int(b, bytes), b->width * 4, NULL, 0);
    vb_store(b, vb_zero(b), vb_at(b, w->dw, loop.index));
    vb_loop_end(b, &loop, NULL);
    vb_loop_end(b, &blocks, NULL);
    vb_loop_end(b, &tiles, NULL);
}

static void emit_blocks(Weights *w, const Rectangle *r, const Chunk *k, Val tile)
{
    VbLoop blocks = vb_loop(w->b, r->c_lo, r->c_hi, 1, NULL, 0);
    enter_tile(w, r, tile, blocks.index);
    emit_chunk(w, *k, r->own_tap, r->own_tile);
    vb_loop_end(w->b, &blocks, NULL);
}

// What the chunk reads of x for the vector of dy that is the rectangle's group, into scratch.
static void expand_chunk(Weights *w, const Rectangle *r, const Chunk *k)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    Val first = vb_addi(b, vb_muli(b, k->row_lo, p->stride[0]), -p->pad[0]);
    Val end = vb_addi(b, vb_muli(b, vb_addi(b, k->row_hi, -1), p->stride[0]), p->dw.r - p->pad[0]);
    first = vb_max(b, first, vb_int(b, 0));
    end = vb_min(b, end, vb_int(b, p->h));
    Val before = vb_add(b, vb_muli(b, k->image_lo, p->x_image), vb_muli(b, first, p->x_row));
    w->x = vb_at(b, w->e->scratch, vb_sub(b, vb_int(b, 0), before));
    VbIf some = vb_if(b, vb_icmp(b, LLVMIntSLT, first, end));
    VbLoop images = vb_loop(b, k->image_lo, k->image_hi, 1, NULL, 0);
    LanePixels at = {.block = r->group, .from = emit_input(w->e, 0), .to = emit_scratch(w->e)};
    at.plane = access_bytes(at.from, p->h * p->w * b->width);
    at.lo = vb_muli(b, first, p->w);
    at.hi = vb_muli(b, end, p->w);
    at.from = access_at(b, at.from, vb_muli(b, images.index, p->lanes.in_blocks * at.plane));
    at.to = access_at(b, access_as(at.to, w->x), vb_muli(b, images.index, p->x_image));
    emit_group_lanes(b, &p->lanes, &at);
    vb_loop_end(b, &images, NULL);
    vb_if_end(b, &some);
}

// One chunk of pixels for the whole rectangle; the last k tile may be narrower.
static void emit_rectangle(Weights *w, const Rectangle *r, const Chunk *k)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    Val full = vb_int(b, p->dw.tiles - (p->tail_blocks ? 1 : 0));
    Val end = vb_min(b, r->k_hi, full);
    w->blocks = p->dw.blocks;
    w->channels = p->channels;
    if (p->expanded) {
        expand_chunk(w, r, k);
    }
    VbIf some = vb_if(b, vb_icmp(b, LLVMIntSLT, r->k_lo, end));
    VbLoop tiles = vb_loop(b, r->k_lo, end, 1, NULL, 0);
    emit_blocks(w, r, k, tiles.index);
    vb_loop_end(b, &tiles, NULL);
    vb_if_end(b, &some);
    if (p->tail_blocks) {
        VbIf tail = vb_if(b, vb_icmp(b, LLVMIntSGT, r->k_hi, full));
        w->blocks = p->tail_blocks;
        emit_blocks(w, r, k, full);
        vb_if_end(b, &tail);
    }
}

// The batch in chunks, in order.
static void emit_chunks(Weights *w, const Rectangle *r)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    VbLoop images = vb_loop(b, vb_int(b, 0), w->e->batch, p->chunk_images, NULL, 0);
    Chunk k = {.image_lo = images.index};
    k.image_hi = vb_min(b, vb_addi(b, images.index, p->chunk_images), w->e->batch);
    VbLoop rows = vb_loop(b, vb_int(b, 0), vb_int(b, p->rows), p->chunk_rows, NULL, 0);
    k.row_lo = rows.index;
    k.row_hi = vb_min(b, vb_addi(b, rows.index, p->chunk_rows), vb_int(b, p->rows));
    emit_rectangle(w, r, &k);
    vb_loop_end(b, &rows, NULL);
    vb_loop_end(b, &images, NULL);
}

static void emit_task(Weights *w, Val task)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    int64_t taps = p->split_rows ? p->dw.r : 1;
    int64_t splits = p->split_channels ? p->dw.extent / p->channels : 1;
    int64_t across = div_up(p->dw.in_blocks, p->many_c), down = div_up(p->dw.tiles, p->many_k);
    Rectangle r = {.own_tile = vb_remi(b, task, splits)};
    Val rest = vb_divi(b, task, splits);
    r.own_tap = vb_remi(b, rest, taps);
    rest = vb_divi(b, rest, taps);
    r.c_lo = vb_muli(b, vb_remi(b, rest, across), p->many_c);
    r.c_hi = vb_min(b, vb_addi(b, r.c_lo, p->many_c), vb_int(b, p->dw.in_blocks));
    rest = vb_divi(b, rest, across);
    r.k_lo = vb_muli(b, vb_remi(b, rest, down), p->many_k);
    r.k_hi = vb_min(b, vb_addi(b, r.k_lo, p->many_k), vb_int(b, p->dw.tiles));
    r.group = vb_divi(b, rest, down);
    clear(w, &r);
    emit_chunks(w, &r);
}

static void emit(Emit *e)
{
    Weights w = {.e = e, .b = e->vb, .p = e->lowering->plan};
    Val task;
    TaskLoop loop = emit_tasks(e, &task);
    emit_task(&w, task);
    emit_tasks_end(e, &loop);
}

const KernelDef kernel_conv_bwd_weights = {
    .name = "direct",
    .op = "conv2d_bwd_weights",
    .doc =
        "Register tiles of dw over k, channels and filter columns, summed over pixels in chunks.",
    .plan = weights_plan,
    .emit = emit,
};

const KernelDef kernel_dense_bwd_weights = {
    .name = "direct",
    .op = "dense_bwd_weights",
    .doc = "Register tiles of dW over k and channels, summed over images in chunks.",
    .plan = weights_plan,
    .emit = emit,
};
