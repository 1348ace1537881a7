// winograd_input.h: tiles of a blocked activation transformed to points, for Winograd's products
// and for their gradient.
#ifndef CPU_KERNELS_WINOGRAD_WINOGRAD_INPUT_H
#define CPU_KERNELS_WINOGRAD_WINOGRAD_INPUT_H

#include "cpu/kernel.h"
#include "cpu/kernels/winograd/winograd_matrix.h"

/// How planes are cut into tiles and where the results go; a part of the algorithms' plans, so
/// int64_t only. Pairs are along rows and columns. A tile reads read[0] x read[1] pixels and makes
/// points[0] x points[1] points of them; tiles start step[] pixels apart, the first pad[] pixels
/// before the picture. Everything outside of the picture is zero. Result: [point][block][slot][V],
/// points in row-major order, planes of points padded by a vector against cache aliasing.
typedef struct WinogradInput {
    int64_t read[2], points[2];
    int64_t step[2], pad[2], size[2]; // size: of the picture
    int64_t tile_rows, tile_columns;  // of an image
    int64_t blocks;                   // channel blocks of an image
    // scratch, in elements: offsets and sizes
    int64_t zeros, strip, strip_row;
    int64_t result, block_step, plane_step;
} WinogradInput;

/// Places zeros, strip and `blocks` x `slots` results in scratch behind `offset`, in elements;
/// returns their end.
int64_t winograd_input_place(WinogradInput *in, int64_t offset, int64_t blocks, int64_t slots,
                             uint32_t width);

/// Tiles first .. first + count - 1 (count >= 1) of those of images image, image + 1, ...,
/// flattened; tile `first` goes to slot 0.
typedef struct WinogradRange {
    Val image, first, count;
} WinogradRange;

/// A run of tiles in one row of tiles of one image.
typedef struct WinogradRow {
    VbLoop loop;
    Val image, y; // y: tile row
    Val lo, hi;   // tile columns
    Val slot;     // of tile column 0, may be negative
} WinogradRow;
WinogradRow winograd_rows_begin(Vb *b, const WinogradRange *r, int64_t tile_rows,
                                int64_t tile_columns);
void winograd_rows_end(Vb *b, WinogradRow *r);

/// An input and its matrices, points x pixels read.
typedef struct WinogradTransform {
    const WinogradInput *in;
    WinogradMatrix row, column;
} WinogradTransform;

/// Once per task, before winograd_input_emit.
void winograd_input_clear(Emit *e, const WinogradInput *in);
/// Transforms channel blocks [lo, hi) of `x` into result blocks 0 and on.
void winograd_input_emit(Emit *e, const WinogradTransform *t, Access x, const WinogradRange *range,
                         Val lo, Val hi);
/// The place of element `offset` of scratch.
Access winograd_scratch(Emit *e, int64_t offset);
/// Sets `elements` elements of scratch, whole vectors, to zero.
void winograd_clear(Emit *e, int64_t offset, int64_t elements);

#endif
