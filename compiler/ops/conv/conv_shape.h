// conv_shape.h: sizes that the three convolution operators share.
#ifndef OPS_CONV_CONV_SHAPE_H
#define OPS_CONV_CONV_SHAPE_H

#include "ops/conv/conv_attrs.h"
#include "ops/support.h"

/// Checks groups against the input's channels c, completes pad, gives the output's size for in[2].
bool conv_output(const ShapeCtx *ctx, ConvAttrs *a, int64_t c, const int64_t in[2], int64_t out[2]);
/// [k, c/groups, r, s]
Shape conv_weight_shape(const ConvAttrs *a, int64_t c);

/// Multiply-adds of one weight with pixels of one row, i below count:
/// y[n,k,oy,ox+i] += w[k,c,r,s] * x[n,xc,iy,ix+i*stride], xc = group*c/groups+c.
typedef struct ConvTap {
    int64_t n, k, oy, ox; // output
    int64_t xc, iy, ix;   // input channel, row, column
    int64_t c, r, s;      // weight
    int64_t count, stride;
} ConvTap;

typedef struct ConvSizes {
    int64_t batch, in_c, in_h, in_w, out_h, out_w;
} ConvSizes;

/// Calls visit for all multiply-adds inside the picture, in the order n k oy c r s ox.
void conv_for_each_tap(const ConvAttrs *a, const ConvSizes *size,
                       void (*visit)(const RefCtx *ctx, const ConvTap *t), const RefCtx *ctx);

#endif
