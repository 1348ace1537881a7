// conv_reduce.c: the sums of a register tile over the channels of one input block at a time.
//
// A register tile of columns x blocks accumulates the whole reduction (the tile of Georganas et al.
// 2018, "Anatomy of high-performance deep learning convolutions on SIMD architectures"): each step
// loads `blocks` weight vectors, broadcasts one input channel of each column, and multiplies all
// pairs. The range of filter rows is computed per row; padded columns are left out statically, per
// tile. Neighbouring filter columns with the same columns inside run as one loop, since (s, c) is
// contiguous both in a blocked row and in the weights. There is one small loop for each such class
// rather than straight-line code: taps that share a pixel in one basic block would have their
// broadcasts merged by instruction selection, and the live ranges would spill.
// Not here: which blocks a sum has (conv_direct.c, conv_spanned.c), loops around the tile
// (conv_walk.c).
#include "cpu/kernels/conv/conv_reduce.h"

int64_t reduction_vector_bytes(const Reduction *r)
{
    return elem_size(r->w->weight_elem, r->w->b->width);
}

int64_t reduction_step_bytes(const Reduction *r) // weights of one input channel of one tap
{
    return r->w->plan->tiles.blocks * reduction_vector_bytes(r);
}

VbLoop reduction_loop(Reduction *r, Val lo, Val hi, int64_t step)
{
    VbLoop loop = vb_loop(r->w->b, lo, hi, step, r->v, r->carried);
    for (uint32_t i = 0; i < r->carried; i++) {
        r->v[i] = loop.carried[i];
    }
    return loop;
}

void reduction_loop_end(Reduction *r, VbLoop *loop)
{
    vb_loop_end(r->w->b, loop, r->v);
}

static int64_t lowest_bit(uint64_t mask)
{
    int64_t i = 0;
    while (!(mask >> i & 1)) {
        i++;
    }
    return i;
}

static Val masked(Vb *b, Val x, Val lanes)
{
    Val bits = LLVMBuildBitCast(b->builder, x, LLVMTypeOf(lanes), "");
    Val kept = LLVMBuildAnd(b->builder, bits, lanes, "");
    return LLVMBuildBitCast(b->builder, kept, LLVMTypeOf(x), "");
}

// One input channel: the pointers stand at the first column of the mask.
static void emit_step(Reduction *r, uint64_t mask, int64_t channel)
{
    const ConvTile *t = r->t;
    Vb *b = r->w->b;
    const ConvPass *p = r->w->pass;
    Val weight[CONV_MAX_ACC];
    for (int64_t o = 0; o < t->blocks; o++) {
        int64_t at = channel * reduction_step_bytes(r) + o * reduction_vector_bytes(r);
        weight[o] = access_load(b, conv_weights_at(r->w, vb_ati(b, REDUCTION_WEIGHT(r), at)));
        if (r->lanes) {
            weight[o] = masked(b, weight[o], r->lanes);
        }
    }
    int64_t first = lowest_bit(mask);
    for (int64_t i = 0; i < t->images; i++) {
        for (int64_t c = first; c < t->columns; c++) {
            if (!(mask >> c & 1)) {
                continue;
            }
            int64_t skip = (c - first) * p->stride[1] * p->in_block + channel;
            int64_t at = i * r->w->in_image + elem_size(r->w->in_elem, skip);
            Val x = access_broadcast(b, conv_input_at(r->w, vb_ati(b, REDUCTION_INPUT(r), at)));
            for (int64_t o = 0; o < t->blocks; o++) {
                Val *acc = &r->v[(i * t->columns + c) * t->blocks + o];
                *acc = emit_dot(b, *acc, weight[o], x);
            }
        }
    }
}

static void bump(Reduction *r, int64_t input_bytes, int64_t weight_bytes)
{
    REDUCTION_INPUT(r) = vb_ati(r->w->b, REDUCTION_INPUT(r), input_bytes);
    REDUCTION_WEIGHT(r) = vb_ati(r->w->b, REDUCTION_WEIGHT(r), weight_bytes);
}

// The next trip of a loop of `step` input channels.
static void advance(Reduction *r, int64_t step)
{
    bump(r, elem_size(r->w->in_elem, step), step * reduction_step_bytes(r));
    if (r->t->coming) {
        access_prefetch(r->w->b, REDUCTION_COMING(r));
        REDUCTION_COMING(r) = vb_ati(r->w->b, REDUCTION_COMING(r), step * r->t->coming_step);
    }
}

// Filter columns [tap, tap + count), all with the columns of `mask` inside. The pointers stand at
// the row's start and are left there.
static void emit_class(Reduction *r, int64_t tap, int64_t count, uint64_t mask)
{
    Vb *b = r->w->b;
    const ConvPass *p = r->w->pass;
    int64_t step = r->step, pixel = elem_size(r->w->in_elem, p->in_block),
            channels = conv_in_step(p);
    int64_t column = lowest_bit(mask) * p->stride[1] + tap;
    if (r->t->first_column >= 0) {
        column += r->t->first_column * p->stride[1] - r->t->phase->pad[1];
    }
    Val input = REDUCTION_INPUT(r), weight = REDUCTION_WEIGHT(r);
    bump(r, column * pixel, tap * channels * reduction_step_bytes(r));
    if (!r->channels) {
        VbLoop loop = reduction_loop(r, vb_int(b, 0), vb_int(b, count * channels), step);
        for (int64_t i = 0; i < step; i++) {
            emit_step(r, mask, i);
        }
        advance(r, step);
        reduction_loop_end(r, &loop);
    } else {
        VbLoop taps = reduction_loop(r, vb_int(b, 0), vb_int(b, count), 1);
        Val tap_input = REDUCTION_INPUT(r), tap_weight = REDUCTION_WEIGHT(r);
        VbLoop loop = reduction_loop(r, vb_int(b, 0), r->channels, 1);
        emit_step(r, mask, 0);
        advance(r, 1);
        reduction_loop_end(r, &loop);
        REDUCTION_INPUT(r) = vb_ati(b, tap_input, pixel);
        REDUCTION_WEIGHT(r) = vb_ati(b, tap_weight, channels * reduction_step_bytes(r));
        reduction_loop_end(r, &taps);
    }
    REDUCTION_INPUT(r) = input;
    REDUCTION_WEIGHT(r) = weight;
}

static void emit_tap_row(Reduction *r)
{
    const ConvTile *t = r->t;
    const ConvPass *p = r->w->pass;
    uint64_t all = (UINT64_C(1) << t->columns) - 1;
    for (int64_t tap = 0; tap < t->phase->taps[1];) {
        uint64_t mask = all;
        int64_t count = t->phase->taps[1];
        if (t->first_column >= 0) {
            mask = conv_column_mask(p, t->phase, t->first_column, t->columns, tap);
            count = 1;
            while (tap + count < t->phase->taps[1] &&
                   conv_column_mask(p, t->phase, t->first_column, t->columns, tap + count) ==
                       mask) {
                count++;
            }
        }
        if (mask) {
            emit_class(r, tap, count, mask);
        }
        tap += count;
    }
}

// All rows of taps of one channel block.
void reduction_emit_block(Reduction *r)
{
    const ConvTile *t = r->t;
    int64_t row = t->phase->taps[1] * conv_in_step(r->w->pass) * reduction_step_bytes(r);
    if (t->phase->taps[0] == 1) {
        emit_tap_row(r);
        return;
    }
    VbLoop rows = reduction_loop(r, t->tap_lo, t->tap_hi, 1);
    emit_tap_row(r);
    bump(r, r->w->in_row, row);
    reduction_loop_end(r, &rows);
}

// Moves the pointers to the first row of taps inside the picture.
static void enter_rows(Reduction *r)
{
    const ConvTile *t = r->t;
    if (!t->row) {
        return;
    }
    Vb *b = r->w->b;
    int64_t weights = t->phase->taps[1] * conv_in_step(r->w->pass) * reduction_step_bytes(r);
    Val row = vb_add(b, t->row, t->tap_lo);
    REDUCTION_INPUT(r) = vb_at(b, REDUCTION_INPUT(r), vb_muli(b, row, r->w->in_row));
    if (t->phase->taps[0] > 1) {
        REDUCTION_WEIGHT(r) = vb_at(b, REDUCTION_WEIGHT(r), vb_muli(b, t->tap_lo, weights));
    }
}

Reduction reduction_begin(ConvWalk *w, const ConvTile *t, int64_t step, const Val *acc)
{
    Reduction r = {
        .w = w, .t = t, .step = step, .acc = (uint32_t)(t->images * t->columns * t->blocks)};
    for (uint32_t i = 0; i < r.acc; i++) {
        r.v[i] = acc[i];
    }
    REDUCTION_INPUT(&r) = t->input;
    REDUCTION_WEIGHT(&r) = t->weights;
    r.carried = r.acc + 2;
    if (t->coming) {
        REDUCTION_COMING(&r) = t->coming;
        r.carried++;
    }
    enter_rows(&r);
    return r;
}
