// drop_shape.c: see drop_shape.h.
#include "ops/drop/drop_shape.h"

bool drop_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    DropAttrs *a = ctx->attrs;
    if (!a->salt) {
        a->salt = (int64_t)ctx->node_id + 1;
    }
    return need_channels(ctx, 0) && shape_like_input(ctx, out);
}
