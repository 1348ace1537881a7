// winograd_strided.h: the matrices of minimal filtering with 3 taps at stride 2, forward and
// backward data.
#ifndef CPU_KERNELS_WINOGRAD_WINOGRAD_STRIDED_H
#define CPU_KERNELS_WINOGRAD_WINOGRAD_STRIDED_H

#include "cpu/kernels/winograd/winograd_points.h"

/// Forward, and the gradient of weights. m is 2 to 4.
Winograd winograd_make_strided(int m);
/// Backward data, g the taps of the forward convolution in reverse order: 2 m outputs, the first of
/// which meets the middle tap. m is 2 to 4.
Winograd winograd_make_spread(int m);

#endif
