// conv_direct.c: direct convolution in registers, and dense layers as 1x1 convolutions.
//
//   y[n,k,y,x] = bias[k] + sum over c,r,s of w[k,c,r,s] * x[n,c,y*sh+r-pt,x*sw+s-pl]
//
// Activations are nChw{V}c, weights [k tile][c block][r][s][c][blocks*V]: exactly the order of use,
// read by one bumped pointer. A register tile of columns x blocks accumulates the whole reduction
// (the tile of Georganas et al. 2018, "Anatomy of high-performance deep learning convolutions on
// SIMD architectures"): each step loads `blocks` weight vectors, broadcasts one input channel of
// each column, and multiplies all pairs. The range of filter rows is computed per row; padded
// columns are left out statically, per tile. Neighbouring filter columns with the same columns
// inside run as one loop, since (s, c) is contiguous both in a blocked row and in the weights.
// There is one small loop for each such class rather than straight-line code: taps that share a
// pixel in one basic block would have their broadcasts merged by instruction selection, and the
// live ranges would spill. A sum of many terms is made of shorter chains (SUM_TERMS in
// conv_plan.c), since the rounding of a chain grows with the root of its length. Not here: loops
// around the tile (conv_walk.c), choice of the tile (conv_plan.c).
#include "cpu/kernels/conv/conv_walk.h"

#include <string.h>

// The innermost state: accumulators, then input and weight pointers (and where to prefetch), in one
// array for loops to carry.
typedef struct Reduction {
    ConvWalk *w;
    const ConvTile *t;
    uint32_t acc;     // how many accumulators
    uint32_t carried; // accumulators and pointers
    Val v[CONV_MAX_ACC + 3];
    Val channels; // of this channel block, run time; NULL: all
    Val lanes;    // of the group at hand: <V x i32> of all ones or none; NULL: all
} Reduction;

#define INPUT(r) ((r)->v[(r)->acc])
#define WEIGHT(r) ((r)->v[(r)->acc + 1])
#define COMING(r) ((r)->v[(r)->acc + 2]) // weights to prefetch; only if t->coming

static int64_t vector_bytes(const Reduction *r)
{
    return (int64_t)r->w->b->width * 4;
}

static int64_t step_bytes(const Reduction *r) // weights of one input channel of one tap
{
    return r->w->tiles->blocks * vector_bytes(r);
}

static VbLoop loop_begin(Reduction *r, Val lo, Val hi, int64_t step)
{
    VbLoop loop = vb_loop(r->w->b, lo, hi, step, r->v, r->carried);
    for (uint32_t i = 0; i < r->carried; i++) {
        r->v[i] = loop.carried[i];
    }
    return loop;
}

static void loop_end(Reduction *r, VbLoop *loop)
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
    return LLVMBuildBitCast(b->builder, LLVMBuildAnd(b->builder, bits, lanes, ""), b->vec, "");
}

// One input channel: the pointers stand at the first column of the mask.
static void emit_step(Reduction *r, uint64_t mask, int64_t channel)
{
    const ConvTile *t = r->t;
    Vb *b = r->w->b;
    const ConvPass *p = &r->w->pass;
    Val weight[CONV_MAX_ACC];
    for (int64_t o = 0; o < t->blocks; o++) {
        weight[o] = vb_load(b, vb_ati(b, WEIGHT(r), channel * step_bytes(r) + o * vector_bytes(r)));
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
            int64_t skip = ((c - first) * p->stride[1] * p->in_block + channel) * 4;
            Val x = vb_broadcast(b, vb_ati(b, INPUT(r), i * r->w->in_image + skip));
            for (int64_t o = 0; o < t->blocks; o++) {
                Val *acc = &r->v[(i * t->columns + c) * t->blocks + o];
                *acc = vb_fma(b, weight[o], x, *acc);
            }
        }
    }
}

static void bump(Reduction *r, int64_t input_bytes, int64_t weight_bytes)
{
    INPUT(r) = vb_ati(r->w->b, INPUT(r), input_bytes);
    WEIGHT(r) = vb_ati(r->w->b, WEIGHT(r), weight_bytes);
}

// The next trip of a loop of `step` input channels.
static void advance(Reduction *r, int64_t step)
{
    bump(r, step * 4, step * step_bytes(r));
    if (r->t->coming) {
        vb_prefetch(r->w->b, COMING(r), false, VB_PREFETCH_L2);
        COMING(r) = vb_ati(r->w->b, COMING(r), step * r->t->coming_step);
    }
}

// Filter columns [tap, tap + count), all with the columns of `mask` inside. The pointers stand at
// the row's start and are left there.
static void emit_class(Reduction *r, int64_t tap, int64_t count, uint64_t mask)
{
    Vb *b = r->w->b;
    const ConvPass *p = &r->w->pass;
    int64_t step = r->w->tiles->step, pixel = p->in_block * 4, channels = conv_in_step(p);
    int64_t column = lowest_bit(mask) * p->stride[1] + tap;
    if (r->t->first_column >= 0) {
        column += r->t->first_column * p->stride[1] - r->t->phase->pad[1];
    }
    Val input = INPUT(r), weight = WEIGHT(r);
    bump(r, column * pixel, tap * channels * step_bytes(r));
    if (!r->channels) {
        VbLoop loop = loop_begin(r, vb_int(b, 0), vb_int(b, count * channels), step);
        for (int64_t i = 0; i < step; i++) {
            emit_step(r, mask, i);
        }
        advance(r, step);
        loop_end(r, &loop);
    } else {
        VbLoop taps = loop_begin(r, vb_int(b, 0), vb_int(b, count), 1);
        Val tap_input = INPUT(r), tap_weight = WEIGHT(r);
        VbLoop loop = loop_begin(r, vb_int(b, 0), r->channels, 1);
        emit_step(r, mask, 0);
        advance(r, 1);
        loop_end(r, &loop);
        INPUT(r) = vb_ati(b, tap_input, pixel);
        WEIGHT(r) = vb_ati(b, tap_weight, channels * step_bytes(r));
        loop_end(r, &taps);
    }
    INPUT(r) = input;
    WEIGHT(r) = weight;
}

static void emit_tap_row(Reduction *r)
{
    const ConvTile *t = r->t;
    const ConvPass *p = &r->w->pass;
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
static void emit_block(Reduction *r)
{
    const ConvTile *t = r->t;
    int64_t row = t->phase->taps[1] * conv_in_step(&r->w->pass) * step_bytes(r);
    if (t->phase->taps[0] == 1) {
        emit_tap_row(r);
        return;
    }
    VbLoop rows = loop_begin(r, t->tap_lo, t->tap_hi, 1);
    emit_tap_row(r);
    bump(r, r->w->in_row, row);
    loop_end(r, &rows);
}

// Moves the pointers to the first row of taps inside the picture.
static void enter_rows(Reduction *r)
{
    const ConvTile *t = r->t;
    if (!t->row) {
        return;
    }
    Vb *b = r->w->b;
    int64_t weights = t->phase->taps[1] * conv_in_step(&r->w->pass) * step_bytes(r);
    Val row = vb_add(b, t->row, t->tap_lo);
    INPUT(r) = vb_at(b, INPUT(r), vb_muli(b, row, r->w->in_row));
    if (t->phase->taps[0] > 1) {
        WEIGHT(r) = vb_at(b, WEIGHT(r), vb_muli(b, t->tap_lo, weights));
    }
}

static Reduction reduction_begin(ConvWalk *w, const ConvTile *t, const Val *acc)
{
    Reduction r = {.w = w, .t = t, .acc = (uint32_t)(t->images * t->columns * t->blocks)};
    for (uint32_t i = 0; i < r.acc; i++) {
        r.v[i] = acc[i];
    }
    INPUT(&r) = t->input;
    WEIGHT(&r) = t->weights;
    r.carried = r.acc + 2;
    if (t->coming) {
        COMING(&r) = t->coming;
        r.carried++;
    }
    enter_rows(&r);
    return r;
}

// Channel blocks [lo, hi).
static void emit_blocks(Reduction *r, Val lo, Val hi)
{
    ConvWalk *w = r->w;
    Vb *b = w->b;
    const ConvPass *p = &w->pass;
    int64_t blocks = conv_in_blocks(p), tail = p->in_c % p->in_block;
    VbLoop loop = loop_begin(r, lo, hi, 1);
    Val input = INPUT(r), weight = WEIGHT(r);
    if (tail) {
        Val last = vb_icmp(b, LLVMIntEQ, loop.index, vb_int(b, blocks - 1));
        r->channels = vb_select(b, last, vb_int(b, tail), vb_int(b, p->in_block));
    }
    emit_block(r);
    INPUT(r) = vb_ati(b, input, w->in_plane);
    WEIGHT(r) =
        vb_ati(b, weight, conv_slice_bytes(p, r->t->phase, w->tiles->blocks, b->width) / blocks);
    loop_end(r, &loop);
}

// All channel blocks, `chunk` of them to a sum of its own, which is added to totals in scratch;
// there they stay.
static void emit_chunks(Reduction *r, int64_t chunk)
{
    Vb *b = r->w->b;
    Val blocks = vb_int(b, conv_in_blocks(&r->w->pass)), *pointers = &INPUT(r);
    int64_t pixel = r->t->blocks * vector_bytes(r);
    VbLoop pixels = vb_loop(b, vb_int(b, 0), vb_int(b, r->acc * vector_bytes(r)), pixel, NULL, 0);
    for (uint32_t o = 0; o < r->t->blocks; o++) { // all pixels begin alike
        vb_store(b, r->v[o], vb_at(b, conv_total(r->w, o), pixels.index));
    }
    vb_loop_end(b, &pixels, NULL);
    uint32_t count = r->carried - r->acc;
    VbLoop loop = vb_loop(b, vb_int(b, 0), blocks, chunk, pointers, count);
    memcpy(pointers, loop.carried, count * sizeof(Val));
    for (uint32_t i = 0; i < r->acc; i++) {
        r->v[i] = vb_zero(b);
    }
    emit_blocks(r, loop.index, vb_min(b, vb_addi(b, loop.index, chunk), blocks));
    for (uint32_t i = 0; i < r->acc; i++) {
        vb_store(b, vb_fadd(b, vb_load(b, conv_total(r->w, i)), r->v[i]), conv_total(r->w, i));
    }
    vb_loop_end(b, &loop, pointers);
    memset(r->v, 0, r->acc * sizeof(Val));
}

void conv_reduce_direct(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    const ConvPass *p = &w->pass;
    Reduction r = reduction_begin(w, t, acc);
    int64_t blocks = conv_in_blocks(p), tail = p->in_c % p->in_block;
    int64_t chunk = conv_sum_blocks(p, t->phase);
    if (blocks == 1) {
        r.channels = tail ? vb_int(b, tail) : NULL;
        emit_block(&r);
    } else if (chunk < blocks) {
        emit_chunks(&r, chunk);
    } else {
        emit_blocks(&r, vb_int(b, 0), vb_int(b, blocks));
    }
    for (uint32_t i = 0; i < r.acc; i++) {
        acc[i] = r.v[i];
    }
}

// Channels [from, end) of the node's input, those of one group, which may begin and end within a
// block. Weights of the first stand where the pointer does.
static void emit_group(Reduction *r, Val from, Val end)
{
    Vb *b = r->w->b;
    int64_t width = b->width;
    Val input = INPUT(r), weight = WEIGHT(r);
    Val last = vb_divi(b, vb_addi(b, end, -1), width);
    VbLoop blocks = loop_begin(r, vb_divi(b, from, width), vb_addi(b, last, 1), 1);
    Val start = vb_muli(b, blocks.index, width), lo = vb_max(b, from, start);
    Val offset = vb_muli(b, blocks.index, r->w->in_plane);
    offset = vb_add(b, offset, vb_muli(b, vb_sub(b, lo, start), 4));
    INPUT(r) = vb_at(b, input, offset);
    WEIGHT(r) = vb_at(b, weight, vb_muli(b, vb_sub(b, lo, from), step_bytes(r)));
    r->channels = vb_sub(b, vb_min(b, end, vb_addi(b, start, width)), lo);
    emit_block(r);
    loop_end(r, &blocks);
    INPUT(r) = input;
    WEIGHT(r) = weight;
}

void conv_reduce_spanned(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    ConvSize z = conv_size(w->e->node);
    int64_t made = (w->pass.backward ? z.c : z.k) / z.groups, reduced = w->pass.shuffled;
    Reduction r = reduction_begin(w, t, acc);
    Val first = vb_muli(b, w->block, b->width);
    Val end = vb_min(b, vb_addi(b, first, b->width), vb_int(b, made * z.groups));
    Val last = vb_divi(b, vb_addi(b, end, -1), made);
    VbLoop groups = loop_begin(&r, vb_divi(b, first, made), vb_addi(b, last, 1), 1);
    Val begin = vb_sub(b, vb_muli(b, groups.index, made), first); // lane of the group's first
    Val before = vb_lane_mask(b, begin), until = vb_lane_mask(b, vb_addi(b, begin, made));
    Val own = LLVMBuildAnd(b->builder, until, LLVMBuildNot(b->builder, before, ""), "");
    r.lanes = LLVMBuildSExt(b->builder, own, LLVMVectorType(b->i32, b->width), "");
    Val from = vb_muli(b, groups.index, reduced);
    emit_group(&r, from, vb_addi(b, from, reduced));
    loop_end(&r, &groups);
    for (uint32_t i = 0; i < r.acc; i++) {
        acc[i] = r.v[i];
    }
}

static const char *plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const char *why;
    ConvPass p = conv_pass(n, conv_input_block(n->inputs.at[0], width), &why);
    if (why) {
        return why;
    }
    if (p.groups > 1 && (p.in_c % width || p.out_c % width)) {
        return "channels per group are no multiple of the vector";
    }
    conv_plan_direct(ctx, n, &p, out);
    return NULL;
}

static void emit(Emit *e)
{
    conv_walk(e, conv_reduce_direct, NULL);
}

const KernelDef kernel_conv_direct = CONV_WALK_KERNEL(
    "direct", "conv2d", "Register-tiled direct convolution over blocked channels.", plan, emit);

const KernelDef kernel_dense_direct = CONV_WALK_KERNEL(
    "direct", "dense",
    "A dense layer as a 1x1 convolution of one pixel, several images to a register tile.", plan,
    emit);
