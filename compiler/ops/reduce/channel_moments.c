// channel_moments.c: sums per channel for the statistics of a batch.
//   channel_moments(x)  ->  partial sums [3,c]: a centre k, sums of x-k and of (x-k)^2
// Every part has a centre of its own: the channel's first element in that part. An element is seldom
// far from the mean, as spreads of the channel go, so x-k and its square cancel little, wherever the
// mean is. bn_finish moves the parts to one centre (Chan, Golub and LeVeque 1979, "Updating formulae
// and a pairwise algorithm for computing sample variances").
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
    out[0] = out_partials(MOMENT_TERMS, shape_channels(&ctx->in[0]->shape));
    return true;
}

static const OpCase channel_moments_cases[] = {
    {"5,7,9", "", 2, NULL},
    {"19", "", 5, NULL},
    {"33,3,1", "", 1, NULL},
    {"=5", "", 2, "needs f32[N,c,h,w] or f32[N,c], not f32[5]"},
};

const OpDef op_channel_moments = {
    .name = "channel_moments",
    .doc = "Centre k and sums of x-k and (x-k)^2 per channel, as partial sums.",
    .kind = OP_CHANNEL_REDUCE,
    .internal = true,
    .centred = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = channel_moments_shape,
    .terms = channel_moments_terms,
    .cases = channel_moments_cases,
    .case_count = COUNT_OF(channel_moments_cases),
};
