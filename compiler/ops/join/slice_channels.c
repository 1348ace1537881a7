// slice_channels.c: a range of channels.
//   slice_channels(x [N,c,h,w] or [N,c])  ->  its channels [begin, begin + count)
#include <inttypes.h>

#include "ops/join/channel_attrs.h"
#include "ops/support.h"

static const AttrDef slice_attrs[] = {
    {.name = "begin",
     .type = ATTR_INT,
     .offset = offsetof(SliceAttrs, begin),
     .required = true,
     .min = 0,
     .max = 1e12,
     .doc = "first channel"},
    {.name = "count",
     .type = ATTR_INT,
     .offset = offsetof(SliceAttrs, count),
     .required = true,
     .min = 1,
     .max = 1e12,
     .doc = "number of channels"},
};

static bool slice_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const SliceAttrs *a = ctx->attrs;
    if (!need_channels(ctx, 0)) {
        return false;
    }
    Shape s = ctx->in[0]->shape;
    if (a->begin + a->count > s.dim[1]) {
        return shape_fail(ctx, NULL, "channels %" PRId64 " to %" PRId64 " of %" PRId64, a->begin,
                          a->begin + a->count, s.dim[1]);
    }
    s.dim[1] = a->count;
    out[0] = out_f32(s);
    return true;
}

static void slice_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    const SliceAttrs *a = node->attrs;
    int64_t c = shape_channels(&node->inputs.at[0]->shape);
    PadChannelsAttrs pad = {.before = a->begin, .after = c - a->begin - a->count};
    grad_add_node(g, node, 0, "pad_channels", &pad, dout, 1);
}

static void slice_reference(const RefCtx *ctx)
{
    const SliceAttrs *a = ctx->node->attrs;
    const Shape *s = &ctx->node->outputs.at[0]->shape;
    for (int64_t n = 0; n < ctx->batch; n++) {
        for (int64_t c = 0; c < a->count; c++) {
            for (int64_t p = 0; p < shape_height(s) * shape_width(s); p++) {
                ref_at(&ctx->out[0], n, c, 0, 0)[p] = ref_at(&ctx->in[0], n, a->begin + c, 0, 0)[p];
            }
        }
    }
}

static const OpCase slice_cases[] = {
    {"9,7,5", "begin=2, count=5", 2, NULL},
    {"48,3,3", "begin=16, count=32", 1, NULL},
    {"40,2,3", "begin=17, count=21", 2, NULL},
    {"9", "begin=0, count=9", 3, NULL},
    {"9,7,5", "begin=5, count=5", 2, "channels 5 to 10 of 9"},
};

const OpDef op_slice_channels = {
    .name = "slice_channels",
    .doc = "A range of channels: gradient of concat and pad_channels.",
    .kind = OP_TENSOR,
    .internal = true,
    .attr_bytes = sizeof(SliceAttrs),
    .attrs = slice_attrs,
    .attr_count = COUNT_OF(slice_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = slice_shape,
    .grad = slice_grad,
    .reference = slice_reference,
    .identity = identity_by_shape,
    .cases = slice_cases,
    .case_count = COUNT_OF(slice_cases),
};
