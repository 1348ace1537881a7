// bn_finish_bwd.c: from the sums of channel_dot to the gradients of a batch normalisation's weight
// and bias, and to the factors of bn_input_grad.
//   bn_finish_bwd(sums s1, s2 [2,c], rstd, scale, rest [c])  ->  dweight, dbias, q, r [c]
//   m       = N * pixels
//   s       = s2 - rest * s1        of g*(z-mean-rest): channel_dot's mean has no rest
//   dweight = s * rstd
//   dbias   = s1
//   q       = -scale * rstd^2 * s / m
//   r       = -scale * s1 / m - q * rest
// The sums' parts are added in double, in order.
#include "ops/norm/bn_attrs.h"
#include "ops/support.h"

static const AttrDef bn_bwd_attrs[] = {BN_ATTRS, BN_PIXELS_ATTR};

static bool bn_bwd_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const Shape *s = &ctx->in[0]->shape;
    if (s->rank != 2 || s->dim[0] != 2) {
        return shape_fail(ctx, NULL, "needs partial sums of two terms, not %s", shape_text(ctx, 0));
    }
    for (uint32_t i = 1; i < 4; i++) {
        if (!need_vector(ctx, i, s->dim[1])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        out[i] = out_f32(shape_vector(s->dim[1]));
    }
    return true;
}

static void bn_bwd_reference(const RefCtx *ctx)
{
    const BnAttrs *a = ctx->node->attrs;
    int64_t c_count = ctx->in[0].shape.dim[1];
    double m = (double)(ctx->batch * a->pixels);
    for (int64_t c = 0; c < c_count; c++) {
        double rstd = ctx->in[1].at[c], scale = ctx->in[2].at[c], rest = ctx->in[3].at[c];
        double s1 = ctx->in[0].at[c], s2 = ctx->in[0].at[c_count + c] - rest * s1;
        double q = -scale * rstd * rstd * s2 / m;
        ctx->out[0].at[c] = s2 * rstd;
        ctx->out[1].at[c] = s1;
        ctx->out[2].at[c] = q;
        ctx->out[3].at[c] = -scale * s1 / m - q * rest;
    }
}

static const OpCase bn_bwd_cases[] = {
    {"~2,5; =5; =5; =5", "pixels=12", 2, NULL},
    {"~2,33; =33; =33; =33", "pixels=1", 3, NULL},
    {"~2,5; =5; =6; =5", "pixels=12", 2, "input 3 is f32[6] and should be f32[5]"},
};

const OpDef op_bn_finish_bwd = {
    .name = "bn_finish_bwd",
    .doc = "Gradients of a batch normalisation's weight and bias, and what its input's gradient "
           "needs, from the "
           "sums of channel_dot.",
    .kind = OP_TENSOR,
    .internal = true,
    .attr_bytes = sizeof(BnAttrs),
    .attrs = bn_bwd_attrs,
    .attr_count = COUNT_OF(bn_bwd_attrs),
    .min_inputs = 4,
    .max_inputs = 4,
    .output_count = 4,
    .shape = bn_bwd_shape,
    .reference = bn_bwd_reference,
    .cases = bn_bwd_cases,
    .case_count = COUNT_OF(bn_bwd_cases),
};
