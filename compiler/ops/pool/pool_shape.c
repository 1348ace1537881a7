// pool_shape.c: sizes of pooling.
#include "ops/pool/pool_shape.h"

#include <inttypes.h>

bool pool_output(const ShapeCtx *ctx, PoolAttrs *a, const int64_t in[2], int64_t out[2])
{
    for (int axis = 0; axis < 2; axis++) {
        if (a->stride[axis] == 0) {
            a->stride[axis] = a->kernel[axis];
        }
    }
    SlidingWindow w = {.kernel = a->kernel, .stride = a->stride, .pad = a->pad, .ceil = a->ceil};
    if (!window_output(ctx, &w, in, out)) {
        return false;
    }
    for (int side = 0; side < 4; side++) {
        if (a->pad[side] >= a->kernel[side % 2]) {
            return shape_fail(ctx, NULL,
                              "padding %" PRId64 " must be smaller than the window %" PRId64,
                              a->pad[side], a->kernel[side % 2]);
        }
    }
    return true;
}

bool pool_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_image(ctx, 0)) {
        return false;
    }
    const int64_t *d = ctx->in[0]->shape.dim;
    int64_t size[2];
    if (!pool_output(ctx, ctx->attrs, &d[2], size)) {
        return false;
    }
    out[0] = out_f32(shape_image(d[1], size[0], size[1]));
    return true;
}

static bool all_are(const int64_t *at, uint32_t count, int64_t x)
{
    for (uint32_t i = 0; i < count; i++) {
        if (at[i] != x) {
            return false;
        }
    }
    return true;
}

bool pool_identity(const Node *n)
{
    const PoolAttrs *a = n->attrs;
    return all_are(a->kernel, 2, 1) && all_are(a->stride, 2, 1) && all_are(a->pad, 4, 0);
}
