// conv_winograd_grad.h: gradient of 3x3 weights by Winograd's minimal filtering.
#ifndef CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_GRAD_H
#define CPU_KERNELS_WINOGRAD_CONV_WINOGRAD_GRAD_H

#include "cpu/kernel.h"

/// KernelDef.emit of what winograd_grad_plan has planned.
void winograd_grad_emit(Emit *e);

#endif
