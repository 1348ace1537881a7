// conv_bwd_weights_sums.h: what is being emitted of the direct backward-weights kernel, and the
// sums of one register tile. Not here: the plan (conv_bwd_weights_plan.h).
#ifndef CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_SUMS_H
#define CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_SUMS_H

#include "cpu/kernels/conv/conv_bwd_weights_plan.h"

typedef struct Weights {
    Emit *e;
    Vb *b;
    const WeightsPlan *p;
    int64_t blocks, channels; // of the variant being emitted
    // of the tile at hand
    Val x, dy, dw;     // planes of the channel block; of the k tile; the task's part of dw
    Val channel_tiles; // run-time count of the block's channel tiles
} Weights;

// Pixels to be summed: images [image_lo, image_hi), rows [row_lo, row_hi) of dy, filter row `tap`.
typedef struct Chunk {
    Val image_lo, image_hi, row_lo, row_hi, tap;
} Chunk;

/// Sums the chunk for one channel tile and all filter columns, and adds them to dw at `to`.
///
/// first_channel: of the tile, for shuffled groups. channel_offset: bytes from x to the tile.
void weights_emit_sums(Weights *w, const Chunk *k, int64_t first_channel, Val channel_offset,
                       Val to);

#endif
