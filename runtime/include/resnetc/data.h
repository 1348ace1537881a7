// data.h: pictures with labels: reading, resizing, shuffling, batches.
// Formats: IDX (LeCun, MNIST), plain or gzip; pairs of .npy.
#ifndef RESNETC_DATA_H
#define RESNETC_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resnetc/pool.h"
#include "resnetc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum RnSplit { RN_SPLIT_TRAIN = 0, RN_SPLIT_TEST = 1 } RnSplit;

/// A data set in memory. Either pixels (8 bit, stored size; resized and divided by 255 when a batch
/// is filled) or values (float32, given to the model as they are).
typedef struct RnDataset {
    uint32_t count, channels, height, width; // of the images a batch receives
    uint32_t stored_height, stored_width;    // of the pixels, before resizing
    const uint8_t *pixels;          // [count, channels, stored_height, stored_width] or NULL
    const float *values;            // [count, channels, height, width] or NULL
    const uint32_t *labels;         // [count], or NULL when there are none
    uint32_t classes;               // largest label + 1
    const char *const *class_names; // `classes` names, or NULL
} RnDataset;

/// Opens a data set by what the user typed:
///   "fashion-mnist", "mnist"  IDX files under /usr/share/datasets/NAME
///   "FOLDER"                  a folder with train-images-idx3-ubyte[.gz] and so on
///   "x.npy,l.npy"             a pair; "x.npy" alone has no labels (RN_SPLIT_TEST of these:
///   RN_ERR_MISSING)
/// resize: 0 keeps the size, else height = width = resize (IDX only). Free with rn_dataset_close.
RnStatus rn_dataset_open(const char *spec, RnSplit split, uint32_t resize, RnDataset **out,
                         RnError *err);
RnStatus rn_dataset_open_idx(const char *images_path, const char *labels_path, uint32_t resize,
                             RnDataset **out, RnError *err);
/// x: float32 (or float64) [n, c, h, w]; labels (may be NULL): any integer type [n], 0 .. 2^32 - 2.
RnStatus rn_dataset_open_npy(const char *x_path, const char *labels_path, RnDataset **out,
                             RnError *err);
void rn_dataset_close(RnDataset *data); // accepts NULL

/// RN_ERR_INPUT, naming the first, when a label is not below classes.
RnStatus rn_dataset_check_labels(const RnDataset *data, uint32_t classes, RnError *err);

/// Writes images order[first .. first + n) (order NULL: first .. first + n) to f32
/// [n, channels, height, width] and their labels to [n] (may be NULL). Needs first + n <= count.
/// pool may be NULL.
RnStatus rn_dataset_fill(const RnDataset *data, const uint32_t *order, uint32_t first, uint32_t n,
                         RnPool *pool, float *images, uint32_t *labels, RnError *err);

/// order = a permutation of 0 .. count - 1 that depends on seed and epoch alone (Fisher and Yates).
void rn_order_shuffle(uint32_t *order, uint32_t count, uint64_t seed, uint64_t epoch);

/// Resizes 8-bit planes as Pillow's Image.resize(..., BILINEAR) does, bit for bit: two passes of a
/// triangle filter, widened when shrinking, in fixed point, rounded to 8 bits after each.
typedef struct RnResizer RnResizer;
RnStatus rn_resizer_create(uint32_t in_h, uint32_t in_w, uint32_t out_h, uint32_t out_w,
                           RnResizer **out, RnError *err);
void rn_resizer_destroy(RnResizer *resizer); // accepts NULL
/// Bytes of scratch one call needs.
size_t rn_resizer_scratch_bytes(const RnResizer *resizer);
/// in: u8 [in_h, in_w]; out: u8 [out_h, out_w]. May run on several threads at once.
void rn_resizer_run(const RnResizer *resizer, const uint8_t *in, uint8_t *out, uint8_t *scratch);

// ---- Batches
// -------------------------------------------------------------------------------------

typedef struct RnLoaderOptions {
    uint32_t batch; // images per batch; the last of an epoch has what is left
    bool shuffle;   // a new order each epoch, from seed and epoch
    uint64_t seed;
    RnPool *pool; // may be NULL; borrowed
} RnLoaderOptions;

typedef struct RnBatch {
    const float *images;    // f32 [count, channels, height, width], 64-byte aligned
    const uint32_t *labels; // [count], or NULL
    uint32_t count;
    uint64_t epoch; // from 0
    uint32_t first; // place of image 0 in the epoch's order
    bool last;      // the epoch's last batch
} RnBatch;

typedef struct RnLoader RnLoader;

/// Batches of a data set, epoch after epoch without end. The data set must outlive it.
RnStatus rn_loader_create(const RnDataset *data, const RnLoaderOptions *options, RnLoader **out,
                          RnError *err);
void rn_loader_destroy(RnLoader *loader); // accepts NULL
/// The next batch; valid until the next call.
RnStatus rn_loader_next(RnLoader *loader, RnBatch *batch, RnError *err);
/// Continues at image `first` of an epoch's order. first must be below the count.
RnStatus rn_loader_seek(RnLoader *loader, uint64_t epoch, uint32_t first, RnError *err);

#ifdef __cplusplus
}
#endif
#endif
