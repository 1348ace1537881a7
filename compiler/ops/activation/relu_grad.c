// relu_grad.c: gradient of relu.
//   relu_grad(dy, y)  ->  y > 0 ? dy : 0        y: relu's output; all of one shape
#include "ops/support.h"

static ScalarVal relu_grad_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                                  uint32_t count)
{
    (void)attrs, (void)count;
    ScalarVal zero = SC_CONST(b, 0.0);
    return SC_SELECT(b, SCALAR_GT, arg[1], zero, arg[0], zero);
}

static bool relu_grad_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    return need_same_shape(ctx, 0, 1) && shape_like_input(ctx, out);
}

static const OpCase relu_grad_cases[] = {
    {"5,7,9; 5,7,9", "", 2, NULL},
    {"5,7,9; 5,7,8", "", 2, "shapes differ: f32[N,5,7,9] and f32[N,5,7,8]"},
};

const OpDef op_relu_grad = {
    .name = "relu_grad",
    .doc = "Gradient of relu from dy and relu's output.",
    .kind = OP_ELEMENTWISE,
    .internal = true,
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = relu_grad_shape,
    .scalar = relu_grad_scalar,
    .cases = relu_grad_cases,
    .case_count = COUNT_OF(relu_grad_cases),
};
