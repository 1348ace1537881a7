// pool_shape.h: sizes that the pooling operators share.
#ifndef OPS_POOL_POOL_SHAPE_H
#define OPS_POOL_POOL_SHAPE_H

#include "ops/pool/pool_attrs.h"
#include "ops/support.h"

/// Pooling: completes stride (default: the kernel), checks pads, gives the output's size.
bool pool_output(const ShapeCtx *ctx, PoolAttrs *a, const int64_t in[2], int64_t out[2]);
/// The shape rule of the pooling operators.
bool pool_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS]);

/// `identity` of pooling: every window is one pixel.
bool pool_identity(const Node *n);

#endif
