// conv_winograd_sizes.c: the Winograd kernels' records, one per tile size and direction.
// Not here: anything they do (conv_winograd.c, conv_winograd_grad.c and their plans).
#include "codegen/kernels/conv_winograd.h"
#include "codegen/kernels/conv_winograd_grad.h"

static const char *plan_2x2(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_plan(ctx, n, 2, 2, out);
}

static const char *plan_2x4(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_plan(ctx, n, 2, 4, out);
}

static const char *plan_3x3(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_plan(ctx, n, 3, 3, out);
}

static const char *plan_4x4(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_plan(ctx, n, 4, 4, out);
}

static const char *plan_5x5(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_plan(ctx, n, 5, 5, out);
}

static const char *plan_6x6(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_plan(ctx, n, 6, 6, out);
}

#define WINOGRAD(NAME, OP, PLAN)                                                                   \
    {                                                                                              \
        .name = (NAME), .op = (OP),                                                                \
        .doc = "Winograd's minimal filtering: transformed tiles, products per point.",             \
        .takes_store = true, .takes_sides = true, .plan = (PLAN), .emit = winograd_emit_kernel     \
    }

const KernelDef kernel_winograd_2x2 = WINOGRAD("winograd_2x2", "conv2d", plan_2x2);
const KernelDef kernel_winograd_2x4 = WINOGRAD("winograd_2x4", "conv2d", plan_2x4);
const KernelDef kernel_winograd_3x3 = WINOGRAD("winograd_3x3", "conv2d", plan_3x3);
const KernelDef kernel_winograd_4x4 = WINOGRAD("winograd_4x4", "conv2d", plan_4x4);
const KernelDef kernel_winograd_5x5 = WINOGRAD("winograd_5x5", "conv2d", plan_5x5);
const KernelDef kernel_winograd_6x6 = WINOGRAD("winograd_6x6", "conv2d", plan_6x6);
const KernelDef kernel_winograd_bwd_2x2 = WINOGRAD("winograd_2x2", "conv2d_bwd_data", plan_2x2);
const KernelDef kernel_winograd_bwd_2x4 = WINOGRAD("winograd_2x4", "conv2d_bwd_data", plan_2x4);
const KernelDef kernel_winograd_bwd_3x3 = WINOGRAD("winograd_3x3", "conv2d_bwd_data", plan_3x3);
const KernelDef kernel_winograd_bwd_4x4 = WINOGRAD("winograd_4x4", "conv2d_bwd_data", plan_4x4);
const KernelDef kernel_winograd_bwd_5x5 = WINOGRAD("winograd_5x5", "conv2d_bwd_data", plan_5x5);
const KernelDef kernel_winograd_bwd_6x6 = WINOGRAD("winograd_6x6", "conv2d_bwd_data", plan_6x6);

static const char *grad_2x2(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_grad_plan(ctx, n, 2, out);
}

static const char *grad_3x3(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_grad_plan(ctx, n, 3, out);
}

static const char *grad_4x4(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_grad_plan(ctx, n, 4, out);
}

static const char *grad_5x5(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_grad_plan(ctx, n, 5, out);
}

static const char *grad_6x6(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    return winograd_grad_plan(ctx, n, 6, out);
}

#define WINOGRAD_GRAD(NAME, PLAN)                                                                  \
    {                                                                                              \
        .name = (NAME), .op = "conv2d_bwd_weights",                                                \
        .doc = "The transpose of Winograd's minimal filtering: products of transformed tiles.",    \
        .plan = (PLAN), .emit = winograd_grad_emit                                                 \
    }

const KernelDef kernel_winograd_grad_2x2 = WINOGRAD_GRAD("winograd_2x2", grad_2x2);
const KernelDef kernel_winograd_grad_3x3 = WINOGRAD_GRAD("winograd_3x3", grad_3x3);
const KernelDef kernel_winograd_grad_4x4 = WINOGRAD_GRAD("winograd_4x4", grad_4x4);
const KernelDef kernel_winograd_grad_5x5 = WINOGRAD_GRAD("winograd_5x5", grad_5x5);
const KernelDef kernel_winograd_grad_6x6 = WINOGRAD_GRAD("winograd_6x6", grad_6x6);
