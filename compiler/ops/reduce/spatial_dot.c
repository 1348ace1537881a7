// spatial_dot.c: gradient of a gate.
//   spatial_dot(g, x [N,c,h,w])  ->  [N,c,1,1]: sum over the pixels of g*x
#include "ops/support.h"

static bool dot_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_image(ctx, 0) || !need_same_shape(ctx, 0, 1)) {
        return false;
    }
    out[0] = out_f32(shape_image(ctx->in[0]->shape.dim[1], 1, 1));
    return true;
}

static void dot_reference(const RefCtx *ctx)
{
    const int64_t *d = ctx->in[0].shape.dim;
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            double sum = 0.0;
            for (int64_t i = 0; i < d[2] * d[3]; i++) {
                sum += ref_at(&ctx->in[0], n, c, 0, 0)[i] * ref_at(&ctx->in[1], n, c, 0, 0)[i];
            }
            *ref_at(&ctx->out[0], n, c, 0, 0) = sum;
        }
    }
}

static const OpCase dot_cases[] = {
    {"5,7,9; 5,7,9", "", 2, NULL},
    {"33,1,1; 33,1,1", "", 3, NULL},
    {"5,7,9; 5,7,8", "", 2, "shapes differ: f32[N,5,7,9] and f32[N,5,7,8]"},
};

const OpDef op_spatial_dot = {
    .name = "spatial_dot",
    .doc = "Sum over the pixels of the product of two images, per image and channel.",
    .kind = OP_TENSOR,
    .internal = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = dot_shape,
    .reference = dot_reference,
    .cases = dot_cases,
    .case_count = COUNT_OF(dot_cases),
};
