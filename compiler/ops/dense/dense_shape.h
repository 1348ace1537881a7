// dense_shape.h: the weight of a dense layer, shared by the operator and its gradients.
#ifndef OPS_DENSE_DENSE_SHAPE_H
#define OPS_DENSE_DENSE_SHAPE_H

#include "ops/dense/dense_attrs.h"
#include "ops/support.h"

static inline Shape dense_weight_shape(const DenseAttrs *a, int64_t c)
{
    return a->conv_weight ? (Shape){.rank = 4, .dim = {a->c, c, 1, 1}}
                          : (Shape){.rank = 2, .dim = {a->c, c}};
}

#endif
