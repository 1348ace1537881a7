// test_pictures.c: pictures on the command line: predict on files, training and evaluation on
// folders, augmentation, preprocessing as the model states it.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/pictures.h"
#include "support/in_folder.h"

#define PICTURES TEST_SOURCE_DIR "/tests/runtime/pictures"

static const char model[] = "param classes = 2\n"
                            "model tiny {\n"
                            "    input image[3, 16, 18]: { resize(20); centre_crop; "
                            "normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]) }\n"
                            "    conv1: conv(3x3, c=8, stride=2, pad=1)\n"
                            "    bn1: bn\n"
                            "    relu\n"
                            "    global_avgpool\n"
                            "    fc: dense(classes)\n"
                            "}\n";

static void prepare(void)
{
    enter_folder("pictures");
    tool_write(in_folder("tiny.rn"), model, sizeof model - 1);
    tool_write(in_folder("labels.txt"), "a cat\r\ndog", 10);
    SHELL("mkdir -p set/train/cat set/train/dog set/val/cat set/val/dog && cp " PICTURES
          "/colour.jpg " PICTURES "/grey.png " PICTURES "/cmyk.jpg set/train/cat && cp " PICTURES
          "/tall.jpg " PICTURES "/palette.png set/train/dog && cp " PICTURES
          "/turned.jpg set/val/cat && cp " PICTURES "/alpha.png set/val/dog");
    expect(0, NULL);
    RESNETC("train tiny.rn --data set --batch 2 --epochs 2 --lr 0.5 --save w.safetensors");
    expect(0, "waiting");
}

// Writes the image that the library makes of a file.
static void write_image(const char *name)
{
    const RnPreprocess steps = {.resize_shorter = 20,
                                .centre_crop = 1,
                                .normalize = 1,
                                .mean = {0.485, 0.456, 0.406},
                                .std = {0.229, 0.224, 0.225}};
    static float image[3 * 16 * 18];
    RnPicture p;
    RnTransform t;
    RnTransformScratch scratch = {0};
    RnShape shape = {4, {1, 3, 16, 18}};
    ck_assert_int_eq(rn_picture_read(name, 3, &p, NULL), RN_OK);
    rn_transform_init(&t, 3, 16, 18, &steps);
    ck_assert_int_eq(rn_transform_run(&t, NULL, NULL, &p, image, &scratch, NULL), RN_OK);
    rn_transform_scratch_free(&scratch);
    rn_picture_free(&p);
    ck_assert_int_eq(rn_npy_write_f32(in_folder("x.npy"), &shape, image, NULL), RN_OK);
}

// test_runtime_pictures shows that these images are torchvision's.
START_TEST(predict_prepares_pictures_as_stated)
{
    write_image(PICTURES "/turned.jpg");
    RESNETC("run tiny.rn --weights w.safetensors --input x.npy --output y.npy");
    expect(0, NULL);
    RnNpy y;
    ck_assert_int_eq(rn_npy_read(in_folder("y.npy"), RN_NPY_FLOAT, &y, NULL), RN_OK);
    RESNETC("predict tiny.rn --weights w.safetensors --json " PICTURES "/turned.jpg");
    expect(0, "\"name\": \"cat\"");
    for (int k = 0; k < 2; k++) {
        char start[64];
        snprintf(start, sizeof start, "\"class\": %d,", k);
        const char *at = strstr(run.out, start);
        at = at ? strstr(at, "\"logit\": ") : NULL;
        ck_assert_ptr_nonnull(at);
        ck_assert((float)strtod(at + 9, NULL) == y.f32[k]);
    }
    rn_npy_free(&y);
}
END_TEST

START_TEST(predict_files)
{
    RESNETC("predict tiny.rn --weights w.safetensors --labels labels.txt " PICTURES
            "/grey.jpg nothing.jpg tiny.rn " PICTURES "/cmyk.jpg");
    expect(3, "grey.jpg\n  ");
    expect(3, "%  a cat\n");
    expect(3, "%  dog\n");
    expect(3, "cmyk.jpg\n  ");
    expect(3, "resnetc: nothing.jpg: No such file or directory");
    expect(3, "resnetc: tiny.rn: neither JPEG nor PNG");
    RESNETC("predict tiny.rn --weights w.safetensors --json --data set");
    expect(2, "--json is for picture files");
    RESNETC("predict tiny.rn --weights w.safetensors --top 1 " PICTURES "/grey.jpg | wc -l");
    expect(0, "2\n");
    RESNETC("predict tiny.rn --weights w.safetensors --data set --count 2 --labels labels.txt");
    expect(0, "true: a cat");
    RESNETC("predict tiny.rn --weights w.safetensors --data set --count 2");
    expect(0, "true: dog");
    RESNETC("predict tiny.rn --weights w.safetensors");
    expect(2, "predict needs picture files or --data SET");
    RESNETC("predict tiny.rn --weights w.safetensors --data set x.jpg");
    expect(2, "give either pictures or --data");
    RESNETC("predict tiny.rn --weights w.safetensors --labels tiny.rn x.jpg");
    expect(1, "tiny.rn: 9 lines, but the model has 2 classes");
    RESNETC("predict tiny.rn --weights w.safetensors --labels set/none x.jpg");
    expect(3, "set/none");
}
END_TEST

START_TEST(sizes_and_channels)
{
    SHELL("sed 's/: { resize.*}//' tiny.rn > plain.rn");
    expect(0, NULL);
    RESNETC("predict plain.rn --weights w.safetensors " PICTURES "/grey.jpg");
    expect(1, "grey.jpg: the picture has 29x37 pixels (height x width), the model takes 16x18");
    expect(1, "help: --resize N");
    SHELL("sed 's/image.*$/image[1, 16, 16]/' tiny.rn > grey.rn");
    RESNETC("train grey.rn --data set --resize 16 --steps 1 --save g.safetensors");
    expect(0, NULL);
    RESNETC("predict grey.rn --weights g.safetensors --resize 16 " PICTURES "/colour.jpg");
    expect(0, "%  dog\n");
    SHELL("sed 's/image.*$/image[2, 16, 16]/' tiny.rn > two.rn");
    RESNETC("train two.rn --data set --steps 1");
    expect(1, "does not take pictures: these have 1 or 3 channels");
    RESNETC("--emit=summary tiny.rn");
    expect(0, "input image 3x16x18: resize(20) centre_crop normalize(mean=[0.485, 0.456, 0.406], "
              "std=[0.229, 0.224, 0.225])\n");
    RESNETC("train tiny.rn --data set -D classes=1 --steps 1");
    expect(1, "label 1 of image 3 is out of range: the model has 1 classes");
}
END_TEST

START_TEST(folders_train_and_are_scored)
{
    static const char *const ways[] = {"--loader-threads 0", "--loader-threads 1",
                                       "--loader-threads 3 --threads 1"};
    for (int i = 0; i < 3; i++) {
        RESNETC(
            "train tiny.rn --data set --batch 2 --epochs 3 --augment flip,rrc --seed 5 %s --log "
            "l.jsonl --save w%d.safetensors",
            ways[i], i);
        expect(0, NULL);
    }
    SHELL("cmp w0.safetensors w1.safetensors && cmp w0.safetensors w2.safetensors");
    expect(0, NULL);
    SHELL("cat l.jsonl");
    expect(0, "\"waiting\": ");
    RESNETC("train tiny.rn --data set --batch 2 --epochs 3 --augment flip,crop=2 --seed 5 --save "
            "w3.safetensors");
    expect(0, NULL);
    SHELL("cmp -s w0.safetensors w3.safetensors");
    expect(1, NULL);
    RESNETC("eval tiny.rn --weights w.safetensors --data set");
    expect(0, "on 2 pictures");
    RESNETC("eval tiny.rn --weights w.safetensors --data set/train --loader-threads 0");
    expect(0, "on 5 pictures");
    SHELL("mkdir -p broken/cat && cp tiny.rn broken/cat/x.png");
    RESNETC("eval tiny.rn --weights w.safetensors --data broken");
    expect(1, "broken/cat/x.png: neither JPEG nor PNG");
}
END_TEST

// A run that stops in the middle of an epoch and goes on varies the same pictures in the same way.
START_TEST(augmentation_survives_a_resume)
{
#define TRAIN "train tiny.rn --data set --batch 2 --augment flip,rrc --seed 7 "
    RESNETC(TRAIN "--steps 8 --save whole.safetensors");
    expect(0, NULL);
    RESNETC(TRAIN "--steps 4 --checkpoint ck");
    expect(0, NULL);
    RESNETC(TRAIN "--steps 8 --checkpoint ck --resume --save parts.safetensors");
    expect(0, NULL);
    SHELL("cmp whole.safetensors parts.safetensors");
    expect(0, NULL);
}
END_TEST

START_TEST(data_sets_that_are_none)
{
    RESNETC("train tiny.rn --data nowhere");
    expect(3, "nowhere: no data set is here");
    RESNETC("train tiny.rn --data set --augment flop");
    expect(2, "--augment: 'flop' is none of flip, crop=PIXELS, rrc");
    RESNETC("train tiny.rn --data set --augment crop=3,rrc");
    expect(2, "--augment: crop and rrc both choose a part: give one of them");
    write_image(PICTURES "/turned.jpg");
    RnShape shape = {1, {1}};
    int64_t label = 1;
    ck_assert_int_eq(rn_npy_write_i64(in_folder("l.npy"), &shape, &label, NULL), RN_OK);
    RESNETC("train tiny.rn --data x.npy,l.npy --augment flip --steps 1");
    expect(2, "augmentation works on 8-bit pictures, not on numbers");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pictures");
    TCase *tc = tcase_create("pictures");
    tcase_set_timeout(tc, 600);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, predict_prepares_pictures_as_stated);
    tcase_add_test(tc, predict_files);
    tcase_add_test(tc, sizes_and_channels);
    tcase_add_test(tc, folders_train_and_are_scored);
    tcase_add_test(tc, augmentation_survives_a_resume);
    tcase_add_test(tc, data_sets_that_are_none);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
