// relu.c: rectified linear unit: x < 0 ? 0 : x. NaN stays NaN, so that it is noticed; -0 stays -0.
#include "ops/support.h"

static ScalarVal relu_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                             uint32_t count)
{
    (void)attrs, (void)count;
    ScalarVal zero = SC_CONST(b, 0.0);
    return SC_SELECT(b, SCALAR_LT, arg[0], zero, zero, arg[0]);
}

static void relu_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    grad_add_node(g, node, 0, "relu_grad", NULL, (Value *[]){dout[0], node->outputs.at[0]}, 2);
}

// relu(relu(x)) = relu(x)
static bool relu_identity(const Node *n)
{
    const Node *before = n->inputs.at[0]->def;
    return before && before->op == n->op;
}

static const OpCase relu_cases[] = {
    {"5,7,9", "", 2, NULL},
    {"19", "", 3, NULL},
};

const OpDef op_relu = {
    .name = "relu",
    .doc = "Rectified linear unit: negative elements become 0. NaN stays NaN.",
    .kind = OP_ELEMENTWISE,
    .min_inputs = 1,
    .max_inputs = 1,
    .grad = relu_grad,
    .scalar = relu_scalar,
    .identity = relu_identity,
    .cases = relu_cases,
    .case_count = COUNT_OF(relu_cases),
};
