// drop_path_mask.c: the random mask of stochastic depth, one number per image.
//   drop_path_mask(x [N,...])  ->  mask [N]: 0 with probability p, else 1/(1-p)
// x tells how many images there are. Which images are dropped: drop_hash.h.
#include "ops/drop/drop_hash.h"
#include "ops/drop/drop_attrs.h"
#include "ops/support.h"

static const AttrDef mask_attrs[] = {DROP_ATTRS};

static bool mask_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0)) {
        return false;
    }
    out[0] = out_f32(shape_batch());
    return true;
}

static void mask_reference(const RefCtx *ctx)
{
    const DropAttrs *a = ctx->node->attrs;
    for (int64_t n = 0; n < ctx->batch; n++) {
        uint64_t key =
            drop_image_key(ctx->seed, ctx->step, (uint64_t)a->salt, ctx->first_image + (uint64_t)n);
        ctx->out[0].at[n] = drop_path_bits(key) >= drop_threshold(a->p) ? 1.0 / (1.0 - a->p) : 0.0;
    }
}

static const OpCase mask_cases[] = {
    {"5,7,9", "0.5, salt=3", 7, NULL},
    {"33,1,1", "0.2, salt=1", 3, NULL},
    {"5,7,9", "-0.5", 2, "p must be between 0 and"},
};

const OpDef op_drop_path_mask = {
    .name = "drop_path_mask",
    .doc = "Mask of stochastic depth: per image 0 with probability p, else 1/(1-p).",
    .kind = OP_TENSOR,
    .role = OP_ROLE_DROP_MASK,
    .internal = true,
    .attr_bytes = sizeof(DropAttrs),
    .attrs = mask_attrs,
    .attr_count = COUNT_OF(mask_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = mask_shape,
    .reference = mask_reference,
    .cases = mask_cases,
    .case_count = COUNT_OF(mask_cases),
};
