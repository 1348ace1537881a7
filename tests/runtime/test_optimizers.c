// test_optimizers.c: optimisers and schedules against PyTorch's numbers in float64
// (scripts/goldens/optimizers.py), and the same bits for any number of threads.
// Not here: SGD's older cases and what is refused (test_training.c).
#include "support/check_main.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "resnetc/optimizer.h"
#include "resnetc/runtime.h"
#include "resnetc/schedule.h"
#include "runtime/toy_model.h"

static cJSON *golden;

static void read_golden(void)
{
    FILE *f = fopen(TEST_SOURCE_DIR "/tests/runtime/data/optimizers.json", "rb");
    ck_assert_ptr_nonnull(f);
    char *text = calloc(1, 1 << 20);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, f), 0);
    fclose(f);
    golden = cJSON_Parse(text);
    free(text);
    ck_assert_ptr_nonnull(golden);
}

static void free_golden(void)
{
    cJSON_Delete(golden);
}

static double number(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    return item ? item->valuedouble : 0;
}

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    return item ? item->valuestring : "";
}

static void fill_params(RnSession *s)
{
    for (int i = 0; i < TOY_K * TOY_D; i++) {
        rn_tensor_data(s, TOY_T_WEIGHT)[i] = (float)(i * 37 % 101 - 50) / 64;
    }
    for (int i = 0; i < TOY_K; i++) {
        rn_tensor_data(s, TOY_T_BIAS)[i] = (float)((i * 37 + 7) % 101 - 50) / 64;
    }
}

static void fill_gradients(RnSession *s, int step)
{
    for (int i = 0; i < TOY_K * TOY_D; i++) {
        rn_tensor_data(s, TOY_T_GW)[i] = (float)((i * 29 + step * 17) % 97 - 48) / 512;
    }
    for (int i = 0; i < TOY_K; i++) {
        rn_tensor_data(s, TOY_T_GB)[i] = (float)((i * 29 + step * 17 + 11) % 97 - 48) / 512;
    }
}

static RnSession *descend(const RnModel *model, const cJSON *c, unsigned threads)
{
    RnSession *s = NULL;
    ck_assert_int_eq(rn_session_open(model, &(RnOptions){.threads = threads}, &s, NULL), RN_OK);
    fill_params(s);
    RnOptimizer *o = NULL;
    RnOptimizerConfig config = {.kind = cJSON_HasObjectItem(c, "beta1") ? RN_OPTIMIZER_ADAMW
                                                                        : RN_OPTIMIZER_SGD,
                                .decay = *text_of(c, "decay") ? RN_DECAY_WEIGHTS : RN_DECAY_ALL,
                                .momentum = number(c, "momentum"),
                                .nesterov = cJSON_HasObjectItem(c, "nesterov"),
                                .weight_decay = number(c, "weight_decay"),
                                .beta1 = number(c, "beta1"),
                                .beta2 = number(c, "beta2"),
                                .epsilon = number(c, "epsilon"),
                                .clip_norm = number(c, "clip_norm")};
    ck_assert_int_eq(rn_optimizer_create(s, &config, &o, NULL), RN_OK);
    if (*text_of(c, "frozen")) {
        ck_assert_uint_eq(rn_optimizer_freeze(o, text_of(c, "frozen")), 1);
    }
    for (int step = 0; step < (int)number(golden, "steps"); step++) {
        fill_gradients(s, step);
        ck_assert_int_eq(rn_optimizer_step(o, s, number(c, "lr"), NULL), RN_OK);
    }
    rn_optimizer_destroy(o);
    return s;
}

// Values are below 1 and move in five steps; a float32 step rounds a few times at 6e-8.
static void compare(const char *name, const float *got, const cJSON *want)
{
    for (int i = 0; i < cJSON_GetArraySize(want); i++) {
        double w = cJSON_GetArrayItem(want, i)->valuedouble;
        ck_assert_msg(fabs((double)got[i] - w) <= 5e-7, "%s: element %d is %.9g, should be %.9g",
                      name, i, (double)got[i], w);
    }
}

START_TEST(steps_are_pytorch_s)
{
    const RnModel model = toy_model();
    int count = 0;
    const cJSON *c;
    cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(golden, "cases"))
    {
        RnSession *one = descend(&model, c, 1), *many = descend(&model, c, 4);
        compare(text_of(c, "name"), rn_tensor_data(one, TOY_T_WEIGHT),
                cJSON_GetObjectItemCaseSensitive(c, "matrix"));
        compare(text_of(c, "name"), rn_tensor_data(one, TOY_T_BIAS),
                cJSON_GetObjectItemCaseSensitive(c, "vector"));
        ck_assert_int_eq(memcmp(rn_tensor_data(one, TOY_T_WEIGHT),
                                rn_tensor_data(many, TOY_T_WEIGHT), TOY_K * TOY_D * sizeof(float)),
                         0);
        ck_assert_int_eq(memcmp(rn_tensor_data(one, TOY_T_BIAS), rn_tensor_data(many, TOY_T_BIAS),
                                TOY_K * sizeof(float)),
                         0);
        rn_session_close(one);
        rn_session_close(many);
        count++;
    }
    ck_assert_int_ge(count, 7);
}
END_TEST

// More than two of the pieces that an optimiser cuts parameters into (32768), and no whole number.
enum { LARGE = 2 * 32768 + 777 };

// The toy's descriptor with a weight of LARGE elements; its steps cannot run.
typedef struct Large {
    RnModel model;
    RnRegion regions[TOY_REGIONS];
    RnTensor tensors[TOY_TENSORS];
} Large;

static void make_large(Large *l)
{
    l->model = toy_model();
    memcpy(l->regions, toy_regions, sizeof l->regions);
    memcpy(l->tensors, toy_tensors, sizeof l->tensors);
    l->model.regions = l->regions;
    l->model.tensors = l->tensors;
    l->model.param_elements = LARGE + TOY_K;
    RnTensor *weight = &l->tensors[TOY_T_WEIGHT], *gradient = &l->tensors[TOY_T_GW];
    weight->rank = gradient->rank = 1;
    weight->dim[0] = gradient->dim[0] = LARGE;
    weight->offset = 320; // behind the bias
    l->regions[RN_REGION_PARAMS].fixed_bytes = weight->offset + LARGE * sizeof(float);
    l->regions[RN_REGION_GRADS].fixed_bytes = gradient->offset + LARGE * sizeof(float);
}

static RnSession *descend_large(const RnModel *model, const RnOptimizerConfig *config,
                                unsigned threads)
{
    RnSession *s = NULL;
    RnOptimizer *o = NULL;
    RnError err = {0};
    ck_assert_msg(rn_session_open(model, &(RnOptions){.threads = threads}, &s, &err) == RN_OK, "%s",
                  err.text);
    fill_params(s);
    ck_assert_int_eq(rn_optimizer_create(s, config, &o, NULL), RN_OK);
    for (uint32_t step = 0; step < 3; step++) {
        fill_gradients(s, (int)step);
        for (uint32_t i = 0; i < LARGE; i++) {
            rn_tensor_data(s, TOY_T_GW)[i] = toy_value(step * LARGE + i);
        }
        ck_assert_int_eq(rn_optimizer_step(o, s, 0.1, NULL), RN_OK);
    }
    rn_optimizer_destroy(o);
    return s;
}

START_TEST(large_parameters_for_any_threads)
{
    static const RnOptimizerConfig configs[] = {
        {.momentum = 0.9, .weight_decay = 0.01, .clip_norm = 0.5},
        {.kind = RN_OPTIMIZER_ADAMW,
         .beta1 = 0.9,
         .beta2 = 0.999,
         .epsilon = 1e-3,
         .clip_norm = 0.5},
    };
    Large large;
    make_large(&large);
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        RnSession *one = descend_large(&large.model, &configs[i], 1);
        RnSession *many = descend_large(&large.model, &configs[i], 4);
        ck_assert_int_eq(memcmp(rn_tensor_data(one, TOY_T_WEIGHT),
                                rn_tensor_data(many, TOY_T_WEIGHT), LARGE * sizeof(float)),
                         0);
        ck_assert_int_eq(memcmp(rn_tensor_data(one, TOY_T_BIAS), rn_tensor_data(many, TOY_T_BIAS),
                                TOY_K * sizeof(float)),
                         0);
        ck_assert(rn_tensor_data(one, TOY_T_WEIGHT)[LARGE - 1] != 0); // every piece had its step
        rn_session_close(one);
        rn_session_close(many);
    }
}
END_TEST

START_TEST(schedules_are_pytorch_s)
{
    int count = 0;
    const cJSON *c, *value;
    cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(golden, "schedules"))
    {
        double drops[8];
        RnSchedule s = {.kind = (RnScheduleKind)(int)number(c, "kind"),
                        .lr = number(c, "lr"),
                        .drop_factor = number(c, "drop_factor"),
                        .drop_every = number(c, "drop_every"),
                        .drop_at = drops,
                        .total = number(c, "total"),
                        .lr_min = number(c, "lr_min"),
                        .warmup = number(c, "warmup"),
                        .warmup_from = number(c, "warmup_from")};
        cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(c, "drop_at"))
            drops[s.drop_count++] = value->valuedouble;
        ck_assert_int_eq(rn_schedule_check(&s, NULL), RN_OK);
        uint64_t t = 0;
        cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(c, "values"))
        {
            double got = rn_schedule_lr(&s, t), want = value->valuedouble;
            ck_assert_msg(fabs(got - want) <= 1e-9 * s.lr, "%s: step %llu: %.12g, should be %.12g",
                          text_of(c, "name"), (unsigned long long)t, got, want);
            t++;
        }
        ck_assert_uint_eq(t, 100);
        count++;
    }
    ck_assert_int_ge(count, 7);
}
END_TEST

START_TEST(schedules_refused)
{
    static const double falling[] = {5, 3};
    static const RnSchedule wrong[] = {
        {.lr = -1},
        {.lr = (double)INFINITY},
        {.lr = 1, .warmup = -1},
        {.lr = 1, .warmup_from = 2},
        {.kind = RN_SCHEDULE_STEP, .lr = 1, .drop_factor = 0.1},
        {.kind = RN_SCHEDULE_STEP, .lr = 1, .drop_factor = -0.1, .drop_every = 2},
        {.kind = RN_SCHEDULE_MULTISTEP, .lr = 1, .drop_at = falling, .drop_count = 2},
        {.kind = RN_SCHEDULE_COSINE, .lr = 1, .total = 0},
        {.kind = RN_SCHEDULE_COSINE, .lr = 1, .total = 10, .warmup = 10},
        {.kind = RN_SCHEDULE_COSINE, .lr = 1, .total = 10, .lr_min = (double)NAN},
        {.kind = (RnScheduleKind)7, .lr = 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(rn_schedule_check(&wrong[i], NULL), RN_ERR_USAGE);
    }
}
END_TEST

START_TEST(freezing_by_pattern)
{
    const RnModel model = toy_model();
    static const struct {
        const char *pattern;
        uint32_t count;
    } cases[] = {{"fc", 2},        {"fc.*", 2},   {"*.bias", 1}, {"fc.b", 0}, {"f", 0},
                 {"fc.weight", 1}, {"*bias*", 1}, {"[a-f]c", 2}, {"", 0},     {"FC", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RnSession *s = NULL;
        RnOptimizer *o = NULL;
        ck_assert_int_eq(rn_session_open(&model, NULL, &s, NULL), RN_OK);
        ck_assert_int_eq(rn_optimizer_create(s, &(RnOptimizerConfig){0}, &o, NULL), RN_OK);
        ck_assert_msg(rn_optimizer_freeze(o, cases[i].pattern) == cases[i].count, "%s",
                      cases[i].pattern);
        rn_optimizer_destroy(o);
        rn_session_close(s);
    }
}
END_TEST

START_TEST(freezing_by_a_long_part)
{
    struct {
        ToyTexts toy;
        char name[400];
    } texts = {.toy = toy_texts};
    memset(texts.name, 'x', 300);
    strcpy(texts.name + 300, ".weight");
    RnTensor tensors[TOY_TENSORS];
    memcpy(tensors, toy_tensors, sizeof tensors);
    tensors[TOY_T_WEIGHT].name = sizeof texts.toy;
    RnModel model = toy_model();
    model.tensors = tensors;
    model.texts = (const char *)&texts;
    model.text_bytes = sizeof texts;
    RnSession *s = NULL;
    RnOptimizer *o = NULL;
    ck_assert_int_eq(rn_session_open(&model, NULL, &s, NULL), RN_OK);
    ck_assert_int_eq(rn_optimizer_create(s, &(RnOptimizerConfig){0}, &o, NULL), RN_OK);
    ck_assert_uint_eq(rn_optimizer_freeze(o, "x*x"), 1); // the part before the dot alone
    rn_optimizer_destroy(o);
    rn_session_close(s);
}
END_TEST

START_TEST(refuses_wrong_adamw)
{
    const RnModel model = toy_model();
    RnSession *s = NULL;
    RnOptimizer *o = NULL;
    RnError err;
    ck_assert_int_eq(rn_session_open(&model, NULL, &s, NULL), RN_OK);
    static const RnOptimizerConfig wrong[] = {
        {.kind = RN_OPTIMIZER_ADAMW, .beta1 = 0.9, .beta2 = 0.999},
        {.kind = RN_OPTIMIZER_ADAMW, .beta1 = 1, .beta2 = 0.999, .epsilon = 1e-8},
        {.kind = RN_OPTIMIZER_ADAMW, .beta1 = 0.9, .beta2 = -0.1, .epsilon = 1e-8},
        {.kind = RN_OPTIMIZER_ADAMW, .beta1 = 0.9, .beta2 = 0.9, .epsilon = 1e-8, .momentum = 0.9},
        {.clip_norm = -1},
        {.clip_norm = (double)NAN},
        {.kind = (RnOptimizerKind)5}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(rn_optimizer_create(s, &wrong[i], &o, &err), RN_ERR_USAGE);
    }
    rn_session_close(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optimizers");
    TCase *tc = tcase_create("optimizers");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, read_golden, free_golden);
    tcase_add_test(tc, steps_are_pytorch_s);
    tcase_add_test(tc, large_parameters_for_any_threads);
    tcase_add_test(tc, schedules_are_pytorch_s);
    tcase_add_test(tc, schedules_refused);
    tcase_add_test(tc, freezing_by_pattern);
    tcase_add_test(tc, freezing_by_a_long_part);
    tcase_add_test(tc, refuses_wrong_adamw);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
