// to_blocked.c: an activation in blocks of channels.
//   to_blocked(x)  ->  the same shape, LAYOUT_BLOCKED
// On plain tensors a copy.
#include "ops/layout/layout_attrs.h"
#include "ops/support.h"

static const AttrDef block_attrs[] = {
    {.name = "block",
     .type = ATTR_INT,
     .offset = offsetof(BlockAttrs, block),
     .required = true,
     .position = 1,
     .min = 1,
     .max = 64,
     .doc = "channels per block"},
};

static bool to_blocked_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_channels(ctx, 0) && shape_like_input(ctx, out);
}

static const OpCase to_blocked_cases[] = {
    {"5,7,9", "16", 2, NULL},
    {"3,5,5", "3", 2, NULL},
    {"33,2,1", "8", 3, NULL},
    {"=33", "8", 3, "needs f32[N,c,h,w] or f32[N,c]"},
};

const OpDef op_to_blocked = {
    .name = "to_blocked",
    .doc = "Layout change of an activation to blocks of channels.",
    .kind = OP_TENSOR,
    .attr_bytes = sizeof(BlockAttrs),
    .attrs = block_attrs,
    .attr_count = COUNT_OF(block_attrs),
    .internal = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = to_blocked_shape,
    .reference = reference_copy,
    .cases = to_blocked_cases,
    .case_count = COUNT_OF(to_blocked_cases),
};
