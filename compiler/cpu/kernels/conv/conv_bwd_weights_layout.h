// conv_bwd_weights_layout.h: the layout of dw, as the kernels of backward weights leave it.
#ifndef CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_LAYOUT_H
#define CPU_KERNELS_CONV_CONV_BWD_WEIGHTS_LAYOUT_H

#include "cpu/kernel.h"

/// dw is [group][k tile][c block][r][c][s][blocks*V]. A part of the algorithms' plans, so int64_t
/// only. Where groups are joined to vectors of dy, these are the groups here.
typedef struct DwTiles {
    int64_t groups, k;           // k: of a group
    int64_t tiles, blocks;       // k tiles of a group; vectors of a k tile, the last may have fewer
    int64_t in_blocks, in_block; // c blocks of a group; channels from one to the next
    int64_t extent;              // channels of a c block in dw
    int64_t r, s, dense;         // dense: weights are [k,c]
} DwTiles;

Layout dw_layout(Arena *a, const DwTiles *t, uint32_t width);

#endif
