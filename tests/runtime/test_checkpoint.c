// test_checkpoint.c: weights and checkpoints from and to files.
#include "support/check_main.h"

#include <stdbool.h>
#include <stdint.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "resnetc/checkpoint.h"
#include "resnetc/weights.h"
#include "runtime/temp_files.h"
#include "runtime/toy_model.h"

static RnSession *open_toy(const RnModel *m, uint64_t seed)
{
    RnSession *s = NULL;
    ck_assert_int_eq(rn_session_open(m, &(RnOptions){.threads = 1}, &s, NULL), RN_OK);
    rn_init_params(s, seed, 0);
    for (int d = 0; d < TOY_D; d++) {
        rn_tensor_data(s, TOY_T_MEAN)[d] = (float)seed + (float)d;
    }
    return s;
}

static bool same_tensors(RnSession *a, RnSession *b)
{
    return memcmp(rn_tensor_data(a, TOY_T_WEIGHT), rn_tensor_data(b, TOY_T_WEIGHT),
                  TOY_D * TOY_K * 4) == 0 &&
           memcmp(rn_tensor_data(a, TOY_T_BIAS), rn_tensor_data(b, TOY_T_BIAS), TOY_K * 4) == 0 &&
           memcmp(rn_tensor_data(a, TOY_T_MEAN), rn_tensor_data(b, TOY_T_MEAN), TOY_D * 4) == 0;
}

START_TEST(weights_saved_and_loaded)
{
    TempFolder t = temp_folder();
    char path[128];
    const RnModel m = toy_model();
    RnSession *a = open_toy(&m, 1), *b = open_toy(&m, 2);
    ck_assert(!same_tensors(a, b));
    ck_assert_int_eq(rn_weights_save(a, temp_path(&t, "w", path), NULL), RN_OK);
    ck_assert_int_eq(rn_weights_load(b, path, NULL), RN_OK);
    ck_assert(same_tensors(a, b));
    rn_session_close(a);
    rn_session_close(b);
    temp_remove(&t);
}
END_TEST

static const float numbers[TOY_D * TOY_K] = {3};

// The toy's tensors as a file would hold them, and one more place.
static void fill_tensors(RnFileTensor list[4])
{
    list[0] = (RnFileTensor){.name = "fc.weight",
                             .dtype = "F32",
                             .shape = {2, {TOY_K, TOY_D}},
                             .data = numbers,
                             .bytes = TOY_D * TOY_K * 4};
    list[1] = (RnFileTensor){.name = "fc.bias",
                             .dtype = "F32",
                             .shape = {1, {TOY_K}},
                             .data = numbers,
                             .bytes = TOY_K * 4};
    list[2] = (RnFileTensor){.name = "bn.running_mean",
                             .dtype = "F32",
                             .shape = {1, {TOY_D}},
                             .data = numbers,
                             .bytes = TOY_D * 4};
    list[3] = (RnFileTensor){0};
}

static void check_load(const RnFileTensor *list, size_t n, const char *text)
{
    TempFolder t = temp_folder();
    char path[128];
    const RnModel m = toy_model();
    RnError err = {0};
    RnSession *s = open_toy(&m, 1), *before = open_toy(&m, 1);
    ck_assert_int_eq(rn_tensor_file_write(temp_path(&t, "w", path), list, n, NULL, 0, NULL), RN_OK);
    RnStatus status = rn_weights_load(s, path, &err);
    ck_assert_int_eq(status, text ? RN_ERR_INPUT : RN_OK);
    if (text != NULL) {
        ck_assert_msg(strstr(err.text, text) != NULL && strstr(err.text, path) != NULL, "%s",
                      err.text);
        ck_assert(same_tensors(s, before));
    }
    rn_session_close(s);
    rn_session_close(before);
    temp_remove(&t);
}

START_TEST(weights_that_do_not_fit)
{
    RnFileTensor list[4];
    static const int64_t counter[2] = {12, 0};
    fill_tensors(list);
    check_load(list, 3, NULL);
    check_load(list, 2, "tensor bn.running_mean is missing (the model needs F32 [12])");
    list[3] = (RnFileTensor){
        .name = "fc.gain", .dtype = "F32", .shape = {1, {1}}, .data = numbers, .bytes = 4};
    check_load(list, 4, "tensor fc.gain does not belong to model toy");
    fill_tensors(list);
    list[0].shape = (RnShape){2, {TOY_D, TOY_K}};
    check_load(list, 3, "tensor fc.weight is F32 [12, 5], but the model needs F32 [5, 12]");
    fill_tensors(list);
    list[1].dtype = "I32";
    check_load(list, 3, "tensor fc.bias is I32 [5], but the model needs F32 [5]");
    fill_tensors(list);
    list[3] = (RnFileTensor){
        .name = "bn.num_batches_tracked", .dtype = "I64", .data = counter, .bytes = 8};
    check_load(list, 4, NULL);
    list[3].shape = (RnShape){1, {1}};
    check_load(list, 4, NULL);
    list[3].shape = (RnShape){1, {2}};
    list[3].bytes = 16;
    check_load(list, 4, "tensor bn.num_batches_tracked is I64 [2], but I64 [] is needed");
    list[3] = (RnFileTensor){
        .name = "other.num_batches_tracked", .dtype = "I64", .data = counter, .bytes = 8};
    check_load(list, 4, "tensor other.num_batches_tracked does not belong");
    list[3].name = "optimizer/momentum/fc.bias"; // only in checkpoints
    check_load(list, 4, "tensor optimizer/momentum/fc.bias does not belong");
}
END_TEST

START_TEST(gradients_saved)
{
    TempFolder t = temp_folder();
    char path[128];
    const RnModel m = toy_model();
    RnSession *s = open_toy(&m, 1);
    for (int k = 0; k < TOY_K; k++) {
        rn_tensor_data(s, TOY_T_GB)[k] = (float)k;
    }
    ck_assert_int_eq(rn_gradients_save(s, 2.5, temp_path(&t, "g", path), NULL), RN_OK);
    RnTensorFile *f = NULL;
    ck_assert_int_eq(rn_tensor_file_open(path, &f, NULL), RN_OK);
    ck_assert_uint_eq(rn_tensor_file_count(f), 4);
    const RnFileTensor *loss = rn_tensor_file_find(f, "loss");
    float value;
    memcpy(&value, loss->data, 4);
    ck_assert(loss->shape.rank == 0 && value == 2.5f);
    ck_assert_int_eq(
        memcmp(rn_tensor_file_find(f, "fc.bias")->data, rn_tensor_data(s, TOY_T_GB), 4 * TOY_K), 0);
    ck_assert_int_eq(memcmp(rn_tensor_file_find(f, "bn.running_mean")->data,
                            rn_tensor_data(s, TOY_T_MEAN), 4 * TOY_D),
                     0);
    rn_tensor_file_close(f);
    rn_session_close(s);
    temp_remove(&t);
}
END_TEST

static void step(RnSession *s, RnOptimizer *o, int n)
{
    float x[8 * TOY_D];
    uint32_t labels[8];
    for (uint32_t i = 0; i < 8 * TOY_D; i++) {
        x[i] = toy_value(i + 100 * (uint32_t)n);
    }
    for (uint32_t i = 0; i < 8; i++) {
        labels[i] = i % TOY_K;
    }
    const float *in = x;
    ck_assert_int_eq(
        rn_forward_backward(s, &(RnTrainBatch){.inputs = &in, .labels = labels, .batch = 8}, NULL,
                            NULL),
        RN_OK);
    ck_assert_int_eq(rn_optimizer_step(o, s, 0.1, NULL), RN_OK);
}

static const RnOptimizerConfig momentum = {.momentum = 0.9, .dampening = 0.1};

START_TEST(resumed_run_is_the_same_run)
{
    TempFolder t = temp_folder();
    char path[128];
    temp_path(&t, "run.ck", path);
    const RnModel m = toy_model();
    RnSession *a = open_toy(&m, 1), *b = open_toy(&m, 2);
    RnOptimizer *oa = NULL, *ob = NULL;
    ck_assert_int_eq(rn_optimizer_create(a, &momentum, &oa, NULL), RN_OK);
    ck_assert_int_eq(rn_optimizer_create(b, &momentum, &ob, NULL), RN_OK);
    for (int i = 0; i < 5; i++) {
        step(a, oa, i);
    }
    char notes[] = "{\"curve\": [1, 2]}\n";
    const RnTrainingPlace place = {.epoch = 3,
                                   .step = 5,
                                   .epoch_image = 40,
                                   .seed = UINT64_MAX - 1,
                                   .batch = 8,
                                   .lr = 0.1,
                                   .momentum = 0.9,
                                   .weight_decay = 1.0 / 3,
                                   .elapsed_s = 12.5,
                                   .notes = notes};
    ck_assert_int_eq(rn_checkpoint_save(path, a, oa, &place, NULL), RN_OK);
    RnTrainingPlace got = {0};
    RnError err = {0};
    ck_assert_msg(rn_checkpoint_load(path, b, ob, &got, &err) == RN_OK, "%s", err.text);
    ck_assert(got.epoch == 3 && got.step == 5 && got.epoch_image == 40 &&
              got.seed == UINT64_MAX - 1);
    ck_assert(got.batch == 8 && got.lr == 0.1 && got.weight_decay == 1.0 / 3 &&
              got.elapsed_s == 12.5);
    ck_assert_str_eq(got.notes, notes);
    rn_training_place_free(&got);
    rn_training_place_free(NULL);
    ck_assert_uint_eq(rn_optimizer_steps(ob), 5);
    for (int i = 5; i < 9; i++) {
        step(a, oa, i);
        step(b, ob, i);
        ck_assert(same_tensors(a, b));
    }
    // A checkpoint is also a weights file.
    RnSession *c = open_toy(&m, 3);
    ck_assert_int_eq(rn_checkpoint_save(path, a, oa, &place, NULL), RN_OK);
    ck_assert_int_eq(rn_weights_load(c, path, NULL), RN_OK);
    ck_assert(same_tensors(a, c));
    ck_assert_int_eq(temp_count(&t), 1);
    rn_optimizer_destroy(oa);
    rn_optimizer_destroy(ob);
    rn_session_close(a);
    rn_session_close(b);
    rn_session_close(c);
    temp_remove(&t);
}
END_TEST

START_TEST(wrong_checkpoints)
{
    TempFolder t = temp_folder();
    char path[128], text[256];
    const RnModel m = toy_model();
    RnModel other = m;
    other.source_hash++;
    RnSession *s = open_toy(&m, 1), *before = open_toy(&m, 1), *o = open_toy(&other, 1);
    RnOptimizer *opt = NULL;
    RnTrainingPlace place = {0};
    RnError err;
    ck_assert_int_eq(rn_optimizer_create(s, &momentum, &opt, NULL), RN_OK);
    ck_assert_int_eq(rn_checkpoint_load(temp_path(&t, "ck", path), s, opt, &place, &err),
                     RN_ERR_IO);
    ck_assert_int_eq(rn_weights_save(o, path, NULL), RN_OK);
    ck_assert_int_eq(rn_checkpoint_load(path, s, opt, &place, &err), RN_ERR_INPUT);
    snprintf(text, sizeof text, "%s: not a checkpoint (it has weights only)", path);
    ck_assert_str_eq(err.text, text);
    ck_assert_int_eq(rn_checkpoint_save(path, o, NULL, &place, NULL), RN_OK);
    ck_assert_int_eq(rn_checkpoint_load(path, s, opt, &place, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "another model source"));
    RnSession *without = open_toy(&m, 4);
    ck_assert_int_eq(rn_checkpoint_save(path, without, NULL, &place, NULL), RN_OK);
    ck_assert_int_eq(rn_checkpoint_load(path, s, opt, &place, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "tensor optimizer/momentum/fc.weight is missing"));
    ck_assert(same_tensors(s, before));
    RnFileTensor list[4];
    fill_tensors(list);
    ck_assert_int_eq(rn_tensor_file_write(path, list, 3,
                                          &(RnFileMeta){"resnetc.checkpoint", "{\"seed\": 1}"}, 1,
                                          NULL),
                     RN_OK);
    ck_assert_int_eq(rn_checkpoint_load(path, s, opt, &place, &err), RN_ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "metadata is damaged"));
    ck_assert_int_eq(rn_checkpoint_save("/dev/full", s, opt, &place, &err), RN_ERR_IO);
    ck_assert_int_eq(rn_checkpoint_save("/nowhere/ck", s, opt, &place, &err), RN_ERR_IO);
    rn_optimizer_destroy(opt);
    rn_session_close(s);
    rn_session_close(before);
    rn_session_close(o);
    rn_session_close(without);
    temp_remove(&t);
}
END_TEST

START_TEST(a_kill_leaves_a_whole_file)
{
    TempFolder t = temp_folder();
    char path[128];
    temp_path(&t, "ck", path);
    const RnModel m = toy_model();
    RnSession *s = open_toy(&m, 1);
    RnTrainingPlace place = {0};
    ck_assert_int_eq(rn_checkpoint_save(path, s, NULL, &place, NULL), RN_OK);
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        if (child == 0) {
            for (place.step = 1;; place.step++) {
                rn_checkpoint_save(path, s, NULL, &place, NULL);
            }
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000 + 700000 * round}, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        ck_assert_int_eq(rn_checkpoint_load(path, s, NULL, &place, NULL), RN_OK);
    }
    rn_session_close(s);
    temp_remove(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tc = tcase_create("checkpoint");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, weights_saved_and_loaded);
    tcase_add_test(tc, weights_that_do_not_fit);
    tcase_add_test(tc, gradients_saved);
    tcase_add_test(tc, resumed_run_is_the_same_run);
    tcase_add_test(tc, wrong_checkpoints);
    tcase_add_test(tc, a_kill_leaves_a_whole_file);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
