// maxpool.c: largest element of each window. NaN wins, as in PyTorch. Padding is minus infinity (it
// never wins) or, on request, zeros that take part.
#include "ops/pool/maxpool_pick.h"

static const AttrDef maxpool_attrs[] = {POOL_ATTRS, MAXPOOL_PAD_VALUE_ATTR};

static void maxpool_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    Value *x = node->inputs.at[0];
    PoolAttrs a = *(const PoolAttrs *)node->attrs;
    a.in_size[0] = x->shape.dim[2];
    a.in_size[1] = x->shape.dim[3];
    grad_add_node(g, node, 0, "maxpool_bwd", &a, (Value *[]){x, dout[0]}, 2);
}

static void maxpool_reference(const RefCtx *ctx)
{
    const int64_t *d = ctx->out[0].shape.dim, *in = ctx->in[0].shape.dim;
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            for (int64_t y = 0; y < d[2]; y++) {
                for (int64_t x = 0; x < d[3]; x++) {
                    MaxPick p = maxpool_pick(ctx->node->attrs, ref_at(&ctx->in[0], n, c, 0, 0),
                                             &in[2], y, x);
                    *ref_at(&ctx->out[0], n, c, y, x) = p.value;
                }
            }
        }
    }
}

static const OpCase maxpool_cases[] = {
    {"5,9,11", "3x3, stride=2, pad=1", 2, NULL},
    {"19,8,8", "2x2", 1, NULL},
    {"3,7,7", "3x3, stride=2, pad=1, ceil=true", 2, NULL},
    {"3,8,6", "3x3, stride=2, ceil=true", 2, NULL},
    {"3,9,12", "3x3, stride=2, pad=same", 2, NULL},
    {"17,6,5", "3x3, stride=2, pad=1, pad_value=zero", 2, NULL},
    {"4,7,5", "1x1, stride=2", 2, NULL},
    {"4,7,5", "3x2, stride=1x2, pad=[1,0,2,1]", 2, NULL},
    {"5,2,9", "3x3", 1, "window 3 is larger than the padded input 2"},
    {"5,9,9", "3x3, pad=3", 1, "padding 3 must be smaller than the window 3"},
    {"5", "3x3", 1, "needs an image"},
};

const OpDef op_maxpool = {
    .name = "maxpool",
    .doc =
        "Largest element of each window. A window with a NaN gives NaN. Padding never wins, unless "
        "`pad_value=zero`: then its zeros take part, as in Keras' ResNet.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_POOL,
    .attr_bytes = sizeof(PoolAttrs),
    .attrs = maxpool_attrs,
    .attr_count = COUNT_OF(maxpool_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = pool_shape,
    .grad = maxpool_grad,
    .reference = maxpool_reference,
    .identity = pool_identity,
    .cases = maxpool_cases,
    .case_count = COUNT_OF(maxpool_cases),
};
