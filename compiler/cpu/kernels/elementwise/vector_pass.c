// vector_pass.c: the loop of kernels on channel vectors.
#include "cpu/kernels/elementwise/vector_pass.h"

#define TASK_BYTES 8192

typedef struct VectorTiles {
    int32_t blocks; // per task
} VectorTiles;

void plan_vector_pass(const PlanCtx *ctx, int64_t c, double bytes, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    int64_t all = div_up(c, width);
    int64_t blocks = (int64_t)(TASK_BYTES / (bytes * width)) + 1;
    VectorTiles *tiles = ARENA_NEW(ctx->arena, VectorTiles);
    tiles->blocks = (int32_t)(blocks < all ? blocks : all);
    out->plan = tiles;
    out->plan_bytes = sizeof *tiles;
    out->tasks_mul = (uint32_t)div_up(all, tiles->blocks);
    out->tasks_div = RN_DIV_ALL;
    out->bytes_fixed = (uint64_t)(bytes * (double)c);
    out->flops_fixed = out->bytes_fixed;
    out->predicted_ns = cost_ns(ctx->target, bytes * (double)c, bytes * (double)c);
}

void emit_vector_pass(Emit *e, int64_t c, VectorBody body)
{
    Vb *b = e->vb;
    const VectorTiles *tiles = e->lowering->plan;
    int64_t full = c / b->width, all = div_up(c, b->width);
    Val task;
    TaskLoop tasks = emit_tasks(e, &task);
    Val lo = vb_muli(b, task, tiles->blocks);
    Val hi = vb_min(b, vb_addi(b, lo, tiles->blocks), vb_int(b, all));
    VbLoop blocks = vb_for(b, lo, vb_min(b, hi, vb_int(b, full)), 1, NULL, 0);
    VectorPlace at = {.block = blocks.index, .lanes = b->width};
    at.offset = vb_muli(b, at.block, elem_size(ELEM_F32, b->width));
    body(e, &at);
    vb_for_end(b, &blocks, NULL);
    if (full < all) {
        VbIf tail = vb_if(b, vb_icmp(b, LLVMIntSGT, hi, vb_int(b, full)));
        VectorPlace end = {.block = vb_int(b, full), .lanes = (uint32_t)(c - full * b->width)};
        end.offset = vb_int(b, elem_size(ELEM_F32, full * b->width));
        body(e, &end);
        vb_if_end(b, &tail);
    }
    emit_tasks_end(e, &tasks);
}

static Access channels_at(Vb *b, Access vector, const VectorPlace *at)
{
    return access_at(b, vector, access_rescale(b, at->offset, ELEM_F32, vector.elem));
}

Val load_channels(Emit *e, const Value *v, Access from, const VectorPlace *at)
{
    Vb *b = e->vb;
    from = channels_at(b, from, at);
    return v->layout.kind == LAYOUT_PLAIN ? access_load_lanes(b, from, at->lanes)
                                          : access_load_unaligned(b, from);
}

void store_channels(Emit *e, const Value *v, Access to, const VectorPlace *at, Val x)
{
    Vb *b = e->vb;
    to = channels_at(b, to, at);
    if (v->layout.kind == LAYOUT_PLAIN) {
        access_store_lanes(b, x, to, at->lanes);
        return;
    }
    access_store_unaligned(b, vb_keep_lanes(b, x, at->lanes), to);
}

Val load_input64(Emit *e, uint32_t i, const VectorPlace *at)
{
    return vb_widen(e->vb, load_channels(e, e->node->inputs.at[i], emit_input(e, i), at));
}

void store_output64(Emit *e, uint32_t i, const VectorPlace *at, Val x)
{
    store_channels(e, e->node->outputs.at[i], emit_output(e, i), at, vb_narrow(e->vb, x));
}

Layout vector_input_layout(const PlanCtx *ctx, const Node *n, uint32_t i, int64_t c)
{
    const ValueKind kind = n->inputs.at[i]->kind;
    bool stands = kind == VALUE_PARAM || kind == VALUE_STATE;
    return stands ? layout_plain()
                  : layout_padded_vector(ctx->arena, c, ctx->target->vector_floats);
}

Val part_count(Emit *e, const Value *v)
{
    Vb *b = e->vb;
    if (v->parts_div == RN_DIV_ALL) {
        return vb_int(b, v->parts_mul);
    }
    Val chunks = vb_divi(b, vb_addi(b, e->batch, (int64_t)v->parts_div - 1), v->parts_div);
    return vb_muli(b, chunks, v->parts_mul);
}

Access part_row(Emit *e, uint32_t input, Val part, uint32_t term, const VectorPlace *at)
{
    SumPlace place = {part, at->block};
    Val offset = emit_partial_at(e, e->node->inputs.at[input], term, &place);
    return access_at(e->vb, emit_input(e, input), offset);
}

Val load_part(Emit *e, uint32_t input, Val part, uint32_t term, const VectorPlace *at)
{
    Vb *b = e->vb;
    return access_load_double(b, part_row(e, input, part, term, at));
}

Val sum_parts(Emit *e, uint32_t input, uint32_t term, const VectorPlace *at)
{
    Vb *b = e->vb;
    Val zero = vb_const64(b, 0);
    VbLoop loop = vb_loop(b, vb_int(b, 0), part_count(e, e->node->inputs.at[input]), 1, &zero, 1);
    Val sum = vb_fadd(b, loop.carried[0], load_part(e, input, loop.index, term, at));
    vb_loop_end(b, &loop, &sum);
    return sum;
}
