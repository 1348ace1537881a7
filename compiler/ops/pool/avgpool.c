// avgpool.c: mean of each window, PyTorch's rules for ceil and padding.
#include "ops/pool/avgpool_window.h"

static const AttrDef avgpool_attrs[] = {POOL_ATTRS, AVGPOOL_COUNT_PAD_ATTR};

static void avgpool_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    PoolAttrs a = *(const PoolAttrs *)node->attrs;
    a.in_size[0] = node->inputs.at[0]->shape.dim[2];
    a.in_size[1] = node->inputs.at[0]->shape.dim[3];
    grad_add_node(g, node, 0, "avgpool_bwd", &a, dout, 1);
}

static double window_mean(const RefTensor *x, int64_t n, int64_t c, const AvgWindow *w)
{
    double sum = 0.0;
    for (int64_t iy = w->y_lo; iy < w->y_hi; iy++) {
        for (int64_t ix = w->x_lo; ix < w->x_hi; ix++) {
            sum += *ref_at(x, n, c, iy, ix);
        }
    }
    return sum / w->divisor;
}

static void avgpool_reference(const RefCtx *ctx)
{
    const int64_t *d = ctx->out[0].shape.dim;
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            for (int64_t y = 0; y < d[2]; y++) {
                for (int64_t x = 0; x < d[3]; x++) {
                    AvgWindow w = avgpool_window(ctx->node->attrs, &ctx->in[0].shape.dim[2], y, x);
                    *ref_at(&ctx->out[0], n, c, y, x) = window_mean(&ctx->in[0], n, c, &w);
                }
            }
        }
    }
}

static const OpCase avgpool_cases[] = {
    {"5,9,11", "2x2, ceil=true", 2, NULL},
    {"19,8,8", "2x2", 1, NULL},
    {"3,7,7", "3x3, stride=2, pad=1", 2, NULL},
    {"3,7,7", "3x3, stride=2, pad=1, count_pad=true", 2, NULL},
    {"3,8,6", "3x3, stride=2, pad=1, count_pad=true, ceil=true", 2, NULL},
    {"17,5,4", "3x3, stride=1, pad=same", 2, NULL},
    {"4,7,7", "7x7", 2, NULL},
    {"5,2,9", "3x3", 1, "window 3 is larger than the padded input 2"},
    {"5,9,9", "2x2, pad=2", 1, "padding 2 must be smaller than the window 2"},
};

const OpDef op_avgpool = {
    .name = "avgpool",
    .doc = "Mean of each window. Padding does not count in the divisor unless `count_pad`; what "
           "hangs over the edge "
           "with `ceil` never does.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_POOL,
    .attr_bytes = sizeof(PoolAttrs),
    .attrs = avgpool_attrs,
    .attr_count = COUNT_OF(avgpool_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = pool_shape,
    .grad = avgpool_grad,
    .reference = avgpool_reference,
    .identity = pool_identity,
    .cases = avgpool_cases,
    .case_count = COUNT_OF(avgpool_cases),
};
