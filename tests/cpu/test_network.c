// test_network.c: whole shipped models, small, on every target that this machine runs, against the
// float64 interpreter (net_run.h); equal bits for one and several threads.
#include <stdlib.h>
#include <string.h>

#include "cpu/net_run.h"
#include "support/check_main.h"
#include "support/targets.h"

// The first ALL_TARGETS of them run on every target, the others on the best. The last stages have
// at least eight elements per channel: a BN over fewer is ill-conditioned.
enum { ALL_TARGETS = 4 };
static const NetCase cases[] = {
    {"cifar_resnet20.rn", {"height=9", "width=11"}, 3, 1, 1},
    {"cifar_resnet20_b.rn", {"height=8", "width=8"}, 2, 64, 1},
    {"resnet.rn", {"depths=[1,1,1,1]", "height=37", "width=45", "classes=19"}, 3, 1, 10},
    {"residual_demo_stride2.rn", {NULL}, 4, 64, 1},
    {"residual_demo.rn", {NULL}, 4, 1, 1},
    {"resnet.rn",
     {"depths=[1,1,1,1]", "bottlenecks=true", "height=64", "width=33", "classes=7"},
     4,
     2,
     8},
    {"resnetv2_18.rn", {"depths=[1,1,1,1]", "height=64", "width=64", "classes=10"}, 2, 1, 5},
    {"seresnet18.rn", {"depths=[1,1,1,1]", "height=64", "width=64", "classes=5"}, 2, 1, 6},
    {"resnet18d.rn", {"depths=[1,1,1,1]", "height=48", "width=48", "classes=10"}, 2, 1, 5},
    {"googlenet_inception.rn", {"height=9", "width=9"}, 2, 1, 1},
    {"d2l_resnet18_tf.rn", {"depths=[1,1,1,1]", "height=64", "width=64", "classes=9"}, 2, 1, 1},
    {"wrn.rn", {"k=2", "height=8", "width=8"}, 2, 1, 5},
    {"resnext50_32x4d.rn", {"depths=[1,1,1,1]", "height=64", "width=33", "classes=7"}, 4, 1, 15},
    {"preact_resnet50_keras.rn", {"height=41", "width=41", "classes=10"}, 2, 1, 2, .flips = true},
};
enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(numbers_agree)
{
    for (size_t t = 0; t < isa_table_count; t++) {
        bool wanted = _i < ALL_TARGETS || isa_table[t] == isa_native();
        if (!wanted || !isa_runs_here(isa_table[t])) {
            continue;
        }
        Net n = net_run_load(&cases[_i], target_to_see(t), 1);
        net_run_check_infer(&n);
        if (!n.trainable) {
            net_run_check_train(&n);
        }
        net_run_unload(&n);
    }
}
END_TEST

START_TEST(every_target_compiles)
{
    for (size_t t = 0; t < isa_table_count; t++) {
        Net n = {.arena = arena_create(), .c = &cases[_i], .target = target_to_see(t)};
        size_t bytes = 0;
        net_run_build(&n);
        const char *object = net_run_emit(&n, &bytes);
        ck_assert_uint_gt(bytes, 1000);
        ck_assert_mem_eq(object, "\177ELF", 4);
        arena_destroy(n.arena);
    }
}
END_TEST

// One training step's gradients, in a session of its own.
static float *gradients_with(Net *n, unsigned threads, size_t *bytes)
{
    rn_session_close(n->session);
    net_run_open(n, threads);
    uint32_t batch = n->c->batch;
    float *images = ARENA_ARRAY(n->arena, float, net_run_elements(n->built->inputs.at[0], batch));
    uint32_t *labels = ARENA_ARRAY(n->arena, uint32_t, batch);
    (void)net_run_values(n, n->built, images, labels);
    const float *inputs[1] = {images};
    RnTrainBatch step = {.inputs = inputs, .labels = labels, .batch = batch};
    RnTrainResult result;
    RnError err;
    ck_assert_int_eq(rn_forward_backward(n->session, &step, &result, &err), RN_OK);
    size_t count = 0;
    float *all = NULL;
    for (uint32_t i = 0; i < n->model->param_count; i++) {
        const RnTensor *t = rn_model_tensor(n->model, (int32_t)i);
        size_t more = rn_tensor_elements(t);
        all = realloc(all, (count + more) * sizeof *all);
        ck_assert_ptr_nonnull(all);
        memcpy(all + count, rn_tensor_data(n->session, t->grad), more * sizeof *all);
        count += more;
    }
    *bytes = count * sizeof *all;
    return all;
}

// One network of each kind of block: basic with option A, bottleneck, pre-activation, squeeze and
// excite, concatenation, groups.
static const int threaded[] = {0, 5, 6, 7, 9, 12};

START_TEST(threads_change_no_bit)
{
    size_t bytes, other_bytes;
    Net n = net_run_load(&cases[threaded[_i]], target_here(), 1);
    float *one = gradients_with(&n, 1, &bytes);
    for (unsigned threads = 2; threads <= 5; threads++) {
        float *many = gradients_with(&n, threads, &other_bytes);
        ck_assert_uint_eq(bytes, other_bytes);
        ck_assert_int_eq(memcmp(one, many, bytes), 0);
        free(many);
    }
    free(one);
    net_run_unload(&n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("network");
    TCase *tests = tcase_create("network");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, numbers_agree, 0, CASES);
    tcase_add_loop_test(tests, every_target_compiles, 0, 4);
    tcase_add_loop_test(tests, threads_change_no_bit, 0,
                        (int)(sizeof threaded / sizeof threaded[0]));
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
