// packing.h: walks a packed tensor and finds each element's place in the plain
// source.
#ifndef CPU_KERNELS_WEIGHTS_PACKING_H
#define CPU_KERNELS_WEIGHTS_PACKING_H

#include "cpu/kernel.h"

/// Sets tasks, tiles and costs of a walk over packing `p` of a source of this shape.
void plan_packing(const PlanCtx *ctx, const Packing *p, Lowering *out);

/// Handles one element: byte offsets in the packed and in the plain tensor. valid: i1, whether the
/// element exists in the source (offset `plain` is 0 where not); NULL: it does. context: the body's
/// own.
typedef void (*PackBody)(Emit *e, Val context, Val packed, Val plain, Val valid);
void emit_packing(Emit *e, const Packing *p, const Shape *source, PackBody body, Val context);

#endif
