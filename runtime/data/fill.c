// fill.c: makes the images of a batch, from pixels, values or a reader.
// Not here: what is done with a picture (transform.c), which images make a batch (loader.c).
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"

static const Dataset *whole(const RnDataset *data)
{
    return (const Dataset *)(const void *)data;
}

static uint32_t image_of(const FillJob *job, uint32_t i)
{
    return job->order != NULL ? job->order[i] : job->first + i;
}

// Picture i in memory (nothing to free) or read (free its pixels).
static RnStatus get_picture(const Dataset *d, uint32_t i, RnPicture *out, RnError *err)
{
    if (d->reader.read != NULL) {
        return d->reader.read(d->reader.context, rni_dataset_stored(d, i), d->transform.channels,
                              out, err);
    }
    size_t bytes = (size_t)d->set.channels * d->set.stored_height * d->set.stored_width;
    *out = (RnPicture){d->set.channels, d->set.stored_height, d->set.stored_width,
                       d->set.pixels + i * bytes};
    return RN_OK;
}

static RnStatus fill_picture(const FillJob *job, uint32_t i, float *image,
                             RnTransformScratch *scratch, RnError *err)
{
    const Dataset *d = job->data;
    RnPicture picture;
    RnStatus status = get_picture(d, image_of(job, i), &picture, err);
    if (status != RN_OK) {
        return status;
    }
    // The reader's number decides, so that leaving other pictures out changes nothing.
    RnDraw draw = {job->seed, job->epoch, rni_dataset_stored(d, image_of(job, i))};
    RnError why = {0};
    status = rn_transform_run(&d->transform, job->augment, &draw, &picture, image, scratch, &why);
    if (d->reader.read != NULL) {
        rn_picture_free(&picture);
    }
    return status == RN_OK ? RN_OK
                           : rn_fail(err, status, "picture %u: %s", image_of(job, i), why.text);
}

RnStatus rni_fill(const FillJob *job, uint32_t lo, uint32_t hi, RnTransformScratch *scratch,
                  RnError *err)
{
    const RnDataset *set = &job->data->set;
    size_t size = (size_t)set->channels * set->height * set->width;
    RnStatus status = RN_OK;
    for (uint32_t i = lo; i < hi && status == RN_OK; i++) {
        float *image = job->images + i * size;
        if (set->values != NULL) {
            memcpy(image, set->values + image_of(job, i) * size, size * sizeof *image);
        } else {
            status = fill_picture(job, i, image, scratch, err);
        }
    }
    return status;
}

void rni_fill_labels(const FillJob *job, uint32_t n, uint32_t *labels)
{
    const RnDataset *set = &job->data->set;
    for (uint32_t i = 0; labels != NULL && set->labels != NULL && i < n; i++) {
        labels[i] = set->labels[image_of(job, i)];
    }
}

RnStatus rn_dataset_set_transform(RnDataset *data, const RnTransform *t, RnError *err)
{
    Dataset *d = (Dataset *)(void *)data;
    if (data->values != NULL) {
        return RN_OK;
    }
    if (t->channels == 0 || t->channels > RN_PICTURE_CHANNELS ||
        (data->pixels != NULL && t->channels != data->channels)) {
        return rn_fail(err, RN_ERR_INPUT, "the pictures have %s channels, the model takes %u",
                       data->pixels == NULL  ? "1 or 3"
                       : data->channels == 1 ? "1"
                                             : "3",
                       t->channels);
    }
    d->transform = *t;
    data->channels = t->channels;
    data->height = t->height;
    data->width = t->width;
    return RN_OK;
}

void rni_fill_note(FillFailure *f, uint32_t first, RnStatus status, const RnError *err)
{
    if (status != RN_OK && (f->status == RN_OK || first < f->first)) {
        *f = (FillFailure){.first = first, .status = status, .err = *err};
    }
}

RnStatus rni_fill_check(const RnDataset *data, RnError *err)
{
    if (data->height == 0) {
        return rn_fail(err, RN_ERR_USAGE, "nothing says how these pictures become images");
    }
    return RN_OK;
}

// One call's work over a pool.
typedef struct PoolFill {
    const FillJob *job;
    RnTransformScratch *scratch; // of each worker
    pthread_mutex_t lock;
    FillFailure failure;
} PoolFill;

static void fill_range(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    PoolFill *f = context;
    RnError err = {0};
    RnStatus status = rni_fill(f->job, lo, hi, &f->scratch[worker], &err);
    pthread_mutex_lock(&f->lock);
    rni_fill_note(&f->failure, lo, status, &err);
    pthread_mutex_unlock(&f->lock);
}

// job's images on a pool (or NULL).
static RnStatus fill_on_pool(const FillJob *job, uint32_t n, RnPool *pool, RnError *err)
{
    unsigned workers = pool != NULL ? rn_pool_threads(pool) : 1;
    PoolFill f = {.job = job, .scratch = calloc(workers, sizeof *f.scratch)};
    if (f.scratch == NULL || pthread_mutex_init(&f.lock, NULL) != 0) {
        free(f.scratch);
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for pictures");
    }
    rn_pool_for(pool, n, 8, fill_range, &f);
    pthread_mutex_destroy(&f.lock);
    for (unsigned i = 0; i < workers; i++) {
        rn_transform_scratch_free(&f.scratch[i]);
    }
    free(f.scratch);
    if (f.failure.status != RN_OK && err != NULL) {
        *err = f.failure.err;
    }
    return f.failure.status;
}

RnStatus rni_fill_batch(const FillJob *job, uint32_t n, RnPool *pool, uint32_t *labels,
                        RnError *err)
{
    rni_fill_labels(job, n, labels);
    return fill_on_pool(job, n, pool, err);
}

RnStatus rn_dataset_fill(const RnDataset *data, const uint32_t *order, uint32_t first, uint32_t n,
                         RnPool *pool, float *images, uint32_t *labels, RnError *err)
{
    if (first > data->count || n > data->count - first) {
        return rn_fail(err, RN_ERR_USAGE, "images %u to %u of a data set of %u", first, first + n,
                       data->count);
    }
    RnStatus status = rni_fill_check(data, err);
    if (status != RN_OK) {
        return status;
    }
    FillJob job = {.data = whole(data),
                   .order = order != NULL ? order + first : NULL,
                   .first = first,
                   .images = images};
    return rni_fill_batch(&job, n, pool, labels, err);
}
