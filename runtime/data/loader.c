// loader.c: batches of a data set, epoch after epoch, made ahead by threads of their own.
//
// Batches lie in a ring of slots. Whoever needs work takes the next piece (a few images) of the
// batch being made; when that has no piece left, it opens the next slot that is free. A batch is
// ready when all its pieces are. What a piece holds depends on its place in the run alone, so the
// number of threads changes nothing. Everything but the filling happens under one lock.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "core/event.h"
#include "core/fpmode.h"
#include "core/memory.h"

enum { PIECE = 8, AHEAD = 2, MAX_AHEAD = 64 };

typedef struct Slot {
    float *images;
    uint32_t *labels;
    uint32_t *index; // of the images in the data set
    uint32_t count, first;
    uint64_t epoch;
    bool last;
    uint32_t taken, done; // images handed out, images finished
    FillFailure failure;
} Slot;

struct RnLoader {
    const RnDataset *data;
    RnLoaderOptions options;
    uint64_t epoch;  // place of the next batch to be opened
    uint32_t first;  // next image of the epoch's order
    uint32_t *order; // NULL: as stored
    Slot *slots;     // batch b lies in slots[b % slot_count]
    uint32_t slot_count;
    uint64_t opened, given; // batches opened and given so far; the last given is still in use
    uint64_t wait_ns;
    // threads
    pthread_t *threads;
    unsigned started, busy; // busy: threads filling a piece
    bool lock_made, run, quit;
    pthread_mutex_t lock;
    pthread_cond_t work, ready;
};

static void start_epoch(RnLoader *l, uint64_t epoch)
{
    l->epoch = epoch;
    l->first = 0;
    if (l->order != NULL) {
        rni_dataset_order(l->data, l->order, l->options.seed, epoch);
    }
}

static Slot *slot_of(RnLoader *l, uint64_t batch)
{
    return &l->slots[batch % l->slot_count];
}

// Opens the next batch: which images it has.
static Slot *open_batch(RnLoader *l)
{
    if (l->first >= l->data->count) {
        start_epoch(l, l->epoch + 1);
    }
    uint32_t left = l->data->count - l->first;
    Slot *s = slot_of(l, l->opened++);
    s->count = left < l->options.batch ? left : l->options.batch;
    s->first = l->first;
    s->epoch = l->epoch;
    s->last = s->count == left;
    s->taken = s->done = 0;
    s->failure = (FillFailure){0};
    for (uint32_t i = 0; i < s->count; i++) {
        s->index[i] = l->order != NULL ? l->order[l->first + i] : l->first + i;
    }
    l->first += s->count;
    return s;
}

static bool has_augment(const RnAugment *a)
{
    return a->flip || a->crop != 0 || a->resized_crop;
}

static FillJob job_of(const RnLoader *l, const Slot *s)
{
    return (FillJob){.data = (const Dataset *)(const void *)l->data,
                     .order = s->index,
                     .images = s->images,
                     .augment = has_augment(&l->options.augment) ? &l->options.augment : NULL,
                     .seed = l->options.seed,
                     .epoch = s->epoch};
}

// ---- threads

// The slot that has work now, or NULL: a batch with a piece left, else a new one in a free slot.
// The slot of the batch in use is not free.
static Slot *find_work(RnLoader *l)
{
    if (!l->run) {
        return NULL;
    }
    for (uint64_t b = l->given; b < l->opened; b++) {
        if (slot_of(l, b)->taken < slot_of(l, b)->count) {
            return slot_of(l, b);
        }
    }
    uint64_t in_use = l->given > 0 ? 1 : 0;
    return l->opened - l->given + in_use < l->slot_count ? open_batch(l) : NULL;
}

// Fills one piece; the lock is held before and after, not while.
static void fill_piece(RnLoader *l, Slot *s, RnTransformScratch *scratch)
{
    uint32_t lo = s->taken;
    uint32_t hi = s->count - lo < PIECE ? s->count : lo + PIECE;
    s->taken = hi;
    l->busy++;
    FillJob job = job_of(l, s);
    pthread_mutex_unlock(&l->lock);
    RnError err = {0};
    RnStatus status = rni_fill(&job, lo, hi, scratch, &err);
    pthread_mutex_lock(&l->lock);
    rni_fill_note(&s->failure, lo, status, &err);
    s->done += hi - lo;
    l->busy--;
    if (s->done == s->count || l->busy == 0) {
        pthread_cond_broadcast(&l->ready);
    }
}

static void *thread_main(void *argument)
{
    RnLoader *l = argument;
    RnTransformScratch scratch = {0};
    fpmode_enter();
    pthread_mutex_lock(&l->lock);
    while (!l->quit) {
        Slot *s = find_work(l);
        if (s != NULL) {
            fill_piece(l, s, &scratch);
        } else {
            pthread_cond_wait(&l->work, &l->lock);
        }
    }
    pthread_mutex_unlock(&l->lock);
    rn_transform_scratch_free(&scratch);
    return NULL;
}

static RnStatus start_threads(RnLoader *l, RnError *err)
{
    l->threads = calloc(l->options.threads, sizeof *l->threads);
    if (l->threads == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for threads that read data");
    }
    for (unsigned i = 0; i < l->options.threads; i++) {
        int error = pthread_create(&l->threads[i], NULL, thread_main, l);
        if (error != 0) {
            return rn_fail(err, RN_ERR_MEMORY, "cannot start thread %u that reads data: %s", i + 1,
                           strerror(error));
        }
        l->started = i + 1;
    }
    return RN_OK;
}

// Takes back what is open; the threads rest until run is set again. The lock is held.
static void stop_work(RnLoader *l)
{
    l->run = false;
    while (l->busy > 0) {
        pthread_cond_wait(&l->ready, &l->lock);
    }
    l->opened = l->given = 0;
}

// ---- making and ending

static bool make_locks(RnLoader *l)
{
    if (pthread_mutex_init(&l->lock, NULL) != 0) {
        return false;
    }
    if (pthread_cond_init(&l->work, NULL) != 0) {
        pthread_mutex_destroy(&l->lock);
        return false;
    }
    if (pthread_cond_init(&l->ready, NULL) != 0) {
        pthread_cond_destroy(&l->work);
        pthread_mutex_destroy(&l->lock);
        return false;
    }
    return true;
}

static bool make_slots(RnLoader *l)
{
    const RnDataset *data = l->data;
    uint64_t bytes = sizeof(float);
    const uint32_t dims[] = {l->options.batch, data->channels, data->height, data->width};
    bool ok = true;
    for (int i = 0; i < 4; i++) {
        ok = ok && checked_mul(bytes, dims[i], &bytes);
    }
    uint32_t ahead = l->options.ahead == 0 ? AHEAD : l->options.ahead;
    l->slot_count = l->options.threads == 0 ? 1 : 1 + (ahead < MAX_AHEAD ? ahead : MAX_AHEAD);
    l->slots = ok ? calloc(l->slot_count, sizeof *l->slots) : NULL;
    ok = ok && l->slots != NULL;
    for (uint32_t i = 0; ok && i < l->slot_count; i++) {
        Slot *s = &l->slots[i];
        s->images = rni_memory_aligned(bytes, MEMORY_ALIGN);
        s->labels = calloc(l->options.batch, sizeof *s->labels);
        s->index = calloc(l->options.batch, sizeof *s->index);
        ok = s->images && s->labels && s->index;
    }
    return ok;
}

static RnStatus make(RnLoader *l, RnError *err)
{
    bool shuffle = l->options.shuffle;
    if (shuffle) {
        l->order = calloc(rni_dataset_order_room(l->data), sizeof *l->order);
    }
    l->lock_made = make_locks(l);
    if (!l->lock_made || (shuffle && l->order == NULL) || !make_slots(l)) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for batches of %u images",
                       l->options.batch);
    }
    start_epoch(l, 0);
    return l->options.threads != 0 ? start_threads(l, err) : RN_OK;
}

RnStatus rn_loader_create(const RnDataset *data, const RnLoaderOptions *options, RnLoader **out,
                          RnError *err)
{
    *out = NULL;
    if (options->batch == 0) {
        return rn_fail(err, RN_ERR_BATCH, "a batch of 0 images");
    }
    if (options->threads > RN_POOL_MAX_THREADS) {
        return rn_fail(err, RN_ERR_USAGE, "%u threads are too many: the limit is %d",
                       options->threads, RN_POOL_MAX_THREADS);
    }
    if (data->values != NULL && has_augment(&options->augment)) {
        return rn_fail(err, RN_ERR_USAGE,
                       "augmentation works on 8-bit pictures, not on numbers: ask for none");
    }
    RnStatus status = rni_fill_check(data, err);
    if (status != RN_OK) {
        return status;
    }
    RnLoader *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for batches");
    }
    l->data = data;
    l->options = *options;
    if (l->options.batch > data->count) {
        l->options.batch = data->count;
    }
    status = make(l, err);
    if (status != RN_OK) {
        rn_loader_destroy(l);
        return status;
    }
    *out = l;
    return RN_OK;
}

void rn_loader_destroy(RnLoader *l)
{
    if (l == NULL) {
        return;
    }
    if (l->lock_made) {
        pthread_mutex_lock(&l->lock);
        l->quit = true;
        pthread_cond_broadcast(&l->work);
        pthread_mutex_unlock(&l->lock);
        for (unsigned i = 0; i < l->started; i++) {
            pthread_join(l->threads[i], NULL);
        }
        pthread_cond_destroy(&l->work);
        pthread_cond_destroy(&l->ready);
        pthread_mutex_destroy(&l->lock);
    }
    for (uint32_t i = 0; l->slots != NULL && i < l->slot_count; i++) {
        free(l->slots[i].images);
        free(l->slots[i].labels);
        free(l->slots[i].index);
    }
    free(l->slots);
    free(l->threads);
    free(l->order);
    free(l);
}

// ---- giving

// Makes a batch in this thread.
static Slot *make_now(RnLoader *l)
{
    Slot *s = open_batch(l);
    FillJob job = job_of(l, s);
    RnError err = {0};
    RnStatus status = rni_fill_batch(&job, s->count, l->options.pool, NULL, &err);
    rni_fill_note(&s->failure, 0, status, &err);
    return s;
}

// Waits for the next batch, then gives up the one in use.
static Slot *wait_for_batch(RnLoader *l)
{
    pthread_mutex_lock(&l->lock);
    l->run = true;
    pthread_cond_broadcast(&l->work);
    while (l->opened == l->given || slot_of(l, l->given)->done < slot_of(l, l->given)->count) {
        pthread_cond_wait(&l->ready, &l->lock);
    }
    Slot *s = slot_of(l, l->given++);
    pthread_cond_broadcast(&l->work); // the slot of the batch before is free
    pthread_mutex_unlock(&l->lock);
    return s;
}

RnStatus rn_loader_next(RnLoader *l, RnBatch *batch, RnError *err)
{
    uint64_t start = rni_clock_ns();
    Slot *s = l->options.threads == 0 ? make_now(l) : wait_for_batch(l);
    l->wait_ns += rni_clock_ns() - start;
    if (s->failure.status != RN_OK) {
        if (err != NULL) {
            *err = s->failure.err;
        }
        return s->failure.status;
    }
    FillJob job = job_of(l, s);
    rni_fill_labels(&job, s->count, s->labels);
    *batch = (RnBatch){.images = s->images,
                       .labels = l->data->labels ? s->labels : NULL,
                       .count = s->count,
                       .epoch = s->epoch,
                       .first = s->first,
                       .last = s->last};
    return RN_OK;
}

RnStatus rn_loader_seek(RnLoader *l, uint64_t epoch, uint32_t first, RnError *err)
{
    if (first >= l->data->count) {
        return rn_fail(err, RN_ERR_USAGE, "image %u of a data set of %u", first, l->data->count);
    }
    pthread_mutex_lock(&l->lock);
    stop_work(l);
    start_epoch(l, epoch);
    l->first = first;
    pthread_mutex_unlock(&l->lock);
    return RN_OK;
}

uint64_t rn_loader_wait_ns(const RnLoader *loader)
{
    return loader->wait_ns;
}
