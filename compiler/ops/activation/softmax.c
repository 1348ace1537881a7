// softmax.c: y[n,c] = exp(x[n,c]) / sum over c of exp(x[n,c]), with the largest x taken off first.
#include <math.h>

#include "ops/support.h"

static void softmax_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    grad_add_node(g, node, 0, "softmax_grad", NULL, (Value *[]){dout[0], node->outputs.at[0]}, 2);
}

static void softmax_reference(const RefCtx *ctx)
{
    int64_t batch = ctx->in[0].shape.dim[0], c_count = ctx->in[0].shape.dim[1];
    for (int64_t n = 0; n < batch; n++) {
        const double *x = &ctx->in[0].at[n * c_count];
        double *y = &ctx->out[0].at[n * c_count];
        double largest = x[0], sum = 0.0;
        for (int64_t c = 1; c < c_count; c++) {
            largest = x[c] > largest ? x[c] : largest;
        }
        for (int64_t c = 0; c < c_count; c++) {
            sum += y[c] = exp(x[c] - largest);
        }
        for (int64_t c = 0; c < c_count; c++) {
            y[c] /= sum;
        }
    }
}

static const OpCase softmax_cases[] = {
    {"10", "", 3, NULL},
    {"33,1,1", "", 2, NULL},
    {"1", "", 2, NULL},
    {"5,2,2", "", 1, "needs f32[N,c] or f32[N,c,1,1], not f32[N,5,2,2]"},
};

const OpDef op_softmax = {
    .name = "softmax",
    .doc = "Probabilities from logits, over the channels of [N,c] or [N,c,1,1].",
    .kind = OP_TENSOR,
    .role = OP_ROLE_SOFTMAX,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape_like_features,
    .grad = softmax_grad,
    .reference = softmax_reference,
    .cases = softmax_cases,
    .case_count = COUNT_OF(softmax_cases),
};
