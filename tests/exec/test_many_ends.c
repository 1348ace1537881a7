// test_many_ends.c: every command on models with several outputs, with several inputs, and with no
// loss: each serves them or says that it does not.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/in_folder.h"

static void write_model(const char *name, const char *outputs)
{
    char text[500];
    int n = snprintf(text, sizeof text,
                     "model %s {\n input image[3, 13, 11]\n conv1: conv(3x3, c=8, pad=1)\n relu\n"
                     " map = it\n global_avgpool\n pooled = it\n fc: dense(5)\n%s}\n",
                     name, outputs);
    char file[64];
    snprintf(file, sizeof file, "%s.rn", name);
    tool_write(in_folder(file), text, (size_t)n);
}

static void prepare(void)
{
    enter_folder("many_ends");
    write_images("x.npy", 6, 11, 0.5f);
    write_labels("l.npy", 6, 0);
    write_model("one", "");
    write_model("two", " output logits = it\n output features = map\n");
    write_model("three", " output logits = it\n output features = map\n output mean = pooled\n");
    write_model("lossless", " output features = map\n");
    static const char inputs[] =
        "model inputs {\n input a[3, 13, 11]\n input b[3, 13, 11]\n add(a, b)\n"
        " conv1: conv(3x3, c=8, pad=1)\n relu\n global_avgpool\n fc: dense(5)\n}\n";
    tool_write(in_folder("inputs.rn"), inputs, sizeof inputs - 1);
    RESNETC("train one.rn --data x.npy,l.npy --steps 1 --seed 3 --save w && " TOOL
            " run one.rn --weights w --input x.npy --output logits.npy");
    ck_assert_msg(run.code == 0, "%s", run.err);
}

START_TEST(run_writes_all)
{
    RESNETC("run two.rn --weights w --input x.npy --output y.npy");
    expect(2, "the model has 2 outputs: --output takes a FOLDER/");
    RESNETC("run three.rn --weights w --input x.npy --output y.npy");
    expect(2, "the model has 3 outputs: --output takes a FOLDER/");
    ck_assert(!tool_exists(in_folder("y.npy")));
    RESNETC("run three.rn --weights w --input x.npy --output all/ --batch 4 && "
            "cmp all/logits.npy logits.npy && ls all");
    expect(0, "features.npy\nlogits.npy\nmean.npy\n");
    RESNETC("run three.rn --weights w --input x.npy --output all.safetensors");
    expect(0, NULL);
    RnTensorFile *file;
    RnNpy npy;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("all.safetensors"), &file, NULL), RN_OK);
    ck_assert_uint_eq(rn_tensor_file_count(file), 3);
    static const char *const names[] = {"features", "logits", "mean"};
    static const RnShape shapes[] = {{4, {6, 8, 13, 11}}, {2, {6, 5}}, {4, {6, 8, 1, 1}}};
    for (size_t i = 0; i < 3; i++) {
        char path[64], text[64], want[64];
        const RnFileTensor *t = rn_tensor_file_at(file, i);
        ck_assert_str_eq(t->name, names[i]);
        ck_assert_str_eq(rn_shape_text(&t->shape, text, sizeof text),
                         rn_shape_text(&shapes[i], want, sizeof want));
        snprintf(path, sizeof path, "all/%s.npy", names[i]);
        ck_assert_int_eq(rn_npy_read(in_folder(path), RN_NPY_FLOAT, &npy, NULL), RN_OK);
        ck_assert_uint_eq(npy.elements * 4, t->bytes);
        ck_assert(memcmp(npy.f32, t->data, t->bytes) == 0);
        rn_npy_free(&npy);
    }
    rn_tensor_file_close(file);
    RESNETC("run lossless.rn --weights w --input x.npy --output map.npy && "
            "cmp map.npy all/features.npy");
    expect(0, NULL);
}
END_TEST

// The first output is the logits, as where there is no other.
START_TEST(scores_are_the_same)
{
    RESNETC("eval one.rn --weights w --data x.npy,l.npy --json > 1 && " TOOL
            " eval two.rn --weights w --data x.npy,l.npy --json > 2 && " TOOL
            " eval three.rn --weights w --data x.npy,l.npy --json > 3 && cmp 1 2 && cmp 1 3");
    expect(0, NULL);
    RESNETC("predict one.rn --weights w --data x.npy,l.npy > 1 && " TOOL
            " predict two.rn --weights w --data x.npy,l.npy > 2 && " TOOL
            " predict three.rn --weights w --data x.npy,l.npy > 3 && cmp 1 2 && cmp 1 3");
    expect(0, NULL);
    RESNETC("predict one.rn --weights w --json -- " TEST_SOURCE_DIR
            "/tests/runtime/pictures/grey_13x11.png");
    int one = run.code; // what it says of the picture is another test's
    RESNETC("predict three.rn --weights w --json -- " TEST_SOURCE_DIR
            "/tests/runtime/pictures/grey_13x11.png");
    ck_assert_int_eq(run.code, one);
}
END_TEST

START_TEST(what_cannot_be_served)
{
    RESNETC("train two.rn --data x.npy,l.npy --steps 1");
    expect(1, "it has 2 outputs and training needs exactly one, the logits");
    RESNETC("grad three.rn --weights w --input x.npy --labels l.npy --output g");
    expect(1, "it has 3 outputs and training needs exactly one, the logits");
    RESNETC("bench three.rn --mode train --repeats 1");
    expect(1, "it has 3 outputs and training needs exactly one, the logits");
    RESNETC("eval lossless.rn --weights w --data x.npy,l.npy");
    expect(1, "the model's output is no [N, classes] tensor");
    RESNETC("predict lossless.rn --weights w --data x.npy,l.npy");
    expect(1, "the model's output is no [N, classes] tensor");
    RESNETC("train lossless.rn --data x.npy,l.npy --steps 1");
    expect(1, "the model's output is no [N, classes] tensor");
    RESNETC("grad lossless.rn --weights w --input x.npy --labels l.npy --output g");
    expect(1, "training needs logits");
    static const char *const commands[] = {
        "run inputs.rn --weights w --input x.npy --output y.npy",
        "eval inputs.rn --weights w --data x.npy,l.npy",
        "predict inputs.rn --weights w --data x.npy,l.npy",
        "predict inputs.rn --weights w picture.png",
        "train inputs.rn --data x.npy,l.npy --steps 1",
        "grad inputs.rn --weights w --input x.npy --labels l.npy --output g",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        RESNETC("%s", commands[i]);
        expect(1, " serves models of one input; this one has several");
    }
    RESNETC("bench inputs.rn --repeats 1 && " TOOL " bench three.rn --repeats 1 && " TOOL
            " bench inputs.rn --mode train --repeats 1");
    expect(0, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("many_ends");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 600);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, run_writes_all);
    tcase_add_test(tc, scores_are_the_same);
    tcase_add_test(tc, what_cannot_be_served);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
