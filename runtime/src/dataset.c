// dataset.c: data sets: opening, and filling batches with their images.
#include "resnetc/data.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file_in.h"
#include "idx.h"
#include "memory.h"
#include "resnetc/random.h"
#include "resnetc/tensor_io.h"

static const size_t IDX_LIMIT = (size_t)8 << 30;

// The public part comes first, so that a pointer to it is a pointer to the whole.
typedef struct Dataset {
    RnDataset set;
    FileBytes image_file, label_file;
    RnNpy values;
    uint32_t *labels;
    RnResizer *resizer; // NULL: pixels keep their size
} Dataset;

static const char *const fashion_names[] = {"t-shirt", "trouser",   "pullover", "dress",
                                            "coat",    "sandal",    "shirt",    "sneaker",
                                            "bag",     "ankle boot"};
static const char *const digit_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

void rn_dataset_close(RnDataset *data)
{
    if (data == NULL)
        return;
    Dataset *d = (Dataset *)(void *)data;
    free(d->image_file.data);
    free(d->label_file.data);
    rn_npy_free(&d->values);
    free(d->labels);
    rn_resizer_destroy(d->resizer);
    free(d);
}

// Sets labels from a function of i; labels are copied to u32.
static RnStatus allocate_labels(Dataset *d, uint64_t count, const char *path, RnError *err)
{
    if (count != d->set.count)
        return rn_fail(err, RN_ERR_INPUT, "%s: %llu labels for %u images", path,
                       (unsigned long long)count, d->set.count);
    d->labels = calloc(d->set.count, sizeof *d->labels);
    if (d->labels == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    d->set.labels = d->labels;
    return RN_OK;
}

static void count_classes(Dataset *d)
{
    uint32_t largest = 0;
    for (uint32_t i = 0; i < d->set.count; i++)
        largest = d->labels[i] > largest ? d->labels[i] : largest;
    d->set.classes = largest + 1;
}

static RnStatus read_idx_images(Dataset *d, const char *path, uint32_t resize, RnError *err)
{
    Idx idx;
    RnStatus status = rni_file_read_gzip(path, IDX_LIMIT, &d->image_file, err);
    if (status == RN_OK)
        status = rni_idx_parse(d->image_file.data, d->image_file.size, path, 3, &idx, err);
    if (status != RN_OK)
        return status;
    d->set.count = idx.dim[0];
    d->set.channels = 1;
    d->set.stored_height = d->set.height = idx.dim[1];
    d->set.stored_width = d->set.width = idx.dim[2];
    d->set.pixels = idx.data;
    if (resize == 0)
        return RN_OK;
    d->set.height = d->set.width = resize;
    return rn_resizer_create(idx.dim[1], idx.dim[2], resize, resize, &d->resizer, err);
}

static RnStatus read_idx_labels(Dataset *d, const char *path, RnError *err)
{
    Idx idx;
    RnStatus status = rni_file_read_gzip(path, IDX_LIMIT, &d->label_file, err);
    if (status == RN_OK)
        status = rni_idx_parse(d->label_file.data, d->label_file.size, path, 1, &idx, err);
    if (status == RN_OK)
        status = allocate_labels(d, idx.dim[0], path, err);
    if (status != RN_OK)
        return status;
    for (uint32_t i = 0; i < d->set.count; i++)
        d->labels[i] = idx.data[i];
    count_classes(d);
    return RN_OK;
}

RnStatus rn_dataset_open_idx(const char *images_path, const char *labels_path, uint32_t resize,
                             RnDataset **out, RnError *err)
{
    *out = NULL;
    Dataset *d = calloc(1, sizeof *d);
    if (d == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", images_path);
    RnStatus status = read_idx_images(d, images_path, resize, err);
    if (status == RN_OK)
        status = read_idx_labels(d, labels_path, err);
    if (status != RN_OK) {
        rn_dataset_close(&d->set);
        return status;
    }
    *out = &d->set;
    return RN_OK;
}

static RnStatus read_npy_images(Dataset *d, const char *path, RnError *err)
{
    RnStatus status = rn_npy_read(path, RN_NPY_FLOAT, &d->values, err);
    if (status != RN_OK)
        return status;
    const RnShape *shape = &d->values.shape;
    char text[128];
    rn_shape_text(shape, text, sizeof text);
    if (shape->rank != 4 || d->values.elements == 0)
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: shape %s, but [n, channels, height, width] is needed", path, text);
    for (uint32_t i = 0; i < 4; i++) {
        if (shape->dim[i] >= UINT32_MAX)
            return rn_fail(err, RN_ERR_INPUT, "%s: shape %s is too large", path, text);
    }
    d->set.count = (uint32_t)shape->dim[0];
    d->set.channels = (uint32_t)shape->dim[1];
    d->set.stored_height = d->set.height = (uint32_t)shape->dim[2];
    d->set.stored_width = d->set.width = (uint32_t)shape->dim[3];
    d->set.values = d->values.f32;
    return RN_OK;
}

static RnStatus read_npy_labels(Dataset *d, const char *path, RnError *err)
{
    RnNpy array;
    RnStatus status = rn_npy_read(path, RN_NPY_INT, &array, err);
    if (status != RN_OK)
        return status;
    char text[128];
    if (array.shape.rank != 1)
        status = rn_fail(err, RN_ERR_INPUT, "%s: shape %s, but [n] is needed", path,
                         rn_shape_text(&array.shape, text, sizeof text));
    else
        status = allocate_labels(d, array.elements, path, err);
    for (size_t i = 0; i < array.elements && status == RN_OK; i++) {
        if (array.i64[i] < 0 || array.i64[i] >= (int64_t)UINT32_MAX)
            status = rn_fail(err, RN_ERR_INPUT, "%s: label %lld of image %zu is out of range", path,
                             (long long)array.i64[i], i);
        d->labels[i] = (uint32_t)array.i64[i];
    }
    rn_npy_free(&array);
    if (status == RN_OK)
        count_classes(d);
    return status;
}

RnStatus rn_dataset_open_npy(const char *x_path, const char *labels_path, RnDataset **out,
                             RnError *err)
{
    *out = NULL;
    Dataset *d = calloc(1, sizeof *d);
    if (d == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", x_path);
    RnStatus status = read_npy_images(d, x_path, err);
    if (status == RN_OK && labels_path != NULL)
        status = read_npy_labels(d, labels_path, err);
    if (status != RN_OK) {
        rn_dataset_close(&d->set);
        return status;
    }
    *out = &d->set;
    return RN_OK;
}

// FOLDER/NAME or FOLDER/NAME.gz, whichever exists.
static void idx_path(const char *folder, const char *name, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s/%s", folder, name);
    if (access(path, F_OK) != 0)
        snprintf(path, bytes, "%s/%s.gz", folder, name);
}

static RnStatus open_folder(const char *folder, RnSplit split, uint32_t resize, RnDataset **out,
                            RnError *err)
{
    bool train = split == RN_SPLIT_TRAIN;
    char images[4096], labels[4096];
    if (strlen(folder) > sizeof images - 64)
        return rn_fail(err, RN_ERR_USAGE, "the data folder's path is too long");
    idx_path(folder, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", images,
             sizeof images);
    idx_path(folder, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", labels,
             sizeof labels);
    return rn_dataset_open_idx(images, labels, resize, out, err);
}

static RnStatus open_npy_spec(const char *spec, RnSplit split, uint32_t resize, RnDataset **out,
                              RnError *err)
{
    if (split == RN_SPLIT_TEST)
        return rn_fail(err, RN_ERR_MISSING, "%s: a pair of .npy files has no test split", spec);
    if (resize != 0)
        return rn_fail(err, RN_ERR_USAGE, "%s: float images cannot be resized", spec);
    char *copy = strdup(spec);
    if (copy == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", spec);
    char *comma = strchr(copy, ',');
    if (comma != NULL)
        *comma = 0;
    RnStatus status = rn_dataset_open_npy(copy, comma ? comma + 1 : NULL, out, err);
    free(copy);
    return status;
}

RnStatus rn_dataset_open(const char *spec, RnSplit split, uint32_t resize, RnDataset **out,
                         RnError *err)
{
    *out = NULL;
    if (strstr(spec, ".npy") != NULL)
        return open_npy_spec(spec, split, resize, out, err);
    bool fashion = strcmp(spec, "fashion-mnist") == 0, digits = strcmp(spec, "mnist") == 0;
    char folder[64];
    snprintf(folder, sizeof folder, "/usr/share/datasets/%s", digits ? "mnist" : "fashion-mnist");
    RnStatus status = open_folder(fashion || digits ? folder : spec, split, resize, out, err);
    if (status != RN_OK)
        return status;
    RnDataset *set = *out;
    if ((fashion || digits) && set->classes == 10)
        set->class_names = fashion ? fashion_names : digit_names;
    return RN_OK;
}

RnStatus rn_dataset_check_labels(const RnDataset *data, uint32_t classes, RnError *err)
{
    for (uint32_t i = 0; data->labels != NULL && i < data->count; i++) {
        if (data->labels[i] >= classes)
            return rn_fail(
                err, RN_ERR_INPUT,
                "label %u of image %u is out of range: the model has %u classes, 0 to %u",
                data->labels[i], i, classes, classes ? classes - 1 : 0);
    }
    return RN_OK;
}

void rn_order_shuffle(uint32_t *order, uint32_t count, uint64_t seed, uint64_t epoch)
{
    uint64_t stream = rn_random_stream("shuffle") + epoch;
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)rn_random_below(seed, stream, i, i);
        uint32_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

typedef struct Fill {
    const Dataset *data;
    const uint32_t *order;
    uint32_t first;
    float *images;
    float unit[256]; // v / 255
    atomic_bool out_of_memory;
} Fill;

static uint64_t image_of(const Fill *f, uint32_t i)
{
    return f->order ? f->order[f->first + i] : f->first + i;
}

// One channel's pixels -> f32 [height, width] in [0, 1].
static void fill_plane(const Fill *f, const uint8_t *in, uint8_t *scratch, float *out)
{
    const RnDataset *set = &f->data->set;
    size_t n = (size_t)set->height * set->width;
    if (f->data->resizer != NULL) {
        rn_resizer_run(f->data->resizer, in, scratch, scratch + n);
        in = scratch;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = f->unit[in[i]];
}

static void fill_pixels(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    (void)worker;
    Fill *f = context;
    const RnDataset *set = &f->data->set;
    size_t plane = (size_t)set->height * set->width;
    size_t stored = (size_t)set->stored_height * set->stored_width;
    uint8_t *scratch = NULL;
    if (f->data->resizer != NULL) {
        scratch = malloc(plane + rn_resizer_scratch_bytes(f->data->resizer));
        if (scratch == NULL) {
            atomic_store(&f->out_of_memory, true);
            return;
        }
    }
    for (uint32_t i = lo; i < hi; i++) {
        for (uint32_t c = 0; c < set->channels; c++)
            fill_plane(f, set->pixels + (image_of(f, i) * set->channels + c) * stored, scratch,
                       f->images + ((size_t)i * set->channels + c) * plane);
    }
    free(scratch);
}

static void fill_values(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    (void)worker;
    const Fill *f = context;
    const RnDataset *set = &f->data->set;
    size_t image = (size_t)set->channels * set->height * set->width;
    for (uint32_t i = lo; i < hi; i++)
        memcpy(f->images + i * image, set->values + image_of(f, i) * image, image * sizeof(float));
}

RnStatus rn_dataset_fill(const RnDataset *data, const uint32_t *order, uint32_t first, uint32_t n,
                         RnPool *pool, float *images, uint32_t *labels, RnError *err)
{
    if (first > data->count || n > data->count - first)
        return rn_fail(err, RN_ERR_USAGE, "images %u to %u of a data set of %u", first, first + n,
                       data->count);
    Fill fill = {.data = (const Dataset *)(const void *)data,
                 .order = order,
                 .first = first,
                 .images = images};
    for (int i = 0; i < 256; i++)
        fill.unit[i] = (float)i / 255.0f;
    atomic_init(&fill.out_of_memory, false);
    rn_pool_for(pool, n, 8, data->pixels ? fill_pixels : fill_values, &fill);
    if (atomic_load(&fill.out_of_memory))
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for resizing images");
    for (uint32_t i = 0; labels != NULL && data->labels != NULL && i < n; i++)
        labels[i] = data->labels[image_of(&fill, i)];
    return RN_OK;
}
