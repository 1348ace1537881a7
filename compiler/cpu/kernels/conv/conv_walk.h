// conv_walk.h: the loops around a register tile that direct, grouped and backward-data convolution
// share: tasks, images, rows, column tiles, epilogue and side sums. What happens inside a tile is
// the kernel's.
#ifndef CPU_KERNELS_CONV_CONV_WALK_H
#define CPU_KERNELS_CONV_CONV_WALK_H

#include "cpu/kernels/conv/conv_plan.h"

#define CONV_MAX_ACC 64

typedef struct ConvWalk ConvWalk;

/// A register tile: acc[(image * columns + column) * blocks + block].
typedef struct ConvTile {
    const ConvPhase *phase;
    int64_t images, columns, blocks;
    int64_t first_column; // of the phase, or -1: all taps of all its columns lie inside the picture
    Val row;            // input row of tap row 0 (may be negative); NULL: 0 and all tap rows inside
    Val tap_lo, tap_hi; // rows of taps inside the picture, at least one
    /// Input of the first image, channel block 0 of the group, row 0; at column 0, or for inner
    /// tiles at the column of tap 0 of the tile's first column.
    Val input;
    Val weights;         // of the phase and this tile's output channels
    Val coming;          // where this tile's share of the next task's weights starts; NULL: none
    int64_t coming_step; // bytes of it per input channel of a tap
} ConvTile;

/// Adds the tile's taps to acc; NULL there: the sum is in memory, at conv_total.
typedef void (*ConvReduce)(ConvWalk *w, const ConvTile *t, Val *acc);
/// Puts what rows [lo, hi) of the phases read of an image into scratch and sets w->staged.
typedef void (*ConvStage)(ConvWalk *w, Val image, Val lo, Val hi);

struct ConvWalk {
    Emit *e;
    Vb *b;
    const ConvPlan *plan;
    const ConvPass *pass; // the plan's
    ConvReduce reduce;
    ConvStage stage;                     // NULL: tiles read the node's input
    Elem in_elem, weight_elem, out_elem; // what is stored; staged input is f32
    // sizes in bytes
    int64_t in_row, in_plane, in_image, out_row, out_plane, out_image;
    // of the task at hand
    Val group, tile; // convolution group; output-channel tile among all groups'
    Val block;       // first output-channel block
    Val image_lo, image_hi, chunk, part;
    Val chunk_pixel; // the first of the chunk, in phase 0
    Val staged;      // row 0 of the image at hand where there is a stage
    // of the variant being emitted
    int64_t blocks, columns;
};

/// Where a sum of the tile lies that is not in a register; scratch.
static inline Access conv_total(const ConvWalk *w, int64_t i)
{
    Access totals = emit_scratch(w->e);
    return access_ati(w->b, totals, access_bytes(totals, i * w->b->width));
}
/// What a pointer into the input, or into the weights, points to.
static inline Access conv_input_at(const ConvWalk *w, Val at)
{
    return (Access){at, w->in_elem};
}
static inline Access conv_weights_at(const ConvWalk *w, Val at)
{
    return (Access){at, w->weight_elem};
}

/// The record of a kernel whose emission is conv_walk.
#define CONV_WALK_KERNEL(NAME, OP, DOC, PLAN, EMIT)                                                \
    {                                                                                              \
        .name = (NAME), .op = (OP), .doc = (DOC), .takes_store = true, .takes_sides = true,        \
        .streams = true, .plan = (PLAN), .emit = (EMIT)                                            \
    }

/// Emits the whole kernel: the loop over tasks and all below. Lowering.plan begins with a ConvPlan.
void conv_walk(Emit *e, ConvReduce reduce, ConvStage stage);

#endif
