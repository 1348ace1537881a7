// batchnorm.c: batch normalisation, Ioffe & Szegedy 2015.
//   batchnorm(x [N,c,h,w] or [N,c], weight, bias, running_mean, running_var [c])  ->  y like x
//   y = (x - mean) / sqrt(var + eps) * weight + bias, per channel
// Inference: running statistics, folded into neighbours by a pass. Training: batch statistics
// (biased variance); decomposed before gradients are made, so it has no gradient rule of its own
// (channel_norm.c has it).
#include <math.h>

#include "ops/norm/bn_attrs.h"
#include "ops/support.h"

static const AttrDef bn_attrs[] = {BN_ATTRS};

static uint32_t bn_params(const ShapeCtx *ctx, ParamSlot slots[OP_MAX_PARAMS])
{
    const BnAttrs *a = ctx->attrs;
    Shape c = shape_vector(shape_channels(&ctx->in[0]->shape));
    slots[0] = (ParamSlot){.suffix = "weight",
                           .shape = c,
                           .init = RN_INIT_CONST,
                           .init_arg = 1.0,
                           .flags = a->zero_gamma ? RN_TENSOR_ZERO_GAMMA : 0};
    slots[1] = (ParamSlot){.suffix = "bias", .shape = c, .init = RN_INIT_CONST};
    slots[2] =
        (ParamSlot){.suffix = "running_mean", .shape = c, .state = true, .init = RN_INIT_CONST};
    slots[3] = (ParamSlot){
        .suffix = "running_var", .shape = c, .state = true, .init = RN_INIT_CONST, .init_arg = 1.0};
    return 4;
}

static bool bn_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_channels(ctx, 0) && shape_like_input(ctx, out);
}

// Batch mean and biased variance of channel c in two passes; running statistics are updated.
static void batch_statistics(const RefCtx *ctx, int64_t c, int64_t pixels, double *mean,
                             double *var)
{
    const BnAttrs *a = ctx->node->attrs;
    double m = (double)(ctx->batch * pixels), sum = 0.0, squares = 0.0;
    for (int64_t n = 0; n < ctx->batch; n++) {
        for (int64_t i = 0; i < pixels; i++) {
            sum += ref_at(&ctx->in[0], n, c, 0, 0)[i];
        }
    }
    *mean = sum / m;
    for (int64_t n = 0; n < ctx->batch; n++) {
        for (int64_t i = 0; i < pixels; i++) {
            double d = ref_at(&ctx->in[0], n, c, 0, 0)[i] - *mean;
            squares += d * d;
        }
    }
    *var = squares / m;
    double unbiased = m > 1.0 ? squares / (m - 1.0) : *var;
    ctx->in[3].at[c] += a->momentum * (*mean - ctx->in[3].at[c]);
    ctx->in[4].at[c] += a->momentum * (unbiased - ctx->in[4].at[c]);
}

static void bn_reference(const RefCtx *ctx)
{
    const BnAttrs *a = ctx->node->attrs;
    const Shape *s = &ctx->node->inputs.at[0]->shape;
    int64_t pixels = shape_height(s) * shape_width(s);
    for (int64_t c = 0; c < shape_channels(s); c++) {
        double mean = ctx->in[3].at[c], var = ctx->in[4].at[c];
        if (ctx->training) {
            batch_statistics(ctx, c, pixels, &mean, &var);
        }
        double scale = ctx->in[1].at[c] / sqrt(var + a->eps);
        for (int64_t n = 0; n < ctx->batch; n++) {
            for (int64_t i = 0; i < pixels; i++) {
                ref_at(&ctx->out[0], n, c, 0, 0)[i] =
                    (ref_at(&ctx->in[0], n, c, 0, 0)[i] - mean) * scale + ctx->in[2].at[c];
            }
        }
    }
}

static const OpCase bn_cases[] = {
    {"5,7,9", "", 3, NULL},
    {"17,3,3", "eps=1e-3, momentum=0.01", 2, NULL},
    {"33", "", 4, NULL},
    {"5,1,1", "zero_gamma=true", 5, NULL},
    {"=5", "", 1, "needs f32[N,c,h,w] or f32[N,c], not f32[5]"},
    {"5,7,9", "eps=-1.0", 1, "eps must be between"},
    {"5,7,9", "momentum=1.5", 1, "momentum must be between 0 and 1, not 1.5"},
};

const OpDef op_batchnorm = {
    .name = "batchnorm",
    .aliases = "bn",
    .doc = "Batch normalisation per channel. Training normalises with the batch's mean and biased "
           "variance and "
           "moves the running statistics (with the unbiased variance) by `momentum`; inference "
           "uses the running "
           "statistics. The parameters are `weight` and `bias`, the state `running_mean` and "
           "`running_var`.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_BATCHNORM,
    .attr_bytes = sizeof(BnAttrs),
    .attrs = bn_attrs,
    .attr_count = COUNT_OF(bn_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .params = bn_params,
    .shape = bn_shape,
    .reference = bn_reference,
    .cases = bn_cases,
    .case_count = COUNT_OF(bn_cases),
};
