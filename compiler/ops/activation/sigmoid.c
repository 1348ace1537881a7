// sigmoid.c: logistic function 1 / (1 + exp(-x)).
#include "ops/support.h"

static ScalarVal sigmoid_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                                uint32_t count)
{
    (void)attrs, (void)count;
    ScalarVal one = SC_CONST(b, 1.0);
    return SC_DIV(b, one, SC_ADD(b, one, SC_EXP(b, b->unary(b, SCALAR_NEG, arg[0]))));
}

static void sigmoid_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    grad_add_node(g, node, 0, "sigmoid_grad", NULL, (Value *[]){dout[0], node->outputs.at[0]}, 2);
}

static const OpCase sigmoid_cases[] = {
    {"5,1,1", "", 2, NULL},
    {"19,3,5", "", 3, NULL},
};

const OpDef op_sigmoid = {
    .name = "sigmoid",
    .doc = "Logistic function 1/(1+exp(-x)), the gate of squeeze-and-excite.",
    .kind = OP_ELEMENTWISE,
    .min_inputs = 1,
    .max_inputs = 1,
    .grad = sigmoid_grad,
    .scalar = sigmoid_scalar,
    .cases = sigmoid_cases,
    .case_count = COUNT_OF(sigmoid_cases),
};
