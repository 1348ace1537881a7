// conv_pack.h: the packings of weights that the kernels of a ConvPass read.
#ifndef CPU_KERNELS_CONV_CONV_PACK_H
#define CPU_KERNELS_CONV_CONV_PACK_H

#include "cpu/kernels/conv/conv_pass.h"

/// Packed weights [phase][group][tile][icb][kh][kw][ic][blocks*V]; NULL if no phase has taps.
const Packing *conv_pack_weights(Arena *a, const ConvPass *p, int64_t blocks, uint32_t width);
/// The same for groups whose vectors of output each meet all channels of their lanes' groups:
/// [phase][block][kh][kw][i][V], i < channels of a group. p: before its groups are joined.
const Packing *conv_pack_lanes(Arena *a, const ConvPass *p, uint32_t width);
void conv_add_dim(Packing *k, int64_t extent, int32_t coord, int64_t coef);

#endif
