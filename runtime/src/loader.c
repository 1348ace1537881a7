// loader.c: batches of a data set, epoch after epoch.
#include "resnetc/data.h"

#include <stdlib.h>

#include "memory.h"

struct RnLoader {
    const RnDataset *data;
    RnLoaderOptions options;
    uint64_t epoch;
    uint32_t first;  // next image of the epoch's order
    uint32_t *order; // NULL: as stored
    float *images;   // one batch
    uint32_t *labels;
};

static void start_epoch(RnLoader *l, uint64_t epoch)
{
    l->epoch = epoch;
    l->first = 0;
    if (l->order != NULL)
        rn_order_shuffle(l->order, l->data->count, l->options.seed, epoch);
}

RnStatus rn_loader_create(const RnDataset *data, const RnLoaderOptions *options, RnLoader **out,
                          RnError *err)
{
    *out = NULL;
    if (options->batch == 0)
        return rn_fail(err, RN_ERR_BATCH, "a batch of 0 images");
    RnLoader *l = calloc(1, sizeof *l);
    if (l == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for batches");
    l->data = data;
    l->options = *options;
    if (l->options.batch > data->count)
        l->options.batch = data->count;
    uint64_t bytes = sizeof(float);
    const uint32_t dims[] = {l->options.batch, data->channels, data->height, data->width};
    bool fits = true;
    for (int i = 0; i < 4; i++)
        fits = fits && checked_mul(bytes, dims[i], &bytes);
    l->images = fits ? rni_memory_aligned(bytes, MEMORY_ALIGN) : NULL;
    l->labels = calloc(l->options.batch, sizeof *l->labels);
    if (options->shuffle)
        l->order = calloc(data->count, sizeof *l->order);
    if (!l->images || !l->labels || (options->shuffle && !l->order)) {
        rn_loader_destroy(l);
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for batches of %u images",
                       options->batch);
    }
    start_epoch(l, 0);
    *out = l;
    return RN_OK;
}

void rn_loader_destroy(RnLoader *l)
{
    if (l == NULL)
        return;
    free(l->images);
    free(l->labels);
    free(l->order);
    free(l);
}

RnStatus rn_loader_next(RnLoader *l, RnBatch *batch, RnError *err)
{
    const RnDataset *d = l->data;
    if (l->first >= d->count)
        start_epoch(l, l->epoch + 1);
    uint32_t left = d->count - l->first;
    uint32_t n = left < l->options.batch ? left : l->options.batch;
    RnStatus status =
        rn_dataset_fill(d, l->order, l->first, n, l->options.pool, l->images, l->labels, err);
    if (status != RN_OK)
        return status;
    *batch = (RnBatch){.images = l->images,
                       .labels = d->labels ? l->labels : NULL,
                       .count = n,
                       .epoch = l->epoch,
                       .first = l->first,
                       .last = n == left};
    l->first += n;
    return RN_OK;
}

RnStatus rn_loader_seek(RnLoader *l, uint64_t epoch, uint32_t first, RnError *err)
{
    if (first >= l->data->count)
        return rn_fail(err, RN_ERR_USAGE, "image %u of a data set of %u", first, l->data->count);
    start_epoch(l, epoch);
    l->first = first;
    return RN_OK;
}
