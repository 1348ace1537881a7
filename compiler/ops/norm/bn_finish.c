// bn_finish.c: from the sums of channel_moments to the statistics of a batch, and to the scale and
// shift that follow; moves the running statistics.
//   bn_finish(sums s1, s2 [2,c] with k = running_mean, weight, bias, running_mean, running_var [c])
//       ->  mean, rstd, scale, shift [c]
//   m             = N * pixels
//   mean          = k + s1/m
//   var           = max(0, s2/m - (s1/m)^2)
//   rstd          = 1 / sqrt(var + eps)
//   scale         = weight * rstd
//   shift         = bias - mean * scale
//   running_mean += momentum * (mean - running_mean)
//   running_var  += momentum * (var * m/(m-1) - running_var)       m/(m-1) is 1 where m is 1
// The sums' parts are added in double, in order.
#include <math.h>

#include "ops/norm/bn_attrs.h"
#include "ops/support.h"

static const AttrDef bn_finish_attrs[] = {BN_ATTRS, BN_PIXELS_ATTR};

static bool bn_finish_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const Shape *s = &ctx->in[0]->shape;
    if (s->rank != 2 || s->dim[0] != 2) {
        return shape_fail(ctx, NULL, "needs partial sums of two terms, not %s", shape_text(ctx, 0));
    }
    for (uint32_t i = 1; i < 5; i++) {
        if (!need_vector(ctx, i, s->dim[1])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        out[i] = out_f32(shape_vector(s->dim[1]));
    }
    return true;
}

static void bn_finish_reference(const RefCtx *ctx)
{
    const BnAttrs *a = ctx->node->attrs;
    int64_t c_count = ctx->in[0].shape.dim[1];
    double m = (double)(ctx->batch * a->pixels);
    for (int64_t c = 0; c < c_count; c++) {
        double d = ctx->in[0].at[c] / m; // s1/m
        double mean = ctx->in[3].at[c] + d;
        double var = fmax(0.0, ctx->in[0].at[c_count + c] / m - d * d);
        double unbiased = m > 1.0 ? var * m / (m - 1.0) : var;
        double rstd = 1.0 / sqrt(var + a->eps);
        double scale = ctx->in[1].at[c] * rstd;
        ctx->out[0].at[c] = mean;
        ctx->out[1].at[c] = rstd;
        ctx->out[2].at[c] = scale;
        ctx->out[3].at[c] = ctx->in[2].at[c] - mean * scale;
        ctx->in[3].at[c] += a->momentum * (mean - ctx->in[3].at[c]);
        ctx->in[4].at[c] += a->momentum * (unbiased - ctx->in[4].at[c]);
    }
}

static const OpCase bn_finish_cases[] = {
    {"~2,5; =5; =5; =5; +=5", "pixels=12", 2, NULL},
    {"~2,33; =33; =33; =33; +=33", "eps=1e-3, momentum=0.01, pixels=1", 3, NULL},
    {"~2,7; =7; =7; =7; +=7", "pixels=1", 1, NULL},
    {"~1,5; =5; =5; =5; +=5", "pixels=12", 2, "needs partial sums of two terms"},
    {"~2,5; =5; =5; =5; =6", "pixels=12", 2, "input 5 is f32[6] and should be f32[5]"},
};

const OpDef op_bn_finish = {
    .name = "bn_finish",
    .doc = "Statistics of a batch normalisation from the sums of channel_moments: mean, 1/std, "
           "scale, shift; "
           "moves the running mean and variance.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_BN_FINISH,
    .internal = true,
    .attr_bytes = sizeof(BnAttrs),
    .attrs = bn_finish_attrs,
    .attr_count = COUNT_OF(bn_finish_attrs),
    .min_inputs = 5,
    .max_inputs = 5,
    .output_count = 4,
    .updates = 1u << 3 | 1u << 4,
    .shape = bn_finish_shape,
    .reference = bn_finish_reference,
    .cases = bn_finish_cases,
    .case_count = COUNT_OF(bn_finish_cases),
};
