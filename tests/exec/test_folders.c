// test_folders.c: folders of pictures on the command line: splits, what is said of them, class names
// in weights, orientation, damaged files, file names that are no UTF-8.
#include "support/check_main.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/weights.h"
#include "support/in_folder.h"

#define PICTURES TEST_SOURCE_DIR "/tests/runtime/pictures"

static const char model[] = "param classes = 2\n"
                            "model tiny {\n"
                            "    input image[3, 16, 18]: { resize(20); centre_crop }\n"
                            "    conv1: conv(3x3, c=8, stride=2, pad=1)\n"
                            "    relu\n"
                            "    global_avgpool\n"
                            "    fc: dense(classes)\n"
                            "}\n";

static void prepare(void)
{
    enter_folder("folders");
    tool_write(in_folder("tiny.rn"), model, sizeof model - 1);
    SHELL(
        "P=" PICTURES "; mkdir -p set/train/cat set/train/dog set/valid/dog set/test/cat other"
        " && cp $P/colour.jpg $P/grey.png $P/cmyk.jpg set/train/cat && cp $P/tall.jpg set/train/dog"
        " && cp $P/grey.png $P/tall.jpg set/valid/dog && cp $P/palette.png $P/grey.png "
        "$P/colour.png set/test/cat && touch set/train/cat/a.webp set/train/dog/b.webp "
        "set/train/dog/notes set/valid/dog/x.gif && mkdir set/extra");
    expect(0, NULL);
    RESNETC("train tiny.rn --data set --batch 2 --epochs 1 --save w.safetensors --log log.json");
    expect(0, "test accuracy");
}

static const char LISTING[] =
    "set: train/ trains, 4 pictures; valid/ is scored after each epoch, 2 "
    "pictures\n"
    "  class 0: \"cat\", 3 pictures, 0 scored\n"
    "  class 1: \"dog\", 1 pictures, 2 scored\n";

START_TEST(says_what_is_taken)
{
    ck_assert_msg(strncmp(run.err, LISTING, sizeof LISTING - 1) == 0, "%s", run.err);
    ck_assert_ptr_nonnull(strstr(run.err, "2 .webp"));
    ck_assert_ptr_nonnull(strstr(run.err, "1 others"));
    ck_assert_ptr_nonnull(strstr(run.err, "  not taken: 1 .gif in valid/\n"));
    ck_assert_ptr_nonnull(strstr(run.err, "not taken: set/extra, 1 folders beside the splits"));
    SHELL("cat log.json");
    cJSON *head = cJSON_ParseWithOpts(run.out, NULL, false);
    ck_assert_ptr_nonnull(head);
    ck_assert_str_eq(cJSON_GetObjectItem(head, "data")->valuestring, "set");
    const cJSON *trains = cJSON_GetObjectItem(head, "trains");
    ck_assert_int_eq(cJSON_GetObjectItem(trains, "pictures")->valueint, 4);
    ck_assert_int_eq(
        cJSON_GetObjectItem(cJSON_GetObjectItem(trains, "not_taken"), ".webp")->valueint, 2);
    const cJSON *dog = cJSON_GetArrayItem(cJSON_GetObjectItem(head, "classes"), 1);
    ck_assert_str_eq(cJSON_GetObjectItem(dog, "name")->valuestring, "dog");
    ck_assert_int_eq(cJSON_GetObjectItem(dog, "scored")->valueint, 2);
    cJSON_Delete(head);
    RESNETC("train tiny.rn --data set --batch 2 --epochs 1 --checkpoint c --log l2 2>/dev/null && "
            "cp l2 l1 && " TOOL " train tiny.rn --data set --batch 2 --epochs 2 --checkpoint c "
            "--resume --log l2 && cmp -n $(wc -c < l1) l1 l2 && wc -l < l2");
    expect(0, "5\n");
}
END_TEST

START_TEST(splits_are_chosen)
{
    RESNETC("eval tiny.rn --weights w.safetensors --data set --json");
    expect(0, "{\"count\": 2, ");
    expect(0, "set/valid: 2 pictures (validation) of 2 classes\n");
    RESNETC("eval tiny.rn --weights w.safetensors --data set --split val");
    expect(0, "on 2 pictures");
    RESNETC("eval tiny.rn --weights w.safetensors --data set --split=test --json");
    expect(0, "{\"count\": 3, ");
    RESNETC("eval tiny.rn --weights w.safetensors --data set --split=train --json");
    expect(0, "{\"count\": 4, ");
    expect(0, "set/train: these are the training pictures, 4 of them\n");
    RESNETC("predict tiny.rn --weights w.safetensors --data set --split=test --count 3");
    expect(0, "true: cat");
    SHELL("rm -rf only && mkdir only && cp -r set/train only");
    RESNETC("eval tiny.rn --weights w.safetensors --data only");
    expect(0, "only/train: these are the training pictures, 4 of them; the set has no others\n");
    RESNETC("eval tiny.rn --weights w.safetensors --data only --split=val");
    expect(2, "--split: only has no validation pictures");
    RESNETC("eval tiny.rn --weights w.safetensors --data only/train");
    expect(0, "only/train: 4 pictures of 2 classes\n");
    SHELL("cp -r set/valid only/val; cp -r set/valid only/validation");
    RESNETC("eval tiny.rn --weights w.safetensors --data only");
    expect(1, "both val/ and validation/ hold classes: which is meant?");
}
END_TEST

START_TEST(a_class_called_train)
{
    SHELL("mkdir -p vehicles/train vehicles/bus && cp " PICTURES
          "/grey.png vehicles/train && cp " PICTURES "/tall.jpg vehicles/bus");
    RESNETC("train tiny.rn --data vehicles --epochs 1");
    expect(0, "vehicles: the folder trains, 2 pictures; nothing is scored");
    expect(0, "  class 1: \"train\", 1 pictures\n");
    SHELL("mkdir x.npy.d && cp -r set/train x.npy.d && mkdir a,b.npy && cp -r set/train a,b.npy");
    RESNETC("eval tiny.rn --weights w.safetensors --data x.npy.d && " TOOL
            " eval tiny.rn --weights w.safetensors --data a,b.npy");
    expect(0, "on 4 pictures");
}
END_TEST

START_TEST(limit_is_even)
{
    RESNETC("train tiny.rn --data set --limit 2 --batch 2 --epochs 1");
    expect(0,
           "  class 0: \"cat\", 1 pictures, 0 scored\n  class 1: \"dog\", 1 pictures, 2 scored\n");
}
END_TEST

// --labels beats the file, the file beats numbers.
START_TEST(names_in_weights)
{
    RnTensorFile *file;
    RnClassNames names;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("w.safetensors"), &file, NULL), RN_OK);
    ck_assert_str_eq(rn_tensor_file_meta(file, "resnetc.classes"), "[\"cat\",\"dog\"]");
    ck_assert_int_eq(rn_tensor_file_class_names(file, &names, NULL), RN_OK);
    ck_assert(names.count == 2 && strcmp(names.at[1], "dog") == 0);
    rn_class_names_free(&names);
    rn_tensor_file_close(file);
    RESNETC("predict tiny.rn --weights w.safetensors " PICTURES "/grey.png");
    expect(0, "%  cat\n");
    expect(0, "%  dog\n");
    tool_write(in_folder("labels"), "Felis\nCanis\n", 12);
    RESNETC("predict tiny.rn --weights w.safetensors --labels labels " PICTURES "/grey.png");
    expect(0, "%  Canis\n");
    RESNETC("train tiny.rn --data set --epochs 1 --checkpoint named && " TOOL
            " predict tiny.rn --weights named " PICTURES "/grey.png");
    expect(0, "%  dog\n");
    SHELL("mkdir -p renamed/cat renamed/eel && cp " PICTURES "/grey.png renamed/cat && cp " PICTURES
          "/grey.png renamed/eel");
    RESNETC("eval tiny.rn --weights w.safetensors --data renamed");
    expect(0,
           "class 1 is 'dog' in w.safetensors and 'eel' in renamed: labels may not mean the same");
}
END_TEST

START_TEST(orientation)
{
    RESNETC("predict tiny.rn --weights w.safetensors --json " PICTURES "/turned.jpg");
    expect(0, "turned.jpg: its EXIF orientation is ignored; --exif=apply turns it");
    char ignored[1 << 12];
    snprintf(ignored, sizeof ignored, "%s", run.out);
    RESNETC("predict tiny.rn --weights w.safetensors --json --exif=apply " PICTURES "/turned.jpg");
    expect(0, "turned.jpg: turned as its EXIF orientation says");
    ck_assert_str_ne(run.out, ignored);
    SHELL("mkdir -p turned/a turned/b && for i in 1 2 3; do cp " PICTURES
          "/turned.jpg turned/a/$i.jpg; cp " PICTURES "/turned.jpg turned/b/$i.jpg; done");
    RESNETC("train tiny.rn --data turned --epochs 2 2>&1 | grep -c EXIF");
    expect(0, "1\n");
    RESNETC("train tiny.rn --data turned --epochs 1 --exif=apply");
    expect(0, ".jpg: turned as its EXIF orientation says, and so are others");
    RESNETC("eval tiny.rn --weights w.safetensors --data turned --exif=apply");
    expect(0, "turned as its EXIF orientation says");
}
END_TEST

START_TEST(damaged_pictures)
{
    SHELL("rm -rf torn && cp -r set torn && head -c 300 set/train/dog/tall.jpg > torn/train/dog/"
          "torn.jpg && cp set/train/cat/grey.png torn/train/cat/more.png");
    RESNETC("train tiny.rn --data torn --batch 2 --epochs 2 --no-shuffle --checkpoint t");
    expect(1, "torn.jpg: JPEG");
    expect(1, "--skip-bad leaves out pictures that cannot be read");
    expect(1, "stopped after step 2; to go on:");
    RESNETC("train tiny.rn --data torn --batch 2 --epochs 2 --no-shuffle --checkpoint t --resume "
            "--skip-bad --save s");
    expect(0, "left out: torn/train/dog/torn.jpg: JPEG");
    expect(0, "left out 1 of 6 pictures");
    RESNETC("train tiny.rn --data torn --batch 2 --epochs 2 --no-shuffle --skip-bad --save s2 && "
            "cmp s s2");
    expect(0, NULL);
    RESNETC("train tiny.rn --data torn --batch 2 --epochs 2 --seed 4 --checkpoint u");
    expect(1, "torn.jpg: JPEG");
    RESNETC("train tiny.rn --data torn --batch 2 --epochs 2 --seed 4 --checkpoint u --resume "
            "--skip-bad --save s && " TOOL
            " train tiny.rn --data torn --batch 2 --epochs 2 --seed 4 --skip-bad --save s2 && "
            "cmp s s2");
    expect(0, NULL);
    RESNETC("eval tiny.rn --weights w.safetensors --data torn --split=train --skip-bad --json");
    expect(0, "{\"count\": 5, ");
}
END_TEST

// Arrays of 8-bit pictures, in either order of axes, are the same data as floats made of them.
START_TEST(pixels_in_npy)
{
    static const char head[] =
        "\x93NUMPY\1\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (";
    uint8_t planes[4][3][16][18], mixed[4][16][18][3];
    for (int i = 0; i < 4 * 3 * 16 * 18; i++) {
        int n = i / (3 * 16 * 18), c = i / (16 * 18) % 3, y = i / 18 % 16, x = i % 18;
        planes[n][c][y][x] = mixed[n][y][x][c] = (uint8_t)(i * 37 % 251);
    }
    const struct {
        const char *name, *shape;
        const void *data;
    } files[] = {{"planes.npy", "4, 3, 16, 18), }", planes},
                 {"mixed.npy", "4, 16, 18, 3), }", mixed}};
    for (int f = 0; f < 2; f++) {
        char bytes[128 + sizeof planes];
        memset(bytes, ' ', 128);
        memcpy(bytes, head, sizeof head - 1);
        memcpy(bytes + sizeof head - 1, files[f].shape, strlen(files[f].shape));
        bytes[127] = '\n';
        memcpy(bytes + 128, files[f].data, sizeof planes);
        tool_write(in_folder(files[f].name), bytes, sizeof bytes);
    }
    const int64_t labels[] = {0, 1, 0, 1};
    ck_assert_int_eq(rn_npy_write_i64(in_folder("l.npy"), &(RnShape){1, {4}}, labels, NULL), RN_OK);
    static float x[4][3][16][18];
    for (int i = 0; i < 4 * 3 * 16 * 18; i++) {
        ((float *)x)[i] = (float)((const uint8_t *)planes)[i] / 255.0f;
    }
    ck_assert_int_eq(
        rn_npy_write_f32(in_folder("x.npy"), &(RnShape){4, {4, 3, 16, 18}}, (float *)x, NULL),
        RN_OK);
    RESNETC("eval tiny.rn --weights w.safetensors --data x.npy,l.npy --json > f && " TOOL
            " eval tiny.rn --weights w.safetensors --data planes.npy,l.npy --json > p && " TOOL
            " eval tiny.rn --weights w.safetensors --data mixed.npy,l.npy --json > m && cmp f p && "
            "cmp f m");
    expect(0, NULL);
    RESNETC("train tiny.rn --data mixed.npy,l.npy --epochs 1 --augment flip,crop=2 && " TOOL
            " train tiny.rn -D classes=3 --data planes.npy,l.npy --epochs 1");
    expect(0, NULL);
    RESNETC("eval tiny.rn --weights w.safetensors --data mixed.npy,l.npy --resize 20");
    expect(1, "mixed.npy,l.npy with --resize 20 has pictures of 3x20x20");
    RESNETC("eval tiny.rn --weights w.safetensors --data x.npy,l.npy --resize 20");
    expect(2, "resizing is for 8-bit pictures");
}
END_TEST

// A name in Latin-1.
START_TEST(names_that_are_no_utf8)
{
    SHELL("mkdir -p latin/train/caf\xE9 latin/train/t\xC3\xA9 latin/val/caf\xE9 && for d in "
          "latin/train/* latin/val/*; do cp " PICTURES "/grey.png $d; done && cp " PICTURES
          "/grey.png caf\xE9.png");
    expect(0, NULL);
    RESNETC("train tiny.rn --data latin --epochs 1 --save l.safetensors --report r.html --curves "
            "c.svg --log l.json && " TOOL " predict tiny.rn --weights l.safetensors --json "
            "caf\xE9.png > p.json && for f in r.html c.svg l.json p.json l.safetensors; do "
            "head -c 20000 $f | tr -d '\\000-\\010' > $f.text; done; "
            "iconv -f UTF-8 -t UTF-16 r.html > /dev/null && iconv -f UTF-8 -t UTF-16 c.svg "
            "> /dev/null && iconv -f UTF-8 -t UTF-16 l.json > /dev/null && "
            "iconv -f UTF-8 -t UTF-16 p.json > /dev/null && cat p.json");
    expect(0, "{\"picture\": \"caf\xEF\xBF\xBD.png\"");
    expect(0, "\"name\": \"caf\xEF\xBF\xBD\"");
    expect(0, "\"name\": \"t\xC3\xA9\"");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folders");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 600);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, says_what_is_taken);
    tcase_add_test(tc, splits_are_chosen);
    tcase_add_test(tc, a_class_called_train);
    tcase_add_test(tc, limit_is_even);
    tcase_add_test(tc, names_in_weights);
    tcase_add_test(tc, orientation);
    tcase_add_test(tc, damaged_pictures);
    tcase_add_test(tc, pixels_in_npy);
    tcase_add_test(tc, names_that_are_no_utf8);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
