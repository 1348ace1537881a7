// dense_bwd_data.c: gradient of a dense layer's input.
//   dense_bwd_data(dy [N,k], weight [k,c] or [k,c,1,1])  ->  dx [N,c], with attrs.image [N,c,1,1]
//   dx[n,c] = sum over k of weight[k,c] * dy[n,k]
#include "ops/dense/dense_shape.h"

static const AttrDef bwd_data_attrs[] = {
    DENSE_ATTRS,
    {.name = "image",
     .type = ATTR_BOOL,
     .offset = offsetof(DenseAttrs, image),
     .doc = "gives [N,c,1,1] instead of [N,c]"},
};

static bool bwd_data_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const DenseAttrs *a = ctx->attrs;
    const Shape *w = &ctx->in[1]->shape;
    if (!need_shape(ctx, 0, shape_features(a->c))) {
        return false;
    }
    if (w->rank != (a->conv_weight ? 4 : 2) || w->dim[0] != a->c) {
        return shape_fail(ctx, NULL, "needs weights f32[k,c], not %s", shape_text(ctx, 1));
    }
    out[0] = out_f32(a->image ? shape_image(w->dim[1], 1, 1) : shape_features(w->dim[1]));
    return true;
}

static void bwd_data_reference(const RefCtx *ctx)
{
    int64_t batch = ctx->in[0].shape.dim[0], k_count = ctx->in[1].shape.dim[0],
            c_count = ctx->in[1].shape.dim[1];
    for (int64_t n = 0; n < batch; n++) {
        for (int64_t c = 0; c < c_count; c++) {
            double sum = 0.0;
            for (int64_t k = 0; k < k_count; k++) {
                sum += ctx->in[1].at[k * c_count + c] * ctx->in[0].at[n * k_count + k];
            }
            ctx->out[0].at[n * c_count + c] = sum;
        }
    }
}

static const OpCase bwd_data_cases[] = {
    {"5; =5,7", "5", 3, NULL},
    {"10; =10,512", "10, image=true", 2, NULL},
    {"17; =17,33", "17", 1, NULL},
    {"17; =16,33", "17", 1, "needs weights"},
};

const OpDef op_dense_bwd_data = {
    .name = "dense_bwd_data",
    .doc = "Gradient of a dense layer's input.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_DENSE_BWD_DATA,
    .internal = true,
    .attr_bytes = sizeof(DenseAttrs),
    .attrs = bwd_data_attrs,
    .attr_count = COUNT_OF(bwd_data_attrs),
    .min_inputs = 2,
    .max_inputs = 2,
    .accepts_store = true,
    .shape = bwd_data_shape,
    .reference = bwd_data_reference,
    .cases = bwd_data_cases,
    .case_count = COUNT_OF(bwd_data_cases),
};
