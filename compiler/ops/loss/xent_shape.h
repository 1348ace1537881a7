// xent_shape.h: the check that the cross entropy operators share.
#ifndef OPS_LOSS_XENT_SHAPE_H
#define OPS_LOSS_XENT_SHAPE_H

#include "ops/loss/xent_attrs.h"
#include "ops/support.h"

static inline bool need_labels(const ShapeCtx *ctx, uint32_t i)
{
    Shape labels = shape_batch();
    if (ctx->in[i]->elem == ELEM_U32 && shape_equal(&ctx->in[i]->shape, &labels)) {
        return true;
    }
    return shape_fail(ctx, NULL, "needs labels u32[N], not %s", shape_text(ctx, i));
}

#endif
