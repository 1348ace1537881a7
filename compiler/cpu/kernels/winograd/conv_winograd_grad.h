// conv_winograd_grad.h: the plan of backward weights by Winograd, shared by planner and emitter.
#ifndef CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_GRAD_H
#define CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_GRAD_H

#include "cpu/kernels/conv/conv_bwd_weights.h"
#include "cpu/kernels/winograd/winograd_input.h"

/// Becomes Lowering.plan: no pointers, no padding.
typedef struct GradTiles {
    int32_t rows, columns;    // F(rows x columns, 3x3)
    int32_t stride;           // 1 or 2
    int32_t blocks, channels; // register tile of dU: blocks of k x channels c
    int32_t tiles;            // summed before they are added to dU
    int32_t many_k, many_c;   // a task has so many k tiles and c blocks
    int32_t ahead;            // whether what comes next is fetched meanwhile
} GradTiles;

/// How x or dy of the tiles that come next is fetched: `count` stretches of memory for each of
/// `blocks` (rows of tiles, or whole images with all their blocks as one), each in `parts` that
/// register tiles fetch.
typedef struct GradAhead {
    int64_t count, blocks, parts;
    int64_t tiles, per_image; // tiles of a stretch, stretches of an image
    int64_t bytes, step;      // of a stretch; of a part for each tile of a register tile
} GradAhead;

/// All sizes that follow from node and plan. The matrices of x and dy have their sizes only.
typedef struct GradSize {
    WeightsTiles direct; // names the layout of dw, which is the direct kernel's
    WeightsSize s;
    WinogradInput x, dy; // V[product][c block][slot] and D[point][k block][slot]
    int64_t row_points, column_points;
    int64_t row_products, column_products, products; // products = row_products * column_products
    int64_t image_tiles;
    GradAhead x_ahead, dy_ahead;
    // bytes
    int64_t cell;              // of dU for one channel: blocks * V * 4
    int64_t tile, plane;       // dU[product][k tile][c block][c]: one c block; one product
    int64_t du, half, scratch; // offsets in scratch, its end
} GradSize;

GradSize winograd_grad_size(const Node *n, const GradTiles *t, uint32_t width);
/// Parts of all stretches and blocks.
int64_t winograd_grad_parts(const GradAhead *a);
/// Register tiles of one k tile and a batch of tiles.
int64_t winograd_grad_micros(const GradSize *s, const GradTiles *t);
const char *winograd_grad_plan(const PlanCtx *ctx, const Node *n, Lowering *out);
void winograd_grad_emit(Emit *e);

#endif
