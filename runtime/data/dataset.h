// dataset.h: a data set's private part, and the making of its images. Private to the runtime.
#ifndef RUNTIME_DATA_DATASET_H
#define RUNTIME_DATA_DATASET_H

#include "files/file_in.h"
#include "resnetc/data.h"
#include "resnetc/tensor_io.h"

// The public part comes first, so that a pointer to it is a pointer to the whole.
typedef struct Dataset {
    RnDataset set;
    FileBytes image_file, label_file;
    uint8_t *pixels; // gathered from several files
    RnNpy values;
    uint32_t *labels;
    char **names; // classes of them, or NULL
    RnTransform transform;
    RnPictureReader reader; // read NULL: everything is in memory
    uint32_t *kept;         // NULL, or the reader's number of each picture (rn_dataset_limit)
    // NULL, or the pictures that were there before bad ones were left out: what number each has now.
    // Orders and variations go by the former numbers, so that they stay what they were.
    uint32_t *number;
    uint32_t numbered;
} Dataset;

/// Gives a set that was opened well to the caller; closes another.
RnStatus rni_dataset_finish(Dataset *d, RnStatus status, RnDataset **out);
/// Memory for one label per image.
RnStatus rni_dataset_allocate_labels(Dataset *d, uint64_t count, const char *path, RnError *err);
/// Classes are the largest label and one.
void rni_dataset_count_classes(Dataset *d);
/// Pixels become images as they are, or resized to a square.
RnStatus rni_dataset_plain_transform(Dataset *d, uint32_t resize, RnError *err);
/// rn_dataset_open_npy; resize is for uint8 pictures.
RnStatus rni_dataset_open_npy(const char *x_path, const char *labels_path, uint32_t resize,
                              RnDataset **out, RnError *err);

/// The reader's number of picture i.
uint32_t rni_dataset_stored(const Dataset *d, uint32_t i);
/// How much rni_dataset_order writes; the first set.count entries are the order.
uint32_t rni_dataset_order_room(const RnDataset *data);
/// An epoch's order of the set's pictures.
void rni_dataset_order(const RnDataset *data, uint32_t *order, uint64_t seed, uint64_t epoch);

/// The images to be made: order[i] for image i of the batch, or first + i.
typedef struct FillJob {
    const Dataset *data;
    const uint32_t *order; // at the batch's first image; NULL: as stored
    uint32_t first;
    float *images; // f32 [n, channels, height, width]
    const RnAugment *augment;
    uint64_t seed, epoch;
} FillJob;

/// The first failure of a batch that several threads make, in the order of its images. Zero: none.
typedef struct FillFailure {
    uint32_t first; // image of the batch where the failed piece begins
    RnStatus status;
    RnError err;
} FillFailure;

/// Notes how the piece that begins at image `first` went. The caller locks.
void rni_fill_note(FillFailure *failure, uint32_t first, RnStatus status, const RnError *err);
/// RN_ERR_USAGE as long as nothing says how the set's pictures become images.
RnStatus rni_fill_check(const RnDataset *data, RnError *err);
/// Makes images lo .. hi - 1 of the batch. May run on several threads, each with its own scratch.
RnStatus rni_fill(const FillJob *job, uint32_t lo, uint32_t hi, RnTransformScratch *scratch,
                  RnError *err);
/// Labels of a batch's first n images, where there are some.
void rni_fill_labels(const FillJob *job, uint32_t n, uint32_t *labels);
/// Makes n images and their labels (may be NULL) on a pool (may be NULL).
RnStatus rni_fill_batch(const FillJob *job, uint32_t n, RnPool *pool, uint32_t *labels,
                        RnError *err);

#endif
