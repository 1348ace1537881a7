// tensor_file.h: what reading and writing of safetensors share.
#ifndef RUNTIME_TENSOR_FILE_H
#define RUNTIME_TENSOR_FILE_H

#include "resnetc/tensor_io.h"

/// Headers past this are refused, as the reference implementation does.
#define TENSOR_FILE_HEADER_MAX ((uint64_t)100 << 20)

/// Bits of one element of a safetensors type ("F32": 32), 0 for an unknown one.
unsigned rni_tensor_dtype_bits(const char *dtype);

#endif
