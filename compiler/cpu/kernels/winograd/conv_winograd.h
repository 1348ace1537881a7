// conv_winograd.h: 3x3 convolution by Winograd's minimal filtering.
#ifndef CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_H
#define CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_H

#include "cpu/kernel.h"

/// KernelDef.emit of what winograd_plan has planned.
void winograd_emit_kernel(Emit *e);

#endif
