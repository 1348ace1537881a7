// subsample_bwd.c: gradient of subsample's input.
//   subsample_bwd(dy)  ->  dx: dy where a pixel was kept, 0 elsewhere
#include <string.h>

#include "ops/pool/pool_attrs.h"
#include "ops/support.h"

static const AttrDef subsample_bwd_attrs[] = {
    {.name = "stride",
     .type = ATTR_SIZE2,
     .offset = offsetof(SubsampleAttrs, stride),
     .required = true,
     .position = 1,
     .min = 1,
     .max = 1024,
     .doc = "step between rows and between columns"},
    IN_SIZE_ATTR(SubsampleAttrs),
};

static bool subsample_bwd_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const SubsampleAttrs *a = ctx->attrs;
    if (!need_image(ctx, 0)) {
        return false;
    }
    int64_t c = ctx->in[0]->shape.dim[1];
    int64_t h = (a->in_size[0] - 1) / a->stride[0] + 1, w = (a->in_size[1] - 1) / a->stride[1] + 1;
    if (!need_shape(ctx, 0, shape_image(c, h, w))) {
        return false;
    }
    out[0] = out_f32(shape_image(c, a->in_size[0], a->in_size[1]));
    return true;
}

static void subsample_bwd_reference(const RefCtx *ctx)
{
    const SubsampleAttrs *a = ctx->node->attrs;
    const int64_t *d = ctx->in[0].shape.dim, *in = ctx->out[0].shape.dim;
    memset(ctx->out[0].at, 0, (size_t)(in[0] * in[1] * in[2] * in[3]) * sizeof(double));
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            for (int64_t y = 0; y < d[2]; y++) {
                for (int64_t x = 0; x < d[3]; x++) {
                    *ref_at(&ctx->out[0], n, c, y * a->stride[0], x * a->stride[1]) =
                        *ref_at(&ctx->in[0], n, c, y, x);
                }
            }
        }
    }
}

static const OpCase subsample_bwd_cases[] = {
    {"5,4,5", "2x2, in_size=7x9", 2, NULL},
    {"16,4,4", "2x2, in_size=8x8", 1, NULL},
    {"17,3,5", "3x1, in_size=7x5", 2, NULL},
    {"17,3,5", "3x1, in_size=7x6", 2, "input 1 is f32[N,17,3,5] and should be f32[N,17,3,6]"},
};

const OpDef op_subsample_bwd = {
    .name = "subsample_bwd",
    .doc = "Gradient of subsample's input.",
    .kind = OP_TENSOR,
    .internal = true,
    .attr_bytes = sizeof(SubsampleAttrs),
    .attrs = subsample_bwd_attrs,
    .attr_count = COUNT_OF(subsample_bwd_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .accepts_store = true,
    .shape = subsample_bwd_shape,
    .reference = subsample_bwd_reference,
    .cases = subsample_bwd_cases,
    .case_count = COUNT_OF(subsample_bwd_cases),
};
