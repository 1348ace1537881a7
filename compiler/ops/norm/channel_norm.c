// channel_norm.c: batch normalisation in training once its statistics are known.
//   channel_norm(x, mean, scale, shift [c])  ->  (x - mean) * scale + shift; x [N,c,h,w] or [N,c]
// x - mean comes first: the terms of x*scale + shift are as large as mean/spread, and so are their
// roundings. Its gradient rule is batch normalisation's. With z = x and g = dy:
//   dz = scale*g + q*(z-mean) + r
// where q and r come from the sums of g and g*(z-mean) (channel_dot.c, bn_finish_bwd.c).
#include "base/internal_error.h"
#include "ops/support.h"

enum { NORM_X, NORM_MEAN, NORM_SCALE, NORM_SHIFT };
enum { FINISH_MEAN, FINISH_RSTD, FINISH_SCALE, FINISH_SHIFT, FINISH_REST };

static ScalarVal norm_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                             uint32_t count)
{
    (void)attrs, (void)count;
    return SC_FMA(b, SC_SUB(b, arg[NORM_X], arg[NORM_MEAN]), arg[NORM_SCALE], arg[NORM_SHIFT]);
}

static bool norm_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0)) {
        return false;
    }
    for (uint32_t i = 1; i < 4; i++) {
        if (!need_vector(ctx, i, shape_channels(&ctx->in[0]->shape))) {
            return false;
        }
    }
    return shape_like_input(ctx, out);
}

// The bn_finish that made mean, scale and shift. decompose_bn alone makes the operator, so there
// always is one.
static const Node *statistics_of(const Node *node)
{
    const Value *mean = node->inputs.at[NORM_MEAN];
    const Value *scale = node->inputs.at[NORM_SCALE], *shift = node->inputs.at[NORM_SHIFT];
    const Node *bn = mean->def;
    if (!bn || bn->op->role != OP_ROLE_BN_FINISH || scale->def != bn || shift->def != bn) {
        return NULL;
    }
    bool in_place = mean->def_out == FINISH_MEAN && scale->def_out == FINISH_SCALE &&
                    shift->def_out == FINISH_SHIFT;
    return in_place ? bn : NULL;
}

static void norm_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    const Node *bn = statistics_of(node);
    if (!bn) {
        INTERNAL_ERROR("channel_norm %s: its mean, scale and shift must be of one bn_finish",
                       node->name);
    }
    Value *x = node->inputs.at[NORM_X], *dy = dout[0];
    Value *weight = bn->inputs.at[1], *bias = bn->inputs.at[2];
    if (!grad_needed(g, x) && !grad_needed(g, weight) && !grad_needed(g, bias)) {
        return;
    }
    Value *const *of = bn->outputs.at;
    Value *sums = grad_node(g, "channel_dot", NULL, (Value *[]){dy, x, of[FINISH_MEAN]}, 3);
    Value *first =
        grad_node(g, "bn_finish_bwd", bn->attrs,
                  (Value *[]){sums, of[FINISH_RSTD], of[FINISH_SCALE], of[FINISH_REST]}, 4);
    Value *const *made = first->def->outputs.at; // dweight, dbias, q, r
    grad_add(g, weight, made[0]);
    grad_add(g, bias, made[1]);
    grad_add_node(g, node, 0, "bn_input_grad", NULL,
                  (Value *[]){dy, x, of[FINISH_SCALE], of[FINISH_MEAN], made[2], made[3]}, 6);
}

static const OpCase norm_cases[] = {
    {"5,7,9; =5; =5; =5", "", 2, NULL},
    {"19; =19; =19; =19", "", 3, NULL},
    {"5,7,9; =5; =5; =6", "", 2, "input 4 is f32[6] and should be f32[5]"},
};

const OpDef op_channel_norm = {
    .name = "channel_norm",
    .doc = "(x - mean) * scale + shift, with one mean, scale and shift per channel.",
    .kind = OP_ELEMENTWISE,
    .internal = true,
    .min_inputs = 4,
    .max_inputs = 4,
    .shape = norm_shape,
    .grad = norm_grad,
    .scalar = norm_scalar,
    .cases = norm_cases,
    .case_count = COUNT_OF(norm_cases),
};
