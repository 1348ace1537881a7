// dropout.c: sets elements to 0 with probability p and multiplies the others by 1/(1-p).
// Inference: the identity. Training: a pass makes a mask (dropout_mask.c) and a product of it.
#include "ops/drop/drop_hash.h"
#include "ops/drop/drop_shape.h"
#include "ops/support.h"

static const AttrDef dropout_attrs[] = {DROP_ATTRS};

static void dropout_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    if (!grad_needed(g, node->inputs.at[0])) {
        return;
    }
    Value *mask = grad_node(g, "dropout_mask", node->attrs, node->inputs.at, 1);
    grad_add_node(g, node, 0, "mul", NULL, (Value *[]){dout[0], mask}, 2);
}

static void dropout_reference(const RefCtx *ctx)
{
    const DropAttrs *a = ctx->node->attrs;
    int64_t elements = shape_elements(&ctx->node->outputs.at[0]->shape);
    double factor = ctx->training ? 1.0 / (1.0 - a->p) : 1.0;
    for (int64_t n = 0; n < ctx->batch; n++) {
        uint64_t key =
            drop_image_key(ctx->seed, ctx->step, (uint64_t)a->salt, ctx->first_image + (uint64_t)n);
        for (int64_t i = 0; i < elements; i++) {
            bool keep =
                !ctx->training || drop_element_bits(key, (uint32_t)i) >= drop_threshold(a->p);
            ctx->out[0].at[n * elements + i] =
                keep ? ctx->in[0].at[n * elements + i] * factor : 0.0;
        }
    }
}

static const OpCase dropout_cases[] = {
    {"5,7,9", "0.5, salt=3", 4, NULL},
    {"33", "0.2", 3, NULL},
    {"5,7,9", "1.5", 2, "p must be between 0 and"},
};

const OpDef op_dropout = {
    .name = "dropout",
    .doc = "Training only: every element becomes 0 with probability p, the others are multiplied "
           "by 1/(1-p). Inference: the "
           "identity.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_DROPOUT,
    .attr_bytes = sizeof(DropAttrs),
    .attrs = dropout_attrs,
    .attr_count = COUNT_OF(dropout_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .train_only_effect = true,
    .shape = drop_shape,
    .grad = dropout_grad,
    .reference = dropout_reference,
    .cases = dropout_cases,
    .case_count = COUNT_OF(dropout_cases),
};
