// add.c: sum of two to eight tensors of one shape, from left to right.
#include "ops/support.h"

static ScalarVal add_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                            uint32_t count)
{
    (void)attrs;
    ScalarVal sum = arg[0];
    for (uint32_t i = 1; i < count; i++) {
        sum = SC_ADD(b, sum, arg[i]);
    }
    return sum;
}

static bool add_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    for (uint32_t i = 1; i < ctx->in_count; i++) {
        if (shape_equal(&ctx->in[0]->shape, &ctx->in[i]->shape)) {
            continue;
        }
        return shape_fail(ctx, "a stride or a change of channels needs a projection: proj=1x1",
                          "shapes differ: %s and %s", shape_text(ctx, 0), shape_text(ctx, i));
    }
    return shape_like_input(ctx, out);
}

static void add_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    for (uint32_t i = 0; i < node->own_inputs; i++) {
        grad_add(g, node->inputs.at[i], dout[0]);
    }
}

static const OpCase add_cases[] = {
    {"5,7,9; 5,7,9", "", 2, NULL},
    {"19,3,3; 19,3,3; 19,3,3", "", 1, NULL},
    {"6; 6", "", 3, NULL},
    {"64,24,24; 128,12,12", "", 1, "shapes differ: f32[N,64,24,24] and f32[N,128,12,12]"},
    {"64,24,24", "", 1, "takes 2 to 8 tensors, not 1"},
};

const OpDef op_add = {
    .name = "add",
    .doc = "Sum of two to eight tensors of the same shape, element by element.",
    .kind = OP_ELEMENTWISE,
    .role = OP_ROLE_ADD,
    .min_inputs = 2,
    .max_inputs = 8,
    .shape = add_shape,
    .grad = add_grad,
    .scalar = add_scalar,
    .cases = add_cases,
    .case_count = COUNT_OF(add_cases),
};
