// channel_dot.c: sums per channel for the backward of batch normalisation.
//   channel_dot(g, z, mean [c])  ->  partial sums [2,c] of g and g*(z-mean)
#include "ops/support.h"

static uint32_t channel_dot_terms(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                                  uint32_t count, ScalarVal term[2])
{
    (void)attrs, (void)count;
    term[0] = arg[0];
    term[1] = SC_MUL(b, arg[0], SC_SUB(b, arg[1], arg[2]));
    return 2;
}

static bool channel_dot_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0)) {
        return false;
    }
    int64_t c = shape_channels(&ctx->in[0]->shape);
    if (!need_same_shape(ctx, 0, 1) || !need_vector(ctx, 2, c)) {
        return false;
    }
    out[0] = out_partials(2, c);
    return true;
}

static const OpCase channel_dot_cases[] = {
    {"5,7,9; 5,7,9; =5", "", 2, NULL},
    {"33,3,1; 33,3,1; =33", "", 1, NULL},
    {"5,7,9; 5,7,8; =5", "", 2, "shapes differ: f32[N,5,7,9] and f32[N,5,7,8]"},
};

const OpDef op_channel_dot = {
    .name = "channel_dot",
    .doc = "Sums of g and g*(z-mean) per channel, as partial sums.",
    .kind = OP_CHANNEL_REDUCE,
    .internal = true,
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = channel_dot_shape,
    .terms = channel_dot_terms,
    .cases = channel_dot_cases,
    .case_count = COUNT_OF(channel_dot_cases),
};
