// sigmoid_grad.c: gradient of sigmoid.
//   sigmoid_grad(dy, y)  ->  dy * y * (1 - y)   y: sigmoid's output; all of one shape
#include "ops/support.h"

static ScalarVal sigmoid_grad_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                                     uint32_t count)
{
    (void)attrs, (void)count;
    ScalarVal slope = SC_MUL(b, arg[1], SC_SUB(b, SC_CONST(b, 1.0), arg[1]));
    return SC_MUL(b, arg[0], slope);
}

static bool sigmoid_grad_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_same_shape(ctx, 0, 1) && shape_like_input(ctx, out);
}

static const OpCase sigmoid_grad_cases[] = {
    {"5,1,1; 5,1,1", "", 3, NULL},
    {"19,3,5; 19,3,5", "", 2, NULL},
    {"5,7,9; 5", "", 2, "shapes differ"},
};

const OpDef op_sigmoid_grad = {
    .name = "sigmoid_grad",
    .doc = "Gradient of sigmoid from dy and sigmoid's output.",
    .kind = OP_ELEMENTWISE,
    .internal = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = sigmoid_grad_shape,
    .scalar = sigmoid_grad_scalar,
    .cases = sigmoid_grad_cases,
    .case_count = COUNT_OF(sigmoid_grad_cases),
};
