// conv_winograd_sizes.c: the Winograd kernels' records, one per tile size, stride and direction.
// Not here: anything they do (conv_winograd.c, conv_winograd_grad.c and their plans).
#include "cpu/kernels/winograd/conv_winograd.h"
#include "cpu/kernels/winograd/conv_winograd_grad.h"
#include "cpu/kernels/winograd/conv_winograd_grad_plan.h"
#include "cpu/kernels/winograd/conv_winograd_plan.h"

#define WINOGRAD(OP, ROWS, COLUMNS)                                                                \
    {                                                                                              \
        .name = "winograd_" #ROWS "x" #COLUMNS, .op = (OP), .tile = {ROWS, COLUMNS}, .stride = 1,  \
        .doc = "Winograd's minimal filtering: transformed tiles, products per point.",             \
        .takes_store = true, .takes_sides = true, .streams = true, .plan = winograd_plan,          \
        .emit = winograd_emit_kernel                                                               \
    }

const KernelDef kernel_winograd_2x2 = WINOGRAD("conv2d", 2, 2);
const KernelDef kernel_winograd_2x4 = WINOGRAD("conv2d", 2, 4);
const KernelDef kernel_winograd_3x3 = WINOGRAD("conv2d", 3, 3);
const KernelDef kernel_winograd_4x4 = WINOGRAD("conv2d", 4, 4);
const KernelDef kernel_winograd_5x5 = WINOGRAD("conv2d", 5, 5);
const KernelDef kernel_winograd_6x6 = WINOGRAD("conv2d", 6, 6);
const KernelDef kernel_winograd_bwd_2x2 = WINOGRAD("conv2d_bwd_data", 2, 2);
const KernelDef kernel_winograd_bwd_2x4 = WINOGRAD("conv2d_bwd_data", 2, 4);
const KernelDef kernel_winograd_bwd_3x3 = WINOGRAD("conv2d_bwd_data", 3, 3);
const KernelDef kernel_winograd_bwd_4x4 = WINOGRAD("conv2d_bwd_data", 4, 4);
const KernelDef kernel_winograd_bwd_5x5 = WINOGRAD("conv2d_bwd_data", 5, 5);
const KernelDef kernel_winograd_bwd_6x6 = WINOGRAD("conv2d_bwd_data", 6, 6);

#define WINOGRAD_STRIDED(OP, ROWS, COLUMNS)                                                        \
    {                                                                                              \
        .name = "winograd_s2_" #ROWS "x" #COLUMNS, .op = (OP), .tile = {ROWS, COLUMNS},            \
        .stride = 2, .doc = "Winograd's minimal filtering of even and odd pixels.",                \
        .takes_store = true, .takes_sides = true, .streams = true, .plan = winograd_plan,          \
        .emit = winograd_emit_kernel                                                               \
    }

const KernelDef kernel_winograd_s2_2x2 = WINOGRAD_STRIDED("conv2d", 2, 2);
const KernelDef kernel_winograd_s2_2x4 = WINOGRAD_STRIDED("conv2d", 2, 4);
const KernelDef kernel_winograd_s2_3x3 = WINOGRAD_STRIDED("conv2d", 3, 3);
const KernelDef kernel_winograd_s2_4x4 = WINOGRAD_STRIDED("conv2d", 4, 4);
const KernelDef kernel_winograd_s2_bwd_2x2 = WINOGRAD_STRIDED("conv2d_bwd_data", 2, 2);
const KernelDef kernel_winograd_s2_bwd_2x4 = WINOGRAD_STRIDED("conv2d_bwd_data", 2, 4);
const KernelDef kernel_winograd_s2_bwd_3x3 = WINOGRAD_STRIDED("conv2d_bwd_data", 3, 3);
const KernelDef kernel_winograd_s2_bwd_4x4 = WINOGRAD_STRIDED("conv2d_bwd_data", 4, 4);

#define WINOGRAD_GRAD(PREFIX, SIZE, STRIDE)                                                        \
    {                                                                                              \
        .name = PREFIX #SIZE "x" #SIZE, .op = "conv2d_bwd_weights", .tile = {SIZE, SIZE},          \
        .stride = STRIDE,                                                                          \
        .doc = "The transpose of Winograd's minimal filtering: products of transformed tiles.",    \
        .plan = winograd_grad_plan, .emit = winograd_grad_emit                                     \
    }

const KernelDef kernel_winograd_grad_2x2 = WINOGRAD_GRAD("winograd_", 2, 1);
const KernelDef kernel_winograd_grad_3x3 = WINOGRAD_GRAD("winograd_", 3, 1);
const KernelDef kernel_winograd_grad_4x4 = WINOGRAD_GRAD("winograd_", 4, 1);
const KernelDef kernel_winograd_grad_5x5 = WINOGRAD_GRAD("winograd_", 5, 1);
const KernelDef kernel_winograd_grad_6x6 = WINOGRAD_GRAD("winograd_", 6, 1);
const KernelDef kernel_winograd_s2_grad_2x2 = WINOGRAD_GRAD("winograd_s2_", 2, 2);
const KernelDef kernel_winograd_s2_grad_3x3 = WINOGRAD_GRAD("winograd_s2_", 3, 2);
const KernelDef kernel_winograd_s2_grad_4x4 = WINOGRAD_GRAD("winograd_s2_", 4, 2);
