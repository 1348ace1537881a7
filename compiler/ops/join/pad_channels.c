// pad_channels.c: channels of zeros before and after: the parameter-free shortcut, option A of He
// et al. 2015.
#include <string.h>

#include "ops/join/channel_attrs.h"
#include "ops/support.h"

static const AttrDef pad_attrs[] = {
    {.name = "before",
     .type = ATTR_INT,
     .offset = offsetof(PadChannelsAttrs, before),
     .position = 1,
     .min = 0,
     .max = 1 << 24,
     .doc = "zero channels before the first"},
    {.name = "after",
     .type = ATTR_INT,
     .offset = offsetof(PadChannelsAttrs, after),
     .position = 2,
     .min = 0,
     .max = 1 << 24,
     .doc = "zero channels after the last"},
};

static bool pad_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const PadChannelsAttrs *a = ctx->attrs;
    if (!need_channels(ctx, 0)) {
        return false;
    }
    Shape s = ctx->in[0]->shape;
    s.dim[1] += a->before + a->after;
    out[0] = out_f32(s);
    return true;
}

static void pad_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    const PadChannelsAttrs *a = node->attrs;
    SliceAttrs slice = {.begin = a->before, .count = shape_channels(&node->inputs.at[0]->shape)};
    grad_add_node(g, node, 0, "slice_channels", &slice, dout, 1);
}

static void pad_reference(const RefCtx *ctx)
{
    const PadChannelsAttrs *a = ctx->node->attrs;
    const Shape *s = &ctx->node->inputs.at[0]->shape;
    int64_t pixels = shape_height(s) * shape_width(s), c_count = shape_channels(s);
    int64_t total = ctx->batch * (a->before + c_count + a->after) * pixels;
    memset(ctx->out[0].at, 0, (size_t)total * sizeof(double));
    for (int64_t n = 0; n < ctx->batch; n++) {
        for (int64_t c = 0; c < c_count; c++) {
            for (int64_t p = 0; p < pixels; p++) {
                ref_at(&ctx->out[0], n, a->before + c, 0, 0)[p] =
                    ref_at(&ctx->in[0], n, c, 0, 0)[p];
            }
        }
    }
}

static const OpCase pad_cases[] = {
    {"5,7,9", "before=2, after=3", 2, NULL},
    {"16,5,5", "before=8, after=8", 1, NULL},
    {"32,3,3", "0, 32", 2, NULL},
    {"5", "before=3", 2, NULL},
    {"5,7,9", "before=-1", 2, "before must be between 0 and"},
};

const OpDef op_pad_channels = {
    .name = "pad_channels",
    .doc = "Adds channels of zeros before and after. With subsample it makes the parameter-free "
           "shortcut (option A "
           "of the 2015 paper).",
    .kind = OP_TENSOR,
    .attr_bytes = sizeof(PadChannelsAttrs),
    .attrs = pad_attrs,
    .attr_count = COUNT_OF(pad_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = pad_shape,
    .grad = pad_grad,
    .reference = pad_reference,
    .identity = identity_by_shape,
    .cases = pad_cases,
    .case_count = COUNT_OF(pad_cases),
};
