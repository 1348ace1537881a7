// test_sgd.c: the losses of the first steps of SGD and AdamW, with label smoothing, clipping and
// decay of weights only, against PyTorch's in float64, partial last batches included. Limits: 3
// times the largest error of PyTorch float32 runs that are perturbed at rounding level.
#include <math.h>
#include <stdio.h>

#include "resnetc/optimizer.h"
#include "support/check_main.h"
#include "support/golden.h"

static char **names;

static double step(Golden *g, RnOptimizer *sgd, uint64_t first, uint32_t count, double lr)
{
    const float *images = golden_images(g, first, count);
    RnTrainBatch batch = {
        .inputs = &images, .labels = golden_labels(g, first, count), .batch = count};
    RnTrainResult result = {0};
    RnError err = {0};
    ck_assert_msg(rn_forward_backward(g->session, &batch, &result, &err) == RN_OK, "%s: %s",
                  g->name, err.text);
    ck_assert_msg(rn_optimizer_step(sgd, g->session, lr, &err) == RN_OK, "%s: %s", g->name,
                  err.text);
    return result.loss;
}

static RnOptimizerConfig configure(const cJSON *json)
{
    RnOptimizerConfig c = {.kind = RN_OPTIMIZER_SGD,
                           .decay = cJSON_HasObjectItem(json, "no_decay_1d") ? RN_DECAY_WEIGHTS
                                                                             : RN_DECAY_ALL,
                           .momentum = golden_number(json, "momentum"),
                           .nesterov = cJSON_HasObjectItem(json, "nesterov"),
                           .weight_decay = golden_number(json, "weight_decay"),
                           .clip_norm = golden_option(json, "clip_norm", 0)};
    if (cJSON_HasObjectItem(json, "optimizer")) { // only "adamw", with PyTorch's betas
        c.kind = RN_OPTIMIZER_ADAMW;
        c.beta1 = 0.9;
        c.beta2 = 0.999;
        c.epsilon = golden_number(json, "epsilon");
    }
    return c;
}

START_TEST(losses)
{
    Golden *g = golden_open(names[_i], RN_MODE_TRAIN, 2);
    RnOptimizerConfig config = configure(g->json);
    double lr = golden_number(g->json, "lr");
    uint64_t set = (uint64_t)golden_number(g->json, "images"), first = 0;
    RnOptimizer *sgd = NULL;
    RnError err = {0};
    ck_assert_msg(rn_optimizer_create(g->session, &config, &sgd, &err) == RN_OK, "%s: %s", g->name,
                  err.text);
    int number = 0;
    const cJSON *golden;
    cJSON_ArrayForEach(golden, golden_member(g->json, "steps"))
    {
        uint32_t count = set - first < g->batch ? (uint32_t)(set - first) : g->batch;
        double loss = step(g, sgd, first, count, lr);
        double want = golden_number(golden, "loss"), limit = golden_number(golden, "limit");
        printf("%s: step %d: loss %.8f, error %.2e, limit %.2e\n", g->name, number, loss,
               fabs(loss - want) / want, limit);
        ck_assert_msg(fabs(loss - want) <= limit * want,
                      "%s: step %d: loss %.9g, should be %.9g (%.1e)", g->name, number, loss, want,
                      limit);
        first = (first + count) % set;
        number++;
    }
    ck_assert_int_gt(number, 1);
    rn_optimizer_destroy(sgd);
    golden_close(g);
}
END_TEST

int main(void)
{
    int count = 0;
    names = golden_list("sgd", &count);
    Suite *suite = suite_create("golden SGD");
    TCase *t = tcase_create("losses");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, losses, 0, count);
    suite_add_tcase(suite, t);
    int code = count > 0 ? check_run(suite) : EXIT_FAILURE;
    golden_free_list(names, count);
    return code;
}
