// conv2d_bwd_weights.c: gradient of a convolution's weights.
//   conv2d_bwd_weights(x [N,C,h,w], dy [N,k,oh,ow])  ->  dw [k,C/groups,r,s]
//   dw[k,c,r,s] = sum over n,oy,ox of
//       dy[n,k,oy,ox] * x[n, group(k)*C/groups + c, oy*stride+r-pad, ox*stride+s-pad]
// Attributes are the forward's; in_size is [h,w].
#include "ops/conv/conv_shape.h"

#include <string.h>

static const AttrDef bwd_weights_attrs[] = {CONV_ATTRS, IN_SIZE_ATTR(ConvAttrs)};

static bool bwd_weights_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    ConvAttrs *a = ctx->attrs;
    if (!need_image(ctx, 0) || !need_image(ctx, 1)) {
        return false;
    }
    const int64_t *d = ctx->in[0]->shape.dim;
    int64_t size[2];
    if (!need_shape(ctx, 0, shape_image(d[1], a->in_size[0], a->in_size[1])) ||
        !conv_output(ctx, a, d[1], &d[2], size) ||
        !need_shape(ctx, 1, shape_image(a->c, size[0], size[1]))) {
        return false;
    }
    out[0] = out_f32(conv_weight_shape(a, d[1]));
    return true;
}

static void add_tap(const RefCtx *ctx, const ConvTap *t)
{
    double *dw = ref_at(&ctx->out[0], t->k, t->c, t->r, t->s);
    const double *x = ref_at(&ctx->in[0], t->n, t->xc, t->iy, t->ix);
    const double *dy = ref_at(&ctx->in[1], t->n, t->k, t->oy, t->ox);
    for (int64_t i = 0; i < t->count; i++) {
        *dw += x[i * t->stride] * dy[i];
    }
}

static void bwd_weights_reference(const RefCtx *ctx)
{
    const int64_t *x = ctx->in[0].shape.dim, *dy = ctx->in[1].shape.dim,
                  *dw = ctx->out[0].shape.dim;
    memset(ctx->out[0].at, 0, (size_t)(dw[0] * dw[1] * dw[2] * dw[3]) * sizeof(double));
    ConvSizes size = {x[0], x[1], x[2], x[3], dy[2], dy[3]};
    conv_for_each_tap(ctx->node->attrs, &size, add_tap, ctx);
}

static const OpCase bwd_weights_cases[] = {
    {"3,9,11; 5,9,11", "3x3, c=5, pad=1, in_size=9x11", 2, NULL},
    {"3,9,11; 5,5,6", "3x3, c=5, stride=2, pad=1, in_size=9x11", 3, NULL},
    {"3,10,12; 5,5,6", "3x3, c=5, stride=2, pad=1, in_size=10x12", 2, NULL},
    {"5,7,7; 19,7,7", "1x1, c=19, in_size=7x7", 1, NULL},
    {"16,8,8; 33,4,4", "1x1, c=33, stride=2, in_size=8x8", 2, NULL},
    {"3,19,17; 20,10,9", "7x7, c=20, stride=2, pad=3, in_size=19x17", 1, NULL},
    {"12,7,9; 20,7,9", "3x3, c=20, pad=1, groups=4, in_size=7x9", 2, NULL},
    {"64,5,5; 64,3,3", "3x3, c=64, stride=2, pad=1, groups=16, in_size=5x5", 1, NULL},
    {"4,10,12; 6,5,6", "3x3, c=6, stride=2, pad=[0,0,1,1], in_size=10x12", 2, NULL},
    {"2,9,6; 3,3,6", "5x2, c=3, stride=3x1, pad=[2,0,1,1], in_size=9x6", 2, NULL},
    {"2,9,6; 3,4,6", "5x2, c=3, stride=3x1, pad=[2,0,1,1], in_size=9x6", 2,
     "input 2 is f32[N,3,4,6] and should be f32[N,3,3,6]"},
};

const OpDef op_conv2d_bwd_weights = {
    .name = "conv2d_bwd_weights",
    .doc = "Gradient of a convolution's weights.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_CONV_BWD_WEIGHTS,
    .internal = true,
    .attr_bytes = sizeof(ConvAttrs),
    .attrs = bwd_weights_attrs,
    .attr_count = COUNT_OF(bwd_weights_attrs),
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = bwd_weights_shape,
    .reference = bwd_weights_reference,
    .cases = bwd_weights_cases,
    .case_count = COUNT_OF(bwd_weights_cases),
};
