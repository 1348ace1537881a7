// softmax_grad.c: gradient of softmax.
//   softmax_grad(dy, y)  ->  dx[n,c] = y[n,c] * (dy[n,c] - sum over c of dy[n,c] * y[n,c])
// y: softmax's output; all [N,c] or [N,c,1,1].
#include "ops/support.h"

static bool softmax_grad_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_same_shape(ctx, 0, 1) && shape_like_features(ctx, out);
}

static void softmax_grad_reference(const RefCtx *ctx)
{
    int64_t batch = ctx->in[0].shape.dim[0], c_count = ctx->in[0].shape.dim[1];
    for (int64_t n = 0; n < batch; n++) {
        const double *dy = &ctx->in[0].at[n * c_count], *y = &ctx->in[1].at[n * c_count];
        double dot = 0.0;
        for (int64_t c = 0; c < c_count; c++) {
            dot += dy[c] * y[c];
        }
        for (int64_t c = 0; c < c_count; c++) {
            ctx->out[0].at[n * c_count + c] = y[c] * (dy[c] - dot);
        }
    }
}

static const OpCase softmax_grad_cases[] = {
    {"10; 10", "", 3, NULL},
    {"33,1,1; 33,1,1", "", 2, NULL},
    {"10; 11", "", 3, "shapes differ: f32[N,10] and f32[N,11]"},
};

const OpDef op_softmax_grad = {
    .name = "softmax_grad",
    .doc = "Gradient of softmax from dy and softmax's output.",
    .kind = OP_TENSOR,
    .internal = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = softmax_grad_shape,
    .reference = softmax_grad_reference,
    .cases = softmax_grad_cases,
    .case_count = COUNT_OF(softmax_grad_cases),
};
