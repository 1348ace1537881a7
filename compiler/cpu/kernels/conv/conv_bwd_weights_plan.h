// conv_bwd_weights_plan.h: the plan of the direct backward-weights kernel, private to its planner
// and its emitter (conv_bwd_weights.c, conv_bwd_weights_sums.c).
#ifndef CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_PLAN_H
#define CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_PLAN_H

#include "cpu/kernels/conv/conv_bwd_weights_layout.h"
#include "cpu/kernels/conv/group_lanes.h"

/// How the pixels of dy are walked.
typedef enum WeightsWalk {
    WALK_ROWS,   // rows and columns
    WALK_PIXELS, // 1x1, stride 1: an image is one row, cut into pieces of `piece` pixels
    WALK_IMAGES, // 1x1 pictures: the batch is the row
} WeightsWalk;

/// Becomes Lowering.plan: int64_t only, so neither pointers nor padding.
typedef struct WeightsPlan {
    // what was chosen
    int64_t channels, columns;          // register tile: dw.blocks x channels c x filter columns
    int64_t tail_blocks;                // of a group's last k; 0: dw.blocks divides
    int64_t walk;                       // WeightsWalk
    int64_t piece;                      // WALK_PIXELS
    int64_t chunk_images, chunk_rows;   // accumulators are added to dw after each chunk
    int64_t many_k, many_c;             // a task has so many k tiles and c blocks
    int64_t split_rows, split_channels; // filter rows, channel tiles are tasks of their own
    int64_t shuffled; // channels per group where a block holds several groups, else 0
    int64_t expanded; // groups of any size: a chunk of x is expanded in scratch (group_lanes.h)
    // What follows. Shuffled groups are joined to blocks, as in conv_join_groups, expanded ones to
    // vectors of dy, as in conv_expand_groups.
    DwTiles dw;           // extent: whole channel tiles unless expanded
    int64_t h, w, oh, ow; // of x, of dy
    int64_t stride[2], pad[2];
    int64_t c, out_blocks; // per group: channels; blocks of dy
    int64_t rows;          // of dy, as walked
    GroupLanes lanes;      // expanded
    // bytes
    int64_t x_pixel, x_row, x_plane, x_image; // of x: pixel of one block, row, plane, image
    int64_t dy_pixel, dy_row, dy_plane, dy_image;
    int64_t x_ahead, dy_ahead; // from a pixel to the same one of the next chunk
    int64_t cell;              // of dw of one (c, s): blocks * V * 4
} WeightsPlan;

/// KernelDef.plan.
const char *weights_plan(const PlanCtx *ctx, const Node *n, Lowering *out);

#endif
