// conv_winograd_plan.h: the plan of a Winograd convolution, forward or backward data, private to
// conv_winograd.c and its planner.
#ifndef CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_PLAN_H
#define CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_PLAN_H

#include <stdbool.h>

#include "cpu/kernel.h"
#include "cpu/kernels/winograd/winograd_input.h"

/// How register tiles fetch the input that comes next: it lies in `units` stretches of memory, each
/// fetched in `parts`, one for each product of a register tile.
typedef struct WinogradFetch {
    int64_t units, parts;      // no parts: nothing is fetched
    int64_t bytes, part_bytes; // of a stretch, of a part
    int64_t step;              // bytes per input channel
} WinogradFetch;

/// Becomes Lowering.plan: int64_t only, so neither pointers nor padding. Pairs are along rows and
/// columns.
typedef struct WinogradPlan {
    // what was chosen
    int64_t tile[2];       // F(tile, 3): of a tile of outputs; of stride 2 backward: of each of its
                           // four phases
    int64_t stride;        // 1 or 2
    int64_t backward;      // data
    int64_t mirrored[2];   // whether tiles are read and made in reverse order (winograd_math.h)
    int64_t blocks, micro; // register tile of the products: output-channel blocks x tiles
    int64_t tiles;         // per task at most
    int64_t group_blocks;  // output-channel blocks whose products are in scratch at once
    int64_t parts;         // tasks along the output channels
    int64_t chunks;        // tasks along the tiles of image_div images
    int64_t image_div;
    int64_t chain_blocks; // input-channel blocks whose products are one chain of additions
    int64_t ahead_step;   // bytes of weights fetched ahead per channel; 0: they are in the cache
    WinogradFetch fetch;  // of the next task's input
    // what follows
    int64_t in_channels, in_blocks;
    int64_t block_channels; // of an input block; the last may have fewer
    int64_t out_blocks, out_h, out_w, bias;
    int64_t in_bytes, u_bytes, out_bytes; // of an element
    int64_t out_tiles;          // of `blocks` output-channel blocks, the last may have fewer
    int64_t made[2];            // pixels of an output tile
    int64_t sums[2], sum_count; // planes of M
    int64_t products;           // planes of U; of V there are input.points[0] * input.points[1]
    int64_t slots;              // tiles of a plane of V and M, a multiple of micro
    int64_t slice;              // elements of U for one product and `blocks` output-channel blocks
    WinogradInput input;        // V[point][c block][slot]
    int64_t m_block, m_plane;   // elements of M[sum][k block of the group][slot], planes padded
    int64_t half, m, scratch;   // offsets in scratch, its end; in elements
} WinogradPlan;

/// Whether products of the same point are summed: stride 2 forward.
static inline bool winograd_has_sums(const WinogradPlan *p)
{
    return p->sum_count < p->products;
}

/// KernelDef.plan, for the kernel's own tile size.
const char *winograd_plan(const PlanCtx *ctx, const Node *n, Lowering *out);

#endif
