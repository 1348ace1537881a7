// conv_plan.h: register tiles and tasks of the direct convolutions.
#ifndef CPU_KERNELS_CONV_CONV_PLAN_H
#define CPU_KERNELS_CONV_CONV_PLAN_H

#include "cpu/kernels/conv/conv_pass.h"

/// Register tile and tasks.
typedef struct ConvTiles {
    int32_t blocks, columns, images;   // register tile: output-channel blocks x columns x images
    int32_t tail_blocks, tail_columns; // of a group's last output channels; 0: it divides
    int32_t chunks;                    // tasks along the rows of an image
    int32_t across;    // tasks of one chunk follow each other, not those of one tile of channels
    int32_t image_div; // images per task
} ConvTiles;

/// What conv_walk reads of a plan, and the first member of each algorithm's own plan, which becomes
/// Lowering.plan: neither pointers nor padding. Sizes are in elements.
typedef struct ConvPlan {
    ConvPass pass; // as it is walked
    ConvTiles tiles;
    int64_t in_row, in_plane, in_image; // of what tiles read: row, channel block, image
    int64_t in_group;                   // from group to group; 0: tiles find their groups' input
    int64_t out_row, out_plane, out_image;
    int64_t prefetch; // a task's tiles prefetch the weights of the next output channels
} ConvPlan;

/// The register tile of least time, and that time at plan_batch, ns. Sets blocks, columns, images
/// and tails.
double conv_choose_tile(const PlanCtx *ctx, const ConvPass *p, ConvTiles *best);
/// Tasks: at least a few per worker, yet long enough to use what they load of the weights.
void conv_plan_tasks(const PlanCtx *ctx, const ConvPass *p, double image_ns, ConvTiles *t);
/// Completes a plan with pass and tiles: places the weights and finds the distances.
void conv_place(ConvPlan *plan, uint32_t width);
/// Layouts of activations, task counts, flops and bytes; `weights` is input 1's layout.
void conv_fill_lowering(const PlanCtx *ctx, const Node *n, const ConvPass *p, const ConvTiles *t,
                        Layout weights, Lowering *out);

#endif
