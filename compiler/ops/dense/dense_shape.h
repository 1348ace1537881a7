// dense_shape.h: attributes and weight of a dense layer, shared by the operator and its gradients.
#ifndef OPS_DENSE_DENSE_SHAPE_H
#define OPS_DENSE_DENSE_SHAPE_H

#include "ops/support.h"

#define DENSE_ATTRS                                                                                \
    {.name = "c",                                                                                  \
     .type = ATTR_INT,                                                                             \
     .offset = offsetof(DenseAttrs, c),                                                            \
     .required = true,                                                                             \
     .position = 1,                                                                                \
     .min = 1,                                                                                     \
     .max = 1 << 24,                                                                               \
     .doc = "output features"},                                                                    \
        {.name = "bias",                                                                           \
         .type = ATTR_BOOL,                                                                        \
         .offset = offsetof(DenseAttrs, bias),                                                     \
         .fallback = 1,                                                                            \
         .doc = "adds a bias per output feature"},                                                 \
    {                                                                                              \
        .name = "conv_weight", .type = ATTR_BOOL, .offset = offsetof(DenseAttrs, conv_weight),     \
        .doc = "the weight's shape is [outputs, inputs, 1, 1], as that of a 1x1 convolution "      \
               "(timm's heads)"                                                                    \
    }

static inline Shape dense_weight_shape(const DenseAttrs *a, int64_t c)
{
    return a->conv_weight ? (Shape){.rank = 4, .dim = {a->c, c, 1, 1}}
                          : (Shape){.rank = 2, .dim = {a->c, c}};
}

#endif
