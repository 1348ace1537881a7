// channel_pass.c: a pass over blocked tensors element by element, with sums per channel on the way.
// Sums are taken in float over runs of RUN pixels in UNROLL accumulators, and in double over runs
// and images, so that no float chain is longer than RUN / UNROLL + 2.
#include "cpu/kernels/norm/channel_pass.h"

#define UNROLL 4
#define RUN 128

void plan_channel_pass(const PlanCtx *ctx, const Shape *shape, uint32_t tensors, uint32_t flops,
                       Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    int64_t blocks = div_up(shape_channels(shape), width);
    int64_t pixels = shape_height(shape) * shape_width(shape);
    double pixel_bytes = (double)tensors * (double)elem_size(ELEM_F32, width);
    SpatialPlan p = spatial_plan(ctx, blocks, pixels, pixel_bytes);
    double vectors = (double)(blocks * pixels);
    spatial_fill(ctx, &p, vectors * width * flops, vectors * pixel_bytes, out);
}

typedef struct PassCursor {
    Emit *e;
    const ChannelPass *pass;
    Val image, block, plane; // plane: byte offset
} PassCursor;

void channel_pass_add(ChannelPass *p, const Node *n, uint32_t output, const OpDef *op)
{
    p->target[p->targets++] = (PassTarget){output, op->centred};
    p->sums += n->outputs.at[output]->terms - op->centred;
}

static Val add_sum(PassCursor *c, Val x, Val y)
{
    return vb_fadd(c->e->vb, x, y);
}

// Vectors pixel, pixel + 1, ... pixel + count - 1, each into an accumulator of its own.
static void emit_vectors(PassCursor *c, Val pixel, uint32_t count, const Val *sum, Val *next)
{
    Vb *b = c->e->vb;
    int64_t bytes = elem_size(emit_place_elem(c->e), b->width);
    Val offset = vb_add(b, c->plane, vb_muli(b, pixel, bytes));
    for (uint32_t u = 0; u < count; u++) {
        ExprPlace at = {
            .image = c->image, .block = c->block, .offset = offset, .offset_const = u * bytes};
        Val term[PASS_MAX_SUMS] = {0};
        c->pass->body(c->e, &at, term);
        for (uint32_t s = 0; s < c->pass->sums; s++) {
            uint32_t slot = u * c->pass->sums + s;
            next[slot] = add_sum(c, sum[slot], term[s]);
        }
    }
}

// Pixels [lo, hi) into fresh accumulators; gives their sums.
static void emit_run(PassCursor *c, Val lo, Val hi, Val *result)
{
    Vb *b = c->e->vb;
    uint32_t sums = c->pass->sums, count = sums * UNROLL;
    Val acc[UNROLL * PASS_MAX_SUMS], next[UNROLL * PASS_MAX_SUMS];
    for (uint32_t i = 0; i < count; i++) {
        acc[i] = vb_zero(b);
    }
    Val length = vb_sub(b, hi, lo);
    Val rest = vb_remi(b, length, UNROLL);
    Val middle = vb_sub(b, hi, rest);
    VbLoop main = vb_for(b, lo, middle, UNROLL, acc, count);
    emit_vectors(c, main.index, UNROLL, main.carried, next);
    vb_for_end(b, &main, next);
    VbLoop tail = vb_for(b, middle, hi, 1, main.carried, sums);
    emit_vectors(c, tail.index, 1, tail.carried, next);
    vb_for_end(b, &tail, next);
    for (uint32_t s = 0; s < sums; s++) {
        Val left = add_sum(c, tail.carried[s], main.carried[sums + s]);
        Val right = add_sum(c, main.carried[2 * sums + s], main.carried[3 * sums + s]);
        result[s] = add_sum(c, left, right);
    }
}

// One plane's pixels [lo, hi), added to the task's sums, which are double.
static void emit_plane(PassCursor *c, Val lo, Val hi, Val *total)
{
    Vb *b = c->e->vb;
    uint32_t sums = c->pass->sums;
    Val run_sum[PASS_MAX_SUMS];
    ExprPlace at = {.image = c->image, .block = c->block, .offset = c->plane};
    emit_hold(c->e, &at);
    if (sums == 0) {
        emit_run(c, lo, hi, run_sum);
        emit_release(c->e);
        return;
    }
    VbLoop runs = vb_loop(b, lo, hi, RUN, total, sums);
    emit_run(c, runs.index, vb_min(b, vb_addi(b, runs.index, RUN), hi), run_sum);
    for (uint32_t s = 0; s < sums; s++) {
        total[s] = vb_fadd(b, runs.carried[s], vb_widen(b, run_sum[s]));
    }
    vb_loop_end(b, &runs, total);
    emit_release(c->e);
}

static Val pass_plane_offset(PassCursor *c)
{
    Vb *b = c->e->vb;
    const Shape *s = c->pass->shape;
    int64_t blocks = div_up(shape_channels(s), b->width);
    int64_t pixels = shape_height(s) * shape_width(s);
    int64_t bytes = elem_size(emit_place_elem(c->e), pixels * b->width);
    return vb_muli(b, vb_add(b, vb_muli(b, c->image, blocks), c->block), bytes);
}

// How many elements of a channel the task has, in all lanes.
static Val task_count(Vb *b, const SpatialTask *t)
{
    Val pixels = vb_sub(b, t->row_hi, t->row_lo);
    Val count = vb_mul(b, vb_sub(b, t->image_hi, t->image_lo), pixels);
    return vb_from_int(b, count);
}

static void store_sums(PassCursor *c, const SpatialTask *t, const Val *sum)
{
    Emit *e = c->e;
    SumPlace place = {t->part, c->block};
    for (uint32_t i = 0; i < c->pass->targets; i++) {
        const PassTarget *to = &c->pass->target[i];
        const Value *v = e->node->outputs.at[to->output];
        for (uint32_t term = 0; term < v->terms; term++) {
            Val offset = emit_partial_at(e, v, term, &place);
            Access row = access_at(e->vb, emit_output(e, to->output), offset);
            if (term == 0 && to->centred) {
                emit_store_centre(e, e->centre, task_count(e->vb, t), row);
            } else {
                access_store_double(e->vb, *sum++, row);
            }
        }
    }
}

// The task's first vector of the block, before anything is stored: the output may overwrite what
// it is made from.
static void find_centre(PassCursor *c, const SpatialTask *t)
{
    Vb *b = c->e->vb;
    c->image = t->image_lo;
    Val pixel = vb_muli(b, t->row_lo, elem_size(emit_place_elem(c->e), b->width));
    ExprPlace at = {.image = c->image, .block = c->block};
    at.offset = vb_add(b, pass_plane_offset(c), pixel);
    c->e->centre = c->pass->first(c->e, &at);
}

static bool has_centre(const ChannelPass *p)
{
    for (uint32_t i = 0; i < p->targets; i++) {
        if (p->target[i].centred) {
            return true;
        }
    }
    return false;
}

// Without sums: image by image, in the order of memory.
static void emit_plain_pass(Emit *e, const ChannelPass *p)
{
    SpatialWalk w = spatial_walk(e);
    PassCursor c = {.e = e, .pass = p, .image = w.image, .block = w.block};
    c.plane = pass_plane_offset(&c);
    emit_plane(&c, w.task.row_lo, w.task.row_hi, NULL);
    spatial_walk_end(e, &w);
}

void emit_channel_pass(Emit *e, const ChannelPass *p)
{
    if (p->sums == 0) {
        emit_plain_pass(e, p);
        return;
    }
    Vb *b = e->vb;
    PassCursor c = {.e = e, .pass = p};
    SpatialTask t = spatial_task(e);
    VbLoop blocks = vb_loop(b, t.block_lo, t.block_hi, 1, NULL, 0);
    c.block = blocks.index;
    if (has_centre(p)) {
        find_centre(&c, &t);
    }
    Val total[PASS_MAX_SUMS];
    for (uint32_t s = 0; s < p->sums; s++) {
        total[s] = vb_const64(b, 0);
    }
    VbLoop images = vb_loop(b, t.image_lo, t.image_hi, 1, total, p->sums);
    for (uint32_t s = 0; s < p->sums; s++) {
        total[s] = images.carried[s];
    }
    c.image = images.index;
    c.plane = pass_plane_offset(&c);
    emit_plane(&c, t.row_lo, t.row_hi, total);
    vb_loop_end(b, &images, total);
    store_sums(&c, &t, total);
    vb_loop_end(b, &blocks, NULL);
    spatial_task_end(e, &t);
}
