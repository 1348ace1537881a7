// maxpool_pick.h: which element of a window max-pooling takes; the forward and the gradient agree
// on it.
#ifndef OPS_POOL_MAXPOOL_PICK_H
#define OPS_POOL_MAXPOOL_PICK_H

#include <math.h>

#include "ops/pool/pool_shape.h"

#define MAXPOOL_PAD_VALUE_ATTR                                                                     \
    {                                                                                              \
        .name = "pad_value", .type = ATTR_ENUM, .offset = offsetof(PoolAttrs, pad_value),          \
        .choices = "ignore|zero",                                                                  \
        .doc = "whether padding is left out of the maximum or counts as 0"                         \
    }

typedef struct MaxPick {
    double value;
    int64_t index; // y*w + x in the input's plane; -1: a zero of the padding
} MaxPick;

/// The first maximum, in row order, of the window of output (oy,ox) in a plane of in[0] x in[1]; as
/// in PyTorch a later NaN wins over everything before it.
static inline MaxPick maxpool_pick(const PoolAttrs *a, const double *plane, const int64_t in[2],
                                   int64_t oy, int64_t ox)
{
    MaxPick best = {-INFINITY, -1};
    bool any = false;
    for (int64_t i = 0; i < a->kernel[0] * a->kernel[1]; i++) {
        int64_t y = oy * a->stride[0] - a->pad[0] + i / a->kernel[1];
        int64_t x = ox * a->stride[1] - a->pad[1] + i % a->kernel[1];
        bool inside = y >= 0 && y < in[0] && x >= 0 && x < in[1];
        bool in_pad = !inside && y < in[0] + a->pad[2] && x < in[1] + a->pad[3];
        if (!inside && !(in_pad && a->pad_value == POOL_PAD_ZERO)) {
            continue;
        }
        double value = inside ? plane[y * in[1] + x] : 0.0;
        if (any && !(value > best.value) && !isnan(value)) {
            continue;
        }
        best = (MaxPick){value, inside ? y * in[1] + x : -1};
        any = true;
    }
    return best;
}

#endif
