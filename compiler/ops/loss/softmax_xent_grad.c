// softmax_xent_grad.c: gradient of the cross entropy's logits.
//   softmax_xent_grad(logits z, label u32 [N])  ->  dz like z
//   dz[n,k] = loss_scale * (softmax(z)[n,k] - t[n,k]), t as in softmax_xent.c
#include <math.h>

#include "ops/loss/xent_shape.h"

static const AttrDef xent_attrs[] = {XENT_ATTRS};

static bool xent_grad_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_features(ctx, 0) && need_labels(ctx, 1) && shape_like_input(ctx, out);
}

static void xent_grad_reference(const RefCtx *ctx)
{
    const XentAttrs *a = ctx->node->attrs;
    int64_t batch = ctx->in[0].shape.dim[0], k_count = ctx->in[0].shape.dim[1];
    for (int64_t n = 0; n < batch; n++) {
        const double *z = &ctx->in[0].at[n * k_count];
        double *dz = &ctx->out[0].at[n * k_count];
        double largest = z[0], sum = 0.0;
        for (int64_t k = 1; k < k_count; k++) {
            largest = z[k] > largest ? z[k] : largest;
        }
        for (int64_t k = 0; k < k_count; k++) {
            sum += exp(z[k] - largest);
        }
        for (int64_t k = 0; k < k_count; k++) {
            double target = a->smoothing / (double)k_count;
            if (k == (int64_t)ctx->in[1].at[n]) {
                target += 1.0 - a->smoothing;
            }
            dz[k] = ctx->loss_scale * (exp(z[k] - largest) / sum - target);
        }
    }
}

static const OpCase xent_grad_cases[] = {
    {"10; #", "", 3, NULL},
    {"33,1,1; #", "", 2, NULL},
    {"10; #", "smoothing=0.1", 3, NULL},
    {"33,1,1; #", "smoothing=0.25", 2, NULL},
    {"10; 10", "", 1, "needs labels u32[N], not f32[N,10]"},
};

const OpDef op_softmax_xent_grad = {
    .name = "softmax_xent_grad",
    .doc = "Gradient of the cross entropy's logits, times the call's loss scale.",
    .kind = OP_TENSOR,
    .internal = true,
    .attr_bytes = sizeof(XentAttrs),
    .attrs = xent_attrs,
    .attr_count = COUNT_OF(xent_attrs),
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = xent_grad_shape,
    .reference = xent_grad_reference,
    .cases = xent_grad_cases,
    .case_count = COUNT_OF(xent_grad_cases),
};
