// laid_tensor.h: moves plain double tensors into the layouts that kernels read and write (float),
// and back.
#ifndef LAID_TENSOR_H
#define LAID_TENSOR_H

#include <stddef.h>

#include "ir/graph.h"
#include "ir/opdef.h"

/// Bytes of a value in its layout at this batch; partial sums with all their parts.
size_t laid_bytes(const Value *v, int64_t batch);

/// Writes t as v->layout says; pads become zero. Partial sums are spread evenly over the parts; those
/// of moments get different centres. Labels are u32.
void laid_write(const Value *v, int64_t batch, const RefTensor *t, void *to);

/// Reads it back; parts are added up, moments around the first centre. Elements that a packing does not hold stay NaN.
void laid_read(const Value *v, int64_t batch, const void *from, double *at);

/// Whether the pad lanes of a blocked tensor are zero.
bool laid_pads_are_zero(const Value *v, int64_t batch, const void *from);

#endif
