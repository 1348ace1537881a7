// global_avgpool.c: mean of every channel over the picture: [N,c,1,1].
#include "ops/pool/pool_attrs.h"
#include "ops/support.h"

static bool global_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_image(ctx, 0)) {
        return false;
    }
    out[0] = out_f32(shape_image(ctx->in[0]->shape.dim[1], 1, 1));
    return true;
}

static void global_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    const int64_t *d = node->inputs.at[0]->shape.dim;
    SpreadAttrs a = {.h = d[2], .w = d[3], .factor = 1.0 / ((double)d[2] * (double)d[3])};
    grad_add_node(g, node, 0, "spread", &a, dout, 1);
}

static void global_reference(const RefCtx *ctx)
{
    const int64_t *d = ctx->in[0].shape.dim;
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            double sum = 0.0;
            for (int64_t i = 0; i < d[2] * d[3]; i++) {
                sum += ref_at(&ctx->in[0], n, c, 0, 0)[i];
            }
            *ref_at(&ctx->out[0], n, c, 0, 0) = sum / (double)(d[2] * d[3]);
        }
    }
}

static const OpCase global_cases[] = {
    {"5,7,9", "", 2, NULL},
    {"33,1,1", "", 3, NULL},
    {"16,2,3", "", 1, NULL},
    {"7", "", 3, "needs an image f32[N,c,h,w], not f32[N,7]"},
};

const OpDef op_global_avgpool = {
    .name = "global_avgpool",
    .doc = "Mean of every channel over the whole picture; gives [N,c,1,1].",
    .kind = OP_TENSOR,
    .role = OP_ROLE_POOL,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = global_shape,
    .grad = global_grad,
    .reference = global_reference,
    .identity = identity_by_shape,
    .cases = global_cases,
    .case_count = COUNT_OF(global_cases),
};
