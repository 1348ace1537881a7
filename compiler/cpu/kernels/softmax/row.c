// row.c: loops over one image's features, for softmax and the losses.
#include "cpu/kernels/softmax/row.h"

#include <math.h>

#define TASK_BYTES 8192

void plan_images(const PlanCtx *ctx, int64_t c, uint32_t tensors, double flops, Lowering *out)
{
    double bytes = (double)c * tensors * elem_bytes(ELEM_F32);
    double images = TASK_BYTES / bytes + 1;
    out->tasks_mul = 1;
    out->tasks_div = images < ctx->plan_batch ? (uint32_t)images : ctx->plan_batch;
    out->bytes_per_image = (uint64_t)bytes;
    out->flops_per_image = (uint64_t)(flops * (double)c);
    out->predicted_ns =
        cost_ns(ctx->target, flops * (double)c * ctx->plan_batch, bytes * ctx->plan_batch);
}

ImageLoop emit_images(Emit *e)
{
    ImageLoop l;
    Val task;
    l.tasks = emit_tasks(e, &task);
    TaskSlice slice = emit_slice(e, task);
    l.images = vb_loop(e->vb, slice.image_lo, slice.image_hi, 1, NULL, 0);
    l.image = l.images.index;
    return l;
}

void emit_images_end(Emit *e, ImageLoop *l)
{
    vb_loop_end(e->vb, &l->images, NULL);
    emit_tasks_end(e, &l->tasks);
}

int64_t row_bytes(Emit *e, int64_t c)
{
    return elem_size(ELEM_F32, div_up(c, e->vb->width) * e->vb->width);
}

Val emit_row(Emit *e, int64_t c, RowBody body, const void *arg, Val init)
{
    Vb *b = e->vb;
    int64_t full = c / b->width * b->width;
    VbLoop loop = vb_for(b, vb_int(b, 0), vb_int(b, full), b->width, &init, 1);
    Val offset = vb_muli(b, loop.index, elem_bytes(ELEM_F32));
    Val next = body(e, arg, loop.index, offset, b->width, loop.carried[0]);
    vb_for_end(b, &loop, &next);
    if (full == c) {
        return loop.carried[0];
    }
    return body(e, arg, vb_int(b, full), vb_int(b, elem_size(ELEM_F32, full)), (uint32_t)(c - full),
                loop.carried[0]);
}

Access row_at(Emit *e, Access row, Val offset)
{
    return access_at(e->vb, row, access_rescale(e->vb, offset, ELEM_F32, row.elem));
}

typedef struct RowArg {
    Access row, store; // store.at: NULL: nowhere
    Val max;
} RowArg;

static Val max_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    (void)channel;
    Vb *b = e->vb;
    const RowArg *a = arg;
    Val x = access_load(b, row_at(e, a->row, offset));
    if (lanes < b->width) {
        Val exists = vb_lane_mask(b, vb_int(b, lanes));
        x = vb_select(b, exists, x, vb_const(b, -HUGE_VAL));
    }
    Val greater = LLVMBuildFCmp(b->builder, LLVMRealOGT, x, running, "");
    return vb_select(b, greater, x, running);
}

Val row_max(Emit *e, Access row, int64_t c)
{
    RowArg arg = {.row = row};
    Val max = emit_row(e, c, max_body, &arg, vb_const(e->vb, -HUGE_VAL));
    return vb_splat(e->vb, vb_reduce_max(e->vb, max));
}

static Val exp_body(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes, Val running)
{
    (void)channel;
    Vb *b = e->vb;
    const RowArg *a = arg;
    Val x = access_load(b, row_at(e, a->row, offset));
    Val y = vb_keep_lanes(b, vb_exp(b, vb_fsub(b, x, a->max)), lanes);
    if (a->store.at) {
        access_store(b, y, row_at(e, a->store, offset));
    }
    return vb_fadd(b, running, y);
}

Val row_exp_sum(Emit *e, Access row, int64_t c, Val max, Access store)
{
    RowArg arg = {.row = row, .max = max, .store = store};
    Val sum = emit_row(e, c, exp_body, &arg, vb_zero(e->vb));
    return vb_splat(e->vb, vb_reduce_add(e->vb, sum));
}
