// tensor_convert.h: numbers of a file as float32.
#ifndef RUNTIME_TENSORS_TENSOR_CONVERT_H
#define RUNTIME_TENSORS_TENSOR_CONVERT_H

#include <stdbool.h>

#include "resnetc/tensor_io.h"

/// Is it one of F32, F16, BF16, F64?
bool rni_dtype_is_float(const char *dtype);

/// Has every finite element a float32? Only F64 may not.
bool rni_tensor_fits_f32(const RnFileTensor *tensor);

/// Index of the first element that no parameter or running statistic may have: one that is not
/// finite, or (variance) is below zero; their number where there is none. *value: that element.
size_t rni_tensor_first_wrong(const RnFileTensor *tensor, bool variance, float *value);

/// Writes the elements as float32: exact but for F64, which is rounded to nearest.
void rni_tensor_to_f32(const RnFileTensor *tensor, float *out);

#endif
