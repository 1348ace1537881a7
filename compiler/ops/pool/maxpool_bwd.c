// maxpool_bwd.c: gradient of max-pooling's input.
//   maxpool_bwd(x, dy)  ->  dx: the first maximum of each window, in row order, gets all of its dy
// The maximum is found again from x. Nothing flows into padding.
#include <string.h>

#include "ops/pool/maxpool_pick.h"

static const AttrDef maxpool_bwd_attrs[] = {POOL_ATTRS, MAXPOOL_PAD_VALUE_ATTR,
                                            IN_SIZE_ATTR(PoolAttrs)};

static bool maxpool_bwd_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    PoolAttrs *a = ctx->attrs;
    if (!need_image(ctx, 0)) {
        return false;
    }
    const int64_t *d = ctx->in[0]->shape.dim;
    int64_t size[2];
    if (!need_shape(ctx, 0, shape_image(d[1], a->in_size[0], a->in_size[1])) ||
        !pool_output(ctx, a, &d[2], size) ||
        !need_shape(ctx, 1, shape_image(d[1], size[0], size[1]))) {
        return false;
    }
    return shape_like_input(ctx, out);
}

static void maxpool_bwd_reference(const RefCtx *ctx)
{
    const int64_t *d = ctx->in[1].shape.dim, *in = ctx->in[0].shape.dim;
    memset(ctx->out[0].at, 0, (size_t)(in[0] * in[1] * in[2] * in[3]) * sizeof(double));
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            for (int64_t y = 0; y < d[2]; y++) {
                for (int64_t x = 0; x < d[3]; x++) {
                    MaxPick p = maxpool_pick(ctx->node->attrs, ref_at(&ctx->in[0], n, c, 0, 0),
                                             &in[2], y, x);
                    if (p.index >= 0) {
                        ref_at(&ctx->out[0], n, c, 0, 0)[p.index] +=
                            *ref_at(&ctx->in[1], n, c, y, x);
                    }
                }
            }
        }
    }
}

static const OpCase maxpool_bwd_cases[] = {
    {"5,9,11; 5,5,6", "3x3, stride=2, pad=1, in_size=9x11", 2, NULL},
    {"19,8,8; 19,4,4", "2x2, in_size=8x8", 1, NULL},
    {"3,8,6; 3,4,3", "3x3, stride=2, ceil=true, in_size=8x6", 2, NULL},
    {"3,9,12; 3,5,6", "3x3, stride=2, pad=[1,0,1,1], in_size=9x12", 2, NULL},
    {"17,6,5; 17,3,3", "3x3, stride=2, pad=1, pad_value=zero, in_size=6x5", 2, NULL},
    {"4,7,5; 4,4,3", "1x1, stride=2, in_size=7x5", 2, NULL},
    {"4,7,5; 4,4,4", "1x1, stride=2, in_size=7x5", 2,
     "input 2 is f32[N,4,4,4] and should be f32[N,4,4,3]"},
};

const OpDef op_maxpool_bwd = {
    .name = "maxpool_bwd",
    .doc = "Gradient of max-pooling's input.",
    .kind = OP_TENSOR,
    .internal = true,
    .attr_bytes = sizeof(PoolAttrs),
    .attrs = maxpool_bwd_attrs,
    .attr_count = COUNT_OF(maxpool_bwd_attrs),
    .min_inputs = 2,
    .max_inputs = 2,
    .accepts_store = true,
    .shape = maxpool_bwd_shape,
    .reference = maxpool_bwd_reference,
    .cases = maxpool_bwd_cases,
    .case_count = COUNT_OF(maxpool_bwd_cases),
};
