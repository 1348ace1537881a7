// dense_bwd_weights.c: gradient of a dense layer's weights.
//   dense_bwd_weights(x [N,c] or [N,c,1,1], dy [N,k])  ->  dw like the weight
//   dw[k,c] = sum over n of dy[n,k] * x[n,c]
#include "ops/dense/dense_shape.h"

static const AttrDef bwd_weights_attrs[] = {DENSE_ATTRS};

static bool bwd_weights_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const DenseAttrs *a = ctx->attrs;
    if (!need_features(ctx, 0) || !need_shape(ctx, 1, shape_features(a->c))) {
        return false;
    }
    out[0] = out_f32(dense_weight_shape(a, ctx->in[0]->shape.dim[1]));
    return true;
}

static void bwd_weights_reference(const RefCtx *ctx)
{
    int64_t batch = ctx->in[0].shape.dim[0], c_count = ctx->in[0].shape.dim[1],
            k_count = ctx->in[1].shape.dim[1];
    for (int64_t k = 0; k < k_count; k++) {
        for (int64_t c = 0; c < c_count; c++) {
            double sum = 0.0;
            for (int64_t n = 0; n < batch; n++) {
                sum += ctx->in[1].at[n * k_count + k] * ctx->in[0].at[n * c_count + c];
            }
            ctx->out[0].at[k * c_count + c] = sum;
        }
    }
}

static const OpCase bwd_weights_cases[] = {
    {"7; 5", "5", 3, NULL},
    {"512,1,1; 10", "10", 2, NULL},
    {"33; 17", "17", 1, NULL},
    {"48,1,1; 11", "11, conv_weight=true", 2, NULL},
    {"33; 16", "17", 1, "input 2 is f32[N,16] and should be f32[N,17]"},
};

const OpDef op_dense_bwd_weights = {
    .name = "dense_bwd_weights",
    .doc = "Gradient of a dense layer's weights.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_DENSE_BWD_WEIGHTS,
    .internal = true,
    .attr_bytes = sizeof(DenseAttrs),
    .attrs = bwd_weights_attrs,
    .attr_count = COUNT_OF(bwd_weights_attrs),
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = bwd_weights_shape,
    .reference = bwd_weights_reference,
    .cases = bwd_weights_cases,
    .case_count = COUNT_OF(bwd_weights_cases),
};
