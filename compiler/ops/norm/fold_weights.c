// fold_weights.c: the weights of a layer with a folded batch normalisation.
//   fold_weights(weight [k,...], scale [k])  ->  weight[k,...] * scale[k]
#include "ops/support.h"

static bool fold_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const Shape *w = &ctx->in[0]->shape;
    if (w->rank < 2 || shape_is_batched(w)) {
        return shape_fail(ctx, NULL, "needs weights, not %s", shape_text(ctx, 0));
    }
    return need_vector(ctx, 1, w->dim[0]) && shape_like_input(ctx, out);
}

static void fold_reference(const RefCtx *ctx)
{
    int64_t k_count = ctx->in[0].shape.dim[0], row = 1;
    for (uint32_t i = 1; i < ctx->in[0].shape.rank; i++) {
        row *= ctx->in[0].shape.dim[i];
    }
    for (int64_t k = 0; k < k_count; k++) {
        for (int64_t i = 0; i < row; i++) {
            ctx->out[0].at[k * row + i] = ctx->in[0].at[k * row + i] * ctx->in[1].at[k];
        }
    }
}

static const OpCase fold_cases[] = {
    {"=5,3,3,3; =5", "", 1, NULL},
    {"=33,17; =33", "", 1, NULL},
    {"=5,3,3,3; =3", "", 1, "input 2 is f32[3] and should be f32[5]"},
};

const OpDef op_fold_weights = {
    .name = "fold_weights",
    .doc = "Weights times one scale per output channel.",
    .kind = OP_PARAM_ONLY,
    .internal = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = fold_shape,
    .reference = fold_reference,
    .cases = fold_cases,
    .case_count = COUNT_OF(fold_cases),
};
