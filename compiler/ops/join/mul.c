// mul.c: product of a tensor and a tensor of its shape, a gate [N,c,1,1], or one number per image
// [N].
#include "base/internal_error.h"
#include "ops/support.h"

static ScalarVal mul_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                            uint32_t count)
{
    (void)attrs, (void)count;
    return SC_MUL(b, arg[0], arg[1]);
}

static bool mul_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const Shape *x = &ctx->in[0]->shape, *s = &ctx->in[1]->shape;
    Shape gate = shape_image(shape_channels(x), 1, 1), image = shape_batch();
    bool fits =
        shape_equal(x, s) || shape_equal(s, &image) || (x->rank == 4 && shape_equal(s, &gate));
    if (!fits || !shape_is_batched(x)) {
        return shape_fail(ctx, NULL,
                          "%s does not go with %s: the second must have the first's shape, or be "
                          "f32[N,%lld,1,1] or f32[N]",
                          shape_text(ctx, 1), shape_text(ctx, 0), (long long)shape_channels(x));
    }
    return shape_like_input(ctx, out);
}

static void mul_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    Value *x = node->inputs.at[0], *s = node->inputs.at[1];
    grad_add_node(g, node, 0, "mul", NULL, (Value *[]){dout[0], s}, 2);
    if (!grad_needed(g, s)) {
        return;
    }
    if (shape_equal(&x->shape, &s->shape)) {
        grad_add_node(g, node, 1, "mul", NULL, (Value *[]){dout[0], x}, 2);
    } else if (s->shape.rank == 4) {
        grad_add_node(g, node, 1, "spatial_dot", NULL, (Value *[]){dout[0], x}, 2);
    } else { // only masks have the shape [N]: they are constants, and the language makes no other [N]
        INTERNAL_ERROR("mul: a gradient of one number per image is asked for (%s)", node->name);
    }
}

static const OpCase mul_cases[] = {
    {"5,7,9; 5,7,9", "", 2, NULL},
    {"19,3,5; 19,1,1", "", 3, NULL},
    {"6; 6", "", 3, NULL},
    {"5,7,9; 6,1,1", "", 2, "f32[N,6,1,1] does not go with f32[N,5,7,9]"},
};

const OpDef op_mul = {
    .name = "mul",
    .doc = "Product, element by element. The second tensor has the shape of the first, or is "
           "[N,c,1,1]: one "
           "factor per image and channel, as in squeeze-and-excite.",
    .kind = OP_ELEMENTWISE,
    .role = OP_ROLE_JOIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = mul_shape,
    .grad = mul_grad,
    .scalar = mul_scalar,
    .cases = mul_cases,
    .case_count = COUNT_OF(mul_cases),
};
