// test_nonfinite.c: numbers that are infinite or not a number in weights, statistics and inputs:
// every command says where they are, and nothing is written.
#include "support/check_main.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/in_folder.h"

#define TOY TEST_SOURCE_DIR "/tests/exec/embed/toy.rn"

// Copies w.safetensors, where element `at` of one tensor becomes `value`.
static void write_with(const char *name, const char *tensor, size_t at, float value)
{
    RnTensorFile *file;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("w.safetensors"), &file, NULL), RN_OK);
    size_t count = rn_tensor_file_count(file);
    RnFileTensor *list = calloc(count, sizeof *list);
    float *changed = NULL;
    for (size_t i = 0; i < count; i++) {
        list[i] = *rn_tensor_file_at(file, i);
        if (strcmp(list[i].name, tensor) == 0) {
            changed = malloc(list[i].bytes);
            memcpy(changed, list[i].data, list[i].bytes);
            changed[at] = value;
            list[i].data = changed;
        }
    }
    ck_assert_ptr_nonnull(changed);
    ck_assert_int_eq(rn_tensor_file_write(in_folder(name), list, count, NULL, 0, NULL), RN_OK);
    free(list);
    free(changed);
    rn_tensor_file_close(file);
}

static void prepare(void)
{
    enter_folder("nonfinite");
    write_images("x.npy", 6, 11, 0.5f);
    write_images("nan.npy", 6, 11, NAN);
    write_images("inf.npy", 6, 11, -INFINITY);
    write_labels("l.npy", 6, 0);
    RESNETC("train " TOY " --data x.npy,l.npy --steps 1 --batch 4 --seed 3 --save w.safetensors");
    ck_assert_msg(run.code == 0, "%s", run.err);
    write_with("nan_w", "fc.weight", 3, NAN);
    write_with("inf_w", "layer1.1.conv1.weight", 0, INFINITY);
    write_with("nan_mean", "bn1.running_mean", 18, NAN);
    write_with("negative", "bn1.running_var", 2, -0.25f);
    write_with("huge", "fc.weight", 3, 3e38f); // finite, and so are its products
    write_with("larger", "conv1.weight", 5, 3e38f);
}

// Each file against each command that reads weights.
START_TEST(weights_are_refused)
{
    static const char *const files[][2] = {
        {"nan_w", "nan_w: tensor fc.weight: element 3 is nan, not a finite number"},
        {"inf_w", "inf_w: tensor layer1.1.conv1.weight: element 0 is inf, not a finite number"},
        {"nan_mean", "nan_mean: tensor bn1.running_mean: element 18 is nan, not a finite number"},
        {"negative", "negative: tensor bn1.running_var: element 2 is -0.25, but a variance is 0 or "
                     "more"},
    };
    static const char *const commands[] = {
        "run " TOY " --input x.npy --output out",
        "eval " TOY " --data x.npy,l.npy --json",
        "predict " TOY " --data x.npy,l.npy",
        "grad " TOY " --input x.npy --labels l.npy --output out",
        "train " TOY " --data x.npy,l.npy --steps 1 --save out --checkpoint out2",
        "bench " TOY " --repeats 1 --json",
        TOY " -o out.o",
    };
    int before = tool_count_files(folder);
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        for (size_t c = 0; c < sizeof commands / sizeof commands[0]; c++) {
            RESNETC("%s --weights %s", commands[c], files[f][0]);
            expect(1, files[f][1]);
            ck_assert_str_eq(run.out, "");
        }
    }
    ck_assert_int_eq(tool_count_files(folder), before);
}
END_TEST

START_TEST(inputs_are_refused)
{
    int before = tool_count_files(folder);
    RESNETC("run " TOY " --weights w.safetensors --input nan.npy --output out");
    expect(1, "nan.npy: element [5, 2, 12, 10] is nan, not a finite number");
    RESNETC("eval " TOY " --weights w.safetensors --data inf.npy,l.npy");
    expect(1, "inf.npy: element [5, 2, 12, 10] is -inf, not a finite number");
    RESNETC("predict " TOY " --weights w.safetensors --data nan.npy,l.npy");
    expect(1, "nan.npy: element [5, 2, 12, 10] is nan");
    RESNETC("grad " TOY " --weights w.safetensors --input nan.npy --labels l.npy --output out");
    expect(1, "nan.npy: element [5, 2, 12, 10] is nan");
    RESNETC("train " TOY " --data nan.npy,l.npy --steps 1 --save out");
    expect(1, "nan.npy: element [5, 2, 12, 10] is nan");
    RESNETC("train " TOY " --data x.npy,l.npy --steps 1 --lr nan");
    expect(2, "--lr: 'nan' is not a number");
    RESNETC("train " TOY " --data x.npy,l.npy --steps 1 --lr-schedule step --lr-drop-every inf");
    expect(2, "--lr-drop-every: 'inf' is no length");
    ck_assert_int_eq(tool_count_files(folder), before);
}
END_TEST

// All numbers that go in are finite; what comes out is not.
START_TEST(results_are_refused)
{
    int before = tool_count_files(folder);
    RESNETC("run " TOY " --weights larger --input x.npy --output out");
    expect(1, "the output is not a finite number: the first value that is not is");
    expect(1, "made by ");
    RESNETC("eval " TOY " --weights larger --data x.npy,l.npy --json");
    expect(1, "the output is not a finite number");
    ck_assert_str_eq(run.out, "");
    RESNETC("predict " TOY " --weights larger --data x.npy,l.npy");
    expect(1, "the output is not a finite number");
    RESNETC("run " TOY " --weights huge --input x.npy --output out && rm out");
    expect(0, NULL);
    ck_assert_int_eq(tool_count_files(folder), before);
}
END_TEST

// One step with a rate that float32 cannot follow: the loss was finite, the parameters are not.
START_TEST(good_weights_stay)
{
    SHELL("cp w.safetensors good && cp w.safetensors good2 && " TOOL " train " TOY
          " --data x.npy,l.npy --steps 1 --lr 1e6 --weight-decay 1e6 --weights huge --save good");
    expect(1, "good is not written: parameter conv1.weight: element 0 is inf");
    RESNETC("train " TOY " --data x.npy,l.npy --steps 1 --lr 1e6 --weight-decay 1e6 --weights huge "
            "--checkpoint good2");
    expect(1, "good2 is not written: parameter conv1.weight: element 0 is inf");
    SHELL("cmp w.safetensors good && cmp w.safetensors good2");
    expect(0, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nonfinite");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 600);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, weights_are_refused);
    tcase_add_test(tc, inputs_are_refused);
    tcase_add_test(tc, results_are_refused);
    tcase_add_test(tc, good_weights_stay);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
