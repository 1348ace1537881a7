// test_training.c: training passes, their errors, and the optimiser.
#include "support/check_main.h"

#include <stdbool.h>

#include "resnetc/optimizer.h"
#include "resnetc/runtime.h"
#include "runtime/toy_model.h"

enum { BATCH = 13 };

typedef struct Set {
    RnModel model;
    float x[BATCH * TOY_D];
    uint32_t labels[BATCH];
} Set;

static Set make_set(void)
{
    Set set = {.model = toy_model()};
    for (uint32_t i = 0; i < BATCH * TOY_D; i++) {
        set.x[i] = toy_value(i);
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        set.labels[i] = (i * 7) % TOY_K;
    }
    return set;
}

static RnSession *open_set(const Set *set, unsigned threads)
{
    RnSession *s = NULL;
    ck_assert_int_eq(rn_session_open(&set->model, &(RnOptions){.threads = threads}, &s, NULL),
                     RN_OK);
    rn_init_params(s, 11, 0);
    return s;
}

// The loss of a batch by the book, in double.
static double loss_of(const Set *set, const float *w, const float *b, uint32_t n, uint32_t *correct)
{
    double mean[TOY_D] = {0}, total = 0;
    *correct = 0;
    for (uint32_t i = 0; i < n * TOY_D; i++) {
        mean[i % TOY_D] += (double)set->x[i] / n;
    }
    for (uint32_t i = 0; i < n; i++) {
        double y[TOY_K], sum = 0;
        uint32_t best = 0;
        for (uint32_t k = 0; k < TOY_K; k++) {
            y[k] = (double)b[k];
            for (uint32_t d = 0; d < TOY_D; d++) {
                y[k] += ((double)set->x[i * TOY_D + d] - mean[d]) * (double)w[k * TOY_D + d];
            }
            sum += exp(y[k]);
            best = y[k] > y[best] ? k : best;
        }
        total += log(sum) - y[set->labels[i]];
        *correct += best == set->labels[i];
    }
    return total / n;
}

static RnStatus train(RnSession *s, const Set *set, uint32_t n, uint32_t accumulate,
                      RnTrainResult *r, RnError *err)
{
    const float *in = set->x;
    return rn_forward_backward(
        s,
        &(RnTrainBatch){.inputs = &in, .labels = set->labels, .batch = n, .accumulate = accumulate},
        r, err);
}

START_TEST(loss_accuracy_and_gradients)
{
    const Set set = make_set();
    RnSession *s = open_set(&set, 2);
    for (uint32_t n = 1; n <= BATCH; n++) {
        RnTrainResult r;
        uint32_t correct = 0;
        float *w = rn_tensor_data(s, TOY_T_WEIGHT), *b = rn_tensor_data(s, TOY_T_BIAS);
        ck_assert_int_eq(train(s, &set, n, 0, &r, NULL), RN_OK);
        ck_assert_double_eq_tol(r.loss, loss_of(&set, w, b, n, &correct), 1e-5);
        ck_assert_uint_eq(r.correct, correct);
        ck_assert_ptr_nonnull(rn_train_logits(s));
        const float *g = rn_tensor_data(s, TOY_T_GW);
        for (uint32_t i = 0; i < TOY_D * TOY_K; i += 7) { // central differences, error about 1e-3^2
            float kept = w[i];
            w[i] = kept + 1e-3f;
            double up = loss_of(&set, w, b, n, &correct), above = (double)w[i];
            w[i] = kept - 1e-3f;
            double down = loss_of(&set, w, b, n, &correct), below = (double)w[i];
            w[i] = kept;
            ck_assert_double_eq_tol((double)g[i], (up - down) / (above - below), 1e-5);
        }
    }
    rn_session_close(s);
}
END_TEST

START_TEST(accumulation_and_loss_scale)
{
    const Set set = make_set();
    RnSession *s = open_set(&set, 1);
    const float *in = set.x, *g = rn_tensor_data(s, TOY_T_GB);
    float once[TOY_K];
    ck_assert_int_eq(train(s, &set, BATCH, 0, NULL, NULL), RN_OK);
    memcpy(once, g, sizeof once);
    ck_assert_int_eq(train(s, &set, BATCH, 1, NULL, NULL), RN_OK);
    for (int k = 0; k < TOY_K; k++) {
        ck_assert_double_eq_tol((double)g[k], 2 * (double)once[k], 1e-6);
    }
    RnTrainBatch b = {
        .inputs = &in, .labels = set.labels, .batch = BATCH, .loss_scale = 3.0f / BATCH};
    ck_assert_int_eq(rn_forward_backward(s, &b, NULL, NULL), RN_OK);
    for (int k = 0; k < TOY_K; k++) {
        ck_assert_double_eq_tol((double)g[k], 3 * (double)once[k], 1e-6);
    }
    rn_session_close(s);
}
END_TEST

START_TEST(state_moves_and_parameters_stay)
{
    const Set set = make_set();
    RnSession *s = open_set(&set, 3);
    float w[TOY_D * TOY_K];
    memcpy(w, rn_tensor_data(s, TOY_T_WEIGHT), sizeof w);
    ck_assert_int_eq(train(s, &set, BATCH, 0, NULL, NULL), RN_OK);
    ck_assert_int_eq(memcmp(w, rn_tensor_data(s, TOY_T_WEIGHT), sizeof w), 0);
    for (int d = 0; d < TOY_D; d++) {
        double mean = 0;
        for (int i = 0; i < BATCH; i++) {
            mean += (double)set.x[i * TOY_D + d] / BATCH;
        }
        ck_assert_double_eq_tol((double)rn_tensor_data(s, TOY_T_MEAN)[d], 0.1 * mean, 1e-7);
    }
    rn_session_close(s);
}
END_TEST

START_TEST(same_bits_for_any_threads)
{
    const Set set = make_set();
    float first[TOY_D * TOY_K + TOY_K + TOY_D], now[TOY_D * TOY_K + TOY_K + TOY_D];
    double loss = 0;
    const RnOptimizerConfig config = {.momentum = 0.9, .weight_decay = 1e-3};
    for (unsigned threads = 1; threads <= 5; threads++) {
        RnSession *s = open_set(&set, threads);
        RnOptimizer *o = NULL;
        RnTrainResult r;
        ck_assert_int_eq(rn_optimizer_create(s, &config, &o, NULL), RN_OK);
        for (int step = 0; step < 60; step++) {
            ck_assert_int_eq(train(s, &set, BATCH - (uint32_t)step % 5, 0, &r, NULL), RN_OK);
            ck_assert_int_eq(rn_optimizer_step(o, s, 0.3, NULL), RN_OK);
        }
        memcpy(now, rn_tensor_data(s, TOY_T_WEIGHT), TOY_D * TOY_K * 4);
        memcpy(now + TOY_D * TOY_K, rn_tensor_data(s, TOY_T_BIAS), TOY_K * 4);
        memcpy(now + TOY_D * TOY_K + TOY_K, rn_tensor_data(s, TOY_T_MEAN), TOY_D * 4);
        if (threads == 1) {
            memcpy(first, now, sizeof now);
            loss = r.loss;
        }
        ck_assert_int_eq(memcmp(first, now, sizeof now), 0);
        ck_assert(r.loss == loss && loss < 0.5); // 12 inputs separate 13 images
        rn_optimizer_destroy(o);
        rn_session_close(s);
    }
}
END_TEST

START_TEST(infers_with_what_was_trained)
{
    const Set set = make_set();
    RnSession *s = open_set(&set, 2);
    RnOptimizer *o = NULL;
    ck_assert_int_eq(rn_optimizer_create(s, &(RnOptimizerConfig){0}, &o, NULL), RN_OK);
    const float *in = set.x;
    float y[BATCH * TOY_K], *out = y;
    ck_assert_int_eq(rn_infer(s, &in, BATCH, &out, NULL), RN_OK);
    ck_assert_int_eq(train(s, &set, BATCH, 0, NULL, NULL), RN_OK);
    ck_assert_int_eq(rn_optimizer_step(o, s, 0.5, NULL), RN_OK);
    ck_assert_int_eq(rn_infer(s, &in, BATCH, &out, NULL), RN_OK);
    const float *w = rn_tensor_data(s, TOY_T_WEIGHT), *m = rn_tensor_data(s, TOY_T_MEAN);
    double sum = (double)rn_tensor_data(s, TOY_T_BIAS)[0];
    for (int d = 0; d < TOY_D; d++) {
        sum += (double)w[d] * ((double)set.x[d] - (double)m[d]);
    }
    ck_assert_double_eq_tol((double)y[0], sum, 1e-5);
    rn_optimizer_destroy(o);
    rn_session_close(s);
}
END_TEST

START_TEST(refuses_wrong_batches)
{
    Set set = make_set();
    RnSession *s = open_set(&set, 1);
    RnError err;
    ck_assert_int_eq(train(s, &set, 0, 0, NULL, &err), RN_ERR_BATCH);
    ck_assert_int_eq(train(s, &set, 17, 0, NULL, &err), RN_ERR_BATCH);
    ck_assert_str_eq(err.text, "model toy: a batch of 17 images, but 1 to 16 are possible");
    set.labels[4] = TOY_K;
    ck_assert_int_eq(train(s, &set, BATCH, 0, NULL, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text,
                     "label 5 of image 4 is out of range: model toy has 5 classes, 0 to 4");
    ck_assert_ptr_null(rn_train_logits(s));
    const float *in = set.x;
    ck_assert_int_eq(rn_forward_backward(s, &(RnTrainBatch){.inputs = &in, .batch = 2}, NULL, &err),
                     RN_ERR_USAGE);
    rn_session_close(s);
}
END_TEST

static void check_nan(RnSession *s, const Set *set, const char *text)
{
    RnError err = {0};
    float before[TOY_D];
    memcpy(before, rn_tensor_data(s, TOY_T_MEAN), sizeof before);
    ck_assert_int_eq(train(s, set, BATCH, 0, NULL, &err), RN_ERR_NAN);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
    ck_assert_int_eq(memcmp(before, rn_tensor_data(s, TOY_T_MEAN), sizeof before), 0);
}

START_TEST(names_the_first_nan)
{
    Set set = make_set();
    RnSession *s = open_set(&set, 2);
    ck_assert_int_eq(train(s, &set, BATCH, 0, NULL, NULL), RN_OK);
    set.x[3 * TOY_D + 1] = NAN;
    check_nan(s, &set, "input image, image 3 of the batch: value is nan");
    set.x[3 * TOY_D + 1] = 0;
    rn_tensor_data(s, TOY_T_BIAS)[2] = INFINITY;
    check_nan(s, &set, "parameter fc.bias: element 2 is inf");
    rn_tensor_data(s, TOY_T_BIAS)[2] = 0;
    rn_tensor_data(s, TOY_T_WEIGHT)[0] = 3e38f;
    for (int i = 0; i < BATCH; i++) {
        set.x[i * TOY_D] = i & 1 ? 1e3f : -1e3f;
    }
    check_nan(s, &set, "made by fc forward (toy.rn:4)");
    rn_session_close(s);
}
END_TEST

// Three steps on p = (1, -2, 0.5) with gradients (0.25 (s+1), s - 1, 0.125 s^2), as torch.optim.SGD
// does (torch 1.13, lr 0.1).
typedef struct Case {
    double momentum, dampening, weight_decay;
    bool nesterov;
    float after[3];
} Case;

START_TEST(sgd_is_pytorch_s)
{
    static const Case cases[] = {
        {0, 0, 0, false, {0.850000024f, -2.0f, 0.4375f}},
        {0.9, 0, 0, false, {0.762250006f, -1.829f, 0.426250011f}},
        {0.9, 0, 0.0005, false, {0.761976779f, -1.82845795f, 0.426110387f}},
        {0.9, 0, 0.01, true, {0.628427684f, -1.83105886f, 0.367152542f}},
        {0.9, 0.5, 0.01, false, {0.843152106f, -1.77087426f, 0.461049199f}},
        {0, 0, 0.1, false, {0.821296453f, -1.94258797f, 0.422774494f}},
    };
    static const float start[3] = {1.0f, -2.0f, 0.5f};
    const Set set = make_set();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Case *c = &cases[i];
        RnSession *s = open_set(&set, 2);
        RnOptimizer *o = NULL;
        const RnOptimizerConfig config = {.momentum = c->momentum,
                                          .dampening = c->dampening,
                                          .weight_decay = c->weight_decay,
                                          .nesterov = c->nesterov};
        ck_assert_int_eq(rn_optimizer_create(s, &config, &o, NULL), RN_OK);
        ck_assert_uint_eq(rn_optimizer_buffer_count(o), c->momentum > 0);
        float *p = rn_tensor_data(s, TOY_T_BIAS), *g = rn_tensor_data(s, TOY_T_GB);
        memcpy(p, start, sizeof start);
        for (int step = 0; step < 3; step++) {
            g[0] = 0.25f * (float)(step + 1);
            g[1] = (float)step - 1.0f;
            g[2] = 0.125f * (float)(step * step);
            ck_assert_int_eq(rn_optimizer_step(o, s, 0.1, NULL), RN_OK);
        }
        ck_assert_uint_eq(rn_optimizer_steps(o), 3);
        for (int k = 0; k < 3; k++) { // a few roundings of values up to 2
            ck_assert_double_eq_tol((double)p[k], (double)c->after[k], 5e-7);
        }
        rn_optimizer_destroy(o);
        rn_session_close(s);
    }
}
END_TEST

START_TEST(decay_of_weights_only)
{
    const Set set = make_set();
    RnSession *s = open_set(&set, 1);
    RnOptimizer *o = NULL;
    ck_assert_int_eq(
        rn_optimizer_create(s, &(RnOptimizerConfig){.decay = RN_DECAY_WEIGHTS, .weight_decay = 0.5},
                            &o, NULL),
        RN_OK);
    float w = rn_tensor_data(s, TOY_T_WEIGHT)[0], b = rn_tensor_data(s, TOY_T_BIAS)[0];
    ck_assert_int_eq(rn_optimizer_step(o, s, 1.0, NULL), RN_OK); // gradients are still zero
    ck_assert_double_eq_tol((double)rn_tensor_data(s, TOY_T_WEIGHT)[0], 0.5 * (double)w, 1e-7);
    ck_assert(rn_tensor_data(s, TOY_T_BIAS)[0] == b);
    rn_optimizer_destroy(o);
    rn_session_close(s);
}
END_TEST

START_TEST(refuses_wrong_optimizers)
{
    const Set set = make_set();
    RnSession *s = open_set(&set, 1), *infer = NULL;
    RnOptimizer *o = NULL;
    RnError err;
    static const RnOptimizerConfig wrong[] = {
        {.momentum = 1},
        {.momentum = -0.1},
        {.momentum = (double)NAN},
        {.weight_decay = -1},
        {.weight_decay = (double)INFINITY},
        {.dampening = 2},
        {.nesterov = true},
        {.nesterov = true, .momentum = 0.9, .dampening = 0.1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(rn_optimizer_create(s, &wrong[i], &o, &err), RN_ERR_USAGE);
    }
    ck_assert_int_eq(rn_optimizer_create(s, &(RnOptimizerConfig){0}, &o, &err), RN_OK);
    ck_assert_int_eq(rn_optimizer_step(o, s, (double)NAN, &err), RN_ERR_USAGE);
    rn_optimizer_destroy(o);
    ck_assert_int_eq(
        rn_session_open(&set.model, &(RnOptions){.modes = RN_MODE_INFER}, &infer, NULL), RN_OK);
    ck_assert_int_eq(rn_optimizer_create(infer, &(RnOptimizerConfig){0}, &o, &err), RN_ERR_MISSING);
    rn_session_close(infer);
    rn_session_close(s);
    rn_optimizer_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training");
    TCase *tc = tcase_create("training");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, loss_accuracy_and_gradients);
    tcase_add_test(tc, accumulation_and_loss_scale);
    tcase_add_test(tc, state_moves_and_parameters_stay);
    tcase_add_test(tc, same_bits_for_any_threads);
    tcase_add_test(tc, infers_with_what_was_trained);
    tcase_add_test(tc, refuses_wrong_batches);
    tcase_add_test(tc, names_the_first_nan);
    tcase_add_test(tc, sgd_is_pytorch_s);
    tcase_add_test(tc, decay_of_weights_only);
    tcase_add_test(tc, refuses_wrong_optimizers);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
