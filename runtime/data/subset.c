// subset.c: part of a data set's pictures, and the order in which an epoch takes them.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "resnetc/random.h"

static Dataset *whole(RnDataset *data)
{
    return (Dataset *)(void *)data;
}

uint32_t rni_dataset_stored(const Dataset *d, uint32_t i)
{
    return d->kept != NULL ? d->kept[i] : i;
}

// Keeps the pictures with keep[i]; the order stays.
static RnStatus keep_some(Dataset *d, const bool *keep, RnError *err)
{
    uint32_t *kept = malloc(((size_t)d->set.count + 1) * sizeof *kept), n = 0;
    if (kept == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
    }
    for (uint32_t i = 0; i < d->set.count; i++) {
        if (!keep[i]) {
            continue;
        }
        kept[n] = rni_dataset_stored(d, i);
        if (d->labels != NULL) {
            d->labels[n] = d->labels[i];
        }
        n++;
    }
    free(d->kept);
    d->kept = kept;
    d->set.count = n;
    return RN_OK;
}

// Marks `wanted` pictures: one of each class in turn, as long as it has some, in their order.
static RnStatus choose_evenly(const Dataset *d, uint32_t wanted, bool *keep, RnError *err)
{
    uint32_t classes = d->set.classes, left = wanted;
    uint32_t *counts = calloc((size_t)classes + 1, sizeof *counts);
    uint32_t *quotas = calloc((size_t)classes + 1, sizeof *quotas);
    bool ok = counts != NULL && quotas != NULL;
    for (uint32_t i = 0; ok && i < d->set.count; i++) {
        counts[d->labels[i]]++;
    }
    while (ok && left > 0) { // each round gives a picture to every class that has more
        for (uint32_t c = 0; c < classes && left > 0; c++) {
            if (quotas[c] < counts[c]) {
                quotas[c]++;
                left--;
            }
        }
    }
    for (uint32_t i = 0; ok && i < d->set.count; i++) {
        uint32_t *quota = &quotas[d->labels[i]];
        keep[i] = *quota > 0;
        *quota -= keep[i];
    }
    free(counts);
    free(quotas);
    return ok ? RN_OK : rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
}

RnStatus rn_dataset_limit(RnDataset *data, uint32_t count, RnError *err)
{
    Dataset *d = whole(data);
    if (count >= data->count) {
        return RN_OK;
    }
    if (count == 0) {
        return rn_fail(err, RN_ERR_USAGE, "a data set of no pictures");
    }
    if (d->reader.read == NULL || d->labels == NULL) {
        data->count = count;
        return RN_OK;
    }
    bool *keep = calloc(data->count, sizeof *keep);
    if (keep == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
    }
    RnStatus status = choose_evenly(d, count, keep, err);
    if (status == RN_OK) {
        status = keep_some(d, keep, err);
    }
    free(keep);
    return status;
}

// The reading of all pictures on a pool.
typedef struct Check {
    const Dataset *data;
    bool *good;
    pthread_mutex_t lock;
    RnBadPicture on_bad;
    void *context;
    uint32_t bad;
    RnStatus status; // of a failure that is not a picture's fault
    RnError err;
} Check;

static void check_range(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    Check *c = context;
    const Dataset *d = c->data;
    uint32_t channels = d->transform.channels ? d->transform.channels : RN_PICTURE_CHANNELS;
    (void)worker;
    for (uint32_t i = lo; i < hi; i++) {
        RnPicture picture = {0};
        RnError err = {0};
        RnStatus status =
            d->reader.read(d->reader.context, rni_dataset_stored(d, i), channels, &picture, &err);
        rn_picture_free(&picture);
        c->good[i] = status == RN_OK;
        if (status == RN_OK) {
            continue;
        }
        pthread_mutex_lock(&c->lock);
        if (status == RN_ERR_MEMORY) {
            c->status = status;
            c->err = err;
        } else {
            c->bad++;
            if (c->on_bad != NULL) {
                c->on_bad(c->context, &err);
            }
        }
        pthread_mutex_unlock(&c->lock);
    }
}

// number[k]: where the picture that was number k is now; UINT32_MAX: left out.
static RnStatus note_numbers(Dataset *d, const bool *good, RnError *err)
{
    d->number = malloc((size_t)d->set.count * sizeof *d->number);
    if (d->number == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
    }
    d->numbered = d->set.count;
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->set.count; i++) {
        d->number[i] = good[i] ? n++ : UINT32_MAX;
    }
    return RN_OK;
}

RnStatus rn_dataset_skip_bad(RnDataset *data, RnPool *pool, RnBadPicture on_bad, void *context,
                             uint32_t *skipped, RnError *err)
{
    Dataset *d = whole(data);
    *skipped = 0;
    if (d->reader.read == NULL || d->number != NULL) {
        return RN_OK;
    }
    Check check = {.data = d,
                   .good = calloc((size_t)data->count + 1, sizeof *check.good),
                   .on_bad = on_bad,
                   .context = context};
    if (check.good == NULL || pthread_mutex_init(&check.lock, NULL) != 0) {
        free(check.good);
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
    }
    rn_pool_for(pool, data->count, 8, check_range, &check);
    pthread_mutex_destroy(&check.lock);
    RnStatus status = check.status;
    if (status != RN_OK && err != NULL) {
        *err = check.err;
    }
    if (status == RN_OK && check.bad == data->count) {
        status = rn_fail(err, RN_ERR_INPUT, "none of the %u pictures can be read", data->count);
    }
    if (status == RN_OK && check.bad > 0) {
        status = note_numbers(d, check.good, err);
    }
    if (status == RN_OK && check.bad > 0) {
        status = keep_some(d, check.good, err);
    }
    free(check.good);
    *skipped = check.bad;
    return status;
}

uint32_t rni_dataset_order_room(const RnDataset *data)
{
    const Dataset *d = (const Dataset *)(const void *)data;
    return d->number != NULL ? d->numbered : d->set.count;
}

void rni_dataset_order(const RnDataset *data, uint32_t *order, uint64_t seed, uint64_t epoch)
{
    const Dataset *d = (const Dataset *)(const void *)data;
    uint32_t n = 0, all = rni_dataset_order_room(data);
    rn_order_shuffle(order, all, seed, epoch);
    for (uint32_t i = 0; d->number != NULL && i < all; i++) {
        if (d->number[order[i]] != UINT32_MAX) {
            order[n++] = d->number[order[i]];
        }
    }
}

void rn_order_shuffle(uint32_t *order, uint32_t count, uint64_t seed, uint64_t epoch)
{
    uint64_t stream = rn_random_stream("shuffle") + epoch;
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)rn_random_below(seed, stream, i, i);
        uint32_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}
