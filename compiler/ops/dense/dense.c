// dense.c: a fully connected layer.
//   dense(x [N,c] or [N,c,1,1], weight [k,c], bias [k] if attrs.bias)  ->  y [N,k]
//   y[n,k] = bias[k] + sum over c of weight[k,c] * x[n,c]
// With attrs.conv_weight the weight is [k,c,1,1].
#include "ops/dense/dense_shape.h"
#include "ops/weight_init.h"

static const AttrDef dense_attrs[] = {
    DENSE_ATTRS,
    {.name = "init",
     .type = ATTR_ENUM,
     .offset = offsetof(DenseAttrs, init),
     .weight_only = true,
     .choices = "uniform|xavier",
     .doc = "how the weight begins: uniform within 1 / sqrt(fan_in), as torch.nn.Linear, or within "
            "sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)"},
};

static uint32_t dense_params(const ShapeCtx *ctx, ParamSlot slots[OP_MAX_PARAMS])
{
    const DenseAttrs *a = ctx->attrs;
    int64_t c = shape_channels(&ctx->in[0]->shape);
    slots[0] = (ParamSlot){.suffix = "weight",
                           .shape = dense_weight_shape(a, c),
                           .init = a->init == WEIGHT_INIT_XAVIER ? RN_INIT_XAVIER_UNIFORM
                                                                 : RN_INIT_UNIFORM_FAN_IN,
                           .init_arg = 1.0,
                           .flags = RN_TENSOR_DECAY};
    slots[1] = (ParamSlot){.suffix = "bias", .shape = shape_vector(a->c), .init = RN_INIT_CONST};
    return a->bias ? 2 : 1;
}

static bool dense_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const DenseAttrs *a = ctx->attrs;
    if (!need_features(ctx, 0)) {
        return false;
    }
    out[0] = out_f32(shape_features(a->c));
    return true;
}

static void dense_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    Value *x = node->inputs.at[0], *w = node->inputs.at[1], *dy = dout[0];
    DenseAttrs a = *(const DenseAttrs *)node->attrs;
    a.image = x->shape.rank == 4;
    grad_add_node(g, node, 0, "dense_bwd_data", &a, (Value *[]){dy, w}, 2);
    grad_add_node(g, node, 1, "dense_bwd_weights", &a, (Value *[]){x, dy}, 2);
    if (a.bias && grad_needed(g, node->inputs.at[2])) {
        Value *sum = grad_node(g, "channel_sum", NULL, (Value *[]){dy}, 1);
        grad_add_node(g, node, 2, "reduce_finish", NULL, (Value *[]){sum}, 1);
    }
}

static void dense_reference(const RefCtx *ctx)
{
    const DenseAttrs *a = ctx->node->attrs;
    int64_t batch = ctx->in[0].shape.dim[0], c = ctx->in[0].shape.dim[1];
    for (int64_t n = 0; n < batch; n++) {
        for (int64_t k = 0; k < a->c; k++) {
            double sum = a->bias ? ctx->in[2].at[k] : 0.0;
            for (int64_t i = 0; i < c; i++) {
                sum += ctx->in[1].at[k * c + i] * ctx->in[0].at[n * c + i];
            }
            ctx->out[0].at[n * a->c + k] = sum;
        }
    }
}

static uint64_t dense_macs(const Node *node)
{
    return (uint64_t)shape_elements(&node->inputs.at[1]->shape);
}

static const OpCase dense_cases[] = {
    {"7", "5", 3, NULL},
    {"512,1,1", "10", 2, NULL},
    {"33", "17, bias=false", 1, NULL},
    {"64", "1000", 5, NULL},
    {"48,1,1", "11, conv_weight=true", 2, NULL},
    {"5,2,2", "10", 1, "needs f32[N,c] or f32[N,c,1,1], not f32[N,5,2,2]"},
    {"5", "0", 1, "c must be between 1 and"},
    {"16777216", "16777216", 1, "2^40 elements"},
};

const OpDef op_dense = {
    .name = "dense",
    .aliases = "linear fc",
    .doc = "Fully connected layer. Takes [N,c] or [N,c,1,1] and gives [N, c of the attribute]. The "
           "parameters "
           "are `weight` [outputs, inputs] and, with bias, `bias` [outputs].",
    .kind = OP_TENSOR,
    .role = OP_ROLE_DENSE,
    .attr_bytes = sizeof(DenseAttrs),
    .attrs = dense_attrs,
    .attr_count = COUNT_OF(dense_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .accepts_store = true,
    .params = dense_params,
    .shape = dense_shape,
    .grad = dense_grad,
    .reference = dense_reference,
    .macs = dense_macs,
    .cases = dense_cases,
    .case_count = COUNT_OF(dense_cases),
};
