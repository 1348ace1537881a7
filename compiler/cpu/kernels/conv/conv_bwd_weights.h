// conv_bwd_weights.h: the plan of the direct backward-weights kernel, shared by its planner and
// emitter.
#ifndef CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_H
#define CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_H

#include "cpu/kernels/conv/conv_size.h"

/// How the pixels of dy are walked.
typedef enum WeightsWalk {
    WALK_ROWS,   // rows and columns
    WALK_PIXELS, // 1x1, stride 1: an image is one row, cut into pieces of `piece` pixels
    WALK_IMAGES, // 1x1 pictures: the batch is the row
} WeightsWalk;

/// Becomes Lowering.plan: no pointers, no padding.
typedef struct WeightsTiles {
    int32_t blocks, channels, columns;  // register tile: blocks of k x channels c x filter columns
    int32_t tail_blocks;                // of a group's last k; 0: it divides
    int32_t walk;                       // WeightsWalk
    int32_t piece;                      // WALK_PIXELS
    int32_t chunk_images, chunk_rows;   // accumulators are added to dw after each chunk
    int32_t many_k, many_c;             // a task has so many k tiles and c blocks
    int32_t split_rows, split_channels; // filter rows, channel tiles are tasks of their own
    int32_t in_block;
    int32_t shuffled; // channels per group where a block holds several groups, else 0
    int32_t expanded; // groups of any size: a chunk of x is expanded in scratch (group_lanes.h)
} WeightsTiles;

/// Sizes that follow from node and plan. Shuffled groups are joined to blocks, as in
/// conv_join_groups, expanded ones to vectors of dy, as in conv_expand_groups.
typedef struct WeightsSize {
    ConvSize z;
    int64_t groups, c, k;      // per group
    int64_t in_blocks;         // of x, per group
    int64_t out_blocks, tiles; // of dy, per group; tiles of `blocks` of them
    int64_t extent;            // channels of an x block in dw, whole tiles unless expanded
    int64_t rows;              // rows of dy as walked
} WeightsSize;

WeightsSize weights_size(const Node *n, const WeightsTiles *t, uint32_t width);
/// Rows of x, of one image, that a chunk of a plan with expanded groups reads at most.
int64_t weights_chunk_rows(const WeightsSize *s, const WeightsTiles *t);
/// dw is [group][k tile][c block][r][c][s][blocks*V].
const Packing *weights_packing(Arena *a, const WeightsSize *s, const WeightsTiles *t,
                               uint32_t width);
const char *weights_plan(const PlanCtx *ctx, const Node *n, Lowering *out);

#endif
