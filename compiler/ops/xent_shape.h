// xent_shape.h: the check that the cross entropy operators share.
#ifndef OPS_XENT_SHAPE_H
#define OPS_XENT_SHAPE_H

#include "ops/support.h"

static inline bool need_labels(const ShapeCtx *ctx, uint32_t i)
{
    Shape labels = shape_batch();
    if (ctx->in[i]->dtype == RN_U32 && shape_equal(&ctx->in[i]->shape, &labels))
        return true;
    return shape_fail(ctx, NULL, "needs labels u32[N], not %s", shape_text(ctx, i));
}

#endif
