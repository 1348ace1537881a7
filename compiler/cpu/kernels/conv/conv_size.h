// conv_size.h: the sizes behind a node of a convolution or dense layer.
// Letters: n c h w (batch, channels, height, width), k r s (filters, filter rows, filter columns).
#ifndef CPU_KERNELS_CONV_CONV_SIZE_H
#define CPU_KERNELS_CONV_CONV_SIZE_H

#include "cpu/kernel.h"

/// Sizes of the forward convolution behind a node of conv2d, its gradients, dense or its gradients.
/// A dense layer is a 1x1 convolution of 1x1 pictures. May be part of a plan: no padding.
typedef struct ConvSize {
    int64_t c, k, groups;
    int64_t h, w, oh, ow;
    int64_t r, s;
    int64_t stride[2];
    int64_t pad[4];      // top, left, bottom, right
    int32_t bias, dense; // whether there is one; whether weights are [k,c]
} ConvSize;

ConvSize conv_size(const Node *n);
int64_t conv_macs(const ConvSize *z); // of one image
/// Channels per block that a kernel wants of activation v: V, or all of an image's if they are
/// fewer.
int64_t conv_input_block(const Value *v, uint32_t width);

#endif
