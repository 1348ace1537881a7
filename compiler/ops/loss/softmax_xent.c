// softmax_xent.c: cross entropy of softmax against a label, per image, in nats.
//   softmax_xent(logits z [N,k] or [N,k,1,1], label u32 [N])  ->  loss [N]
//   m[n]    = max over k of z[n,k]
//   loss[n] = log(sum over k of exp(z[n,k] - m[n])) - sum over k of t[n,k] * (z[n,k] - m[n])
//   t[n,k]  = (1 - smoothing) * (k == label[n]) + smoothing / classes   (Szegedy et al. 2016)
// The gradient of the loss itself is call.loss_scale: the gradient rule does not look at dout.
#include <math.h>

#include "ops/loss/xent_shape.h"

static const AttrDef xent_attrs[] = {XENT_ATTRS};

static bool xent_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_features(ctx, 0) || !need_labels(ctx, 1)) {
        return false;
    }
    out[0] = out_f32(shape_batch());
    return true;
}

static void xent_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    (void)dout;
    grad_add_node(g, node, 0, "softmax_xent_grad", node->attrs, node->inputs.at, 2);
}

static void xent_reference(const RefCtx *ctx)
{
    const XentAttrs *a = ctx->node->attrs;
    int64_t batch = ctx->in[0].shape.dim[0], k_count = ctx->in[0].shape.dim[1];
    for (int64_t n = 0; n < batch; n++) {
        const double *z = &ctx->in[0].at[n * k_count];
        double largest = z[0], sum = 0.0, all = 0.0;
        for (int64_t k = 1; k < k_count; k++) {
            largest = z[k] > largest ? z[k] : largest;
        }
        for (int64_t k = 0; k < k_count; k++) {
            sum += exp(z[k] - largest);
        }
        for (int64_t k = 0; k < k_count && a->smoothing > 0; k++) {
            all += z[k] - largest;
        }
        double label = z[(int64_t)ctx->in[1].at[n]] - largest;
        ctx->out[0].at[n] =
            log(sum) - ((1.0 - a->smoothing) * label + a->smoothing / (double)k_count * all);
    }
}

static const OpCase xent_cases[] = {
    {"10; #", "", 3, NULL},
    {"33,1,1; #", "", 2, NULL},
    {"1; #", "", 2, NULL},
    {"10; #", "smoothing=0.1", 3, NULL},
    {"33,1,1; #", "smoothing=0.25", 2, NULL},
    {"10; #", "smoothing=1.5", 2, "smoothing must be between 0 and"},
    {"5,2,2; #", "", 1, "needs f32[N,c] or f32[N,c,1,1], not f32[N,5,2,2]"},
    {"10; 10", "", 1, "needs labels u32[N], not f32[N,10]"},
};

const OpDef op_softmax_xent = {
    .name = "softmax_xent",
    .doc = "Cross entropy of softmax against the labels, per image, in nats.",
    .kind = OP_TENSOR,
    .internal = true,
    .attr_bytes = sizeof(XentAttrs),
    .attrs = xent_attrs,
    .attr_count = COUNT_OF(xent_attrs),
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = xent_shape,
    .grad = xent_grad,
    .reference = xent_reference,
    .cases = xent_cases,
    .case_count = COUNT_OF(xent_cases),
};
