// test_train.c: one training step of representative models against PyTorch's in float64: loss,
// gradients, statistics. Limits: 3 times the largest error of PyTorch float32 runs that are
// perturbed at rounding level, see scripts/goldens/reference.py. A gradient's error is measured on
// samples, and on the norm of the whole tensor.
#include <math.h>
#include <stdio.h>

#include "support/check_main.h"
#include "support/golden.h"

static char **names;

static void check_gradients(const Golden *g)
{
    const cJSON *golden = golden_member(g->json, "gradients"), *tensor;
    double worst = 0.0, squares = 0.0;
    const char *worst_name = "";
    uint32_t count = 0;
    cJSON_ArrayForEach(tensor, golden_member(golden, "tensors"))
    {
        const char *name = golden_member(tensor, "name")->valuestring;
        int32_t index = rn_model_find(g->compiled, name, RN_ROLE_PARAM);
        ck_assert_msg(index >= 0, "%s: no parameter %s", g->name, name);
        const RnTensor *t = rn_model_tensor(g->compiled, index);
        uint64_t size = rn_tensor_elements(t);
        const float *grad = rn_tensor_data(g->session, t->grad);
        ck_assert_msg(grad != NULL, "%s: no gradient of %s", g->name, name);
        double floor = golden_number(tensor, "floor"), norm = golden_number(tensor, "norm");
        double sampled = golden_sample_error(g, name, grad, size, golden_member(tensor, "values"),
                                             GOLDEN_GRADIENT_SAMPLES, floor);
        double sum = 0.0;
        for (uint64_t i = 0; i < size; i++)
            sum += (double)grad[i] * (double)grad[i];
        uint64_t samples = size < GOLDEN_GRADIENT_SAMPLES ? size : GOLDEN_GRADIENT_SAMPLES;
        double scale = fmax(norm, floor * sqrt((double)size / (double)samples));
        double whole = fabs(sqrt(sum) - norm) / scale;
        squares += sampled * sampled + whole * whole;
        count++;
        if (!(fmax(sampled, whole) <= worst)) {
            worst = fmax(sampled, whole);
            worst_name = name;
        }
    }
    ck_assert_uint_eq(count, g->compiled->param_count);
    double limit = golden_number(golden, "limit"), limit_rms = golden_number(golden, "limit_rms");
    double rms = sqrt(squares / (2.0 * count));
    printf("%s: gradients: largest %.2e (%s), limit %.2e; rms %.2e, limit %.2e\n", g->name, worst,
           worst_name, limit, rms, limit_rms);
    ck_assert_msg(worst <= limit, "%s: gradient of %s: error %.3e, limit %.3e", g->name, worst_name,
                  worst, limit);
    ck_assert_msg(rms <= limit_rms, "%s: gradients: rms error %.3e, limit %.3e", g->name, rms,
                  limit_rms);
}

static void check_state(const Golden *g)
{
    const cJSON *golden = golden_member(g->json, "state"), *tensor;
    double limit = golden_number(golden, "limit");
    uint32_t count = 0;
    cJSON_ArrayForEach(tensor, golden_member(golden, "tensors"))
    {
        const char *name = golden_member(tensor, "name")->valuestring;
        int32_t index = rn_model_find(g->compiled, name, RN_ROLE_STATE);
        ck_assert_msg(index >= 0, "%s: no state %s", g->name, name);
        double error =
            golden_sample_error(g, name, rn_tensor_data(g->session, index),
                                rn_tensor_elements(rn_model_tensor(g->compiled, index)),
                                golden_member(tensor, "values"), GOLDEN_STATE_SAMPLES, 0.0);
        ck_assert_msg(error <= limit, "%s: %s: error %.3e, limit %.3e", g->name, name, error,
                      limit);
        count++;
    }
    ck_assert_uint_eq(count, g->compiled->state_count);
}

START_TEST(one_step)
{
    Golden *g = golden_open(names[_i], RN_MODE_TRAIN, 2);
    const float *images = golden_images(g, 0, g->batch);
    RnTrainBatch batch = {
        .inputs = &images, .labels = golden_labels(g, 0, g->batch), .batch = g->batch};
    RnTrainResult result = {0};
    RnError err = {0};
    ck_assert_msg(rn_forward_backward(g->session, &batch, &result, &err) == RN_OK, "%s: %s",
                  g->name, err.text);
    const cJSON *loss = golden_member(g->json, "loss");
    double want = golden_number(loss, "value"), limit = golden_number(loss, "limit");
    ck_assert_msg(fabs(result.loss - want) <= limit * want, "%s: loss %.9g, should be %.9g (%.1e)",
                  g->name, result.loss, want, limit);
    check_gradients(g);
    check_state(g);
    golden_close(g);
}
END_TEST

int main(void)
{
    int count = 0;
    names = golden_list("train", &count);
    Suite *suite = suite_create("golden training step");
    TCase *t = tcase_create("step");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, one_step, 0, count);
    suite_add_tcase(suite, t);
    int code = count > 0 ? check_run(suite) : EXIT_FAILURE;
    golden_free_list(names, count);
    return code;
}
