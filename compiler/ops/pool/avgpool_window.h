// avgpool_window.h: what a window of average pooling covers and divides by, as in PyTorch.
#ifndef OPS_POOL_AVGPOOL_WINDOW_H
#define OPS_POOL_AVGPOOL_WINDOW_H

#include "ops/pool/pool_shape.h"

#define AVGPOOL_COUNT_PAD_ATTR                                                                     \
    {                                                                                              \
        .name = "count_pad", .type = ATTR_BOOL, .offset = offsetof(PoolAttrs, count_pad),          \
        .doc =                                                                                     \
            "padding counts in the divisor (PyTorch's count_include_pad, whose default is true)"   \
    }

typedef struct AvgWindow {
    int64_t y_lo, y_hi, x_lo, x_hi; // inside the picture
    double divisor;
} AvgWindow;

static inline int64_t avg_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t avg_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/// The window of output (oy,ox) in a plane of in[0] x in[1]. With count_pad the divisor counts
/// picture and padding, but never what hangs over the padding's edge (ceil).
static inline AvgWindow avgpool_window(const PoolAttrs *a, const int64_t in[2], int64_t oy,
                                       int64_t ox)
{
    int64_t y = oy * a->stride[0] - a->pad[0], x = ox * a->stride[1] - a->pad[1];
    int64_t y_end = avg_min(y + a->kernel[0], in[0] + a->pad[2]);
    int64_t x_end = avg_min(x + a->kernel[1], in[1] + a->pad[3]);
    AvgWindow w = {.y_lo = avg_max(y, 0),
                   .y_hi = avg_min(y_end, in[0]),
                   .x_lo = avg_max(x, 0),
                   .x_hi = avg_min(x_end, in[1])};
    int64_t covered = (w.y_hi - w.y_lo) * (w.x_hi - w.x_lo);
    w.divisor = (double)(a->count_pad ? (y_end - y) * (x_end - x) : covered);
    return w;
}

#endif
