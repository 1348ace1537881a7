// winograd_weights.h: the layout of filters in Winograd's points.
#ifndef CPU_KERNELS_WEIGHTS_WINOGRAD_WEIGHTS_H
#define CPU_KERNELS_WEIGHTS_WINOGRAD_WEIGHTS_H

#include "cpu/kernel.h"
#include "ops/conv/conv_attrs.h"

/// The layout of U, made from weights of shape w: U[k tile][product][c][blocks*V], zero for outputs
/// that do not exist. Products lie in row-major order; those that are summed (stride 2 forward), in
/// the order of their sums: point after point in row-major order, in a point those of even rows
/// (product row i of point row i) before those of odd ones, in these even columns before odd ones.
Layout winograd_weight_layout(Arena *arena, const WinogradAttrs *a, const Shape *w, uint32_t width);

#endif
