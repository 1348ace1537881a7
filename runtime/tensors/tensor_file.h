// tensor_file.h: what reading, renaming and writing of safetensors share.
#ifndef RUNTIME_TENSORS_TENSOR_FILE_H
#define RUNTIME_TENSORS_TENSOR_FILE_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "files/file_map.h"
#include "resnetc/tensor_io.h"

struct RnTensorFile {
    char *path;
    FileMap bytes; // the whole file
    const unsigned char *data;
    size_t data_bytes;
    cJSON *header; // owns names and metadata
    const cJSON *meta;
    RnFileTensor *tensors; // sorted by name
    size_t count;
    char *new_names;       // names that a rename table gave, one block
    RnTensorFile **shards; // of an index: the files that own names and data
    size_t shard_count;
};

/// rn_tensor_file_open without indexes.
RnStatus rni_tensor_file_open_one(const char *path, RnTensorFile **out, RnError *err);

/// Sorts the tensors by name. Gives the second of two that have the same name, or NULL.
const RnFileTensor *rni_tensor_file_sort(RnTensorFile *file);

/// Headers past this are refused, as the reference implementation does.
#define TENSOR_FILE_HEADER_MAX ((uint64_t)100 << 20)

/// Bits of one element of a safetensors type ("F32": 32), 0 for an unknown one.
unsigned rni_tensor_dtype_bits(const char *dtype);

#endif
