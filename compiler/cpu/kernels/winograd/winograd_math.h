// winograd_math.h: the matrices of Winograd's minimal filtering F(m, 3), of stride 1 or 2, forward
// and backward data.
// Not here: the points (winograd_points.h), products with vectors (winograd_matrix.h).
#ifndef CPU_KERNELS_WINOGRAD_WINOGRAD_MATH_H
#define CPU_KERNELS_WINOGRAD_WINOGRAD_MATH_H

#include <stdbool.h>

#include "cpu/kernels/winograd/winograd_points.h"

/// Forward, and the gradient of weights. m is 2 to 6 for stride 1, 2 to 4 for stride 2.
Winograd winograd_make(int m, int stride);
/// Backward data: at stride 1 as forward, at stride 2 winograd_make_spread's. mirrored: with pixels
/// and taps in reverse order, where the first pixel has 2 taps.
Winograd winograd_make_backward(int m, int stride, bool mirrored);

#endif
