// winograd_weights.c: 3x3 filters in the points of Winograd's minimal filtering.
//   winograd_weights(weight [k,c,3,3])  ->  the same shape, LAYOUT_OPAQUE
// Only the kernels at both ends know the layout. On plain tensors a copy.
#include "ops/conv/conv_attrs.h"
#include "ops/support.h"

static const AttrDef winograd_attrs[] = {
    {.name = "tile",
     .type = ATTR_SIZE2,
     .offset = offsetof(WinogradAttrs, tile),
     .required = true,
     .position = 1,
     .min = 2,
     .max = 6,
     .doc = "rows x columns of outputs that a tile makes"},
    {.name = "stride",
     .type = ATTR_INT,
     .offset = offsetof(WinogradAttrs, stride),
     .fallback = 1,
     .min = 1,
     .max = 2,
     .doc = "of the convolution"},
    {.name = "blocks",
     .type = ATTR_INT,
     .offset = offsetof(WinogradAttrs, blocks),
     .fallback = 1,
     .min = 1,
     .max = 8,
     .doc = "vectors of output channels that lie together"},
    {.name = "backward",
     .type = ATTR_BOOL,
     .offset = offsetof(WinogradAttrs, backward),
     .doc = "for backward data: transposed and rotated"},
    {.name = "mirrored",
     .type = ATTR_SIZE2,
     .offset = offsetof(WinogradAttrs, mirrored),
     .max = 1,
     .doc = "backward, rows x columns: 1: not rotated along these"},
};

static bool winograd_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const Shape *w = &ctx->in[0]->shape;
    if (shape_is_batched(w) || w->rank != 4 || w->dim[2] != 3 || w->dim[3] != 3) {
        return shape_fail(ctx, NULL, "needs 3x3 filters, not %s", shape_text(ctx, 0));
    }
    return shape_like_input(ctx, out);
}

static const OpCase winograd_cases[] = {
    {"=5,3,3,3", "2x2", 1, NULL},
    {"=33,17,3,3", "4x4, blocks=2", 1, NULL},
    {"=16,40,3,3", "6x6, backward=true", 1, NULL},
    {"=16,40,3,3", "4x4, stride=2", 1, NULL},
    {"=16,40,3,3", "4x4, stride=2, backward=true, mirrored=1x0", 1, NULL},
    {"=5,3,1,1", "2x2", 1, "needs 3x3 filters, not f32[5,3,1,1]"},
};

const OpDef op_winograd_weights = {
    .name = "winograd_weights",
    .doc = "Filters in the points of Winograd's minimal filtering.",
    .kind = OP_PARAM_ONLY,
    .attr_bytes = sizeof(WinogradAttrs),
    .attrs = winograd_attrs,
    .attr_count = COUNT_OF(winograd_attrs),
    .internal = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = winograd_shape,
    .reference = reference_copy,
    .cases = winograd_cases,
    .case_count = COUNT_OF(winograd_cases),
};
