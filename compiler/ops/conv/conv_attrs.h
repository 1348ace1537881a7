// conv_attrs.h: attributes of convolutions and of Winograd's transformed weights.
#ifndef OPS_CONV_CONV_ATTRS_H
#define OPS_CONV_CONV_ATTRS_H

#include "ir/opdef.h"

// conv2d; conv2d_bwd_data and conv2d_bwd_weights carry the forward's attributes and sizes.
typedef struct ConvAttrs {
    int64_t kernel[2]; // r, s
    int64_t c;         // output channels k
    int64_t stride[2];
    int64_t pad[4]; // top, left, bottom, right
    int64_t groups;
    bool bias;
    int64_t in_size[2]; // h, w of the forward's input (backward operators)
    int32_t init;       // conv2d: of the weight; WeightInit (ops/weight_init.h)
} ConvAttrs;

#define CONV_ATTRS                                                                                 \
    {.name = "kernel",                                                                             \
     .type = ATTR_SIZE2,                                                                           \
     .offset = offsetof(ConvAttrs, kernel),                                                        \
     .required = true,                                                                             \
     .position = 1,                                                                                \
     .min = 1,                                                                                     \
     .max = 1024,                                                                                  \
     .doc = "rows x columns of a filter"},                                                         \
        {.name = "c",                                                                              \
         .type = ATTR_INT,                                                                         \
         .offset = offsetof(ConvAttrs, c),                                                         \
         .required = true,                                                                         \
         .min = 1,                                                                                 \
         .max = 1 << 24,                                                                           \
         .doc = "output channels"},                                                                \
        {.name = "stride",                                                                         \
         .type = ATTR_SIZE2,                                                                       \
         .offset = offsetof(ConvAttrs, stride),                                                    \
         .fallback = 1,                                                                            \
         .min = 1,                                                                                 \
         .max = 1024,                                                                              \
         .doc = "step of the window"},                                                             \
        {.name = "pad",                                                                            \
         .type = ATTR_PAD4,                                                                        \
         .offset = offsetof(ConvAttrs, pad),                                                       \
         .min = 0,                                                                                 \
         .max = 4096,                                                                              \
         .doc = "zeros around the picture; `same` is TensorFlow's: the output has ceil(size / "    \
                "stride) "                                                                         \
                "rows and columns, the odd zero goes after"},                                      \
        {.name = "groups",                                                                         \
         .type = ATTR_INT,                                                                         \
         .offset = offsetof(ConvAttrs, groups),                                                    \
         .fallback = 1,                                                                            \
         .min = 1,                                                                                 \
         .max = 1 << 24,                                                                           \
         .doc = "independent groups of channels"},                                                 \
    {                                                                                              \
        .name = "bias", .type = ATTR_BOOL, .offset = offsetof(ConvAttrs, bias),                    \
        .doc = "adds a bias per output channel"                                                    \
    }

typedef struct WinogradAttrs { // winograd_weights
    int64_t tile[2];           // outputs of a tile: rows, columns
    int64_t stride;            // of the convolution: 1 or 2
    int64_t blocks;            // output-channel vectors that lie together
    bool backward;             // for backward data: transposed and rotated
    int64_t mirrored[2];       // backward, rows and columns: 1: not rotated along these
} WinogradAttrs;

#endif
