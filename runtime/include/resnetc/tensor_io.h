// tensor_io.h: arrays in files: NumPy's .npy and safetensors. Hostile files are refused, never
// trusted: every size is checked against the file before it is used.
#ifndef RESNETC_TENSOR_IO_H
#define RESNETC_TENSOR_IO_H

#include <stddef.h>
#include <stdint.h>

#include "resnetc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RN_IO_MAX_RANK = 8 };

/// A shape as files have it; rank 0 is a single number.
typedef struct RnShape {
    uint32_t rank;
    uint64_t dim[RN_IO_MAX_RANK];
} RnShape;

/// Writes "[2, 3, 5]" into text (cut at bytes) and returns text.
char *rn_shape_text(const RnShape *shape, char *text, size_t bytes);

// ---- .npy
// ----------------------------------------------------------------------------------------

/// An array read from a file. Exactly one of f32, i64, u8 is set. Free with rn_npy_free.
typedef struct RnNpy {
    RnShape shape;
    size_t elements;
    float *f32;   // 64-byte aligned
    int64_t *i64; // 64-byte aligned
    uint8_t *u8;  // 64-byte aligned
} RnNpy;

typedef enum RnNpyKind { RN_NPY_FLOAT = 0, RN_NPY_INT = 1, RN_NPY_IMAGES = 2 } RnNpyKind;

/// Reads a .npy, version 1, 2 or 3, C order, little endian. RN_NPY_FLOAT takes float32 and float64
/// (rounded); RN_NPY_INT any integer type and bool (uint64 above 2^63 - 1 is refused); RN_NPY_IMAGES
/// float32 and float64 as f32, uint8 as u8.
RnStatus rn_npy_read(const char *path, RnNpyKind want, RnNpy *out, RnError *err);
/// The same from memory; `path` only names it in messages.
RnStatus rn_npy_parse(const void *bytes, size_t size, const char *path, RnNpyKind want, RnNpy *out,
                      RnError *err);
/// RN_ERR_INPUT, naming the first element, when an array of floats holds an infinity or a NaN.
RnStatus rn_npy_check_finite(const RnNpy *array, const char *path, RnError *err);
void rn_npy_free(RnNpy *array); // accepts NULL and zeroes

/// Writes float32 (version 1.0); the file appears whole or not at all.
RnStatus rn_npy_write_f32(const char *path, const RnShape *shape, const float *data, RnError *err);
/// Writes int64.
RnStatus rn_npy_write_i64(const char *path, const RnShape *shape, const int64_t *data,
                          RnError *err);

// ---- safetensors
// ---------------------------------------------------------------------------------

/// A tensor of a file, or one to be written.
typedef struct RnFileTensor {
    const char *name;
    const char *dtype; // "F32", "I64", ...
    RnShape shape;
    const void *data; // little endian, C order; in a file that was read: not aligned for its type
    size_t bytes;
    const char *file_name; // of one that was read under another name: its name in the file
} RnFileTensor;

/// One pair of the header's __metadata__.
typedef struct RnFileMeta {
    const char *key;
    const char *value;
} RnFileMeta;

typedef struct RnTensorFile RnTensorFile;

/// Opens a safetensors file; it is mapped, not copied. Refuses whatever the format forbids: a
/// header longer than the file, names twice, overlapping or uncovered bytes, sizes that do not fit
/// the shape. An index of several such files (X.safetensors.index.json) opens them all. A file of
/// another known kind (PyTorch's, a Git LFS pointer, ...) is RN_ERR_INPUT with a text that says what
/// it is; memory that ran out is RN_ERR_MEMORY and never said of the file. Free with
/// rn_tensor_file_close.
RnStatus rn_tensor_file_open(const char *path, RnTensorFile **out, RnError *err);
/// The same from memory, which is copied; `path` only names it in messages.
RnStatus rn_tensor_file_parse(const void *bytes, size_t size, const char *path, RnTensorFile **out,
                              RnError *err);
void rn_tensor_file_close(RnTensorFile *file); // accepts NULL

const char *rn_tensor_file_path(const RnTensorFile *file);
size_t rn_tensor_file_count(const RnTensorFile *file);
/// Tensor i, sorted by name.
const RnFileTensor *rn_tensor_file_at(const RnTensorFile *file, size_t i);
/// By name, or NULL.
const RnFileTensor *rn_tensor_file_find(const RnTensorFile *file, const char *name);
/// A metadata value, or NULL.
const char *rn_tensor_file_meta(const RnTensorFile *file, const char *key);

/// Writes a safetensors file; it appears whole (written aside, synced, renamed) or not at all.
/// Names must differ. shape, dtype and bytes must agree.
RnStatus rn_tensor_file_write(const char *path, const RnFileTensor *tensors, size_t count,
                              const RnFileMeta *meta, size_t meta_count, RnError *err);

#ifdef __cplusplus
}
#endif
#endif
