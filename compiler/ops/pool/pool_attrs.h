// pool_attrs.h: attributes of pooling, subsampling and their gradients.
#ifndef OPS_POOL_POOL_ATTRS_H
#define OPS_POOL_POOL_ATTRS_H

#include "ir/opdef.h"

typedef enum PoolPadValue { POOL_PAD_MINUS_INFINITY, POOL_PAD_ZERO } PoolPadValue;

typedef struct PoolAttrs { // maxpool, avgpool and their gradients
    int64_t kernel[2];
    int64_t stride[2]; // default: the kernel
    int64_t pad[4];
    bool ceil;      // output size rounds up (windows must start inside the input or left padding)
    bool count_pad; // avgpool: padding counts in the divisor
    int32_t pad_value;  // maxpool: PoolPadValue
    int64_t in_size[2]; // gradients
} PoolAttrs;

#define POOL_ATTRS                                                                                 \
    {.name = "kernel",                                                                             \
     .type = ATTR_SIZE2,                                                                           \
     .offset = offsetof(PoolAttrs, kernel),                                                        \
     .required = true,                                                                             \
     .position = 1,                                                                                \
     .min = 1,                                                                                     \
     .max = 1024,                                                                                  \
     .doc = "rows x columns of the window"},                                                       \
        {.name = "stride",                                                                         \
         .type = ATTR_SIZE2,                                                                       \
         .offset = offsetof(PoolAttrs, stride),                                                    \
         .min = 1,                                                                                 \
         .max = 1024,                                                                              \
         .doc = "step of the window; 0, the default, means the window's size"},                    \
        {.name = "pad",                                                                            \
         .type = ATTR_PAD4,                                                                        \
         .offset = offsetof(PoolAttrs, pad),                                                       \
         .min = 0,                                                                                 \
         .max = 1023,                                                                              \
         .doc = "padding around the picture, less than the window; `same` is TensorFlow's"},       \
    {                                                                                              \
        .name = "ceil", .type = ATTR_BOOL, .offset = offsetof(PoolAttrs, ceil),                    \
        .doc = "rounds the output's size up; the last windows may then hang over the edge"         \
    }

typedef struct SubsampleAttrs {
    int64_t stride[2];
    int64_t in_size[2]; // gradient
} SubsampleAttrs;

typedef struct SpreadAttrs { // spread
    int64_t h, w;
    double factor;
} SpreadAttrs;

#endif
