// bn_input_grad.c: gradient of a batch normalisation's input.
//   bn_input_grad(g, z, scale [c], mean [c], q [c], r [c])  ->  scale*g + q*(z-mean) + r
// g: gradient of the output, z: the input; [N,c,h,w] or [N,c]. q and r: bn_finish_bwd.c.
#include "ops/support.h"

static ScalarVal input_grad_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *arg,
                                   uint32_t count)
{
    (void)attrs, (void)count;
    ScalarVal g = arg[0], z = arg[1], scale = arg[2], mean = arg[3], q = arg[4], r = arg[5];
    return SC_FMA(b, scale, g, SC_FMA(b, q, SC_SUB(b, z, mean), r));
}

static bool input_grad_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    if (!need_channels(ctx, 0) || !need_same_shape(ctx, 0, 1)) {
        return false;
    }
    for (uint32_t i = 2; i < 6; i++) {
        if (!need_vector(ctx, i, shape_channels(&ctx->in[0]->shape))) {
            return false;
        }
    }
    return shape_like_input(ctx, out);
}

static const OpCase input_grad_cases[] = {
    {"5,7,9; 5,7,9; =5; =5; =5; =5", "", 2, NULL},
    {"19,3,3; 19,3,3; =19; =19; =19; =19", "", 1, NULL},
    {"5,7,9; 5,7,9; =5; =5; =5; =4", "", 2, "input 6 is f32[4] and should be f32[5]"},
};

const OpDef op_bn_input_grad = {
    .name = "bn_input_grad",
    .doc = "Gradient of a batch normalisation's input.",
    .kind = OP_ELEMENTWISE,
    .internal = true,
    .min_inputs = 6,
    .max_inputs = 6,
    .shape = input_grad_shape,
    .scalar = input_grad_scalar,
    .cases = input_grad_cases,
    .case_count = COUNT_OF(input_grad_cases),
};
