// avgpool_bwd.c: gradient of average pooling's input.
//   avgpool_bwd(dy)  ->  dx: every element gets dy / divisor of each window that covers it
#include <string.h>

#include "ops/pool/avgpool_window.h"

static const AttrDef avgpool_bwd_attrs[] = {POOL_ATTRS, AVGPOOL_COUNT_PAD_ATTR,
                                            IN_SIZE_ATTR(PoolAttrs)};

static bool avgpool_bwd_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    PoolAttrs *a = ctx->attrs;
    if (!need_image(ctx, 0)) {
        return false;
    }
    int64_t c = ctx->in[0]->shape.dim[1], size[2];
    if (!pool_output(ctx, a, a->in_size, size) ||
        !need_shape(ctx, 0, shape_image(c, size[0], size[1]))) {
        return false;
    }
    out[0] = out_f32(shape_image(c, a->in_size[0], a->in_size[1]));
    return true;
}

static void spread_window(const RefTensor *dx, int64_t n, int64_t c, const AvgWindow *w, double dy)
{
    for (int64_t iy = w->y_lo; iy < w->y_hi; iy++) {
        for (int64_t ix = w->x_lo; ix < w->x_hi; ix++) {
            *ref_at(dx, n, c, iy, ix) += dy / w->divisor;
        }
    }
}

static void avgpool_bwd_reference(const RefCtx *ctx)
{
    const int64_t *d = ctx->in[0].shape.dim, *in = ctx->out[0].shape.dim;
    memset(ctx->out[0].at, 0, (size_t)(in[0] * in[1] * in[2] * in[3]) * sizeof(double));
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            for (int64_t y = 0; y < d[2]; y++) {
                for (int64_t x = 0; x < d[3]; x++) {
                    AvgWindow w = avgpool_window(ctx->node->attrs, &in[2], y, x);
                    spread_window(&ctx->out[0], n, c, &w, *ref_at(&ctx->in[0], n, c, y, x));
                }
            }
        }
    }
}

static const OpCase avgpool_bwd_cases[] = {
    {"5,5,6", "2x2, ceil=true, in_size=9x11", 2, NULL},
    {"19,4,4", "2x2, in_size=8x8", 1, NULL},
    {"3,4,4", "3x3, stride=2, pad=1, in_size=7x7", 2, NULL},
    {"3,5,4", "3x3, stride=2, pad=1, count_pad=true, ceil=true, in_size=8x6", 2, NULL},
    {"17,5,4", "3x3, stride=1, pad=1, in_size=5x4", 2, NULL},
    {"17,5,5", "3x3, stride=1, pad=1, in_size=5x4", 2,
     "input 1 is f32[N,17,5,5] and should be f32[N,17,5,4]"},
};

const OpDef op_avgpool_bwd = {
    .name = "avgpool_bwd",
    .doc = "Gradient of average pooling's input.",
    .kind = OP_TENSOR,
    .internal = true,
    .attr_bytes = sizeof(PoolAttrs),
    .attrs = avgpool_bwd_attrs,
    .attr_count = COUNT_OF(avgpool_bwd_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .accepts_store = true,
    .shape = avgpool_bwd_shape,
    .reference = avgpool_bwd_reference,
    .cases = avgpool_bwd_cases,
    .case_count = COUNT_OF(avgpool_bwd_cases),
};
