// bn_finish.c: from the sums of channel_moments to the statistics of a batch, and to the scale and
// shift that follow; moves the running statistics.
//   bn_finish(k, s1, s2 of channel_moments [3,c], weight, bias, running_mean, running_var [c])
//       ->  mean, rstd, scale, shift, rest [c]
//   m             = N * pixels
//   mean + rest   = k + s1/m        mean is what float32 holds of it, rest what it does not
//   var           = max(0, s2/m - (s1/m)^2)
//   rstd          = 1 / sqrt(var + eps)
//   scale         = weight * rstd
//   shift         = bias - rest * scale                     for (x-mean)*scale + shift
//   running_mean += momentum * (mean + rest - running_mean)
//   running_var  += momentum * (var * m/(m-1) - running_var)       m/(m-1) is 1 where m is 1
// The sums' parts are moved to the k of the first part that has elements, and added, in double, in
// order.
#include <math.h>

#include "ops/norm/bn_attrs.h"
#include "ops/support.h"

static const AttrDef bn_finish_attrs[] = {BN_ATTRS, BN_PIXELS_ATTR};

static bool bn_finish_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const Shape *s = &ctx->in[0]->shape;
    if (s->rank != 2 || s->dim[0] != MOMENT_TERMS) {
        return shape_fail(ctx, NULL, "needs a centre and two sums, not %s", shape_text(ctx, 0));
    }
    for (uint32_t i = 1; i < 5; i++) {
        if (!need_vector(ctx, i, s->dim[1])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < 5; i++) {
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
        double d = ctx->in[0].at[c_count + c] / m; // s1/m
        double mean = ctx->in[0].at[c] + d, rest = mean - (double)(float)mean;
        double var = fmax(0.0, ctx->in[0].at[2 * c_count + c] / m - d * d);
        double unbiased = m > 1.0 ? var * m / (m - 1.0) : var;
        double rstd = 1.0 / sqrt(var + a->eps);
        double scale = ctx->in[1].at[c] * rstd;
        ctx->out[0].at[c] = mean - rest;
        ctx->out[1].at[c] = rstd;
        ctx->out[2].at[c] = scale;
        ctx->out[3].at[c] = ctx->in[2].at[c] - rest * scale;
        ctx->out[4].at[c] = rest;
        ctx->in[3].at[c] += a->momentum * (mean - ctx->in[3].at[c]);
        ctx->in[4].at[c] += a->momentum * (unbiased - ctx->in[4].at[c]);
    }
}

static const OpCase bn_finish_cases[] = {
    {"~3,5; =5; =5; =5; +=5", "pixels=12", 2, NULL},
    {"~3,33; =33; =33; =33; +=33", "eps=1e-3, momentum=0.01, pixels=1", 3, NULL},
    {"~3,7; =7; =7; =7; +=7", "pixels=1", 1, NULL},
    {"~2,5; =5; =5; =5; +=5", "pixels=12", 2, "needs a centre and two sums"},
    {"~3,5; =5; =5; =5; =6", "pixels=12", 2, "input 5 is f32[6] and should be f32[5]"},
};

const OpDef op_bn_finish = {
    .name = "bn_finish",
    .doc = "Statistics of a batch normalisation from the sums of channel_moments: mean, 1/std, "
           "scale, shift, what the mean lost in rounding; moves the running mean and variance.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_BN_FINISH,
    .internal = true,
    .attr_bytes = sizeof(BnAttrs),
    .attrs = bn_finish_attrs,
    .attr_count = COUNT_OF(bn_finish_attrs),
    .min_inputs = 5,
    .max_inputs = 5,
    .output_count = 5,
    .updates = 1u << 3 | 1u << 4,
    .shape = bn_finish_shape,
    .reference = bn_finish_reference,
    .cases = bn_finish_cases,
    .case_count = COUNT_OF(bn_finish_cases),
};
