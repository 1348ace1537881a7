// reduce_finish.c: adds up the parts of a channel_sum.
//   reduce_finish(partial sums [1,c])  ->  [c]
#include "ops/support.h"

static bool finish_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const Shape *s = &ctx->in[0]->shape;
    if (s->rank != 2 || s->dim[0] != 1) {
        return shape_fail(ctx, NULL, "needs partial sums of one term, not %s", shape_text(ctx, 0));
    }
    out[0] = out_f32(shape_vector(s->dim[1]));
    return true;
}

static const OpCase finish_cases[] = {
    {"~1,5", "", 2, NULL},
    {"~1,33", "", 1, NULL},
    {"~2,5", "", 1, "needs partial sums of one term"},
};

const OpDef op_reduce_finish = {
    .name = "reduce_finish",
    .doc = "Adds up partial sums, in double and in a fixed order.",
    .kind = OP_TENSOR,
    .internal = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = finish_shape,
    .reference = reference_copy,
    .cases = finish_cases,
    .case_count = COUNT_OF(finish_cases),
};
