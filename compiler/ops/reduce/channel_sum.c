// channel_sum.c: sum per channel: gradient of a bias.
//   channel_sum(g)  ->  partial sums [1,c] of g
#include "ops/support.h"

static uint32_t channel_sum_terms(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                                  uint32_t count, ScalarVal term[2])
{
    (void)b, (void)attrs, (void)count;
    term[0] = arg[0];
    return 1;
}

static bool channel_sum_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0)) {
        return false;
    }
    out[0] = out_partials(1, shape_channels(&ctx->in[0]->shape));
    return true;
}

static const OpCase channel_sum_cases[] = {
    {"5,7,9", "", 2, NULL},
    {"10", "", 7, NULL},
    {"=10", "", 7, "needs f32[N,c,h,w] or f32[N,c], not f32[10]"},
};

const OpDef op_channel_sum = {
    .name = "channel_sum",
    .doc = "Sum of g per channel, as partial sums.",
    .kind = OP_CHANNEL_REDUCE,
    .internal = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = channel_sum_shape,
    .terms = channel_sum_terms,
    .cases = channel_sum_cases,
    .case_count = COUNT_OF(channel_sum_cases),
};
