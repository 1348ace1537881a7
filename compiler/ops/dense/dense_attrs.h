// dense_attrs.h: attributes of a dense layer and its gradients.
#ifndef OPS_DENSE_DENSE_ATTRS_H
#define OPS_DENSE_DENSE_ATTRS_H

#include "ir/opdef.h"

typedef struct DenseAttrs {
    int64_t c; // output features k
    bool bias;
    bool image;       // dense_bwd_data: dx is [N,c,1,1], as the forward's x was
    bool conv_weight; // weight is [k,c,1,1]
    int32_t init;     // dense: of the weight; WeightInit (ops/weight_init.h)
} DenseAttrs;

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

#endif
