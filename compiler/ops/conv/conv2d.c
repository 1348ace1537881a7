// conv2d.c: two-dimensional convolution (cross-correlation), grouped, with optional bias.
//   conv2d(x [N,C,h,w], weight [k,C/groups,r,s], bias [k] if attrs.bias)  ->  y [N,k,oh,ow]
//   y[n,k,oy,ox] = bias[k] + sum over c,r,s of
//       weight[k,c,r,s] * x[n, group(k)*C/groups + c, oy*stride+r-pad, ox*stride+s-pad]
// Not here: its gradients (conv2d_bwd_data.c, conv2d_bwd_weights.c).
#include "ops/conv/conv_shape.h"
#include "ops/weight_init.h"

static const AttrDef conv_attrs[] = {
    CONV_ATTRS,
    {.name = "init",
     .type = ATTR_ENUM,
     .offset = offsetof(ConvAttrs, init),
     .weight_only = true,
     .choices = "he|xavier",
     .doc = "how the weight begins: normal, deviation sqrt(2 / fan_out) (He et al. 2015), or "
            "uniform within "
            "sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)"},
};

static uint32_t conv_params(const ShapeCtx *ctx, ParamSlot slots[OP_MAX_PARAMS])
{
    const ConvAttrs *a = ctx->attrs;
    slots[0] = (ParamSlot){.suffix = "weight",
                           .shape = conv_weight_shape(a, shape_channels(&ctx->in[0]->shape)),
                           .init = a->init == WEIGHT_INIT_XAVIER ? RN_INIT_XAVIER_UNIFORM
                                                                 : RN_INIT_HE_FAN_OUT,
                           .init_arg = 1.0,
                           .flags = RN_TENSOR_DECAY};
    slots[1] = (ParamSlot){.suffix = "bias", .shape = shape_vector(a->c), .init = RN_INIT_CONST};
    return a->bias ? 2 : 1;
}

static bool conv_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    ConvAttrs *a = ctx->attrs;
    if (!need_image(ctx, 0)) {
        return false;
    }
    const int64_t *d = ctx->in[0]->shape.dim;
    int64_t size[2];
    if (!conv_output(ctx, a, d[1], &d[2], size)) {
        return false;
    }
    out[0] = out_f32(shape_image(a->c, size[0], size[1]));
    return true;
}

static void conv_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    Value *x = node->inputs.at[0], *w = node->inputs.at[1], *dy = dout[0];
    ConvAttrs a = *(const ConvAttrs *)node->attrs;
    a.in_size[0] = x->shape.dim[2];
    a.in_size[1] = x->shape.dim[3];
    grad_add_node(g, node, 0, "conv2d_bwd_data", &a, (Value *[]){dy, w}, 2);
    grad_add_node(g, node, 1, "conv2d_bwd_weights", &a, (Value *[]){x, dy}, 2);
    if (a.bias && grad_needed(g, node->inputs.at[2])) {
        Value *sum = grad_node(g, "channel_sum", NULL, (Value *[]){dy}, 1);
        grad_add_node(g, node, 2, "reduce_finish", NULL, (Value *[]){sum}, 1);
    }
}

static void add_tap(const RefCtx *ctx, const ConvTap *t)
{
    double *y = ref_at(&ctx->out[0], t->n, t->k, t->oy, t->ox);
    const double *x = ref_at(&ctx->in[0], t->n, t->xc, t->iy, t->ix);
    double w = *ref_at(&ctx->in[1], t->k, t->c, t->r, t->s);
    for (int64_t i = 0; i < t->count; i++) {
        y[i] += w * x[i * t->stride];
    }
}

static void conv_reference(const RefCtx *ctx)
{
    const ConvAttrs *a = ctx->node->attrs;
    const int64_t *in = ctx->in[0].shape.dim, *out = ctx->out[0].shape.dim;
    for (int64_t n = 0; n < out[0]; n++) {
        for (int64_t k = 0; k < out[1]; k++) {
            for (int64_t i = 0; i < out[2] * out[3]; i++) {
                ref_at(&ctx->out[0], n, k, 0, 0)[i] = a->bias ? ctx->in[2].at[k] : 0.0;
            }
        }
    }
    ConvSizes size = {in[0], in[1], in[2], in[3], out[2], out[3]};
    conv_for_each_tap(a, &size, add_tap, ctx);
}

static uint64_t conv_macs(const Node *node)
{
    return (uint64_t)shape_elements(&node->outputs.at[0]->shape) *
           (uint64_t)(shape_elements(&node->inputs.at[1]->shape) /
                      node->inputs.at[1]->shape.dim[0]);
}

static const OpCase conv_cases[] = {
    {"3,9,11", "3x3, c=5, pad=1", 2, NULL},
    {"3,9,11", "3x3, c=5, stride=2, pad=1", 3, NULL},
    {"5,7,7", "1x1, c=19", 1, NULL},
    {"16,8,8", "1x1, c=33, stride=2, bias=true", 2, NULL},
    {"3,19,17", "7x7, c=20, stride=2, pad=3, bias=true", 2, NULL},
    {"17,6,5", "3x3, c=18, pad=1, bias=true", 1, NULL},
    {"32,13,29", "3x3, c=16, pad=1", 1, NULL},
    {"12,7,9", "3x3, c=20, pad=1, groups=4", 2, NULL},
    {"64,5,5", "3x3, c=64, stride=2, pad=1, groups=16", 1, NULL},
    {"24,5,4", "3x3, c=24, pad=1, groups=24", 1, NULL},
    {"4,10,12", "3x3, c=6, stride=2, pad=same", 2, NULL},
    {"2,5,9", "1x7, c=3, pad=[0,3,0,3]", 1, NULL},
    {"2,9,5", "5x2, c=3, stride=3x1, pad=[2,0,1,1]", 2, NULL},
    {"3,1,1", "3x3, c=4, pad=1", 2, NULL},
    {"3,4,9", "7x7, c=4", 1, "window 7 is larger than the padded input 4"},
    {"3,9,11", "3x3, c=4, groups=2", 1, "3 input channels do not divide into 2 groups"},
    {"4,9,11", "3x3, c=5, groups=2", 1, "5 output channels do not divide into 2 groups"},
    {"7", "3x3, c=5", 1, "needs an image"},
    {"4,9,11", "3x3, c=0", 1, "c must be between 1 and"},
    {"4,9,11", "3x3, c=4, stride=0", 1, "stride must be between 1 and"},
    {"4,9,11", "3x3, c=4, pad=-2", 1, "pad must be between 0 and"},
    {"16777216,1,1", "1x1, c=16777216", 1, "2^40 elements"},
};

const OpDef op_conv2d = {
    .name = "conv2d",
    .aliases = "conv",
    .doc = "Two-dimensional convolution of an image with learnt filters. Groups split input and "
           "output "
           "channels alike; with as many groups as channels it is depthwise. The parameters are "
           "`weight` [c, inputs/groups, rows, columns] and, with bias, `bias` [c].",
    .kind = OP_TENSOR,
    .role = OP_ROLE_CONV,
    .attr_bytes = sizeof(ConvAttrs),
    .attrs = conv_attrs,
    .attr_count = COUNT_OF(conv_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .accepts_store = true,
    .accepts_sides = true,
    .params = conv_params,
    .shape = conv_shape,
    .grad = conv_grad,
    .reference = conv_reference,
    .macs = conv_macs,
    .cases = conv_cases,
    .case_count = COUNT_OF(conv_cases),
};
