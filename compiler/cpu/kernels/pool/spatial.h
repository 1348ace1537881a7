// spatial.h: how kernels over blocked activations cut their work into tasks and walk it: images,
// blocks of channels, and a range of rows (or of pixels, seen as rows of one).
#ifndef CPU_KERNELS_POOL_SPATIAL_H
#define CPU_KERNELS_POOL_SPATIAL_H

#include "cpu/kernel.h"

/// A task: `images` images x `blocks` blocks of channels x `rows` rows. Becomes Lowering.plan.
typedef struct SpatialPlan {
    int32_t blocks, block_groups;
    int32_t rows, chunks;
    int32_t images;
    int32_t all_blocks, all_rows;
} SpatialPlan;

/// all_rows rows of row_bytes each (read and written) in each of all_blocks blocks of an image.
SpatialPlan spatial_plan(const PlanCtx *ctx, int64_t all_blocks, int64_t all_rows,
                         double row_bytes);
/// Sets tasks, tiles, parts, traffic and predicted time. bytes and flops are per image.
void spatial_fill(const PlanCtx *ctx, const SpatialPlan *p, double flops, double bytes,
                  Lowering *out);

/// What a task works on.
typedef struct SpatialTask {
    TaskLoop loop;
    Val image_lo, image_hi; // i64
    Val block_lo, block_hi;
    Val row_lo, row_hi;
    Val part; // index of the task's partial sums
} SpatialTask;
SpatialTask spatial_task(Emit *e);
void spatial_task_end(Emit *e, SpatialTask *t);

/// for image { for block { ... } } of a task.
typedef struct SpatialWalk {
    SpatialTask task;
    VbLoop images, blocks;
    Val image, block;
} SpatialWalk;
SpatialWalk spatial_walk(Emit *e);
void spatial_walk_end(Emit *e, SpatialWalk *w);

/// Byte offset of plane (image, block) of a blocked tensor of c channels and h*w pixels.
Val plane_offset(Emit *e, const Value *v, Val image, Val block);
int64_t plane_bytes(const Value *v, uint32_t width);

#endif
