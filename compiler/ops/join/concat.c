// concat.c: joins two to eight tensors along the channels.
#include "ops/join/channel_attrs.h"
#include "ops/support.h"

static bool concat_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    Shape sum = ctx->in[0]->shape;
    if (!need_channels(ctx, 0)) {
        return false;
    }
    for (uint32_t i = 1; i < ctx->in_count; i++) {
        if (!need_channels(ctx, i)) {
            return false;
        }
        const Shape *s = &ctx->in[i]->shape;
        if (s->rank != sum.rank || shape_height(s) != shape_height(&sum) ||
            shape_width(s) != shape_width(&sum)) {
            return shape_fail(ctx, NULL, "all but the channels must agree: %s and %s",
                              shape_text(ctx, 0), shape_text(ctx, i));
        }
        sum.dim[1] += s->dim[1];
    }
    out[0] = out_f32(sum);
    return true;
}

static void concat_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    SliceAttrs slice = {0};
    for (uint32_t i = 0; i < node->own_inputs; i++) {
        slice.count = shape_channels(&node->inputs.at[i]->shape);
        grad_add_node(g, node, i, "slice_channels", &slice, dout, 1);
        slice.begin += slice.count;
    }
}

static void concat_reference(const RefCtx *ctx)
{
    const Shape *s = &ctx->node->outputs.at[0]->shape;
    int64_t pixels = shape_height(s) * shape_width(s);
    for (int64_t n = 0; n < ctx->batch; n++) {
        int64_t base = 0;
        for (uint32_t i = 0; i < ctx->in_count; i++) {
            int64_t channels = ctx->in[i].shape.dim[1];
            for (int64_t c = 0; c < channels; c++) {
                for (int64_t p = 0; p < pixels; p++) {
                    ref_at(&ctx->out[0], n, base + c, 0, 0)[p] = ref_at(&ctx->in[i], n, c, 0, 0)[p];
                }
            }
            base += channels;
        }
    }
}

static const OpCase concat_cases[] = {
    {"5,7,9; 3,7,9", "", 2, NULL},
    {"16,3,3; 32,3,3; 16,3,3", "", 1, NULL},
    {"17,2,3; 1,2,3; 30,2,3; 8,2,3", "", 2, NULL},
    {"4; 6", "", 3, NULL},
    {"5,7,9; 3,7,8", "", 2, "all but the channels must agree: f32[N,5,7,9] and f32[N,3,7,8]"},
    {"5,7,9", "", 2, "takes 2 to 8 tensors, not 1"},
};

const OpDef op_concat = {
    .name = "concat",
    .doc = "Joins two to eight tensors along the channels; height and width must agree.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_JOIN,
    .min_inputs = 2,
    .max_inputs = 8,
    .shape = concat_shape,
    .grad = concat_grad,
    .reference = concat_reference,
    .cases = concat_cases,
    .case_count = COUNT_OF(concat_cases),
};
