// conv2d_bwd_data.c: gradient of a convolution's input.
//   conv2d_bwd_data(dy [N,k,oh,ow], weight [k,C/groups,r,s])  ->  dx [N,C,h,w]
//   dx[n, group(k)*C/groups + c, iy, ix] = sum over k,r,s of weight[k,c,r,s] * dy[n,k,oy,ox],
//       where iy = oy*stride+r-pad and ix = ox*stride+s-pad
// Attributes are the forward's; in_size is [h,w].
#include "ops/conv/conv_shape.h"

#include <string.h>

static const AttrDef bwd_data_attrs[] = {CONV_ATTRS, IN_SIZE_ATTR(ConvAttrs)};

static bool bwd_data_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    ConvAttrs *a = ctx->attrs;
    const Shape *w = &ctx->in[1]->shape;
    if (!need_image(ctx, 0)) {
        return false;
    }
    if (w->rank != 4 || shape_is_batched(w)) {
        return shape_fail(ctx, NULL, "needs weights f32[k,c,r,s], not %s", shape_text(ctx, 1));
    }
    int64_t c, size[2];
    if (__builtin_mul_overflow(w->dim[1], a->groups, &c)) {
        return shape_fail(ctx, NULL, "too many channels");
    }
    if (!conv_output(ctx, a, c, a->in_size, size) ||
        !need_shape(ctx, 0, shape_image(a->c, size[0], size[1])) ||
        !need_shape(ctx, 1, conv_weight_shape(a, c))) {
        return false;
    }
    out[0] = out_f32(shape_image(c, a->in_size[0], a->in_size[1]));
    return true;
}

static void add_tap(const RefCtx *ctx, const ConvTap *t)
{
    double *dx = ref_at(&ctx->out[0], t->n, t->xc, t->iy, t->ix);
    const double *dy = ref_at(&ctx->in[0], t->n, t->k, t->oy, t->ox);
    double w = *ref_at(&ctx->in[1], t->k, t->c, t->r, t->s);
    for (int64_t i = 0; i < t->count; i++) {
        dx[i * t->stride] += w * dy[i];
    }
}

static void bwd_data_reference(const RefCtx *ctx)
{
    const int64_t *dx = ctx->out[0].shape.dim, *dy = ctx->in[0].shape.dim;
    memset(ctx->out[0].at, 0, (size_t)(dx[0] * dx[1] * dx[2] * dx[3]) * sizeof(double));
    ConvSizes size = {dx[0], dx[1], dx[2], dx[3], dy[2], dy[3]};
    conv_for_each_tap(ctx->node->attrs, &size, add_tap, ctx);
}

static const OpCase bwd_data_cases[] = {
    {"5,9,11; =5,3,3,3", "3x3, c=5, pad=1, in_size=9x11", 2, NULL},
    {"5,5,6; =5,3,3,3", "3x3, c=5, stride=2, pad=1, in_size=9x11", 3, NULL},
    {"5,5,6; =5,3,3,3", "3x3, c=5, stride=2, pad=1, in_size=10x12", 2, NULL},
    {"19,7,7; =19,5,1,1", "1x1, c=19, in_size=7x7", 1, NULL},
    {"33,4,4; =33,16,1,1", "1x1, c=33, stride=2, in_size=8x8", 2, NULL},
    {"20,10,9; =20,3,7,7", "7x7, c=20, stride=2, pad=3, in_size=19x17", 1, NULL},
    {"20,7,9; =20,3,3,3", "3x3, c=20, pad=1, groups=4, in_size=7x9", 2, NULL},
    {"64,3,3; =64,4,3,3", "3x3, c=64, stride=2, pad=1, groups=16, in_size=5x5", 1, NULL},
    {"6,5,6; =6,4,3,3", "3x3, c=6, stride=2, pad=[0,0,1,1], in_size=10x12", 2, NULL},
    {"3,4,6; =3,2,5,2", "5x2, c=3, stride=3x1, pad=[2,0,1,1], in_size=9x6", 2,
     "input 1 is f32[N,3,4,6] and should be f32[N,3,3,6]"},
    {"3,3,6; =3,2,5,2", "5x2, c=3, stride=3x1, pad=[2,0,1,1], in_size=9x6", 2, NULL},
};

const OpDef op_conv2d_bwd_data = {
    .name = "conv2d_bwd_data",
    .doc = "Gradient of a convolution's input.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_CONV_BWD_DATA,
    .internal = true,
    .attr_bytes = sizeof(ConvAttrs),
    .attrs = bwd_data_attrs,
    .attr_count = COUNT_OF(bwd_data_attrs),
    .min_inputs = 2,
    .max_inputs = 2,
    .accepts_store = true,
    .accepts_sides = true,
    .shape = bwd_data_shape,
    .reference = bwd_data_reference,
    .cases = bwd_data_cases,
    .case_count = COUNT_OF(bwd_data_cases),
};
