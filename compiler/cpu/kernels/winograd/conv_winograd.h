// conv_winograd.h: the plan of a Winograd convolution, shared by planner, emitter and the weights'
// kernel.
#ifndef CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_H
#define CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_H

#include "cpu/kernels/conv/conv_pass.h"
#include "cpu/kernels/winograd/winograd_input.h"
#include "ops/conv/conv_attrs.h"

/// Becomes Lowering.plan: no pointers, no padding.
typedef struct WinogradTiles {
    int32_t rows, columns; // F(rows x columns, 3x3): of a tile of outputs; of stride 2 backward: of
                           // each of its four phases
    int32_t stride;        // 1 or 2
    int32_t blocks, micro; // register tile of the products: output-channel blocks x tiles
    int32_t tiles;         // per task at most
    int32_t group_blocks;  // output-channel blocks whose products are in scratch at once
    int32_t parts;         // tasks along the output channels
    int32_t chunks;        // tasks along the tiles of image_div images
    int32_t image_div;
    int32_t fetch; // the next task's input is fetched meanwhile
} WinogradTiles;

/// All sizes that follow from node and plan. The matrices have their sizes only.
typedef struct WinogradSize {
    ConvPass pass;
    WinogradMatrix row, column; // A^T
    int64_t products, sums;     // planes of U and of M; of V: input.row.rows * input.column.rows
    int64_t tile_rows, tile_columns; // of an image
    int64_t in_blocks, out_blocks;
    int64_t out_tiles; // of `blocks` output-channel blocks, the last may have fewer
    int64_t slots;     // tiles of a plane of V and M, a multiple of micro
    // bytes
    int64_t slice;            // of U for one product and `blocks` output-channel blocks
    WinogradInput input;      // V[input][c block][slot]
    int64_t m_block, m_plane; // M[sum][k block of the group][slot], planes padded
    int64_t half, m, scratch; // offsets in scratch, its end
} WinogradSize;

WinogradSize winograd_size(const Node *n, const WinogradTiles *t, uint32_t width);

/// How register tiles fetch the input that comes next: it lies in `units` stretches of memory, each
/// fetched in `parts`, one for each product of a register tile.
typedef struct WinogradFetch {
    int64_t units, parts;      // no parts: more stretches than products
    int64_t bytes, part_bytes; // of a stretch, of a part
    int64_t step;              // bytes per input channel
} WinogradFetch;
WinogradFetch winograd_fetch(const WinogradSize *s, const WinogradTiles *t);

/// Whether tiles are read and made in mirrored order along dimension d (winograd_mirror).
static inline bool winograd_is_mirrored(const WinogradSize *s, int d)
{
    return s->pass.spread[d] == 2 && s->pass.phase[0].taps[d] == 2;
}
/// Whether products of the same point are summed: stride 2 forward.
static inline bool winograd_has_sums(const WinogradSize *s)
{
    return s->sums < s->products;
}

/// Bytes that are read of U[k tile][product][c][blocks*V]. Products lie in row-major order; those
/// that are summed, in the order of their sums: point after point in row-major order, in a point
/// those of even rows (product row i of point row i) before those of odd ones, in these even
/// columns before odd ones.
int64_t winograd_weight_bytes(const WinogradSize *s, const WinogradTiles *t);

/// The layout of U that the weights' kernel makes from weights of shape w.
Layout winograd_weight_layout(Arena *arena, const WinogradAttrs *a, const Shape *w, uint32_t width);

/// NULL, or why the kernel's tile size and stride cannot serve a node or may not.
const char *winograd_why_not(const PlanCtx *ctx, const Node *n);
/// The kernel's plan, for its own tile size.
const char *winograd_plan(const PlanCtx *ctx, const Node *n, Lowering *out);
void winograd_emit_kernel(Emit *e);

#endif
