// dropout_mask.c: the random mask of dropout, one number per element.
//   dropout_mask(x)  ->  mask like x: 0 with probability p, else 1/(1-p)
// Of x only the shape is used. Which elements are dropped: drop_hash.h.
#include "ops/drop/drop_hash.h"
#include "ops/drop/drop_attrs.h"
#include "ops/support.h"

static const AttrDef mask_attrs[] = {DROP_ATTRS};

static bool mask_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_channels(ctx, 0) && shape_like_input(ctx, out);
}

static void mask_reference(const RefCtx *ctx)
{
    const DropAttrs *a = ctx->node->attrs;
    int64_t elements = shape_elements(&ctx->node->outputs.at[0]->shape);
    for (int64_t n = 0; n < ctx->batch; n++) {
        uint64_t key =
            drop_image_key(ctx->seed, ctx->step, (uint64_t)a->salt, ctx->first_image + (uint64_t)n);
        for (int64_t i = 0; i < elements; i++) {
            bool keep = drop_element_bits(key, (uint32_t)i) >= drop_threshold(a->p);
            ctx->out[0].at[n * elements + i] = keep ? 1.0 / (1.0 - a->p) : 0.0;
        }
    }
}

static const OpCase mask_cases[] = {
    {"5,7,9", "0.5, salt=3", 2, NULL},
    {"33", "0.2, salt=1", 3, NULL},
    {"19,3,3", "0", 1, NULL},
    {"19,3,3", "1", 1, "p must be between 0 and"},
};

const OpDef op_dropout_mask = {
    .name = "dropout_mask",
    .doc = "Mask of dropout: 0 with probability p, else 1/(1-p).",
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
