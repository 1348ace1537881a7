// conv_size.c: the sizes behind a node of a convolution or dense layer.
#include "cpu/kernels/conv/conv_size.h"

#include <string.h>

#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"

static ConvSize dense_size(const Node *n)
{
    const Value *x = n->inputs.at[0], *y = n->outputs.at[0];
    ConvSize z = {.groups = 1, .h = 1, .w = 1, .oh = 1, .ow = 1, .r = 1, .s = 1, .dense = true};
    z.stride[0] = z.stride[1] = 1;
    if (n->op->role == OP_ROLE_DENSE) {
        const DenseAttrs *a = n->attrs;
        z.c = shape_channels(&x->shape);
        z.k = shape_channels(&y->shape);
        z.bias = a->bias;
    } else if (n->op->role == OP_ROLE_DENSE_BWD_DATA) {
        z.k = shape_channels(&x->shape);
        z.c = shape_channels(&y->shape);
    } else { // dense_bwd_weights: x, dy
        z.c = shape_channels(&x->shape);
        z.k = shape_channels(&n->inputs.at[1]->shape);
    }
    return z;
}

static bool is_dense(const Node *n)
{
    OpRole role = n->op->role;
    return role == OP_ROLE_DENSE || role == OP_ROLE_DENSE_BWD_DATA ||
           role == OP_ROLE_DENSE_BWD_WEIGHTS;
}

ConvSize conv_size(const Node *n)
{
    if (is_dense(n)) {
        return dense_size(n);
    }
    const ConvAttrs *a = n->attrs;
    const Shape *x = &n->inputs.at[0]->shape, *y = &n->outputs.at[0]->shape;
    ConvSize z = {.groups = a->groups, .r = a->kernel[0], .s = a->kernel[1]};
    memcpy(z.stride, a->stride, sizeof z.stride);
    memcpy(z.pad, a->pad, sizeof z.pad);
    if (n->op->role == OP_ROLE_CONV) {
        z.c = shape_channels(x);
        z.h = shape_height(x);
        z.w = shape_width(x);
        z.k = shape_channels(y);
        z.bias = a->bias;
    } else {
        z.h = a->in_size[0];
        z.w = a->in_size[1];
        if (n->op->role == OP_ROLE_CONV_BWD_DATA) {
            z.k = shape_channels(x);
            z.c = shape_channels(y);
        } else { // conv2d_bwd_weights: x, dy
            z.c = shape_channels(x);
            z.k = shape_channels(&n->inputs.at[1]->shape);
        }
    }
    z.oh = (z.h + z.pad[0] + z.pad[2] - z.r) / z.stride[0] + 1;
    z.ow = (z.w + z.pad[1] + z.pad[3] - z.s) / z.stride[1] + 1;
    return z;
}

int64_t conv_macs(const ConvSize *z)
{
    return z->k * (z->c / z->groups) * z->r * z->s * z->oh * z->ow;
}

int64_t conv_input_block(const Value *v, uint32_t width)
{
    int64_t c = shape_channels(&v->shape);
    return v->kind == VALUE_INPUT && c < width ? c : width;
}
