// test_pictures.c: files of pictures against what PIL and torchvision make of them, what is
// refused, augmentation, folders of pictures. tests/runtime/pictures is made by
// scripts/goldens/make_pictures.py.
#include "support/check_main.h"

#include <math.h>
#include <strings.h>
#include <sys/stat.h>
#include <zlib.h>

#include "resnetc/pictures.h"
#include "runtime/data/dataset.h"
#include "runtime/temp_files.h"

#define PICTURES TEST_SOURCE_DIR "/tests/runtime/pictures/"

enum { H = 16, W = 18, FILE_MAX = 1 << 16 };

static RnPicture read_ok(const char *name, uint32_t channels)
{
    char path[300];
    RnPicture p;
    RnError err = {0};
    snprintf(path, sizeof path, PICTURES "%s", name);
    ck_assert_msg(rn_picture_read(path, channels, &p, &err) == RN_OK, "%s", err.text);
    ck_assert_uint_eq(p.channels, channels);
    return p;
}

static unsigned pixels_crc(const RnPicture *p)
{
    return (unsigned)crc32(0, p->pixels, (uInt)(p->channels * p->height * p->width));
}

static unsigned image_crc(const RnPicture *p, const RnPreprocess *steps)
{
    float image[3 * H * W];
    RnTransform t;
    RnTransformScratch scratch = {0};
    RnError err = {0};
    rn_transform_init(&t, p->channels, H, W, steps);
    ck_assert_msg(rn_transform_run(&t, NULL, NULL, p, image, &scratch, &err) == RN_OK, "%s",
                  err.text);
    rn_transform_scratch_free(&scratch);
    return (unsigned)crc32(0, (const Bytef *)image, (uInt)(p->channels * H * W * sizeof *image));
}

START_TEST(pictures_are_pil_s_and_torchvision_s)
{
    const RnPreprocess crop = {.resize_shorter = 20,
                               .centre_crop = 1,
                               .normalize = 1,
                               .mean = {0.485, 0.456, 0.406},
                               .std = {0.229, 0.224, 0.225}};
    RnPreprocess pad = crop;
    pad.resize_shorter = 12;
    const RnPreprocess both = {.resize_height = H, .resize_width = W};
    FILE *f = fopen(PICTURES "golden.txt", "r");
    ck_assert_ptr_nonnull(f);
    char name[64];
    unsigned height, width, rgb, grey, cropped, padded, resized, files = 0;
    while (fscanf(f, "%63s %u %u %x %x %x %x %x", name, &height, &width, &rgb, &grey, &cropped,
                  &padded, &resized) == 8) {
        RnPicture colour = read_ok(name, 3), light = read_ok(name, 1);
        ck_assert_msg(colour.height == height && colour.width == width, "%s", name);
        ck_assert_msg(pixels_crc(&colour) == rgb, "%s: colours", name);
        ck_assert_msg(pixels_crc(&light) == grey, "%s: grey", name);
        ck_assert_msg(image_crc(&colour, &crop) == cropped, "%s: cropped", name);
        ck_assert_msg(image_crc(&colour, &pad) == padded, "%s: padded", name);
        ck_assert_msg(image_crc(&light, &both) == resized, "%s: resized", name);
        rn_picture_free(&colour);
        rn_picture_free(&light);
        files++;
    }
    fclose(f);
    ck_assert_uint_eq(files, 19);
}
END_TEST

static size_t load(const char *name, unsigned char *bytes)
{
    char path[300];
    snprintf(path, sizeof path, PICTURES "%s", name);
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(bytes, 1, FILE_MAX, f);
    fclose(f);
    return n;
}

static void refused(const void *bytes, size_t size, const char *text)
{
    RnPicture p;
    RnError err = {0};
    ck_assert_int_eq(rn_picture_decode(bytes, size, "x", 3, &p, &err), RN_ERR_INPUT);
    ck_assert_msg(strstr(err.text, text) != NULL, "'%s' is not in '%s'", text, err.text);
    ck_assert_ptr_null(p.pixels);
}

START_TEST(what_is_no_picture_is_refused)
{
    static unsigned char b[FILE_MAX];
    refused("", 0, "x: neither JPEG nor PNG (an empty file)");
    refused("GIF89a..", 8, "x: neither JPEG nor PNG (GIF)");
    refused("RIFF1234WEBP", 12, "(WebP)");
    refused("hello", 5, "x: neither JPEG nor PNG");
    size_t n = load("colour.jpg", b);
    refused(b, n / 2, "x: JPEG: truncated");
    refused(b, 10, "x: JPEG: ");
    n = load("progressive.jpg", b);
    refused(b, n - 100, "x: JPEG: truncated");
    n = load("colour.png", b);
    refused(b, n / 2, "x: PNG: truncated");
    b[n / 2] ^= 1;
    refused(b, n, "x: PNG: ");
    RnPicture p;
    RnError err = {0};
    ck_assert_int_eq(rn_picture_decode(b, n, "x", 4, &p, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text, "x: pictures have 1 or 3 channels, the model takes 4");
    ck_assert_int_eq(rn_picture_read("/nowhere/x.png", 3, &p, &err), RN_ERR_IO);
    ck_assert_str_eq(err.text, "/nowhere/x.png: No such file or directory");
}
END_TEST

// A PNG's header gets new sizes, with the right checksum.
static void set_png_size(unsigned char *b, uint32_t width, uint32_t height)
{
    for (int i = 0; i < 4; i++) {
        b[16 + i] = (unsigned char)(width >> (24 - 8 * i));
        b[20 + i] = (unsigned char)(height >> (24 - 8 * i));
    }
    unsigned long crc = crc32(0, b + 12, 17);
    for (int i = 0; i < 4; i++) {
        b[29 + i] = (unsigned char)(crc >> (24 - 8 * i));
    }
}

START_TEST(bombs_are_refused)
{
    static unsigned char b[FILE_MAX];
    size_t n = load("colour.png", b);
    set_png_size(b, 40000, 10);
    refused(b, n, "10x40000 pixels (height x width): a side has 1 to 32768");
    set_png_size(b, 20000, 20000);
    refused(b, n,
            "20000x20000 pixels (height x width): a side has 1 to 32768, a picture at most "
            "100000000");
    set_png_size(b, 10000, 10000); // allowed, but the data ends early
    refused(b, n, "PNG: ");
    n = load("colour.jpg", b);
    for (size_t i = 2; i + 9 < n; i++) { // the frame header: height, width
        if (b[i] == 0xFF && b[i + 1] == 0xC0) {
            memcpy(b + i + 5, "\xEA\x60\xEA\x60", 4);
            break;
        }
    }
    refused(b, n, "60000x60000 pixels");
}
END_TEST

// A progressive JPEG's last scan, again and again.
START_TEST(endless_scans_are_refused)
{
    static unsigned char b[FILE_MAX], out[1 << 20];
    size_t n = load("progressive.jpg", b), last = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        if (b[i] == 0xFF && b[i + 1] == 0xDA) {
            last = i;
        }
    }
    size_t scan = n - 2 - last, size = n - 2;
    ck_assert(last > 0 && size + 300 * scan + 2 < sizeof out);
    memcpy(out, b, size);
    for (int i = 0; i < 300; i++, size += scan) {
        memcpy(out + size, b + last, scan);
    }
    memcpy(out + size, b + n - 2, 2);
    refused(out, size + 2, "x: JPEG: more than 200 scans");
}
END_TEST

START_TEST(sizes_must_fit)
{
    RnPicture p = read_ok("colour.png", 3);
    float image[3 * H * W];
    RnTransform t;
    RnTransformScratch scratch = {0};
    RnError err = {0};
    rn_transform_init(&t, 3, H, W, NULL);
    ck_assert_int_eq(rn_transform_run(&t, NULL, NULL, &p, image, &scratch, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text, "the picture has 29x37 pixels (height x width), the model takes "
                               "16x18 and does not say how to resize or crop");
    rn_transform_init(&t, 1, H, W, NULL);
    ck_assert_int_eq(rn_transform_run(&t, NULL, NULL, &p, image, &scratch, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text, "the picture has 3 channels, the model takes 1");
    const RnPreprocess resized = {.resize_shorter = 20};
    const RnPicture wide = {.channels = 1, .height = 1, .width = 32769, .pixels = p.pixels};
    rn_transform_init(&t, 1, 20, 655380, &resized);
    ck_assert_int_eq(rn_transform_run(&t, NULL, NULL, &wide, image, &scratch, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text,
                     "cannot resize 1x32769 to 20x655380 of 20x655380: sizes are 1 to 32768");
    rn_transform_scratch_free(&scratch);
    rn_picture_free(&p);
}
END_TEST

// ---- augmentation

typedef struct Plain {
    uint8_t pixels[(H + 2) * (W + 2)];
    RnPicture picture;
    RnTransform transform;
    RnTransformScratch scratch;
} Plain;

// A picture whose every pixel is another value, of the model's size or `border` larger on each
// side (0 or 1).
static void make_plain(Plain *p, uint32_t border)
{
    const RnPreprocess crop = {.centre_crop = 1};
    for (size_t i = 0; i < sizeof p->pixels; i++) {
        p->pixels[i] = (uint8_t)(1 + i % 251);
    }
    p->picture = (RnPicture){1, H + 2 * border, W + 2 * border, p->pixels};
    p->scratch = (RnTransformScratch){0};
    rn_transform_init(&p->transform, 1, H, W, border > 0 ? &crop : NULL);
}

static void vary(Plain *p, const RnAugment *a, RnDraw draw, float *image)
{
    ck_assert_int_eq(
        rn_transform_run(&p->transform, a, &draw, &p->picture, image, &p->scratch, NULL), RN_OK);
}

START_TEST(flips_half_of_the_time)
{
    static Plain p;
    static float image[H * W];
    const RnAugment a = {.flip = true};
    int flipped = 0;
    make_plain(&p, 0);
    for (uint64_t i = 0; i < 1000; i++) {
        vary(&p, &a, (RnDraw){7, 0, i}, image);
        bool turned = image[0] > p.transform.value[0][p.pixels[0]];
        flipped += turned;
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                ck_assert(image[y * W + x] ==
                          p.transform.value[0][p.pixels[y * W + (turned ? W - 1 - x : x)]]);
            }
        }
    }
    ck_assert(flipped > 420 && flipped < 580);
    rn_transform_scratch_free(&p.scratch);
}
END_TEST

// Is the image the picture's middle, shifted so, and black beyond the picture?
static bool is_shifted(const Plain *p, const float *image, int dy, int dx)
{
    int h = (int)p->picture.height, w = (int)p->picture.width;
    int top = (h - H) / 2 + dy, left = (w - W) / 2 + dx;
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            int sy = y + top, sx = x + left;
            bool in = sy >= 0 && sy < h && sx >= 0 && sx < w;
            if (image[y * W + x] != p->transform.value[0][in ? p->pixels[sy * w + sx] : 0]) {
                return false;
            }
        }
    }
    return true;
}

static void check_crops(uint32_t border)
{
    static Plain p;
    static float image[H * W];
    const RnAugment a = {.crop = 2};
    int seen[5][5] = {{0}};
    make_plain(&p, border);
    for (uint64_t i = 0; i < 2000; i++) {
        vary(&p, &a, (RnDraw){7, 3, i}, image);
        int found = 0;
        for (int dy = -2; dy <= 2; dy++) {
            for (int dx = -2; dx <= 2; dx++) {
                bool same = is_shifted(&p, image, dy, dx);
                found += same;
                seen[dy + 2][dx + 2] += same;
            }
        }
        ck_assert_int_eq(found, 1);
    }
    for (int i = 0; i < 25; i++) {
        ck_assert(seen[i / 5][i % 5] > 40 && seen[i / 5][i % 5] < 130);
    }
    rn_transform_scratch_free(&p.scratch);
}

START_TEST(crops_shift_and_pad_with_black)
{
    check_crops(0);
    check_crops(1); // pixels around the middle come in
}
END_TEST

// Rows and columns are ramps, so that an image tells where it was cut from.
START_TEST(resized_crops_have_the_stated_area)
{
    enum { SIDE = 200 };
    static uint8_t pixels[2 * SIDE * SIDE];
    static float image[3 * H * W];
    double areas = 0, least = 1, most = 0;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            pixels[y * SIDE + x] = (uint8_t)y;
            pixels[SIDE * SIDE + y * SIDE + x] = (uint8_t)x;
        }
    }
    RnTransform t;
    RnTransformScratch s = {0};
    const RnAugment a = {.resized_crop = true};
    rn_transform_init(&t, 1, H, W, NULL);
    for (uint64_t i = 0; i < 1000; i++) {
        double side[2];
        for (int axis = 0; axis < 2; axis++) {
            RnPicture p = {1, SIDE, SIDE, pixels + axis * SIDE * SIDE};
            RnDraw draw = {11, 5, i};
            ck_assert_int_eq(rn_transform_run(&t, &a, &draw, &p, image, &s, NULL), RN_OK);
            int n = axis == 0 ? H : W, step = axis == 0 ? W : 1;
            // the inner places of a linear ramp are exact: their distance is the scale
            double scale = (double)(image[(n - 3) * step] - image[2 * step]) * 255 / (n - 5);
            side[axis] = scale * n;
        }
        double area = side[0] * side[1] / (SIDE * SIDE), ratio = side[1] / side[0];
        ck_assert_msg(area > 0.07 && area < 1.03 && ratio > 0.72 && ratio < 1.39, "%g %g", area,
                      ratio);
        areas += area;
        least = area < least ? area : least;
        most = area > most ? area : most;
    }
    // uniform in 0.08 .. 1, the largest of which fit less often
    ck_assert(areas / 1000 > 0.45 && areas / 1000 < 0.56 && least < 0.1 && most > 0.9);
    rn_transform_scratch_free(&s);
}
END_TEST

START_TEST(resized_crops_of_narrow_pictures)
{
    static uint8_t pixels[300 * 2];
    float image[H * W];
    RnTransform t;
    RnTransformScratch s = {0};
    const RnAugment a = {.resized_crop = true, .flip = true};
    rn_transform_init(&t, 1, H, W, NULL);
    memset(pixels, 255, sizeof pixels);
    for (uint64_t i = 0; i < 50; i++) {
        RnPicture wide = {1, 2, 300, pixels}, tall = {1, 300, 2, pixels}, dot = {1, 1, 1, pixels};
        RnDraw draw = {1, 0, i};
        ck_assert_int_eq(rn_transform_run(&t, &a, &draw, &wide, image, &s, NULL), RN_OK);
        ck_assert(image[0] == 1.0f);
        ck_assert_int_eq(rn_transform_run(&t, &a, &draw, &tall, image, &s, NULL), RN_OK);
        ck_assert_int_eq(rn_transform_run(&t, &a, &draw, &dot, image, &s, NULL), RN_OK);
        ck_assert(image[H * W - 1] == 1.0f);
    }
    rn_transform_scratch_free(&s);
}
END_TEST

START_TEST(augmentations_are_named)
{
    RnAugment a;
    RnError err = {0};
    ck_assert_int_eq(rn_augment_parse("flip,crop=4", &a, &err), RN_OK);
    ck_assert(a.flip && a.crop == 4 && !a.resized_crop);
    ck_assert_int_eq(rn_augment_parse("rrc,flip", &a, &err), RN_OK);
    ck_assert(a.flip && a.crop == 0 && a.resized_crop);
    ck_assert_int_eq(rn_augment_parse("none", &a, &err), RN_OK);
    ck_assert(!a.flip && a.crop == 0 && !a.resized_crop);
    static const char *const wrong[] = {"",           "flip,",   "flop",    "crop",
                                        "crop=0",     "crop=-1", "crop=4x", "crop=9999",
                                        "crop=4,rrc", "rrc flip"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(rn_augment_parse(wrong[i], &a, &err) == RN_ERR_USAGE, "%s", wrong[i]);
    }
}
END_TEST

// ---- folders

// Makes T/sub/class/ and puts a picture there, or a text.
static void put(const TempFolder *t, const char *folder, const char *name, const char *picture)
{
    static unsigned char bytes[FILE_MAX];
    char command[400], path[400];
    snprintf(command, sizeof command, "mkdir -p '%s/%s'", t->path, folder);
    ck_assert_int_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/%s/%s", t->path, folder, name);
    size_t n = picture != NULL ? load(picture, bytes) : 5;
    temp_write(path, picture != NULL ? bytes : (const unsigned char *)"a text", n);
}

static void remove_tree(const TempFolder *t)
{
    char command[200];
    snprintf(command, sizeof command, "rm -r '%s'", t->path);
    ck_assert_int_eq(system(command), 0);
}

static void open_fails(const TempFolder *t, RnSplit split, RnStatus want, const char *text)
{
    RnDataset *d = NULL;
    RnError err = {0};
    ck_assert_int_eq(rn_pictures_open_folder(t->path, split, NULL, &d, &err), want);
    ck_assert_msg(strstr(err.text, text) != NULL, "'%s' is not in '%s'", text, err.text);
    ck_assert_ptr_null(d);
}

START_TEST(folders_with_splits)
{
    TempFolder t = temp_folder();
    put(&t, "train/cat", "b.JPG", "colour.jpg");
    put(&t, "train/cat", "a.png", "grey.png");
    put(&t, "train/cat", "notes.txt", NULL);
    put(&t, "train/ant/deep/er", "z.jpeg", "tall.jpg");
    put(&t, "train/dog", "x.png", "palette.png");
    put(&t, "val/dog", "x.png", "palette.png");
    ck_assert(rn_pictures_is_folder(t.path));
    RnDataset *d = NULL;
    RnError err = {0};
    ck_assert_msg(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, NULL, &d, &err) == RN_OK, "%s",
                  err.text);
    ck_assert(d->count == 4 && d->classes == 3);
    ck_assert_str_eq(d->class_names[0], "ant");
    ck_assert_str_eq(d->class_names[2], "dog");
    ck_assert(d->labels[0] == 0 && d->labels[1] == 1 && d->labels[2] == 1 && d->labels[3] == 2);
    float x[2 * 3 * H * W];
    uint32_t labels[2];
    ck_assert_int_eq(rn_dataset_fill(d, NULL, 0, 2, NULL, x, labels, &err), RN_ERR_USAGE);
    const RnPreprocess steps = {.resize_height = H, .resize_width = W};
    RnTransform transform;
    rn_transform_init(&transform, 3, H, W, &steps);
    ck_assert_int_eq(rn_dataset_set_transform(d, &transform, &err), RN_OK);
    ck_assert_msg(rn_dataset_fill(d, NULL, 1, 2, NULL, x, labels, &err) == RN_OK, "%s", err.text);
    ck_assert(labels[0] == 1 && labels[1] == 1);
    RnPicture p = read_ok("grey.png", 3); // a.png stands before b.JPG
    ck_assert_uint_eq(crc32(0, (const Bytef *)x, 3 * H * W * sizeof *x), image_crc(&p, &steps));
    rn_picture_free(&p);
    rn_dataset_close(d);
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_VAL, NULL, &d, &err), RN_OK);
    ck_assert(d->count == 1 && d->classes == 3 && d->labels[0] == 2);
    rn_dataset_close(d);
    put(&t, "val/eel", "x.png", "palette.png");
    open_fails(&t, RN_SPLIT_TEST, RN_ERR_MISSING, "there is no test/ with class folders");
    open_fails(&t, RN_SPLIT_VAL, RN_ERR_INPUT, "val/eel: the training pictures have no such");
    put(&t, "train/fox", "x.gif", NULL);
    open_fails(&t, RN_SPLIT_TRAIN, RN_ERR_INPUT, "train/fox: no pictures (.jpg, .jpeg, .png)");
    remove_tree(&t);
}
END_TEST

START_TEST(folders_without_splits)
{
    TempFolder t = temp_folder();
    ck_assert(!rn_pictures_is_folder(t.path));
    open_fails(&t, RN_SPLIT_TRAIN, RN_ERR_INPUT, "no folders of pictures, one per class");
    put(&t, "a", "x.png", "grey.png");
    put(&t, "b", "bad.png", NULL);
    open_fails(&t, RN_SPLIT_TEST, RN_ERR_MISSING, "there is no test/ with class folders");
    open_fails(&t, RN_SPLIT_VAL, RN_ERR_MISSING, "there is no val/ with class folders");
    RnDataset *d = NULL;
    RnError err = {0};
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, NULL, &d, &err), RN_OK);
    ck_assert(d->count == 2 && d->classes == 2);
    RnTransform transform;
    const RnPreprocess steps = {.centre_crop = 1};
    rn_transform_init(&transform, 1, H, W, &steps);
    ck_assert_int_eq(rn_dataset_set_transform(d, &transform, &err), RN_OK);
    for (unsigned threads = 0; threads < 3; threads++) { // told when its batch comes
        RnLoader *l = NULL;
        RnBatch batch;
        RnLoaderOptions options = {.batch = 1, .threads = threads};
        ck_assert_int_eq(rn_loader_create(d, &options, &l, &err), RN_OK);
        ck_assert_int_eq(rn_loader_next(l, &batch, &err), RN_OK);
        ck_assert_int_eq(rn_loader_next(l, &batch, &err), RN_ERR_INPUT);
        ck_assert_ptr_nonnull(strstr(err.text, "b/bad.png: neither JPEG nor PNG"));
        rn_loader_destroy(l);
    }
    rn_dataset_close(d);
    remove_tree(&t);
    open_fails(&t, RN_SPLIT_TRAIN, RN_ERR_IO, "No such file");
}
END_TEST

static void expect_split(const TempFolder *t, RnSplit split, const char *want)
{
    char name[16];
    RnError err = {0};
    ck_assert_msg(rn_pictures_split_folder(t->path, split, name, &err) == RN_OK, "%s", err.text);
    ck_assert_str_eq(name, want);
}

// A class may be called train; valid/ and validation/ are splits too; what is not taken is told.
START_TEST(names_of_splits)
{
    TempFolder t = temp_folder();
    put(&t, "train", "a.png", "grey.png");
    put(&t, "test", "a.png", "grey.png");
    put(&t, "bus", "b.png", "grey.png");
    expect_split(&t, RN_SPLIT_TRAIN, ".");
    expect_split(&t, RN_SPLIT_VAL, "");
    RnDataset *d = NULL;
    RnError err = {0};
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, NULL, &d, &err), RN_OK);
    ck_assert(d->classes == 3 && d->count == 3);
    ck_assert_str_eq(d->class_names[2], "train");
    rn_dataset_close(d);
    remove_tree(&t);
    t = temp_folder();
    put(&t, "train/cat", "a.png", "grey.png");
    put(&t, "train/cat", "a.webp", NULL);
    put(&t, "train/cat/deep", "b.WEBP", NULL);
    put(&t, "train/dog", "a.png", "grey.png");
    put(&t, "train/dog", "read.me", NULL);
    put(&t, "validation/dog", "a.png", "grey.png");
    put(&t, "test/cat", "a.png", "grey.png");
    put(&t, "extra", "a.png", "grey.png");
    expect_split(&t, RN_SPLIT_TRAIN, "train");
    expect_split(&t, RN_SPLIT_VAL, "validation");
    expect_split(&t, RN_SPLIT_TEST, "test");
    RnFolderRest rest = {0};
    const RnFolderOptions options = {.rest = &rest};
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, &options, &d, &err), RN_OK);
    rn_dataset_close(d);
    ck_assert_uint_eq(rest.kinds, 2);
    uint32_t webp = strcasecmp(rest.skipped[0].ending, ".webp") == 0 ? 0 : 1;
    ck_assert(rest.skipped[webp].count == 2 && rest.skipped[1 - webp].count == 1);
    ck_assert_uint_eq(rest.left_out, 1);
    ck_assert_str_eq(rest.first_left_out, "extra");
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TEST, NULL, &d, &err), RN_OK);
    ck_assert(d->count == 1 && d->labels[0] == 0 && d->classes == 2);
    rn_dataset_close(d);
    put(&t, "valid/dog", "a.png", "grey.png");
    open_fails(&t, RN_SPLIT_TRAIN, RN_ERR_INPUT, "both valid/ and validation/ hold classes");
    remove_tree(&t);
}
END_TEST

// 5 pictures of a, 2 of b, 1 of c.
START_TEST(limits_are_even)
{
    static const uint32_t want[][3] = {{0},       {1, 0, 0}, {1, 1, 0}, {1, 1, 1}, {2, 1, 1},
                                       {2, 2, 1}, {3, 2, 1}, {4, 2, 1}, {5, 2, 1}};
    TempFolder t = temp_folder();
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.png", i);
        put(&t, "a", name, "grey.png");
        if (i < 2) {
            put(&t, "b", name, "grey.png");
        }
    }
    put(&t, "c", "0.png", "grey.png");
    for (uint32_t limit = 1; limit < 10; limit++) {
        RnDataset *d = NULL;
        uint32_t counts[3] = {0};
        ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, NULL, &d, NULL), RN_OK);
        ck_assert_int_eq(rn_dataset_limit(d, limit, NULL), RN_OK);
        ck_assert_uint_eq(d->count, limit < 8 ? limit : 8);
        for (uint32_t i = 0; i < d->count; i++) {
            counts[d->labels[i]]++;
            ck_assert(i == 0 || d->labels[i] >= d->labels[i - 1]);
        }
        ck_assert(memcmp(counts, want[limit < 8 ? limit : 8], sizeof counts) == 0);
        ck_assert_int_eq(rn_dataset_limit(d, 0, NULL), RN_ERR_USAGE);
        rn_dataset_close(d);
    }
    remove_tree(&t);
}
END_TEST

static void count_bad(void *context, const RnError *why)
{
    ck_assert_ptr_nonnull(strstr(why->text, "bad"));
    ++*(int *)context;
}

// Bad pictures go, and the epoch's order of the others is what it was.
START_TEST(bad_pictures_are_left_out)
{
    TempFolder t = temp_folder();
    for (int i = 0; i < 9; i++) {
        char name[16];
        snprintf(name, sizeof name, i % 4 == 2 ? "%dbad.png" : "%d.png", i);
        put(&t, i < 5 ? "a" : "b", name, i % 4 == 2 ? NULL : "grey.png");
    }
    RnDataset *d = NULL, *all = NULL;
    RnError err = {0};
    uint32_t skipped = 0, order[9];
    int told = 0;
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, NULL, &d, &err), RN_OK);
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, NULL, &all, &err), RN_OK);
    ck_assert_int_eq(rn_dataset_skip_bad(d, NULL, count_bad, &told, &skipped, &err), RN_OK);
    ck_assert(skipped == 2 && told == 2 && d->count == 7 && all->count == 9);
    static const uint32_t labels[] = {0, 0, 0, 0, 1, 1, 1}, now[] = {0, 1, 9, 2, 3, 4, 9, 5, 6};
    ck_assert(memcmp(d->labels, labels, sizeof labels) == 0);
    for (uint64_t epoch = 0; epoch < 4; epoch++) {
        uint32_t whole[9], n = 0;
        rni_dataset_order(all, whole, 5, epoch);
        ck_assert_uint_eq(rni_dataset_order_room(d), 9);
        rni_dataset_order(d, order, 5, epoch);
        for (uint32_t i = 0; i < 9; i++) {
            if (now[whole[i]] != 9) {
                ck_assert_uint_eq(order[n++], now[whole[i]]);
            }
        }
    }
    RnTransform transform;
    const RnPreprocess steps = {.centre_crop = 1};
    rn_transform_init(&transform, 1, H, W, &steps);
    ck_assert_int_eq(rn_dataset_set_transform(d, &transform, &err), RN_OK);
    float x[7 * H * W];
    ck_assert_msg(rn_dataset_fill(d, NULL, 0, 7, NULL, x, NULL, &err) == RN_OK, "%s", err.text);
    rn_dataset_close(d);
    rn_dataset_close(all);
    remove_tree(&t);
    t = temp_folder();
    put(&t, "a", "bad.png", NULL);
    ck_assert_int_eq(rn_pictures_open_folder(t.path, RN_SPLIT_TRAIN, NULL, &d, &err), RN_OK);
    ck_assert_int_eq(rn_dataset_skip_bad(d, NULL, NULL, NULL, &skipped, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "none of the 1 pictures can be read"));
    rn_dataset_close(d);
    remove_tree(&t);
}
END_TEST

// A picture of 2 x 3 pixels, turned each way.
START_TEST(orientations)
{
    static const char *const want[] = {NULL,     "abcdef", "cbafed", "fedcba", "defabc",
                                       "adbecf", "daebfc", "fcebda", "cfbead"};
    for (uint32_t o = 1; o <= 8; o++) {
        uint8_t *pixels = malloc(6);
        memcpy(pixels, "abcdef", 6);
        RnPicture p = {.channels = 1, .height = 2, .width = 3, .pixels = pixels};
        ck_assert_int_eq(rn_picture_turn(&p, o, NULL), RN_OK);
        ck_assert_uint_eq(p.height, o >= 5 ? 3 : 2);
        ck_assert_uint_eq(p.width, o >= 5 ? 2 : 3);
        ck_assert_msg(memcmp(p.pixels, want[o], 6) == 0, "%u: %.6s", o, (const char *)p.pixels);
        rn_picture_free(&p);
    }
    uint32_t orientation;
    RnPicture p;
    char path[400];
    snprintf(path, sizeof path, "%s/tests/runtime/pictures/turned.jpg", TEST_SOURCE_DIR);
    ck_assert_int_eq(rn_picture_read_exif(path, 3, false, &orientation, &p, NULL), RN_OK);
    ck_assert_uint_eq(orientation, 6);
    ck_assert(p.height == 29 && p.width == 37);
    rn_picture_free(&p);
    // Pillow's ImageOps.exif_transpose gives the same pixels.
    ck_assert_int_eq(rn_picture_read_exif(path, 3, true, &orientation, &p, NULL), RN_OK);
    ck_assert(p.height == 37 && p.width == 29);
    ck_assert_uint_eq(crc32(0, p.pixels, 3 * 37 * 29), 4104039020u);
    rn_picture_free(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pictures");
    TCase *tc = tcase_create("pictures");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, pictures_are_pil_s_and_torchvision_s);
    tcase_add_test(tc, what_is_no_picture_is_refused);
    tcase_add_test(tc, bombs_are_refused);
    tcase_add_test(tc, endless_scans_are_refused);
    tcase_add_test(tc, sizes_must_fit);
    tcase_add_test(tc, flips_half_of_the_time);
    tcase_add_test(tc, crops_shift_and_pad_with_black);
    tcase_add_test(tc, resized_crops_have_the_stated_area);
    tcase_add_test(tc, resized_crops_of_narrow_pictures);
    tcase_add_test(tc, augmentations_are_named);
    tcase_add_test(tc, folders_with_splits);
    tcase_add_test(tc, folders_without_splits);
    tcase_add_test(tc, names_of_splits);
    tcase_add_test(tc, limits_are_even);
    tcase_add_test(tc, bad_pictures_are_left_out);
    tcase_add_test(tc, orientations);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
