// bn_attrs.h: attributes of batch normalisation and the operators that it becomes.
#ifndef OPS_NORM_BN_ATTRS_H
#define OPS_NORM_BN_ATTRS_H

#include "ir/opdef.h"

typedef struct BnAttrs { // batchnorm, bn_finish, bn_finish_bwd, bn_scale_shift
    double eps;
    double momentum; // PyTorch's meaning: running += momentum * (batch - running)
    int64_t pixels;  // h*w of the normalised tensor (internal operators)
    bool zero_gamma; // last BN of a residual branch: the zero-gamma option applies to its weight
} BnAttrs;

#define BN_ATTRS                                                                                   \
    {.name = "eps",                                                                                \
     .type = ATTR_FLOAT,                                                                           \
     .offset = offsetof(BnAttrs, eps),                                                             \
     .fallback = 1e-5,                                                                             \
     .min = 1e-12,                                                                                 \
     .max = 1,                                                                                     \
     .doc = "added to the variance"},                                                              \
        {.name = "momentum",                                                                       \
         .type = ATTR_FLOAT,                                                                       \
         .offset = offsetof(BnAttrs, momentum),                                                    \
         .fallback = 0.1,                                                                          \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .doc = "weight of the batch in the running statistics (1 minus TensorFlow's momentum)"},  \
    {                                                                                              \
        .name = "zero_gamma", .type = ATTR_BOOL, .offset = offsetof(BnAttrs, zero_gamma),          \
        .doc = "marks the last normalisation of a residual branch, whose weight may start at zero" \
    }

#define BN_PIXELS_ATTR                                                                             \
    {                                                                                              \
        .name = "pixels", .type = ATTR_INT, .offset = offsetof(BnAttrs, pixels), .required = true, \
        .min = 1, .max = 1e12, .doc = "h*w of the normalised tensor"                               \
    }

#endif
