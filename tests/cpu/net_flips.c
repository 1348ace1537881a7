// net_flips.c: see net_flips.h.
#include "cpu/net_flips.h"

#include <math.h>

#include "ops/pool/pool_attrs.h"

// More than any distance.
#define FAR 1e30

static int64_t elements(const RefTensor *t)
{
    return shape_elements(&t->shape);
}

static double root_mean_square(const RefTensor *t)
{
    double squares = 0;
    for (int64_t i = 0; i < elements(t); i++) {
        squares += t->at[i] * t->at[i];
    }
    return sqrt(squares / (double)elements(t));
}

// Zeros are exact in float32 too: they come from ReLUs and padding, and stay zeros.
static double relu_distance(const RefTensor *z)
{
    double least = FAR;
    for (int64_t i = 0; i < elements(z); i++) {
        least = z->at[i] != 0 ? fmin(least, fabs(z->at[i])) : least;
    }
    return least;
}

// How far the largest value of the window at (row, column) of the output is from the next. x is one
// channel. Equal values (zeros behind a ReLU) stay equal.
static double window_gap(const double *x, const Shape *in, const PoolAttrs *a, int64_t row,
                         int64_t column)
{
    double first = -FAR, second = -FAR;
    for (int64_t i = 0; i < a->kernel[0] * a->kernel[1]; i++) {
        int64_t h = row * a->stride[0] - a->pad[0] + i / a->kernel[1];
        int64_t w = column * a->stride[1] - a->pad[1] + i % a->kernel[1];
        bool inside = h >= 0 && h < in->dim[2] && w >= 0 && w < in->dim[3];
        if (inside || a->pad_value == POOL_PAD_ZERO) {
            double v = inside ? x[h * in->dim[3] + w] : 0;
            second = fmax(second, fmin(v, first));
            first = fmax(first, v);
        }
    }
    return first > second ? first - second : FAR;
}

static double pool_distance(const PoolAttrs *a, const RefTensor *in, const RefTensor *out)
{
    int64_t in_pixels = in->shape.dim[2] * in->shape.dim[3];
    int64_t out_pixels = out->shape.dim[2] * out->shape.dim[3];
    double least = FAR;
    for (int64_t i = 0; i < elements(out); i++) {
        const double *x = in->at + i / out_pixels * in_pixels;
        int64_t row = i % out_pixels / out->shape.dim[3], column = i % out->shape.dim[3];
        least = fmin(least, window_gap(x, &in->shape, a, row, column));
    }
    return least;
}

double net_flips_margin(const Graph *g, const RefTensor *values)
{
    double least = FAR;
    for (const Node *n = g->first; n; n = n->next) {
        if (n->op == op_find("relu")) {
            const RefTensor *z = &values[n->inputs.at[0]->id];
            least = fmin(least, relu_distance(z) / root_mean_square(z));
        } else if (n->op == op_find("maxpool")) {
            const RefTensor *in = &values[n->inputs.at[0]->id];
            const RefTensor *out = &values[n->outputs.at[0]->id];
            least = fmin(least, pool_distance(n->attrs, in, out) / root_mean_square(in));
        }
    }
    return least;
}
