// test_train.c: one training step of representative models against PyTorch's in float64: loss,
// gradients, statistics. Limits: 3 times the largest error of PyTorch float32 runs that are
// perturbed at rounding level, see scripts/goldens/reference.py. A gradient's error is that of the
// whole tensor, seen through its projections on random signs.
#include <math.h>
#include <stdio.h>

#include "support/check_main.h"
#include "support/golden.h"

static char **names;

// Error of one parameter's gradient, relative to the gradient's norm.
static double gradient_error(const Golden *g, const cJSON *golden, const char *name)
{
    int32_t index = rn_model_find(g->compiled, name, RN_ROLE_PARAM);
    ck_assert_msg(index >= 0, "%s: no parameter %s", g->name, name);
    const RnTensor *t = rn_model_tensor(g->compiled, index);
    const float *grad = rn_tensor_data(g->session, t->grad);
    ck_assert_msg(grad != NULL, "%s: no gradient of %s", g->name, name);
    return golden_projected_error(g, name, grad, rn_tensor_elements(t),
                                  golden_member(golden, "projections"),
                                  golden_number(golden, "scale"));
}

static void check_gradients(const Golden *g)
{
    const cJSON *golden = golden_member(g->json, "gradients"), *tensor;
    double worst = 0.0, squares = 0.0;
    const char *worst_name = "";
    uint32_t count = 0;
    cJSON_ArrayForEach(tensor, golden_member(golden, "tensors"))
    {
        const char *name = golden_member(tensor, "name")->valuestring;
        double error = gradient_error(g, tensor, name);
        squares += error * error;
        count++;
        if (!(error <= worst)) {
            worst = error;
            worst_name = name;
        }
    }
    ck_assert_uint_eq(count, g->compiled->param_count);
    double limit = golden_number(golden, "limit"), limit_rms = golden_number(golden, "limit_rms");
    double rms = sqrt(squares / count);
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
        double error = golden_sample_error(g, name, rn_tensor_data(g->session, index),
                                           rn_tensor_elements(rn_model_tensor(g->compiled, index)),
                                           golden_member(tensor, "values"));
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
