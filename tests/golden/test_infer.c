// test_infer.c: the logits of every shipped model against PyTorch's in float64.
// Limit: 3 times the error of PyTorch's own float32 (stored with each golden).
#include <math.h>
#include <stdio.h>

#include "support/check_main.h"
#include "support/golden.h"

static char **names;

static double logit_error(const Golden *g, const float *logits, size_t width)
{
    const cJSON *golden = golden_member(g->json, "logits");
    const cJSON *columns = golden_member(golden, "columns"), *row, *value;
    double difference = 0.0, norm = 0.0;
    uint32_t image = 0;
    cJSON_ArrayForEach(row, golden_member(golden, "values"))
    {
        const cJSON *column = columns->child;
        cJSON_ArrayForEach(value, row)
        {
            double want = value->valuedouble,
                   d = (double)logits[image * width + (size_t)column->valuedouble] - want;
            difference += d * d;
            norm += want * want;
            column = column->next;
        }
        image++;
    }
    ck_assert_uint_eq(image, g->batch);
    ck_assert_msg(norm > 0.0, "%s: empty golden", g->name);
    return sqrt(difference / norm);
}

START_TEST(logits)
{
    Golden *g = golden_open(names[_i], RN_MODE_INFER, 2);
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(g->json, "params");
    if (params) {
        ck_assert_uint_eq(g->compiled->param_elements, (uint64_t)params->valuedouble);
    }
    int32_t index = rn_model_nth(g->compiled, RN_ROLE_OUTPUT, 0);
    ck_assert_int_ge(index, 0);
    size_t width = rn_tensor_elements(rn_model_tensor(g->compiled, index));
    const float *images = golden_images(g, 0, g->batch);
    float *out = arena_alloc_array(g->arena, width * g->batch, sizeof *out);
    RnError err = {0};
    ck_assert_msg(rn_infer(g->session, &images, g->batch, &out, &err) == RN_OK, "%s: %s", g->name,
                  err.text);
    double limit = golden_number(golden_member(g->json, "logits"), "limit");
    double error = logit_error(g, out, width);
    printf("%s: error %.2e, limit %.2e\n", g->name, error, limit);
    ck_assert_msg(error <= limit, "%s: error %.3e, limit %.3e", g->name, error, limit);
    golden_close(g);
}
END_TEST

int main(void)
{
    int count = 0;
    names = golden_list("infer", &count);
    Suite *suite = suite_create("golden inference");
    TCase *t = tcase_create("logits");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, logits, 0, count);
    suite_add_tcase(suite, t);
    int code = count > 0 ? check_run(suite) : EXIT_FAILURE;
    golden_free_list(names, count);
    return code;
}
