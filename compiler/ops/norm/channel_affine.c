// channel_affine.c: what batch normalisation does once its statistics are known.
//   channel_affine(x, scale [c], shift [c])  ->  x * scale + shift; x [N,c,h,w] or [N,c]
// Its gradient rule is batch normalisation's. With z = x and g = dy:
//   dz = scale*g + q*(z-mean) + r
// where q and r come from the sums of g and g*(z-mean) (channel_dot.c, bn_finish_bwd.c).
#include "base/internal_error.h"
#include "ops/support.h"

static ScalarVal affine_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                               uint32_t count)
{
    (void)attrs, (void)count;
    return SC_FMA(b, arg[0], arg[1], arg[2]);
}

static bool affine_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0)) {
        return false;
    }
    int64_t c = shape_channels(&ctx->in[0]->shape);
    return need_vector(ctx, 1, c) && need_vector(ctx, 2, c) && shape_like_input(ctx, out);
}

// The bn_finish that made scale (its output 2) and shift (its output 3). The operator is internal,
// and in training lower_bn alone makes it, so there always is one.
static const Node *statistics_of(const Node *node)
{
    const Value *scale = node->inputs.at[1], *shift = node->inputs.at[2];
    const Node *bn = scale->def;
    if (!bn || bn->op->role != OP_ROLE_BN_FINISH || shift->def != bn) {
        return NULL;
    }
    return scale->def_out == 2 && shift->def_out == 3 ? bn : NULL;
}

static void affine_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    const Node *bn = statistics_of(node);
    if (!bn) {
        INTERNAL_ERROR("channel_affine %s: its scale and shift must be of one bn_finish",
                       node->name);
    }
    Value *x = node->inputs.at[0], *dy = dout[0];
    Value *weight = bn->inputs.at[1], *bias = bn->inputs.at[2];
    if (!grad_needed(g, x) && !grad_needed(g, weight) && !grad_needed(g, bias)) {
        return;
    }
    Value *mean = bn->outputs.at[0], *rstd = bn->outputs.at[1], *scale = bn->outputs.at[2];
    Value *sums = grad_node(g, "channel_dot", NULL, (Value *[]){dy, x, mean}, 3);
    Value *first = grad_node(g, "bn_finish_bwd", bn->attrs, (Value *[]){sums, rstd, scale}, 3);
    Value *const *made = first->def->outputs.at; // dweight, dbias, q, r
    grad_add(g, weight, made[0]);
    grad_add(g, bias, made[1]);
    grad_add_node(g, node, 0, "bn_input_grad", NULL,
                  (Value *[]){dy, x, scale, mean, made[2], made[3]}, 6);
}

static const OpCase affine_cases[] = {
    {"5,7,9; =5; =5", "", 2, NULL},
    {"19; =19; =19", "", 3, NULL},
    {"5,7,9; =5; =6", "", 2, "input 3 is f32[6] and should be f32[5]"},
};

const OpDef op_channel_affine = {
    .name = "channel_affine",
    .doc = "x * scale + shift, with one scale and shift per channel.",
    .kind = OP_ELEMENTWISE,
    .internal = true,
    .min_inputs = 3,
    .max_inputs = 3,
    .shape = affine_shape,
    .grad = affine_grad,
    .scalar = affine_scalar,
    .cases = affine_cases,
    .case_count = COUNT_OF(affine_cases),
};
