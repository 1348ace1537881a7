// conv_shape.c: sizes and the plain loop nest that the three convolution operators share.
// Letters: k output channels, c input channels of a group, r s rows and columns of the filter.
#include "ops/conv/conv_shape.h"

#include <inttypes.h>

bool conv_output(const ShapeCtx *ctx, ConvAttrs *a, int64_t c, const int64_t in[2], int64_t out[2])
{
    if (c % a->groups != 0) {
        return shape_fail(ctx, NULL,
                          "%" PRId64 " input channels do not divide into %" PRId64 " groups", c,
                          a->groups);
    }
    if (a->c % a->groups != 0) {
        return shape_fail(ctx, NULL,
                          "%" PRId64 " output channels do not divide into %" PRId64 " groups", a->c,
                          a->groups);
    }
    SlidingWindow w = {.kernel = a->kernel, .stride = a->stride, .pad = a->pad};
    return window_output(ctx, &w, in, out);
}

Shape conv_weight_shape(const ConvAttrs *a, int64_t c)
{
    return shape_weights(a->c, c / a->groups, a->kernel[0], a->kernel[1]);
}

// The columns of output whose input lies inside the picture: from t->ox on, t->count.
static void set_columns(const ConvAttrs *a, const ConvSizes *z, ConvTap *t)
{
    int64_t stride = a->stride[1], before = a->pad[1] - t->s, last = z->in_w - 1 + before;
    t->ox = before > 0 ? (before + stride - 1) / stride : 0;
    int64_t end = last < 0 ? 0 : last / stride + 1;
    t->count = (end < z->out_w ? end : z->out_w) - t->ox;
    t->ix = t->ox * stride - before;
    t->stride = stride;
}

static void visit_row(const ConvAttrs *a, const ConvSizes *z, ConvTap t,
                      void (*visit)(const RefCtx *ctx, const ConvTap *t), const RefCtx *ctx)
{
    int64_t group_c = z->in_c / a->groups, group_k = a->c / a->groups;
    for (t.c = 0; t.c < group_c; t.c++) {
        for (t.r = 0; t.r < a->kernel[0]; t.r++) {
            for (t.s = 0; t.s < a->kernel[1]; t.s++) {
                t.xc = t.k / group_k * group_c + t.c;
                t.iy = t.oy * a->stride[0] + t.r - a->pad[0];
                set_columns(a, z, &t);
                if (t.iy >= 0 && t.iy < z->in_h && t.count > 0) {
                    visit(ctx, &t);
                }
            }
        }
    }
}

void conv_for_each_tap(const ConvAttrs *a, const ConvSizes *z,
                       void (*visit)(const RefCtx *ctx, const ConvTap *t), const RefCtx *ctx)
{
    ConvTap t = {0};
    for (t.n = 0; t.n < z->batch; t.n++) {
        for (t.k = 0; t.k < a->c; t.k++) {
            for (t.oy = 0; t.oy < z->out_h; t.oy++) {
                visit_row(a, z, t, visit, ctx);
            }
        }
    }
}
