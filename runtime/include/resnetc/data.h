// data.h: pictures with labels: reading, shuffling, batches made beside training.
// Formats: IDX (LeCun, MNIST), plain or gzip; CIFAR-10 and CIFAR-100 binary; pairs of .npy;
// anything else through an RnPictureReader. Not here: how a picture becomes an image (picture.h),
// files of pictures (pictures.h).
#ifndef RESNETC_DATA_H
#define RESNETC_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resnetc/picture.h"
#include "resnetc/pool.h"
#include "resnetc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What pictures are for: to train, to test once, to validate while training.
typedef enum RnSplit { RN_SPLIT_TRAIN = 0, RN_SPLIT_TEST = 1, RN_SPLIT_VAL = 2 } RnSplit;

/// A data set: pixels in memory (8 bit, of one size), values in memory (float32, given to the model
/// as they are), or pictures that are read when they are needed.
typedef struct RnDataset {
    uint32_t count;
    uint32_t channels, height, width; // of the images a batch receives; 0 where pictures are read
                                      // and rn_dataset_set_transform has not said
    uint32_t stored_height, stored_width; // of the pixels
    const uint8_t *pixels;                // [count, channels, stored_height, stored_width] or NULL
    const float *values;                  // [count, channels, height, width] or NULL
    const uint32_t *labels;               // [count], or NULL when there are none
    uint32_t classes;                     // largest label + 1, or the number of names
    const char *const *class_names;       // `classes` names, or NULL
} RnDataset;

/// Where pictures come from that are not in memory. read is called on several threads at once; the
/// caller frees what it gives by rn_picture_free. It gives `channels` channels, or fails.
typedef struct RnPictureReader {
    void *context;
    RnStatus (*read)(const void *context, uint32_t index, uint32_t channels, RnPicture *out,
                     RnError *err);
    void (*close)(void *context); // when the data set is closed, or opening it fails
} RnPictureReader;

/// labels and class_names are copied; labels must be below classes.
RnStatus rn_dataset_open_reader(const RnPictureReader *reader, uint32_t count,
                                const uint32_t *labels, uint32_t classes,
                                const char *const *class_names, RnDataset **out, RnError *err);

/// Whether rn_dataset_open knows what this is by its name or by the files in it.
bool rn_dataset_knows(const char *spec);

/// Opens a data set by what the user typed:
///   "fashion-mnist", "mnist"  IDX files under /usr/share/datasets/NAME
///   "FOLDER"                  a folder with train-images-idx3-ubyte[.gz] and so on, with
///                             data_batch_1.bin ... and test_batch.bin (CIFAR-10), or with
///                             train.bin and test.bin (CIFAR-100, its fine labels); of several,
///                             the first of these
///   "x.npy,l.npy"             a pair, as rn_dataset_open_npy takes it; "x.npy" alone has no labels
///   "IMAGES,LABELS"           a pair of IDX files
/// A folder is one whatever its name. RN_ERR_MISSING where there is no such split: RN_SPLIT_VAL of
/// any of these, RN_SPLIT_TEST of pairs. resize: 0 keeps the size, else height = width = resize
/// (RN_ERR_USAGE for float images). Free with rn_dataset_close.
RnStatus rn_dataset_open(const char *spec, RnSplit split, uint32_t resize, RnDataset **out,
                         RnError *err);
RnStatus rn_dataset_open_idx(const char *images_path, const char *labels_path, uint32_t resize,
                             RnDataset **out, RnError *err);
/// x: float32 (or float64) [n, c, h, w], finite numbers, given to the model as they are; or uint8
/// pictures [n, c, h, w] or [n, h, w, c] of 1 or 3 channels (the first, where both could be meant),
/// which become images by rn_dataset_set_transform. labels (may be NULL): any integer type [n],
/// 0 .. 2^32 - 2.
RnStatus rn_dataset_open_npy(const char *x_path, const char *labels_path, RnDataset **out,
                             RnError *err);
void rn_dataset_close(RnDataset *data); // accepts NULL

/// From now on pictures become images so; height and width follow. Fails with RN_ERR_INPUT when the
/// channels do not fit; a picture that cannot be brought to the size is told when it is made.
/// Values in memory stay as they are. Not while a loader of the set lives: its batches have the
/// size that was.
RnStatus rn_dataset_set_transform(RnDataset *data, const RnTransform *transform, RnError *err);

/// RN_ERR_INPUT, naming the first, when a label is not below classes.
RnStatus rn_dataset_check_labels(const RnDataset *data, uint32_t classes, RnError *err);

/// Writes images order[first .. first + n) (order NULL: first .. first + n) to f32
/// [n, channels, height, width] and their labels to [n] (may be NULL). Needs first + n <= count.
/// pool may be NULL.
RnStatus rn_dataset_fill(const RnDataset *data, const uint32_t *order, uint32_t first, uint32_t n,
                         RnPool *pool, float *images, uint32_t *labels, RnError *err);

/// Leaves no more than `count` pictures: of a set of picture files as evenly from each class as they
/// come, else the first. RN_ERR_USAGE when count is 0. Not while a loader of the set lives.
RnStatus rn_dataset_limit(RnDataset *data, uint32_t count, RnError *err);

/// Told of each picture that cannot be read; calls come one at a time, from any thread of the pool.
typedef void (*RnBadPicture)(void *context, const RnError *why);

/// Reads every picture of a set of picture files once (on a pool, or NULL) and leaves out those that
/// cannot be read: *skipped of them. An epoch's order of the others is what it was. RN_ERR_INPUT when
/// none is left. Sets in memory stay as they are. Not while a loader of the set lives.
RnStatus rn_dataset_skip_bad(RnDataset *data, RnPool *pool, RnBadPicture on_bad, void *context,
                             uint32_t *skipped, RnError *err);

/// order = a permutation of 0 .. count - 1 that depends on seed and epoch alone (Fisher and Yates).
void rn_order_shuffle(uint32_t *order, uint32_t count, uint64_t seed, uint64_t epoch);

// ---- Batches
// -------------------------------------------------------------------------------------

typedef struct RnLoaderOptions {
    uint32_t batch; // images per batch; the last of an epoch has what is left
    bool shuffle;   // a new order each epoch, from seed and epoch
    uint64_t seed;
    RnAugment augment; // 8-bit pictures only
    unsigned threads;  // threads that make batches ahead; 0: rn_loader_next makes them itself
    uint32_t ahead;    // batches made ahead at most; 0: 2
    RnPool *pool;      // for threads == 0; may be NULL; borrowed
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

/// Batches of a data set, epoch after epoch without end: the same whatever the number of threads.
/// The data set must outlive it.
RnStatus rn_loader_create(const RnDataset *data, const RnLoaderOptions *options, RnLoader **out,
                          RnError *err);
void rn_loader_destroy(RnLoader *loader); // accepts NULL
/// The next batch; valid until the next call. What is wrong with a picture is told when its batch
/// comes.
RnStatus rn_loader_next(RnLoader *loader, RnBatch *batch, RnError *err);
/// Continues at image `first` of an epoch's order. first must be below the count.
RnStatus rn_loader_seek(RnLoader *loader, uint64_t epoch, uint32_t first, RnError *err);
/// Nanoseconds that rn_loader_next has taken so far: the caller's waiting for data.
uint64_t rn_loader_wait_ns(const RnLoader *loader);

#ifdef __cplusplus
}
#endif
#endif
