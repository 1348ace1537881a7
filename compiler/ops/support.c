// support.c: checks for shape rules, windows, small shared pieces of operators.
#include "ops/support.h"

#include <inttypes.h>
#include <string.h>

static bool is_f32(const ShapeCtx *ctx, uint32_t i)
{
    return ctx->in[i]->elem == ELEM_F32;
}

bool need_image(const ShapeCtx *ctx, uint32_t i)
{
    const Shape *s = &ctx->in[i]->shape;
    if (s->rank == 4 && shape_is_batched(s) && is_f32(ctx, i)) {
        return true;
    }
    return shape_fail(ctx, NULL, "needs an image f32[N,c,h,w], not %s", shape_text(ctx, i));
}

bool need_features(const ShapeCtx *ctx, uint32_t i)
{
    const Shape *s = &ctx->in[i]->shape;
    bool flat = s->rank == 2 || (s->rank == 4 && s->dim[2] == 1 && s->dim[3] == 1);
    if (shape_is_batched(s) && flat && is_f32(ctx, i)) {
        return true;
    }
    const char *help = s->rank == 4 ? "global_avgpool makes one number of each channel" : NULL;
    return shape_fail(ctx, help, "needs f32[N,c] or f32[N,c,1,1], not %s", shape_text(ctx, i));
}

bool need_channels(const ShapeCtx *ctx, uint32_t i)
{
    const Shape *s = &ctx->in[i]->shape;
    if (shape_is_batched(s) && (s->rank == 2 || s->rank == 4) && is_f32(ctx, i)) {
        return true;
    }
    return shape_fail(ctx, NULL, "needs f32[N,c,h,w] or f32[N,c], not %s", shape_text(ctx, i));
}

bool need_vector(const ShapeCtx *ctx, uint32_t i, int64_t c)
{
    return need_shape(ctx, i, shape_vector(c));
}

bool need_same_shape(const ShapeCtx *ctx, uint32_t i, uint32_t j)
{
    if (shape_equal(&ctx->in[i]->shape, &ctx->in[j]->shape) &&
        ctx->in[i]->elem == ctx->in[j]->elem) {
        return true;
    }
    return shape_fail(ctx, NULL, "shapes differ: %s and %s", shape_text(ctx, i),
                      shape_text(ctx, j));
}

bool need_shape(const ShapeCtx *ctx, uint32_t i, Shape expected)
{
    if (shape_equal(&ctx->in[i]->shape, &expected) && is_f32(ctx, i)) {
        return true;
    }
    StrBuf text = {.arena = ctx->arena};
    shape_print(&text, &expected, ELEM_F32);
    return shape_fail(ctx, NULL, "input %u is %s and should be %s", i + 1, shape_text(ctx, i),
                      strbuf_text(&text));
}

bool shape_like_input(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    out[0] = (OutSpec){ctx->in[0]->shape, ctx->in[0]->elem};
    return true;
}

bool shape_like_features(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_features(ctx, 0) && shape_like_input(ctx, out);
}

// TensorFlow's 'same': ceil(in / stride) outputs, the odd one of the padding goes after.
static void resolve_same(const SlidingWindow *w, const int64_t in[2])
{
    for (int axis = 0; axis < 2; axis++) {
        int64_t steps = (in[axis] + w->stride[axis] - 1) / w->stride[axis];
        int64_t total = (steps - 1) * w->stride[axis] + w->kernel[axis] - in[axis];
        if (total < 0) {
            total = 0;
        }
        w->pad[axis] = total / 2;
        w->pad[axis + 2] = total - total / 2;
    }
}

bool window_output(const ShapeCtx *ctx, const SlidingWindow *w, const int64_t in[2], int64_t out[2])
{
    static const char *const axis_name[2] = {"height", "width"};
    if (w->pad[0] == ATTR_PAD_SAME) {
        resolve_same(w, in);
    }
    for (int axis = 0; axis < 2; axis++) {
        int64_t before = w->pad[axis], k = w->kernel[axis], stride = w->stride[axis];
        int64_t padded = in[axis] + before + w->pad[axis + 2];
        if (k > padded) {
            return shape_fail(
                ctx, "a smaller window, more padding, or a larger picture (height=, width=)",
                "window %" PRId64 " is larger than the padded input %" PRId64 " (%s)", k, padded,
                axis_name[axis]);
        }
        out[axis] = (padded - k) / stride + 1;
        if (w->ceil && (padded - k) % stride != 0 && out[axis] * stride < in[axis] + before) {
            out[axis]++; // one more window, if it starts inside the input or the padding before it
        }
    }
    return true;
}

void reference_copy(const RefCtx *ctx)
{
    int64_t count = 1;
    for (uint32_t i = 0; i < ctx->in[0].shape.rank; i++) {
        count *= ctx->in[0].shape.dim[i];
    }
    memcpy(ctx->out[0].at, ctx->in[0].at, (size_t)count * sizeof(double));
}

void grad_add_node(GradCtx *g, const Node *node, uint32_t i, const char *op, const void *attrs,
                   Value *const *in, uint32_t in_count)
{
    Value *v = node->inputs.at[i];
    if (grad_needed(g, v)) {
        grad_add(g, v, grad_node(g, op, attrs, in, in_count));
    }
}

bool identity_by_shape(const Node *n)
{
    return shape_equal(&n->inputs.at[0]->shape, &n->outputs.at[0]->shape);
}
