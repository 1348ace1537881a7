// bn_scale_shift.c: a batch normalisation in inference as scale and shift per channel.
//   bn_scale_shift(weight, bias, mean, var [c])  ->  scale, shift [c]
//   scale = weight / sqrt(var + eps)
//   shift = bias - mean * scale
#include <math.h>

#include "ops/norm/bn_attrs.h"
#include "ops/support.h"

static const AttrDef scale_shift_attrs[] = {BN_ATTRS};

static bool scale_shift_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    int64_t c = shape_channels(&ctx->in[0]->shape);
    for (uint32_t i = 0; i < 4; i++) {
        if (!need_vector(ctx, i, c)) {
            return false;
        }
    }
    out[0] = out[1] = out_f32(shape_vector(c));
    return true;
}

static void scale_shift_reference(const RefCtx *ctx)
{
    const BnAttrs *a = ctx->node->attrs;
    for (int64_t c = 0; c < ctx->in[0].shape.dim[0]; c++) {
        double scale = ctx->in[0].at[c] / sqrt(ctx->in[3].at[c] + a->eps);
        ctx->out[0].at[c] = scale;
        ctx->out[1].at[c] = ctx->in[1].at[c] - ctx->in[2].at[c] * scale;
    }
}

static const OpCase scale_shift_cases[] = {
    {"=5; =5; =5; +=5", "", 1, NULL},
    {"=33; =33; =33; +=33", "eps=1e-3", 1, NULL},
    {"=5; =5; =4; +=5", "", 1, "input 3 is f32[4] and should be f32[5]"},
};

const OpDef op_bn_scale_shift = {
    .name = "bn_scale_shift",
    .doc = "Scale and shift per channel of a batch normalisation in inference.",
    .kind = OP_PARAM_ONLY,
    .internal = true,
    .attr_bytes = sizeof(BnAttrs),
    .attrs = scale_shift_attrs,
    .attr_count = COUNT_OF(scale_shift_attrs),
    .min_inputs = 4,
    .max_inputs = 4,
    .output_count = 2,
    .shape = scale_shift_shape,
    .reference = scale_shift_reference,
    .cases = scale_shift_cases,
    .case_count = COUNT_OF(scale_shift_cases),
};
