// xent_shape.h: the check and the attribute that the cross entropy operators share.
#ifndef OPS_LOSS_XENT_SHAPE_H
#define OPS_LOSS_XENT_SHAPE_H

#include "ops/attrs.h"
#include "ops/support.h"

#define XENT_ATTRS                                                                                 \
    {                                                                                              \
        .name = "smoothing", .type = ATTR_FLOAT, .offset = offsetof(XentAttrs, smoothing),         \
        .max = 1,                                                                                  \
        .doc = "Part of each target that is spread over all classes (Szegedy et al. 2016)."        \
    }

static inline bool need_labels(const ShapeCtx *ctx, uint32_t i)
{
    Shape labels = shape_batch();
    if (ctx->in[i]->elem == ELEM_U32 && shape_equal(&ctx->in[i]->shape, &labels)) {
        return true;
    }
    return shape_fail(ctx, NULL, "needs labels u32[N], not %s", shape_text(ctx, i));
}

#endif
