// conv_bwd_weights_sums.c: one register tile of the direct backward-weights kernel: its sums over a
// chunk of pixels.
//
// Vectors run over k. A register tile holds blocks x channels x filter columns of dw for one filter
// row; one step takes one pixel of dy: it loads `blocks` vectors of dy, broadcasts the x of each
// (filter column, channel), and multiplies all pairs. So dw is written once per chunk of pixels,
// and each chunk's sums start from zero and are then added to dw: one long chain of additions over
// a batch would lose an order of magnitude of accuracy.
// Meanwhile the next chunk is prefetched.
//
// x has no halo: per row of dy, columns with the same set of filter columns inside the picture form
// a loop of their own (also if they are only one, so that pixels shared by neighbours do not meet
// in one basic block).
//
// What the broadcast becomes with groups:
//   smaller than a vector, size g   lane l needs channel l/g*g + i of the block: a shuffle by a
//                                   constant mask, as in conv_grouped.c
//   of other sizes                  a load from expanded x
// Not here: what walks over tiles and chunks (conv_bwd_weights.c).
#include <string.h>

#include "cpu/kernels/conv/conv_bwd_weights_sums.h"

#define MAX_ACC 40
#define MAX_LANES 64

// The state of the pixel loops: accumulators, then pointers into x and dy.
typedef struct Sums {
    uint32_t count;
    Val v[MAX_ACC + 2];
} Sums;

static VbLoop loop_begin(Weights *w, Sums *a, Val lo, Val hi)
{
    VbLoop loop = vb_loop(w->b, lo, hi, 1, a->v, a->count + 2);
    memcpy(a->v, loop.carried, (a->count + 2) * sizeof(Val));
    return loop;
}

static Val shuffled(Weights *w, Val x, int64_t i)
{
    uint32_t mask[MAX_LANES], size = (uint32_t)w->p->shuffled;
    for (uint32_t l = 0; l < w->b->width; l++) {
        mask[l] = l / size * size + (uint32_t)i;
    }
    return size == 1 ? x : vb_shuffle(w->b, x, mask);
}

// x's factor for filter column `column` (relative to where x stands) and channel c of the tile.
// Shuffled tiles know their channels when emitted, others by where x stands.
static Val x_factor(Weights *w, const Sums *a, int64_t column, int64_t c, int64_t first_channel,
                    Val *pixel)
{
    Val at = a->v[a->count];
    if (w->p->expanded) {
        return vb_load(w->b, vb_ati(w->b, at, column * w->p->x_pixel + c * w->b->width * 4));
    }
    if (!w->p->shuffled) {
        return vb_broadcast(w->b, vb_ati(w->b, at, column * w->p->x_pixel + c * 4));
    }
    if (!*pixel) {
        *pixel = vb_load(w->b, vb_ati(w->b, at, column * w->p->x_pixel));
    }
    return shuffled(w, *pixel, first_channel + c);
}

// The next chunk comes from memory while this one is summed.
static void prefetch_pixel(Weights *w, const Sums *a)
{
    Vb *b = w->b;
    if (w->p->walk == WALK_IMAGES) {
        return;
    }
    if (!w->p->expanded) {
        vb_prefetch(b, vb_ati(b, a->v[a->count], w->p->x_ahead), false, VB_PREFETCH_L2);
    }
    for (int64_t o = 0; o < w->blocks; o++) {
        Val next = vb_ati(b, a->v[a->count + 1], w->p->dy_ahead + o * w->p->dy_plane);
        vb_prefetch(b, next, false, VB_PREFETCH_L2);
    }
}

// One pixel of dy: mask has the filter columns of the part that lie inside.
static void emit_pixel(Weights *w, Sums *a, uint64_t mask, int64_t first, int64_t first_channel)
{
    Vb *b = w->b;
    Val dy[MAX_ACC];
    for (int64_t o = 0; o < w->blocks; o++) {
        dy[o] = vb_load(b, vb_ati(b, a->v[a->count + 1], o * w->p->dy_plane));
    }
    for (int64_t s = first; s < w->p->columns; s++) {
        Val pixel = NULL;
        for (int64_t c = 0; (mask >> s & 1) && c < w->channels; c++) {
            Val x = x_factor(w, a, s - first, c, first_channel, &pixel);
            for (int64_t o = 0; o < w->blocks; o++) {
                Val *acc = &a->v[(c * w->p->columns + s) * w->blocks + o];
                *acc = vb_fma(b, dy[o], x, *acc);
            }
        }
    }
}

// A loop over pixels with the same filter columns inside; a->v's pointers stand at the first.
static void emit_run(Weights *w, Sums *a, Val count, uint64_t mask, int64_t first_channel)
{
    Vb *b = w->b;
    int64_t first = 0;
    while (!(mask >> first & 1)) {
        first++;
    }
    int64_t x_step = w->p->stride[1] * w->p->x_pixel, dy_step = w->p->dy_pixel;
    if (w->p->walk == WALK_IMAGES) {
        x_step = w->p->x_image;
        dy_step = w->p->dy_image;
    }
    VbLoop loop = loop_begin(w, a, vb_int(b, 0), count);
    emit_pixel(w, a, mask, first, first_channel);
    prefetch_pixel(w, a);
    a->v[a->count] = vb_ati(b, a->v[a->count], x_step);
    a->v[a->count + 1] = vb_ati(b, a->v[a->count + 1], dy_step);
    vb_loop_end(b, &loop, a->v);
}

// Filter columns [part, part + columns) of the tile that are inside at dy column x.
static uint64_t column_mask(const Weights *w, int64_t part, int64_t x)
{
    const WeightsPlan *p = w->p;
    uint64_t mask = 0;
    for (int64_t s = 0; s < p->columns && part + s < p->dw.s; s++) {
        int64_t at = x * p->stride[1] + part + s - p->pad[1];
        mask |= (uint64_t)(at >= 0 && at < p->w) << s;
    }
    return mask;
}

// One row of dy: the pointers stand at the starts of the rows, and are left there.
static void emit_row(Weights *w, Sums *a, int64_t part, int64_t first_channel)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    Val x = a->v[a->count], dy = a->v[a->count + 1];
    for (int64_t i = 0; i < p->ow;) {
        uint64_t mask = column_mask(w, part, i);
        int64_t run = 1, first = 0;
        while (i + run < p->ow && column_mask(w, part, i + run) == mask) {
            run++;
        }
        while (mask && !(mask >> first & 1)) {
            first++;
        }
        if (mask) {
            int64_t column = i * p->stride[1] + part + first - p->pad[1];
            a->v[a->count] = vb_ati(b, x, column * p->x_pixel);
            a->v[a->count + 1] = vb_ati(b, dy, i * p->dy_pixel);
            emit_run(w, a, vb_int(b, run), mask, first_channel);
        }
        i += run;
    }
    a->v[a->count] = x;
    a->v[a->count + 1] = dy;
}

// All rows of the chunk in one image.
static void emit_rows(Weights *w, Sums *a, const Chunk *k, Val image, int64_t part,
                      int64_t first_channel, Val channel_offset)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    VbLoop rows = loop_begin(w, a, k->row_lo, k->row_hi);
    Val in_row = rows.index,
        x = vb_at(b, w->x, vb_add(b, vb_muli(b, image, p->x_image), channel_offset));
    Val dy = vb_at(b, w->dy, vb_muli(b, image, p->dy_image));
    if (p->walk == WALK_ROWS) {
        in_row = vb_add(b, vb_muli(b, rows.index, p->stride[0]), vb_addi(b, k->tap, -p->pad[0]));
    }
    a->v[a->count] = vb_at(b, x, vb_muli(b, in_row, p->x_row));
    a->v[a->count + 1] = vb_at(b, dy, vb_muli(b, rows.index, p->dy_row));
    if (p->walk == WALK_PIXELS) {
        Val left = vb_sub(b, vb_int(b, p->oh * p->ow), vb_muli(b, rows.index, p->piece));
        emit_run(w, a, vb_min(b, left, vb_int(b, p->piece)), 1, first_channel);
    } else {
        emit_row(w, a, part, first_channel);
    }
    vb_loop_end(b, &rows, a->v);
}

static void emit_pixels(Weights *w, Sums *a, const Chunk *k, int64_t part, int64_t first_channel,
                        Val channel_offset)
{
    Vb *b = w->b;
    a->v[a->count] = w->x;
    a->v[a->count + 1] = w->dy;
    if (w->p->walk == WALK_IMAGES) {
        Val x = vb_add(b, vb_muli(b, k->image_lo, w->p->x_image), channel_offset);
        a->v[a->count] = vb_at(b, w->x, x);
        a->v[a->count + 1] = vb_at(b, w->dy, vb_muli(b, k->image_lo, w->p->dy_image));
        emit_run(w, a, vb_sub(b, k->image_hi, k->image_lo), 1, first_channel);
        return;
    }
    VbLoop images = loop_begin(w, a, k->image_lo, k->image_hi);
    emit_rows(w, a, k, images.index, part, first_channel, channel_offset);
    vb_loop_end(b, &images, a->v);
}

// Sums the chunk for one channel tile and filter columns [part, ...) and adds it to dw at `to`.
static void emit_tile(Weights *w, const Chunk *k, int64_t part, int64_t first_channel,
                      Val channel_offset, Val to)
{
    Vb *b = w->b;
    const WeightsPlan *p = w->p;
    int64_t columns = p->dw.s - part < p->columns ? p->dw.s - part : p->columns;
    Sums a = {.count = (uint32_t)(w->channels * p->columns * w->blocks)};
    for (uint32_t i = 0; i < a.count; i++) {
        a.v[i] = vb_zero(b);
    }
    emit_pixels(w, &a, k, part, first_channel, channel_offset);
    for (int64_t c = 0; c < w->channels; c++) {
        for (int64_t s = 0; s < columns; s++) {
            for (int64_t o = 0; o < w->blocks; o++) {
                int64_t offset = (c * p->dw.s + part + s) * p->cell + o * b->width * 4;
                Val at = vb_ati(b, to, offset);
                Val sum = a.v[(c * p->columns + s) * w->blocks + o];
                vb_store(b, vb_fadd(b, vb_load(b, at), sum), at);
            }
        }
    }
}

void weights_emit_sums(Weights *w, const Chunk *k, int64_t first_channel, Val channel_offset,
                       Val to)
{
    for (int64_t part = 0; part < w->p->dw.s; part += w->p->columns) {
        emit_tile(w, k, part, first_channel, channel_offset, to);
    }
}
