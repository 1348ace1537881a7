// drop_shape.h: the shape rule that dropout and stochastic depth share.
#ifndef OPS_DROP_DROP_SHAPE_H
#define OPS_DROP_DROP_SHAPE_H

#include "ops/drop/drop_attrs.h"
#include "ops/support.h"

/// The shape rule of dropout and drop_path; gives a random stream of its own where none is named.
bool drop_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS]);

#endif
