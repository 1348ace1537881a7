// spread.c: one number per channel at every pixel: gradient of a global average.
//   spread(s [N,c,1,1])  ->  s[n,c] * factor at every pixel of [N,c,h,w]
#include "ops/pool/pool_attrs.h"
#include "ops/support.h"

static const AttrDef spread_attrs[] = {
    {.name = "h",
     .type = ATTR_INT,
     .offset = offsetof(SpreadAttrs, h),
     .required = true,
     .min = 1,
     .max = 1e12,
     .doc = "rows of the result"},
    {.name = "w",
     .type = ATTR_INT,
     .offset = offsetof(SpreadAttrs, w),
     .required = true,
     .min = 1,
     .max = 1e12,
     .doc = "columns of the result"},
    {.name = "factor",
     .type = ATTR_FLOAT,
     .offset = offsetof(SpreadAttrs, factor),
     .fallback = 1,
     .doc = "factor on every element"},
};

static ScalarVal spread_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                               uint32_t count)
{
    (void)count;
    return SC_MUL(b, arg[0], SC_CONST(b, ((const SpreadAttrs *)attrs)->factor));
}

static bool spread_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const SpreadAttrs *a = ctx->attrs;
    if (!need_features(ctx, 0)) {
        return false;
    }
    out[0] = out_f32(shape_image(shape_channels(&ctx->in[0]->shape), a->h, a->w));
    return true;
}

static const OpCase spread_cases[] = {
    {"5,1,1", "h=7, w=9, factor=0.25", 2, NULL},
    {"19,1,1", "h=1, w=1", 3, NULL},
    {"5,2,1", "h=7, w=9", 2, "needs f32[N,c] or f32[N,c,1,1]"},
};

const OpDef op_spread = {
    .name = "spread",
    .doc = "One number per image and channel, times a factor, at every pixel.",
    .kind = OP_ELEMENTWISE,
    .internal = true,
    .attr_bytes = sizeof(SpreadAttrs),
    .attrs = spread_attrs,
    .attr_count = COUNT_OF(spread_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = spread_shape,
    .scalar = spread_scalar,
    .cases = spread_cases,
    .case_count = COUNT_OF(spread_cases),
};
