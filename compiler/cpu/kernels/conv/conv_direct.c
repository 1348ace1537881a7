// conv_direct.c: direct convolution in registers, and dense layers as 1x1 convolutions.
//
//   y[n,k,y,x] = bias[k] + sum over c,r,s of w[k,c,r,s] * x[n,c,y*sh+r-pt,x*sw+s-pl]
//
// Activations are nChw{V}c, weights [k tile][c block][r][s][c][blocks*V]: exactly the order of use,
// read by one bumped pointer. A sum of many terms is made of shorter chains (SUM_TERMS), since the
// rounding of a chain grows with the root of its length.
// Not here: the sums of one block of channels (conv_reduce.c), loops around the tile (conv_walk.c),
// choice of the tile (conv_plan.c).
#include "cpu/kernels/conv/conv_direct.h"

#include <math.h>
#include <string.h>

#include "cpu/kernels/conv/conv_cost.h"
#include "cpu/kernels/conv/conv_pack.h"
#include "cpu/kernels/conv/conv_plan.h"
#include "cpu/kernels/conv/conv_reduce.h"
#include "cpu/kernels/conv/conv_size.h"

#define SUM_TERMS 144         // products in one chain of additions, about
#define MAX_PREFETCH_TILES 64 // more of them use the weights long enough

// The plan of a direct convolution.
typedef struct DirectPlan {
    ConvPlan walk;
    int64_t step;                   // input channels per trip of the inner loop
    int64_t chain[CONV_MAX_PHASES]; // input blocks in one chain of additions, of each phase
} DirectPlan;

// Whether any phase's sum is cut into chains.
static bool plan_chains(DirectPlan *d)
{
    const ConvPass *p = &d->walk.pass;
    bool cut = false;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        int64_t terms = p->phase[i].taps[0] * p->phase[i].taps[1] * conv_in_step(p);
        d->chain[i] = conv_chain_blocks(conv_in_blocks(p), terms, SUM_TERMS);
        cut |= d->chain[i] < conv_in_blocks(p);
    }
    return cut;
}

// Input channels per trip of the inner loop: one is enough for a full tile; a small one would be
// bound by the loop itself. Steps of one trip read different channels, so they share no pixel.
static int32_t choose_step(const ConvPass *p, const ConvTiles *t)
{
    int32_t fma = t->blocks * t->columns * t->images;
    if (p->in_c % p->in_block != 0 || fma > 16) {
        return 1;
    }
    int32_t step = fma > 8 ? 2 : 4;
    return p->in_block % step == 0 ? step : 1;
}

// Where few pixels use a task's weights, memory cannot bring the weights as fast as they are used;
// one prefetch per step while the task before runs brings them earlier.
static bool wants_prefetch(const TargetDef *g, const ConvPass *p, const ConvTiles *t)
{
    const ConvPhase *f = &p->phase[0];
    int64_t tiles = f->count[0] * div_up(f->count[1], t->columns) * div_up(t->image_div, t->images);
    if (t->across) {
        tiles = tiles > t->chunks ? tiles / t->chunks : 1;
    }
    int64_t step = div_up(t->blocks * elem_size(ELEM_F32, g->vector_floats), tiles);
    return p->phase_count == 1 && step <= ACCESS_CACHE_LINE && tiles <= MAX_PREFETCH_TILES;
}

void conv_plan_direct(const PlanCtx *ctx, const Node *n, const ConvPass *p, Lowering *out)
{
    const TargetDef *g = ctx->target;
    DirectPlan *d = ARENA_NEW(ctx->arena, DirectPlan);
    ConvPlan *plan = &d->walk;
    ConvPass *pass = &plan->pass;
    ConvTiles *t = &plan->tiles;
    *pass = *p;
    conv_flatten(pass);
    double ns = conv_choose_tile(ctx, pass, t);
    conv_plan_tasks(ctx, pass, ns / ctx->plan_batch, t);
    conv_place(plan, g->vector_floats);
    plan->prefetch = wants_prefetch(g, pass, t);
    d->step = choose_step(pass, t);
    const Packing *packing = conv_pack_weights(ctx->arena, pass, t->blocks, g->vector_floats);
    conv_fill_lowering(ctx, n, pass, t, (Layout){.kind = LAYOUT_PACKED, .packing = packing}, out);
    out->plan = d;
    out->plan_bytes = sizeof *d;
    if (plan_chains(d)) { // totals of the largest register tile
        out->scratch_bytes =
            (uint64_t)elem_size(ELEM_F32, (int64_t)g->vector_registers * g->vector_floats);
    }
    out->predicted_ns = fmax(ns, conv_memory_ns(g, out, ctx->plan_batch));
}

// Channel blocks [lo, hi).
static void emit_blocks(Reduction *r, Val lo, Val hi)
{
    ConvWalk *w = r->w;
    Vb *b = w->b;
    const ConvPass *p = w->pass;
    int64_t blocks = conv_in_blocks(p), tail = p->in_c % p->in_block;
    VbLoop loop = reduction_loop(r, lo, hi, 1);
    Val input = REDUCTION_INPUT(r), weight = REDUCTION_WEIGHT(r);
    if (tail) {
        Val last = vb_icmp(b, LLVMIntEQ, loop.index, vb_int(b, blocks - 1));
        r->channels = vb_select(b, last, vb_int(b, tail), vb_int(b, p->in_block));
    }
    reduction_emit_block(r);
    REDUCTION_INPUT(r) = vb_ati(b, input, w->in_plane);
    REDUCTION_WEIGHT(r) = vb_ati(b, weight, elem_size(w->weight_elem, r->t->phase->slice / blocks));
    reduction_loop_end(r, &loop);
}

// All channel blocks, `chunk` of them to a sum of its own, which is added to totals in scratch;
// there they stay.
static void emit_chunks(Reduction *r, int64_t chunk)
{
    Vb *b = r->w->b;
    Val blocks = vb_int(b, conv_in_blocks(r->w->pass)), *pointers = &REDUCTION_INPUT(r);
    int64_t vector = elem_size(ELEM_F32, b->width), pixel = r->t->blocks * vector;
    VbLoop pixels = vb_loop(b, vb_int(b, 0), vb_int(b, r->acc * vector), pixel, NULL, 0);
    for (uint32_t o = 0; o < r->t->blocks; o++) { // all pixels begin alike
        access_store(b, r->v[o], access_at(b, conv_total(r->w, o), pixels.index));
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
        Access to = conv_total(r->w, i), from = conv_total(r->w, i);
        access_store(b, vb_fadd(b, access_load(b, from), r->v[i]), to);
    }
    vb_loop_end(b, &loop, pointers);
    memset(r->v, 0, r->acc * sizeof(Val));
}

static void reduce(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    const ConvPass *p = w->pass;
    const DirectPlan *d = w->e->lowering->plan;
    Reduction r = reduction_begin(w, t, d->step, acc);
    int64_t blocks = conv_in_blocks(p), tail = p->in_c % p->in_block;
    int64_t chunk = d->chain[t->phase - p->phase];
    if (blocks == 1) {
        r.channels = tail ? vb_int(b, tail) : NULL;
        reduction_emit_block(&r);
    } else if (chunk < blocks) {
        emit_chunks(&r, chunk);
    } else {
        emit_blocks(&r, vb_int(b, 0), vb_int(b, blocks));
    }
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

void conv_emit_direct(Emit *e)
{
    conv_walk(e, reduce, NULL);
}

const KernelDef kernel_conv_direct =
    CONV_WALK_KERNEL("direct", "conv2d", "Register-tiled direct convolution over blocked channels.",
                     plan, conv_emit_direct);

const KernelDef kernel_dense_direct = CONV_WALK_KERNEL(
    "direct", "dense",
    "A dense layer as a 1x1 convolution of one pixel, several images to a register tile.", plan,
    conv_emit_direct);
