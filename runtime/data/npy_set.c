// npy_set.c: data sets of .npy files: float32 images as they are, or 8-bit pictures.
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"

// Which axis of uint8 [n, ...] holds 1 or 3 channels: 1 ([n, c, h, w], also where both could) or 3
// ([n, h, w, c]); 0: none.
static uint32_t channel_axis(const RnShape *s)
{
    if (s->dim[1] == 1 || s->dim[1] == 3) {
        return 1;
    }
    return s->dim[3] == 1 || s->dim[3] == 3 ? 3 : 0;
}

// u8 [n, h, w, c] -> [n, c, h, w]
static void split_planes(const uint8_t *in, uint64_t pictures, uint64_t pixels, uint64_t channels,
                         uint8_t *out)
{
    for (uint64_t i = 0; i < pictures; i++, in += pixels * channels, out += pixels * channels) {
        for (uint64_t c = 0; c < channels; c++) {
            for (uint64_t p = 0; p < pixels; p++) {
                out[c * pixels + p] = in[p * channels + c];
            }
        }
    }
}

// Pictures of 8 bits; the array's memory goes to the set, or is given back.
static RnStatus take_pixels(Dataset *d, const char *path, uint32_t resize, RnError *err)
{
    const RnShape s = d->values.shape;
    uint32_t axis = channel_axis(&s);
    char text[128];
    if (axis == 0) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: shape %s, but 8-bit pictures are [n, channels, height, width] or [n, "
                       "height, width, channels] of 1 or 3 channels",
                       path, rn_shape_text(&s, text, sizeof text));
    }
    if (axis == 3) {
        d->pixels = malloc(d->values.elements);
        if (d->pixels == NULL) {
            return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
        }
        split_planes(d->values.u8, s.dim[0], s.dim[1] * s.dim[2], s.dim[3], d->pixels);
        rn_npy_free(&d->values);
    }
    d->set.pixels = axis == 3 ? d->pixels : d->values.u8;
    d->set.count = (uint32_t)s.dim[0];
    d->set.channels = (uint32_t)s.dim[axis];
    d->set.stored_height = d->set.height = (uint32_t)s.dim[axis == 1 ? 2 : 1];
    d->set.stored_width = d->set.width = (uint32_t)s.dim[axis == 1 ? 3 : 2];
    return rni_dataset_plain_transform(d, resize, err);
}

static RnStatus read_images(Dataset *d, const char *path, uint32_t resize, RnError *err)
{
    RnStatus status = rn_npy_read(path, RN_NPY_IMAGES, &d->values, err);
    if (status != RN_OK) {
        return status;
    }
    const RnShape *shape = &d->values.shape;
    char text[128];
    rn_shape_text(shape, text, sizeof text);
    if (shape->rank != 4 || d->values.elements == 0) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: shape %s, but [n, channels, height, width] is needed", path, text);
    }
    for (uint32_t i = 0; i < 4; i++) {
        if (shape->dim[i] >= UINT32_MAX) {
            return rn_fail(err, RN_ERR_INPUT, "%s: shape %s is too large", path, text);
        }
    }
    if (d->values.u8 != NULL) {
        return take_pixels(d, path, resize, err);
    }
    if (resize != 0) {
        return rn_fail(err, RN_ERR_USAGE, "%s: resizing is for 8-bit pictures, not for floats",
                       path);
    }
    d->set.count = (uint32_t)shape->dim[0];
    d->set.channels = (uint32_t)shape->dim[1];
    d->set.stored_height = d->set.height = (uint32_t)shape->dim[2];
    d->set.stored_width = d->set.width = (uint32_t)shape->dim[3];
    d->set.values = d->values.f32;
    return rn_npy_check_finite(&d->values, path, err);
}

static RnStatus read_labels(Dataset *d, const char *path, RnError *err)
{
    RnNpy array;
    RnStatus status = rn_npy_read(path, RN_NPY_INT, &array, err);
    if (status != RN_OK) {
        return status;
    }
    char text[128];
    if (array.shape.rank != 1) {
        status = rn_fail(err, RN_ERR_INPUT, "%s: shape %s, but [n] is needed", path,
                         rn_shape_text(&array.shape, text, sizeof text));
    } else {
        status = rni_dataset_allocate_labels(d, array.elements, path, err);
    }
    for (size_t i = 0; i < array.elements && status == RN_OK; i++) {
        if (array.i64[i] < 0 || array.i64[i] >= (int64_t)UINT32_MAX) {
            status = rn_fail(err, RN_ERR_INPUT, "%s: label %lld of image %zu is out of range", path,
                             (long long)array.i64[i], i);
        }
        d->labels[i] = (uint32_t)array.i64[i];
    }
    rn_npy_free(&array);
    if (status == RN_OK) {
        rni_dataset_count_classes(d);
    }
    return status;
}

RnStatus rni_dataset_open_npy(const char *x_path, const char *labels_path, uint32_t resize,
                              RnDataset **out, RnError *err)
{
    *out = NULL;
    Dataset *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", x_path);
    }
    RnStatus status = read_images(d, x_path, resize, err);
    if (status == RN_OK && labels_path != NULL) {
        status = read_labels(d, labels_path, err);
    }
    return rni_dataset_finish(d, status, out);
}

RnStatus rn_dataset_open_npy(const char *x_path, const char *labels_path, RnDataset **out,
                             RnError *err)
{
    return rni_dataset_open_npy(x_path, labels_path, 0, out, err);
}
