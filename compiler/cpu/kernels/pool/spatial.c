// spatial.c: tasks over images, channel blocks and rows, shared by the kernels on blocked
// activations.
#include "cpu/kernels/pool/spatial.h"

#define WANTED_TASKS 32     // enough for any number of threads that a picture is worth
#define MIN_TASK_BYTES 8192 // below this a task costs more to hand out than to run

static int64_t clamp_i64(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

SpatialPlan spatial_plan(const PlanCtx *ctx, int64_t all_blocks, int64_t all_rows, double row_bytes)
{
    int64_t batch = ctx->plan_batch, planes = all_blocks * batch;
    int64_t images = 1, blocks = 1, chunks = 1;
    double plane = row_bytes * (double)all_rows;
    if (planes >= WANTED_TASKS) {
        int64_t each = planes / WANTED_TASKS;
        images = clamp_i64(each, 1, batch);
        blocks = clamp_i64(each / images, 1, all_blocks);
    } else {
        int64_t most = (int64_t)(plane / MIN_TASK_BYTES);
        chunks = clamp_i64(div_up(WANTED_TASKS, planes), 1, clamp_i64(most, 1, all_rows));
    }
    // Small planes: several blocks make one task.
    int64_t fill = (int64_t)(MIN_TASK_BYTES / (plane * (double)images + 1));
    blocks = clamp_i64(fill > blocks ? fill : blocks, 1, all_blocks);
    int64_t rows = div_up(all_rows, chunks);
    return (SpatialPlan){.blocks = (int32_t)blocks,
                         .block_groups = (int32_t)div_up(all_blocks, blocks),
                         .rows = (int32_t)rows,
                         .chunks = (int32_t)div_up(all_rows, rows),
                         .images = (int32_t)images,
                         .all_blocks = (int32_t)all_blocks,
                         .all_rows = (int32_t)all_rows};
}

void spatial_fill(const PlanCtx *ctx, const SpatialPlan *p, double flops, double bytes,
                  Lowering *out)
{
    SpatialPlan *tiles = ARENA_NEW(ctx->arena, SpatialPlan);
    *tiles = *p;
    out->plan = tiles;
    out->plan_bytes = sizeof *tiles;
    out->tasks_mul = (uint32_t)(p->block_groups * p->chunks);
    out->tasks_div = (uint32_t)p->images;
    out->parts_mul = (uint32_t)p->chunks;
    out->parts_div = (uint32_t)p->images;
    out->flops_per_image = (uint64_t)flops;
    out->bytes_per_image = (uint64_t)bytes;
    out->predicted_ns = cost_ns(ctx->target, flops * ctx->plan_batch, bytes * ctx->plan_batch);
}

SpatialTask spatial_task(Emit *e)
{
    Vb *b = e->vb;
    const SpatialPlan *p = e->lowering->plan;
    SpatialTask t;
    Val task;
    t.loop = emit_tasks(e, &task);
    TaskSlice slice = emit_slice(e, task);
    Val group = vb_remi(b, slice.part, p->block_groups);
    Val chunk = vb_divi(b, slice.part, p->block_groups);
    t.image_lo = slice.image_lo;
    t.image_hi = slice.image_hi;
    t.block_lo = vb_muli(b, group, p->blocks);
    t.block_hi = vb_min(b, vb_addi(b, t.block_lo, p->blocks), vb_int(b, p->all_blocks));
    t.row_lo = vb_muli(b, chunk, p->rows);
    t.row_hi = vb_min(b, vb_addi(b, t.row_lo, p->rows), vb_int(b, p->all_rows));
    Val image_chunk = vb_divi(b, slice.image_lo, p->images);
    t.part = vb_add(b, vb_muli(b, image_chunk, p->chunks), chunk);
    return t;
}

void spatial_task_end(Emit *e, SpatialTask *t)
{
    emit_tasks_end(e, &t->loop);
}

SpatialWalk spatial_walk(Emit *e)
{
    SpatialWalk w;
    w.task = spatial_task(e);
    w.images = vb_loop(e->vb, w.task.image_lo, w.task.image_hi, 1, NULL, 0);
    w.blocks = vb_loop(e->vb, w.task.block_lo, w.task.block_hi, 1, NULL, 0);
    w.image = w.images.index;
    w.block = w.blocks.index;
    return w;
}

void spatial_walk_end(Emit *e, SpatialWalk *w)
{
    vb_loop_end(e->vb, &w->blocks, NULL);
    vb_loop_end(e->vb, &w->images, NULL);
    spatial_task_end(e, &w->task);
}

int64_t plane_bytes(const Value *v, uint32_t width)
{
    int64_t pixels = shape_height(&v->shape) * shape_width(&v->shape);
    return elem_size(v->layout.elem, pixels * width);
}

Val plane_offset(Emit *e, const Value *v, Val image, Val block)
{
    Vb *b = e->vb;
    uint32_t width = b->width;
    Val plane = vb_add(b, vb_muli(b, image, channel_blocks(v, width)), block);
    return vb_muli(b, plane, plane_bytes(v, width));
}
