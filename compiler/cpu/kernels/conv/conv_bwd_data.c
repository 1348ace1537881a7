// conv_bwd_data.c: gradient of a convolution's input, as forward convolutions of dy.
//
//   dx[n,c,y,x] = sum over k,r,s with y = oy*sh + r - pt, x = ox*sw + s - pl of w[k,c,r,s] *
//   dy[n,k,oy,ox]
//
// Stride 1 is one forward convolution with rotated, transposed weights and padding r-1-pt. With a
// stride, the pixels of dx fall into sh*sw phases by (y mod sh, x mod sw); the pixels of one phase
// meet the same taps, every sh-th filter row and sw-th column, so each phase is a forward
// convolution of stride 1 over dy that writes every sh-th row and sw-th column of dx. No zero is
// ever multiplied (a 3x3 of stride 2 has phases of 1x1, 1x2, 2x1 and 2x2 taps). The packing does
// the rotation; phases are packed one behind the other. Not here: the derivation of the phases'
// paddings (conv_common.c).
#include "cpu/kernels/conv/conv_direct.h"

static const char *plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const char *why;
    ConvPass p = conv_pass(n, width, &why);
    if (why) {
        return why;
    }
    if (p.groups > 1 && (p.in_c % width || p.out_c % width)) {
        return "channels per group are no multiple of the vector";
    }
    if (!conv_has_taps(&p)) {
        return "no filter tap meets the picture";
    }
    conv_plan_direct(ctx, n, &p, out);
    return NULL;
}

const KernelDef kernel_conv_bwd_data = CONV_WALK_KERNEL(
    "direct_phases", "conv2d_bwd_data",
    "Direct convolution of dy with rotated weights, one phase per residue of the stride.", plan,
    conv_emit_direct);

const KernelDef kernel_dense_bwd_data =
    CONV_WALK_KERNEL("direct", "dense_bwd_data",
                     "dx = dy * W as a 1x1 convolution of one pixel with transposed weights.", plan,
                     conv_emit_direct);
