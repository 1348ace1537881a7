// subsample.c: every stride-th row and column, from the first.
#include "ops/pool/pool_attrs.h"
#include "ops/support.h"

static const AttrDef subsample_attrs[] = {
    {.name = "stride",
     .type = ATTR_SIZE2,
     .offset = offsetof(SubsampleAttrs, stride),
     .required = true,
     .position = 1,
     .min = 1,
     .max = 1024,
     .doc = "step between rows and between columns"},
};

static bool subsample_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const SubsampleAttrs *a = ctx->attrs;
    if (!need_image(ctx, 0)) {
        return false;
    }
    const int64_t *d = ctx->in[0]->shape.dim;
    out[0] =
        out_f32(shape_image(d[1], (d[2] - 1) / a->stride[0] + 1, (d[3] - 1) / a->stride[1] + 1));
    return true;
}

static void subsample_grad(GradCtx *g, const Node *node, Value *const *dout)
{
    SubsampleAttrs a = *(const SubsampleAttrs *)node->attrs;
    a.in_size[0] = node->inputs.at[0]->shape.dim[2];
    a.in_size[1] = node->inputs.at[0]->shape.dim[3];
    grad_add_node(g, node, 0, "subsample_bwd", &a, dout, 1);
}

static void subsample_reference(const RefCtx *ctx)
{
    const SubsampleAttrs *a = ctx->node->attrs;
    const int64_t *d = ctx->out[0].shape.dim;
    for (int64_t n = 0; n < d[0]; n++) {
        for (int64_t c = 0; c < d[1]; c++) {
            for (int64_t y = 0; y < d[2]; y++) {
                for (int64_t x = 0; x < d[3]; x++) {
                    *ref_at(&ctx->out[0], n, c, y, x) =
                        *ref_at(&ctx->in[0], n, c, y * a->stride[0], x * a->stride[1]);
                }
            }
        }
    }
}

static bool subsample_identity(const Node *n)
{
    const SubsampleAttrs *a = n->attrs;
    return a->stride[0] == 1 && a->stride[1] == 1;
}

static const OpCase subsample_cases[] = {
    {"5,7,9", "2", 2, NULL},
    {"16,8,8", "2", 1, NULL},
    {"17,7,5", "3x1", 2, NULL},
    {"7", "2", 2, "needs an image"},
    {"5,7,9", "0", 2, "stride must be between 1 and 1024, not 0x0"},
};

const OpDef op_subsample = {
    .name = "subsample",
    .doc = "Keeps every stride-th row and column, beginning with the first.",
    .kind = OP_TENSOR,
    .attr_bytes = sizeof(SubsampleAttrs),
    .attrs = subsample_attrs,
    .attr_count = COUNT_OF(subsample_attrs),
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = subsample_shape,
    .grad = subsample_grad,
    .reference = subsample_reference,
    .identity = subsample_identity,
    .cases = subsample_cases,
    .case_count = COUNT_OF(subsample_cases),
};
