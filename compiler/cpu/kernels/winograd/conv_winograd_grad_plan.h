// conv_winograd_grad_plan.h: the plan of backward weights by Winograd, private to
// conv_winograd_grad.c and its planner.
#ifndef CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_GRAD_PLAN_H
#define CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_GRAD_PLAN_H

#include "cpu/kernels/conv/conv_bwd_weights_layout.h"
#include "cpu/kernels/winograd/winograd_input.h"

/// How x or dy of the tiles that come next is fetched: `count` stretches of memory for each of
/// `blocks` (rows of tiles, or whole images with all their blocks as one), each in `parts` that
/// register tiles fetch.
typedef struct GradAhead {
    int64_t count, blocks, parts;
    int64_t all_parts;        // of all stretches and blocks
    int64_t tiles, per_image; // tiles of a stretch, stretches of an image
    int64_t bytes, step;      // of a stretch; of a part for each tile of a register tile
} GradAhead;

/// Becomes Lowering.plan: int64_t only, so neither pointers nor padding. Pairs are along rows and
/// columns.
typedef struct GradPlan {
    // what was chosen
    int64_t tile[2];        // F(tile, 3)
    int64_t stride;         // 1 or 2
    int64_t channels;       // register tile of dU: dw.blocks of k x channels c
    int64_t tiles;          // summed before they are added to dU
    int64_t many_k, many_c; // a task has so many k tiles and c blocks
    int64_t ahead;          // whether what comes next is fetched meanwhile
    // what follows
    DwTiles dw;                // the direct kernel's layout
    WinogradInput x, dy;       // V[product][c block][slot] and D[point][k block][slot]
    int64_t x_bytes, dy_bytes; // of an element
    int64_t points[2], products[2];
    int64_t product_count;
    int64_t image_tiles;
    int64_t micros; // register tiles of one k tile and a batch of tiles
    GradAhead x_ahead, dy_ahead;
    // elements
    int64_t cell;              // of dU for one channel: blocks * V
    int64_t block, plane;      // dU[product][k tile][c block][c]: one c block; one product
    int64_t du, half, scratch; // offsets in scratch, its end
} GradPlan;

/// KernelDef.plan, for the kernel's own tile size.
const char *winograd_grad_plan(const PlanCtx *ctx, const Node *n, Lowering *out);

#endif
