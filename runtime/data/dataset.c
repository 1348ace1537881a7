// dataset.c: opens data sets.
// Not here: their images (fill.c).
#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/cifar.h"
#include "data/idx.h"
#include "resnetc/random.h"
#include "resnetc/tensor_io.h"

static const size_t IDX_LIMIT = (size_t)8 << 30, CIFAR_LIMIT = (size_t)1 << 30;

static const char *const fashion_names[] = {"t-shirt", "trouser",   "pullover", "dress",
                                            "coat",    "sandal",    "shirt",    "sneaker",
                                            "bag",     "ankle boot"};
static const char *const cifar_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};
static const char *const digit_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

void rn_dataset_close(RnDataset *data)
{
    if (data == NULL) {
        return;
    }
    Dataset *d = (Dataset *)(void *)data;
    free(d->image_file.data);
    free(d->label_file.data);
    free(d->pixels);
    rn_npy_free(&d->values);
    free(d->labels);
    for (uint32_t i = 0; d->names != NULL && i < d->set.classes; i++) {
        free(d->names[i]);
    }
    free(d->names);
    free(d->kept);
    free(d->number);
    if (d->reader.close != NULL) {
        d->reader.close(d->reader.context);
    }
    free(d);
}

RnStatus rni_dataset_finish(Dataset *d, RnStatus status, RnDataset **out)
{
    if (status == RN_OK) {
        *out = &d->set;
    } else {
        rn_dataset_close(&d->set);
    }
    return status;
}

RnStatus rni_dataset_allocate_labels(Dataset *d, uint64_t count, const char *path, RnError *err)
{
    if (count != d->set.count) {
        return rn_fail(err, RN_ERR_INPUT, "%s: %llu labels for %u images", path,
                       (unsigned long long)count, d->set.count);
    }
    d->labels = calloc(d->set.count, sizeof *d->labels);
    if (d->labels == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    d->set.labels = d->labels;
    return RN_OK;
}

void rni_dataset_count_classes(Dataset *d)
{
    uint32_t largest = 0;
    for (uint32_t i = 0; i < d->set.count; i++) {
        largest = d->labels[i] > largest ? d->labels[i] : largest;
    }
    d->set.classes = largest + 1;
}

RnStatus rni_dataset_plain_transform(Dataset *d, uint32_t resize, RnError *err)
{
    RnPreprocess p = {.resize_height = resize, .resize_width = resize};
    RnTransform t;
    uint32_t height = resize ? resize : d->set.stored_height;
    rn_transform_init(&t, d->set.channels, height, resize ? resize : d->set.stored_width, &p);
    return rn_dataset_set_transform(&d->set, &t, err);
}

static RnStatus read_idx_images(Dataset *d, const char *path, uint32_t resize, RnError *err)
{
    Idx idx;
    RnStatus status = rni_file_read_gzip(path, IDX_LIMIT, &d->image_file, err);
    if (status == RN_OK) {
        status = rni_idx_parse(d->image_file.data, d->image_file.size, path, 3, &idx, err);
    }
    if (status != RN_OK) {
        return status;
    }
    d->set.count = idx.dim[0];
    d->set.channels = 1;
    d->set.stored_height = d->set.height = idx.dim[1];
    d->set.stored_width = d->set.width = idx.dim[2];
    d->set.pixels = idx.data;
    return rni_dataset_plain_transform(d, resize, err);
}

static RnStatus read_idx_labels(Dataset *d, const char *path, RnError *err)
{
    Idx idx;
    RnStatus status = rni_file_read_gzip(path, IDX_LIMIT, &d->label_file, err);
    if (status == RN_OK) {
        status = rni_idx_parse(d->label_file.data, d->label_file.size, path, 1, &idx, err);
    }
    if (status == RN_OK) {
        status = rni_dataset_allocate_labels(d, idx.dim[0], path, err);
    }
    if (status != RN_OK) {
        return status;
    }
    for (uint32_t i = 0; i < d->set.count; i++) {
        d->labels[i] = idx.data[i];
    }
    rni_dataset_count_classes(d);
    return RN_OK;
}

RnStatus rn_dataset_open_idx(const char *images_path, const char *labels_path, uint32_t resize,
                             RnDataset **out, RnError *err)
{
    *out = NULL;
    Dataset *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", images_path);
    }
    RnStatus status = read_idx_images(d, images_path, resize, err);
    if (status == RN_OK) {
        status = read_idx_labels(d, labels_path, err);
    }
    return rni_dataset_finish(d, status, out);
}

static RnStatus copy_names(Dataset *d, const char *const *names, RnError *err)
{
    d->names = calloc((size_t)d->set.classes + 1, sizeof *d->names);
    bool ok = d->names != NULL;
    for (uint32_t i = 0; ok && i < d->set.classes; i++) {
        d->names[i] = strdup(names[i]);
        ok = d->names[i] != NULL;
    }
    d->set.class_names = (const char *const *)d->names;
    return ok ? RN_OK : rn_fail(err, RN_ERR_MEMORY, "out of memory for class names");
}

RnStatus rn_dataset_open_reader(const RnPictureReader *reader, uint32_t count,
                                const uint32_t *labels, uint32_t classes,
                                const char *const *class_names, RnDataset **out, RnError *err)
{
    *out = NULL;
    Dataset *d = calloc(1, sizeof *d);
    if (d == NULL) {
        if (reader->close != NULL) {
            reader->close(reader->context);
        }
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
    }
    d->reader = *reader;
    d->set.count = count;
    d->set.classes = classes;
    RnStatus status = count == 0 ? rn_fail(err, RN_ERR_INPUT, "a data set of no pictures") : RN_OK;
    if (status == RN_OK && labels != NULL) {
        status = rni_dataset_allocate_labels(d, count, "data set", err);
    }
    if (status == RN_OK && labels != NULL) {
        memcpy(d->labels, labels, count * sizeof *labels);
    }
    if (status == RN_OK && class_names != NULL) {
        status = copy_names(d, class_names, err);
    }
    return rni_dataset_finish(d, status, out);
}

// FOLDER/NAME or FOLDER/NAME.gz, whichever exists.
static void idx_path(const char *folder, const char *name, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s/%s", folder, name);
    if (access(path, F_OK) != 0) {
        snprintf(path, bytes, "%s/%s.gz", folder, name);
    }
}

static bool has_idx(const char *folder, const char *part)
{
    char name[64], path[4096];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
    idx_path(folder, name, path, sizeof path);
    return access(path, F_OK) == 0;
}

static RnStatus open_folder(const char *folder, RnSplit split, uint32_t resize, RnDataset **out,
                            RnError *err)
{
    bool train = split == RN_SPLIT_TRAIN;
    char images[4096], labels[4096];
    if (strlen(folder) > sizeof images - 64) {
        return rn_fail(err, RN_ERR_USAGE, "the data folder's path is too long");
    }
    if (!has_idx(folder, "train") && !has_idx(folder, "t10k")) {
        return rn_fail(err, RN_ERR_IO,
                       "%s: no data set is here: no IDX files (train-images-idx3-ubyte), no CIFAR "
                       "files (data_batch_1.bin or train.bin), no folders of pictures",
                       folder);
    }
    idx_path(folder, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", images,
             sizeof images);
    idx_path(folder, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", labels,
             sizeof labels);
    return rn_dataset_open_idx(images, labels, resize, out, err);
}

// Copies a file's pictures behind those that are there already.
static RnStatus append_cifar(Dataset *d, const CifarFile *file, const char *path, RnError *err)
{
    size_t old = d->set.count, count = old + file->count;
    uint8_t *pixels = realloc(d->pixels, count * CIFAR_PIXELS);
    d->pixels = pixels != NULL ? pixels : d->pixels;
    uint32_t *labels = realloc(d->labels, count * sizeof *labels);
    d->labels = labels != NULL ? labels : d->labels;
    if (pixels == NULL || labels == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    rni_cifar_copy(file, pixels + old * CIFAR_PIXELS, labels + old);
    d->set.count = (uint32_t)count;
    return RN_OK;
}

static RnStatus add_cifar(Dataset *d, const char *path, CifarKind kind, RnError *err)
{
    FileBytes bytes;
    RnStatus status = rni_file_read_gzip(path, CIFAR_LIMIT, &bytes, err);
    if (status != RN_OK) {
        return status;
    }
    CifarFile file;
    status = rni_cifar_parse(bytes.data, bytes.size, path, kind, &file, err);
    if (status == RN_OK) {
        status = append_cifar(d, &file, path, err);
    }
    free(bytes.data);
    return status;
}

// The five training files of CIFAR-10, or the one file of everything else.
static RnStatus read_cifar(Dataset *d, const char *folder, CifarKind kind, bool train, RnError *err)
{
    char path[4096];
    RnStatus status = RN_OK;
    if (kind == CIFAR_100 || !train) {
        snprintf(path, sizeof path, "%s/%s", folder,
                 kind == CIFAR_10 ? "test_batch.bin"
                 : train          ? "train.bin"
                                  : "test.bin");
        return add_cifar(d, path, kind, err);
    }
    for (int i = 1; i <= 5 && status == RN_OK; i++) {
        snprintf(path, sizeof path, "%s/data_batch_%d.bin", folder, i);
        status = add_cifar(d, path, kind, err);
    }
    return status;
}

static RnStatus open_cifar(const char *folder, CifarKind kind, RnSplit split, uint32_t resize,
                           RnDataset **out, RnError *err)
{
    Dataset *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", folder);
    }
    RnStatus status = read_cifar(d, folder, kind, split == RN_SPLIT_TRAIN, err);
    if (status == RN_OK) {
        d->set.channels = 3;
        d->set.stored_height = d->set.stored_width = CIFAR_SIDE;
        d->set.pixels = d->pixels;
        d->set.labels = d->labels;
        d->set.classes = kind == CIFAR_10 ? 10 : 100;
        d->set.class_names = kind == CIFAR_10 ? cifar_names : NULL;
        status = rni_dataset_plain_transform(d, resize, err);
    }
    return rni_dataset_finish(d, status, out);
}

// "IMAGES,LABELS", two .npy or two IDX files, or one .npy.
static RnStatus open_pair(const char *spec, bool npy, RnSplit split, uint32_t resize,
                          RnDataset **out, RnError *err)
{
    if (split != RN_SPLIT_TRAIN) {
        return rn_fail(err, RN_ERR_MISSING, "%s: a pair of files has no splits", spec);
    }
    char *copy = strdup(spec);
    if (copy == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", spec);
    }
    char *comma = strchr(copy, ',');
    if (comma != NULL) {
        *comma = 0;
    }
    const char *labels = comma != NULL ? comma + 1 : NULL;
    RnStatus status = npy ? rni_dataset_open_npy(copy, labels, resize, out, err)
                          : rn_dataset_open_idx(copy, labels, resize, out, err);
    free(copy);
    return status;
}

typedef enum SetKind {
    SET_UNKNOWN,
    SET_NPY,
    SET_IDX_PAIR,
    SET_FASHION,
    SET_DIGITS,
    SET_IDX,
    SET_CIFAR_10,
    SET_CIFAR_100
} SetKind;

// Does the file of images, what stands before a comma, end with .npy?
static bool is_npy(const char *spec)
{
    static const char end[] = ".npy";
    size_t n = strcspn(spec, ","), k = sizeof end - 1;
    return n > k && strncmp(spec + n - k, end, k) == 0;
}

// What the user typed. A folder is one whatever its name; names come before folders, IDX files before CIFAR's, whose names say less.
static SetKind classify(const char *spec)
{
    struct stat info;
    bool folder = stat(spec, &info) == 0 && S_ISDIR(info.st_mode);
    if (!folder && is_npy(spec)) {
        return SET_NPY;
    }
    if (!folder && strchr(spec, ',') != NULL) {
        return SET_IDX_PAIR;
    }
    if (strcmp(spec, "fashion-mnist") == 0) {
        return SET_FASHION;
    }
    if (strcmp(spec, "mnist") == 0) {
        return SET_DIGITS;
    }
    if (has_idx(spec, "train") || has_idx(spec, "t10k")) {
        return SET_IDX;
    }
    CifarKind kind;
    if (!rni_cifar_detect(spec, &kind)) {
        return SET_UNKNOWN;
    }
    return kind == CIFAR_10 ? SET_CIFAR_10 : SET_CIFAR_100;
}

bool rn_dataset_knows(const char *spec)
{
    return classify(spec) != SET_UNKNOWN;
}

// A set of ten classes that has a name.
static RnStatus open_named(const char *folder, const char *const *names, RnSplit split,
                           uint32_t resize, RnDataset **out, RnError *err)
{
    RnStatus status = open_folder(folder, split, resize, out, err);
    if (status == RN_OK && (*out)->classes == 10) {
        (*out)->class_names = names;
    }
    return status;
}

RnStatus rn_dataset_open(const char *spec, RnSplit split, uint32_t resize, RnDataset **out,
                         RnError *err)
{
    *out = NULL;
    SetKind kind = classify(spec);
    if (split == RN_SPLIT_VAL) {
        return rn_fail(err, RN_ERR_MISSING, "%s: this kind of set has no validation split", spec);
    }
    switch (kind) {
    case SET_NPY:
        return open_pair(spec, true, split, resize, out, err);
    case SET_IDX_PAIR:
        return open_pair(spec, false, split, resize, out, err);
    case SET_FASHION:
        return open_named("/usr/share/datasets/fashion-mnist", fashion_names, split, resize, out,
                          err);
    case SET_DIGITS:
        return open_named("/usr/share/datasets/mnist", digit_names, split, resize, out, err);
    case SET_CIFAR_10:
        return open_cifar(spec, CIFAR_10, split, resize, out, err);
    case SET_CIFAR_100:
        return open_cifar(spec, CIFAR_100, split, resize, out, err);
    case SET_IDX:
    case SET_UNKNOWN: // says what is looked for
        break;
    }
    return open_folder(spec, split, resize, out, err);
}

RnStatus rn_dataset_check_labels(const RnDataset *data, uint32_t classes, RnError *err)
{
    for (uint32_t i = 0; data->labels != NULL && i < data->count; i++) {
        if (data->labels[i] >= classes) {
            return rn_fail(
                err, RN_ERR_INPUT,
                "label %u of image %u is out of range: the model has %u classes, 0 to %u",
                data->labels[i], i, classes, classes ? classes - 1 : 0);
        }
    }
    return RN_OK;
}
