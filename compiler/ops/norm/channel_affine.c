// channel_affine.c: batch normalisation in inference where no layer before it takes it in.
//   channel_affine(x, scale [c], shift [c])  ->  x * scale + shift; x [N,c,h,w] or [N,c]
// It has no gradient: in training channel_norm stands in its place.
#include "ops/support.h"

static ScalarVal affine_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                               uint32_t count)
{
    (void)attrs, (void)count;
    return SC_FMA(b, arg[0], arg[1], arg[2]);
}

static bool affine_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0)) {
        return false;
    }
    int64_t c = shape_channels(&ctx->in[0]->shape);
    return need_vector(ctx, 1, c) && need_vector(ctx, 2, c) && shape_like_input(ctx, out);
}

static const OpCase affine_cases[] = {
    {"5,7,9; =5; =5", "", 2, NULL},
    {"19; =19; =19", "", 3, NULL},
    {"5,7,9; =5; =6", "", 2, "input 3 is f32[6] and should be f32[5]"},
};

const OpDef op_channel_affine = {
    .name = "channel_affine",
    .doc = "x * scale + shift, with one scale and shift per channel.",
    .kind = OP_ELEMENTWISE,
    .internal = true,
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = affine_shape,
    .scalar = affine_scalar,
    .cases = affine_cases,
    .case_count = COUNT_OF(affine_cases),
};
