// test_loader.c: batches made ahead by threads: the same bits whatever their number, in any epoch,
// after any seek; CIFAR's files as data sets.
#include "support/check_main.h"

#include <stdatomic.h>
#include <time.h>

#include "resnetc/data.h"
#include "resnetc/random.h"
#include "runtime/temp_files.h"

enum { H = 9, W = 10, COUNT = 37, BATCH = 10, IMAGE = 3 * H * W };

static atomic_int closed;

// Picture `index`: its own size, its own noise; some take longer than others.
static RnStatus make_picture(const void *context, uint32_t index, uint32_t channels, RnPicture *out,
                             RnError *err)
{
    const uint32_t *broken = context;
    if (broken != NULL && *broken == index) {
        return rn_fail(err, RN_ERR_INPUT, "picture %u is broken", index);
    }
    uint32_t h = 8 + index % 7, w = 9 + index % 5;
    uint8_t *pixels = malloc((size_t)channels * h * w);
    ck_assert_ptr_nonnull(pixels);
    for (uint32_t i = 0; i < channels * h * w; i++) {
        pixels[i] = (uint8_t)rn_random_u64(index, 1, i);
    }
    if (index % 5 == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    *out = (RnPicture){channels, h, w, pixels};
    return RN_OK;
}

static void count_close(void *context)
{
    (void)context;
    atomic_fetch_add(&closed, 1);
}

static RnDataset *make_set(uint32_t *broken)
{
    uint32_t labels[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        labels[i] = i % 4;
    }
    static const char *const names[] = {"a", "b", "c", "d"};
    RnPictureReader reader = {.context = broken, .read = make_picture, .close = count_close};
    RnDataset *d = NULL;
    ck_assert_int_eq(rn_dataset_open_reader(&reader, COUNT, labels, 4, names, &d, NULL), RN_OK);
    const RnPreprocess steps = {.resize_shorter = H, .centre_crop = 1};
    RnTransform t;
    rn_transform_init(&t, 3, H, W, &steps);
    ck_assert_int_eq(rn_dataset_set_transform(d, &t, NULL), RN_OK);
    return d;
}

static RnLoader *make_loader(const RnDataset *d, unsigned threads, uint32_t ahead, RnPool *pool)
{
    RnLoaderOptions options = {.batch = BATCH,
                               .shuffle = true,
                               .seed = 5,
                               .augment = {.flip = true, .resized_crop = true},
                               .threads = threads,
                               .ahead = ahead,
                               .pool = pool};
    RnLoader *l = NULL;
    RnError err = {0};
    ck_assert_msg(rn_loader_create(d, &options, &l, &err) == RN_OK, "%s", err.text);
    return l;
}

static void same_batch(const RnBatch *a, const RnBatch *b)
{
    ck_assert(a->count == b->count && a->epoch == b->epoch && a->first == b->first &&
              a->last == b->last);
    ck_assert_int_eq(memcmp(a->images, b->images, a->count * IMAGE * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(a->labels, b->labels, a->count * sizeof(uint32_t)), 0);
}

START_TEST(threads_change_nothing)
{
    static const struct {
        unsigned threads;
        uint32_t ahead;
    } ways[] = {{1, 0}, {2, 1}, {3, 4}, {7, 64}, {2, 1000}};
    RnDataset *d = make_set(NULL);
    RnPool *pool = NULL;
    ck_assert_int_eq(rn_pool_create(3, &pool, NULL), RN_OK);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        RnLoader *plain = make_loader(d, 0, 0, i % 2 ? pool : NULL);
        RnLoader *ahead = make_loader(d, ways[i].threads, ways[i].ahead, NULL);
        for (int step = 0; step < 11; step++) {
            RnBatch x, y;
            ck_assert_int_eq(rn_loader_next(plain, &x, NULL), RN_OK);
            ck_assert_int_eq(rn_loader_next(ahead, &y, NULL), RN_OK);
            same_batch(&x, &y);
            ck_assert(x.last == (step % 4 == 3) && x.epoch == (uint64_t)step / 4);
        }
        ck_assert(rn_loader_wait_ns(plain) > 0 && rn_loader_wait_ns(ahead) > 0);
        rn_loader_destroy(plain);
        rn_loader_destroy(ahead); // in the middle of work
    }
    rn_pool_destroy(pool);
    int before = atomic_load(&closed);
    rn_dataset_close(d);
    ck_assert_int_eq(atomic_load(&closed), before + 1);
}
END_TEST

START_TEST(seeking_finds_the_same_pictures)
{
    RnDataset *d = make_set(NULL);
    RnLoader *plain = make_loader(d, 0, 0, NULL), *ahead = make_loader(d, 3, 2, NULL);
    static const struct {
        uint64_t epoch;
        uint32_t first;
    } places[] = {{0, 10}, {3, 30}, {3, 0}, {0, 0}, {9, 36}, {0, 10}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        ck_assert_int_eq(rn_loader_seek(plain, places[i].epoch, places[i].first, NULL), RN_OK);
        ck_assert_int_eq(rn_loader_seek(ahead, places[i].epoch, places[i].first, NULL), RN_OK);
        for (int step = 0; step < 2; step++) {
            RnBatch x, y;
            ck_assert_int_eq(rn_loader_next(plain, &x, NULL), RN_OK);
            ck_assert_int_eq(rn_loader_next(ahead, &y, NULL), RN_OK);
            same_batch(&x, &y);
            ck_assert(step > 0 || (x.epoch == places[i].epoch && x.first == places[i].first));
        }
    }
    ck_assert_int_eq(rn_loader_seek(ahead, 0, COUNT, NULL), RN_ERR_USAGE);
    rn_loader_destroy(plain);
    rn_loader_destroy(ahead);
    rn_dataset_close(d);
}
END_TEST

START_TEST(epochs_and_seeds_vary_pictures)
{
    RnDataset *d = make_set(NULL);
    static float x[4][BATCH * IMAGE];
    for (int i = 0; i < 4; i++) {
        RnLoaderOptions options = {
            .batch = BATCH, .seed = i == 3 ? 6 : 5, .augment = {.resized_crop = true}};
        RnLoader *l = NULL;
        RnBatch b;
        ck_assert_int_eq(rn_loader_create(d, &options, &l, NULL), RN_OK);
        ck_assert_int_eq(rn_loader_seek(l, i == 2 ? 1 : 0, 8, NULL), RN_OK);
        ck_assert_int_eq(rn_loader_next(l, &b, NULL), RN_OK);
        memcpy(x[i], b.images, sizeof x[i]);
        rn_loader_destroy(l);
    }
    ck_assert_int_eq(memcmp(x[0], x[1], sizeof x[0]), 0);
    ck_assert_int_ne(memcmp(x[0], x[2], sizeof x[0]), 0);
    ck_assert_int_ne(memcmp(x[0], x[3], sizeof x[0]), 0);
    rn_dataset_close(d);
}
END_TEST

START_TEST(a_broken_picture_is_told_with_its_batch)
{
    uint32_t broken = 23;
    RnDataset *d = make_set(&broken);
    for (unsigned threads = 0; threads < 4; threads++) {
        RnLoaderOptions options = {.batch = BATCH, .threads = threads};
        RnLoader *l = NULL;
        RnBatch b;
        RnError err = {0};
        ck_assert_int_eq(rn_loader_create(d, &options, &l, NULL), RN_OK);
        ck_assert_int_eq(rn_loader_next(l, &b, &err), RN_OK);
        ck_assert_int_eq(rn_loader_next(l, &b, &err), RN_OK);
        ck_assert_int_eq(rn_loader_next(l, &b, &err), RN_ERR_INPUT);
        ck_assert_str_eq(err.text, "picture 23 is broken");
        ck_assert_int_eq(rn_loader_next(l, &b, &err), RN_OK); // and it goes on behind it
        ck_assert_uint_eq(b.first, 30);
        rn_loader_destroy(l);
    }
    rn_dataset_close(d);
}
END_TEST

// ---- CIFAR

static void write_cifar(const TempFolder *t, const char *name, size_t label_bytes, uint32_t count,
                        size_t extra)
{
    static uint8_t bytes[4 * 3074 + 8];
    char path[128];
    size_t record = label_bytes + 3072;
    for (uint32_t i = 0; i < count; i++) {
        memset(bytes + i * record, 99, label_bytes);
        bytes[i * record + label_bytes - 1] = (uint8_t)(i + (label_bytes == 2 ? 90 : 0));
        for (size_t k = 0; k < 3072; k++) {
            bytes[i * record + label_bytes + k] = (uint8_t)(17 * i + k / 1024 + k % 7);
        }
    }
    temp_write(temp_path(t, name, path), bytes, count * record + extra);
}

START_TEST(cifar_10)
{
    TempFolder t = temp_folder();
    RnDataset *d = NULL;
    RnError err = {0};
    for (int i = 1; i <= 5; i++) {
        char name[32];
        ck_assert(i == 1 || rn_dataset_open(t.path, RN_SPLIT_TRAIN, 0, &d, &err) == RN_ERR_IO);
        snprintf(name, sizeof name, "data_batch_%d.bin", i);
        write_cifar(&t, name, 1, (uint32_t)(i % 3 + 1), 0);
    }
    ck_assert_ptr_nonnull(strstr(err.text, "data_batch_5.bin: No such file"));
    ck_assert_msg(rn_dataset_open(t.path, RN_SPLIT_TRAIN, 0, &d, &err) == RN_OK, "%s", err.text);
    ck_assert(d->count == 11 && d->channels == 3 && d->height == 32 && d->width == 32);
    ck_assert(d->classes == 10 && d->labels[2] == 0 && d->labels[4] == 2);
    ck_assert_str_eq(d->class_names[9], "truck");
    static float x[3072];
    ck_assert_int_eq(rn_dataset_fill(d, NULL, 4, 1, NULL, x, NULL, NULL), RN_OK);
    ck_assert(x[0] == 34.0f / 255.0f && x[2 * 1024 + 3] == (float)(34 + 2 + 2051 % 7) / 255.0f);
    rn_dataset_close(d);
    ck_assert_int_eq(rn_dataset_open(t.path, RN_SPLIT_TEST, 0, &d, &err), RN_ERR_IO);
    write_cifar(&t, "test_batch.bin", 1, 2, 0);
    ck_assert_int_eq(rn_dataset_open(t.path, RN_SPLIT_TEST, 16, &d, &err), RN_OK);
    ck_assert(d->count == 2 && d->height == 16 && d->width == 16 && d->stored_width == 32);
    rn_dataset_close(d);
    write_cifar(&t, "test_batch.bin", 1, 2, 1);
    ck_assert_int_eq(rn_dataset_open(t.path, RN_SPLIT_TEST, 0, &d, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "test_batch.bin: 6147 bytes are not a whole number of "
                                           "CIFAR-10 records of 3073 bytes"));
    temp_remove(&t);
}
END_TEST

START_TEST(cifar_100)
{
    TempFolder t = temp_folder();
    RnDataset *d = NULL;
    RnError err = {0};
    write_cifar(&t, "train.bin", 2, 3, 0);
    ck_assert_msg(rn_dataset_open(t.path, RN_SPLIT_TRAIN, 0, &d, &err) == RN_OK, "%s", err.text);
    ck_assert(d->count == 3 && d->classes == 100 && d->labels[2] == 92);
    rn_dataset_close(d);
    char path[128];
    static uint8_t bad[2 * 3074];
    bad[3074 + 1] = 100;
    temp_write(temp_path(&t, "test.bin", path), bad, sizeof bad);
    ck_assert_int_eq(rn_dataset_open(t.path, RN_SPLIT_TEST, 0, &d, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(
        strstr(err.text, "test.bin: picture 1 has class 100, but CIFAR-100 has 0 to 99"));
    temp_remove(&t);
}
END_TEST

// Other sets' files beside, or in a folder of the name, are not what is asked for.
START_TEST(idx_and_names_come_before_cifar)
{
    static const uint8_t images[17] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 77};
    static const uint8_t labels[9] = {0, 0, 8, 1, 0, 0, 0, 1, 3};
    TempFolder t = temp_folder();
    char path[128];
    RnDataset *d = NULL;
    RnError err = {0};
    write_cifar(&t, "train.bin", 2, 3, 0);
    temp_write(temp_path(&t, "train-images-idx3-ubyte", path), images, sizeof images);
    temp_write(temp_path(&t, "train-labels-idx1-ubyte", path), labels, sizeof labels);
    ck_assert(rn_dataset_knows(t.path));
    ck_assert_msg(rn_dataset_open(t.path, RN_SPLIT_TRAIN, 0, &d, &err) == RN_OK, "%s", err.text);
    ck_assert(d->count == 1 && d->channels == 1 && d->labels[0] == 3);
    rn_dataset_close(d);
    ck_assert_int_eq(symlink(".", temp_path(&t, "mnist", path)), 0);
    temp_path(&t, "train-images-idx3-ubyte", path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(chdir(t.path), 0);
    RnStatus status = rn_dataset_open("mnist", RN_SPLIT_TRAIN, 0, &d, &err);
    ck_assert_int_eq(chdir(TEST_SOURCE_DIR), 0);
    if (status == RN_OK) { // of the system
        ck_assert(d->channels == 1);
    } else {
        ck_assert_ptr_nonnull(strstr(err.text, "/usr/share/datasets/mnist: no data set is here"));
    }
    rn_dataset_close(d);
    temp_remove(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader");
    TCase *tc = tcase_create("loader");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, threads_change_nothing);
    tcase_add_test(tc, seeking_finds_the_same_pictures);
    tcase_add_test(tc, epochs_and_seeds_vary_pictures);
    tcase_add_test(tc, a_broken_picture_is_told_with_its_batch);
    tcase_add_test(tc, cifar_10);
    tcase_add_test(tc, cifar_100);
    tcase_add_test(tc, idx_and_names_come_before_cifar);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
