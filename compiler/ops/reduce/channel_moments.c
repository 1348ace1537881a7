// channel_moments.c: sums per channel for the statistics of a batch.
//   channel_moments(x, k [c])  ->  partial sums [2,c] of x-k and (x-k)^2
// k, the running mean, removes cancellation.
#include "ops/support.h"

static uint32_t channel_moments_terms(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                                      uint32_t count, ScalarVal term[2])
{
    (void)attrs, (void)count;
    term[0] = SC_SUB(b, arg[0], arg[1]);
    term[1] = SC_MUL(b, term[0], term[0]);
    return 2;
}

static bool channel_moments_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0)) {
        return false;
    }
    int64_t c = shape_channels(&ctx->in[0]->shape);
    if (!need_vector(ctx, 1, c)) {
        return false;
    }
    out[0] = out_f32((Shape){.rank = 2, .dim = {2, c}});
    return true;
}

static const OpCase channel_moments_cases[] = {
    {"5,7,9; =5", "", 2, NULL},
    {"19; =19", "", 5, NULL},
    {"33,3,1; =33", "", 1, NULL},
    {"5,7,9; =6", "", 2, "input 2 is f32[6] and should be f32[5]"},
};

const OpDef op_channel_moments = {
    .name = "channel_moments",
    .doc = "Sums of x-k and (x-k)^2 per channel, as partial sums.",
    .kind = OP_CHANNEL_REDUCE,
    .internal = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = channel_moments_shape,
    .terms = channel_moments_terms,
    .cases = channel_moments_cases,
    .case_count = COUNT_OF(channel_moments_cases),
};
