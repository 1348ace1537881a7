// fold_bias.c: the bias of a layer with a folded batch normalisation.
//   fold_bias(scale, shift, bias [c])  ->  bias * scale + shift [c]; without a bias, shift
#include "ops/support.h"

static bool fold_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    int64_t c = shape_channels(&ctx->in[0]->shape);
    for (uint32_t i = 0; i < ctx->in_count; i++) {
        if (!need_vector(ctx, i, c)) {
            return false;
        }
    }
    return shape_like_input(ctx, out);
}

static void fold_reference(const RefCtx *ctx)
{
    for (int64_t c = 0; c < ctx->in[0].shape.dim[0]; c++) {
        double bias = ctx->in_count > 2 ? ctx->in[2].at[c] : 0.0;
        ctx->out[0].at[c] = bias * ctx->in[0].at[c] + ctx->in[1].at[c];
    }
}

static const OpCase fold_cases[] = {
    {"=5; =5", "", 1, NULL},
    {"=33; =33; =33", "", 1, NULL},
    {"=5; =5; =6", "", 1, "input 3 is f32[6] and should be f32[5]"},
};

const OpDef op_fold_bias = {
    .name = "fold_bias",
    .doc = "bias * scale + shift; without a bias the shift.",
    .kind = OP_PARAM_ONLY,
    .internal = true,
    .min_inputs = 2,
    .max_inputs = 3,
    .shape = fold_shape,
    .reference = fold_reference,
    .cases = fold_cases,
    .case_count = COUNT_OF(fold_cases),
};
