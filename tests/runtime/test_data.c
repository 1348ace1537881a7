// test_data.c: data sets, resizing, shuffling, batches.
#include "support/check_main.h"

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#include "resnetc/data.h"
#include "resnetc/tensor_io.h"
#include "runtime/temp_files.h"

// A little generator that the Pillow goldens below were made with too.
static void fill_lcg(uint8_t *out, size_t n)
{
    uint32_t s = 12345;
    for (size_t i = 0; i < n; i++) {
        s = (s * 1103515245u + 12345u) & 0x7fffffffu;
        out[i] = (uint8_t)(s >> 16);
    }
}

static void resize(uint32_t h, uint32_t w, uint32_t oh, uint32_t ow, const uint8_t *in,
                   uint8_t *out)
{
    RnResizer *r = NULL;
    const RnResize sizes = {h, w, oh, ow, .height = oh, .width = ow};
    ck_assert_int_eq(rn_resizer_create(&sizes, &r, NULL), RN_OK);
    uint8_t *scratch = malloc(rn_resizer_scratch_bytes(r));
    rn_resizer_run(r, in, out, scratch);
    free(scratch);
    rn_resizer_destroy(r);
}

START_TEST(resize_is_pillow_s)
{
    // CRC-32 of Image.fromarray(a, 'L').resize((ow, oh), Image.BILINEAR), Pillow 9.4.
    static const struct {
        uint32_t h, w, oh, ow, crc;
    } cases[] = {
        {28, 28, 96, 96, 0x0cc4ad25u},   {28, 28, 14, 14, 0xc5a5be8fu},
        {5, 7, 11, 3, 0x63f2fdebu},      {9, 4, 9, 13, 0xada3007fu},
        {6, 3, 17, 3, 0x9635d43eu},      {1, 1, 4, 4, 0x523d5ba3u},
        {96, 96, 28, 28, 0x9b1a17efu},   {7, 5, 7, 5, 0xad9423bau},
        {33, 20, 224, 224, 0x275552c1u},
    };
    static uint8_t in[96 * 96], out[224 * 224];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fill_lcg(in, (size_t)cases[i].h * cases[i].w);
        resize(cases[i].h, cases[i].w, cases[i].oh, cases[i].ow, in, out);
        ck_assert_uint_eq(crc32(0, out, cases[i].oh * cases[i].ow), cases[i].crc);
    }
}
END_TEST

START_TEST(resize_by_value)
{
    static const uint8_t want[30] = {220, 112, 20, 85,  136, 170, 144, 108, 72,  72,
                                     106, 138, 31, 102, 149, 53,  60,  90,  143, 175,
                                     191, 130, 84, 52,  218, 224, 219, 182, 100, 27};
    uint8_t in[12], out[30];
    fill_lcg(in, 12);
    resize(3, 4, 5, 6, in, out);
    ck_assert_int_eq(memcmp(out, want, sizeof want), 0);
    RnResizer *r;
    RnError err;
    const RnResize empty = {0, 4, 5, 6, .height = 5, .width = 6};
    const RnResize large = {3, 4, 50000, 6, .top = 9, .height = 40000, .width = 6};
    const RnResize outside = {3, 4, 5, 6, .top = 2, .height = 4, .width = 6};
    ck_assert_int_eq(rn_resizer_create(&empty, &r, &err), RN_ERR_USAGE);
    ck_assert_int_eq(rn_resizer_create(&outside, &r, &err), RN_ERR_USAGE);
    ck_assert_int_eq(rn_resizer_create(&large, &r, &err), RN_ERR_USAGE);
    ck_assert_str_eq(err.text, "cannot resize 3x4 to 40000x6 of 50000x6: sizes are 1 to 32768");
}
END_TEST

// Every part of a resized plane is what is cut out of the whole, sides that keep their size too.
START_TEST(part_is_cut_from_the_whole)
{
    static const uint32_t cases[][4] = {
        {28, 28, 14, 40}, {9, 4, 9, 13}, {6, 31, 17, 31}, {7, 5, 7, 5}, {33, 20, 64, 3}};
    static uint8_t in[64 * 64], whole[64 * 64], part[64 * 64], scratch[64 * 64];
    fill_lcg(in, sizeof in);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint32_t *c = cases[i];
        resize(c[0], c[1], c[2], c[3], in, whole);
        for (uint32_t k = 0; k < 50; k++) {
            RnResize z = {c[0], c[1], c[2], c[3], .top = k % c[2], .left = k / 3 % c[3]};
            z.height = 1 + k % (c[2] - z.top);
            z.width = 1 + k / 2 % (c[3] - z.left);
            RnResizer *r = NULL;
            ck_assert_int_eq(rn_resizer_create(&z, &r, NULL), RN_OK);
            ck_assert_uint_le(rn_resizer_scratch_bytes(r), sizeof scratch);
            rn_resizer_run(r, in, part, scratch);
            rn_resizer_destroy(r);
            for (uint32_t y = 0; y < z.height; y++) {
                ck_assert_int_eq(
                    memcmp(part + y * z.width, whole + (z.top + y) * c[3] + z.left, z.width), 0);
            }
        }
    }
}
END_TEST

START_TEST(shuffle_is_a_permutation)
{
    enum { N = 1000 };
    static uint32_t a[N], b[N];
    rn_order_shuffle(a, N, 1, 0);
    rn_order_shuffle(b, N, 1, 0);
    ck_assert_int_eq(memcmp(a, b, sizeof a), 0);
    rn_order_shuffle(b, N, 1, 1);
    ck_assert_int_ne(memcmp(a, b, sizeof a), 0);
    rn_order_shuffle(b, N, 2, 0);
    ck_assert_int_ne(memcmp(a, b, sizeof a), 0);
    bool seen[N] = {false};
    int fixed = 0;
    for (uint32_t i = 0; i < N; i++) {
        ck_assert(a[i] < N && !seen[a[i]]);
        seen[a[i]] = true;
        fixed += a[i] == i;
    }
    ck_assert_int_lt(fixed, 10); // one is expected
    uint32_t first[6] = {0};     // every order of three equally often
    for (uint64_t e = 0; e < 6000; e++) {
        uint32_t o[3];
        rn_order_shuffle(o, 3, 9, e);
        first[o[0] * 2 + (o[1] > o[2])]++;
    }
    for (int i = 0; i < 6; i++) {
        ck_assert(first[i] > 850 && first[i] < 1150);
    }
    rn_order_shuffle(a, 0, 1, 0);
}
END_TEST

// Five images of 2x3 and their labels, as IDX.
static const uint8_t idx_images[16 + 30] = {0, 0, 8, 3,  0,   0,   0,   5,   0, 0, 0, 2, 0, 0,
                                            0, 3, 0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6};
static const uint8_t idx_labels[8 + 5] = {0, 0, 8, 1, 0, 0, 0, 5, 3, 1, 4, 1, 5};

static void write_gz(const char *path, const void *data, unsigned bytes)
{
    gzFile f = gzopen(path, "wb");
    ck_assert_int_eq(gzwrite(f, data, bytes), (int)bytes);
    ck_assert_int_eq(gzclose(f), Z_OK);
}

START_TEST(idx_folder)
{
    TempFolder t = temp_folder();
    char path[128];
    RnDataset *d = NULL;
    RnError err = {0};
    temp_write(temp_path(&t, "train-images-idx3-ubyte", path), idx_images, sizeof idx_images);
    write_gz(temp_path(&t, "train-labels-idx1-ubyte.gz", path), idx_labels, sizeof idx_labels);
    ck_assert_msg(rn_dataset_open(t.path, RN_SPLIT_TRAIN, 0, &d, &err) == RN_OK, "%s", err.text);
    ck_assert(d->count == 5 && d->channels == 1 && d->height == 2 && d->width == 3 &&
              d->classes == 6);
    float x[5 * 6];
    uint32_t labels[5];
    static const uint32_t order[5] = {4, 3, 2, 1, 0};
    ck_assert_int_eq(rn_dataset_fill(d, order, 3, 2, NULL, x, labels, NULL), RN_OK);
    ck_assert(labels[0] == 1 && labels[1] == 3);
    for (int i = 0; i < 6; i++) {
        ck_assert(x[i] == (float)(i + 1) / 255.0f);
        ck_assert(x[6 + i] == (float)(51 * i) / 255.0f);
    }
    ck_assert_int_eq(rn_dataset_fill(d, NULL, 4, 2, NULL, x, labels, &err), RN_ERR_USAGE);
    ck_assert_int_eq(rn_dataset_check_labels(d, 6, &err), RN_OK);
    ck_assert_int_eq(rn_dataset_check_labels(d, 5, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text,
                     "label 5 of image 4 is out of range: the model has 5 classes, 0 to 4");
    rn_dataset_close(d);
    ck_assert_int_eq(rn_dataset_open(t.path, RN_SPLIT_TEST, 0, &d, &err), RN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "t10k-images-idx3-ubyte.gz: No such file"));
    rn_dataset_close(NULL);
    temp_remove(&t);
}
END_TEST

static void idx_refused(const void *images, size_t image_bytes, const void *labels,
                        size_t label_bytes, const char *text)
{
    TempFolder t = temp_folder();
    char a[128], b[128];
    RnDataset *d = NULL;
    RnError err = {0};
    temp_write(temp_path(&t, "images", a), images, image_bytes);
    temp_write(temp_path(&t, "labels", b), labels, label_bytes);
    ck_assert_int_eq(rn_dataset_open_idx(a, b, 0, &d, &err), RN_ERR_INPUT);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
    ck_assert_ptr_null(d);
    temp_remove(&t);
}

START_TEST(idx_wrong)
{
    uint8_t bad[sizeof idx_images];
    size_t n = sizeof idx_images, m = sizeof idx_labels;
    idx_refused("", 0, idx_labels, m, "images: not an IDX file");
    idx_refused(idx_images, n - 1, idx_labels, m, "images: truncated");
    idx_refused(idx_images, 15, idx_labels, m, "images: truncated: no whole IDX header");
    idx_refused(idx_labels, m, idx_labels, m, "images: IDX file of 1 dimensions, but 3 are needed");
    idx_refused(idx_images, n, idx_labels, m - 1, "labels: truncated");
    memcpy(bad, idx_images, n);
    bad[2] = 13;
    idx_refused(bad, n, idx_labels, m, "IDX element type 13");
    memcpy(bad, idx_images, n);
    memset(bad + 4, 0xFF, 12);
    idx_refused(bad, n, idx_labels, m, "images: truncated");
    memset(bad + 4, 0, 4);
    idx_refused(bad, n, idx_labels, m, "IDX dimension 0 is 0");
    memcpy(bad, idx_labels, m);
    bad[7] = 4;
    idx_refused(idx_images, n, bad, m - 1, "labels: 4 labels for 5 images");
    idx_refused(idx_images, n, bad, m, "labels: too long");
    // Damaged and truncated gzip.
    TempFolder t = temp_folder();
    char path[128];
    uint8_t gz[200];
    write_gz(temp_path(&t, "x.gz", path), idx_images, sizeof idx_images);
    FILE *f = fopen(path, "rb");
    size_t size = fread(gz, 1, sizeof gz, f);
    fclose(f);
    idx_refused(gz, size - 9, idx_labels, m, "images: truncated gzip data");
    gz[size - 6] ^= 0x55;
    idx_refused(gz, size, idx_labels, m, "images: damaged gzip data");
    temp_remove(&t);
}
END_TEST

START_TEST(npy_pairs)
{
    TempFolder t = temp_folder();
    char x_path[128], l_path[128], spec[300];
    float x[24];
    const int64_t labels[2] = {7, 0}, negative[2] = {0, -1}, three[3] = {0};
    for (int i = 0; i < 24; i++) {
        x[i] = (float)i;
    }
    const RnShape shape = {4, {2, 3, 2, 2}}, flat = {2, {2, 12}}, two = {1, {2}}, n3 = {1, {3}};
    temp_path(&t, "x.npy", x_path);
    temp_path(&t, "l.npy", l_path);
    snprintf(spec, sizeof spec, "%s,%s", x_path, l_path);
    RnDataset *d = NULL;
    RnError err;
    ck_assert_int_eq(rn_npy_write_f32(x_path, &shape, x, NULL), RN_OK);
    ck_assert_int_eq(rn_npy_write_i64(l_path, &two, labels, NULL), RN_OK);
    ck_assert_int_eq(rn_dataset_open(spec, RN_SPLIT_TRAIN, 0, &d, &err), RN_OK);
    ck_assert(d->count == 2 && d->channels == 3 && d->height == 2 && d->width == 2 &&
              d->classes == 8);
    float y[12];
    uint32_t l[1];
    ck_assert_int_eq(rn_dataset_fill(d, NULL, 1, 1, NULL, y, l, NULL), RN_OK);
    ck_assert(l[0] == 0 && memcmp(y, x + 12, sizeof y) == 0);
    rn_dataset_close(d);
    ck_assert_int_eq(rn_dataset_open(x_path, RN_SPLIT_TRAIN, 0, &d, &err), RN_OK);
    ck_assert_ptr_null(d->labels);
    rn_dataset_close(d);
    ck_assert_int_eq(rn_dataset_open(spec, RN_SPLIT_TEST, 0, &d, &err), RN_ERR_MISSING);
    ck_assert_int_eq(rn_dataset_open(spec, RN_SPLIT_TRAIN, 9, &d, &err), RN_ERR_USAGE);
    ck_assert_int_eq(rn_npy_write_i64(l_path, &two, negative, NULL), RN_OK);
    ck_assert_int_eq(rn_dataset_open(spec, RN_SPLIT_TRAIN, 0, &d, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "l.npy: label -1 of image 1 is out of range"));
    ck_assert_int_eq(rn_npy_write_i64(l_path, &n3, three, NULL), RN_OK);
    ck_assert_int_eq(rn_dataset_open(spec, RN_SPLIT_TRAIN, 0, &d, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "l.npy: 3 labels for 2 images"));
    ck_assert_int_eq(rn_npy_write_f32(x_path, &flat, x, NULL), RN_OK);
    ck_assert_int_eq(rn_dataset_open(spec, RN_SPLIT_TRAIN, 0, &d, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(
        strstr(err.text, "shape [2, 12], but [n, channels, height, width] is needed"));
    temp_remove(&t);
}
END_TEST

START_TEST(batches)
{
    TempFolder t = temp_folder();
    char a[128], b[128];
    temp_write(temp_path(&t, "i", a), idx_images, sizeof idx_images);
    temp_write(temp_path(&t, "l", b), idx_labels, sizeof idx_labels);
    RnDataset *d = NULL;
    RnLoader *one = NULL, *two = NULL;
    RnBatch x, y;
    ck_assert_int_eq(rn_dataset_open_idx(a, b, 4, &d, NULL), RN_OK);
    ck_assert(d->height == 4 && d->width == 4 && d->stored_height == 2);
    const RnLoaderOptions options = {.batch = 2, .shuffle = true, .seed = 3};
    ck_assert_int_eq(rn_loader_create(d, &options, &one, NULL), RN_OK);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        int sum = 0;
        for (uint32_t first = 0; first < 5; first += 2) {
            ck_assert_int_eq(rn_loader_next(one, &x, NULL), RN_OK);
            ck_assert(x.epoch == epoch && x.first == first && x.count == (first == 4 ? 1 : 2));
            ck_assert(x.last == (first == 4));
            for (uint32_t i = 0; i < x.count; i++) {
                sum += (int)x.labels[i];
            }
        }
        ck_assert_int_eq(sum, 3 + 1 + 4 + 1 + 5); // each image once
    }
    // Going on at a place gives what would have come.
    ck_assert_int_eq(rn_loader_create(d, &options, &two, NULL), RN_OK);
    ck_assert_int_eq(rn_loader_seek(two, 7, 2, NULL), RN_OK);
    ck_assert_int_eq(rn_loader_seek(one, 7, 0, NULL), RN_OK);
    ck_assert_int_eq(rn_loader_next(one, &x, NULL), RN_OK);
    ck_assert_int_eq(rn_loader_next(one, &x, NULL), RN_OK);
    ck_assert_int_eq(rn_loader_next(two, &y, NULL), RN_OK);
    ck_assert_int_eq(memcmp(x.images, y.images, 2 * 16 * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(x.labels, y.labels, 2 * sizeof(uint32_t)), 0);
    ck_assert(y.epoch == 7 && y.first == 2);
    ck_assert_int_eq(rn_loader_seek(two, 0, 5, NULL), RN_ERR_USAGE);
    rn_loader_destroy(two);
    ck_assert_int_eq(rn_loader_create(d, &(RnLoaderOptions){0}, &two, NULL), RN_ERR_BATCH);
    ck_assert_int_eq(rn_loader_create(d, &(RnLoaderOptions){.batch = 1000000000}, &two, NULL),
                     RN_OK);
    ck_assert_int_eq(rn_loader_next(two, &y, NULL), RN_OK);
    ck_assert(y.count == 5 && y.last && y.labels[4] == 5); // not shuffled
    rn_loader_destroy(two);
    rn_loader_destroy(one);
    rn_loader_destroy(NULL);
    rn_dataset_close(d);
    temp_remove(&t);
}
END_TEST

START_TEST(fashion_mnist)
{
    if (access("/usr/share/datasets/fashion-mnist", F_OK) != 0) {
        return; // the package is not installed
    }
    RnDataset *d = NULL;
    RnError err = {0};
    enum { N = 64, BYTES = N * 96 * 96 * 4 };
    ck_assert_msg(rn_dataset_open("fashion-mnist", RN_SPLIT_TEST, 96, &d, &err) == RN_OK, "%s",
                  err.text);
    ck_assert(d->count == 10000 && d->classes == 10);
    ck_assert_str_eq(d->class_names[9], "ankle boot");
    float *x = malloc(BYTES);
    for (unsigned threads = 0; threads <= 3; threads += 3) {
        RnPool *pool = NULL;
        if (threads) {
            ck_assert_int_eq(rn_pool_create(threads, &pool, NULL), RN_OK);
        }
        memset(x, 0xFF, BYTES);
        ck_assert_int_eq(rn_dataset_fill(d, NULL, 0, N, pool, x, NULL, NULL), RN_OK);
        // Pillow's resize of the first 64 test pictures, / 255 in float32, by numpy.
        ck_assert_uint_eq(crc32(0, (const unsigned char *)x, BYTES), 0x7d3df1f0u);
        rn_pool_destroy(pool);
    }
    free(x);
    rn_dataset_close(d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data");
    TCase *tc = tcase_create("data");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, resize_is_pillow_s);
    tcase_add_test(tc, resize_by_value);
    tcase_add_test(tc, part_is_cut_from_the_whole);
    tcase_add_test(tc, shuffle_is_a_permutation);
    tcase_add_test(tc, idx_folder);
    tcase_add_test(tc, idx_wrong);
    tcase_add_test(tc, npy_pairs);
    tcase_add_test(tc, batches);
    tcase_add_test(tc, fashion_mnist);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
