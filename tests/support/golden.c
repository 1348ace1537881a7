// golden.c: reads golden files, and compiles and fills the models they speak of.
#include "support/golden.h"

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "support/counter_rng.h"

#define DATA TEST_SOURCE_DIR "/tests/golden/data"

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int has_kind(const char *stem, size_t length, const char *kind)
{
    static const char *const suffix[] = {"_train", "_sgd"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(suffix[i]);
        if (length > n && strncmp(stem + length - n, suffix[i], n) == 0) {
            return strcmp(kind, suffix[i] + 1) == 0;
        }
    }
    return strcmp(kind, "infer") == 0;
}

char **golden_list(const char *kind, int *count)
{
    DIR *folder = opendir(DATA);
    char **list = NULL;
    *count = 0;
    if (!folder) {
        return NULL;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < 6 || strcmp(entry->d_name + length - 5, ".json") != 0 ||
            !has_kind(entry->d_name, length - 5, kind)) {
            continue;
        }
        list = realloc(list, (size_t)(*count + 1) * sizeof *list);
        if (!list) {
            abort();
        }
        list[(*count)++] = strndup(entry->d_name, length - 5);
    }
    (void)closedir(folder);
    if (list) {
        qsort(list, (size_t)*count, sizeof *list, compare_names);
    }
    return list;
}

void golden_free_list(char **list, int count)
{
    for (int i = 0; i < count; i++) {
        free(list[i]);
    }
    free(list);
}

const cJSON *golden_member(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    ck_assert_msg(item != NULL, "golden file: no %s", key);
    return item;
}

double golden_number(const cJSON *object, const char *key)
{
    const cJSON *item = golden_member(object, key);
    ck_assert_msg(cJSON_IsNumber(item), "golden file: %s is no number", key);
    return item->valuedouble;
}

double golden_option(const cJSON *object, const char *key, double otherwise)
{
    return cJSON_HasObjectItem(object, key) ? golden_number(object, key) : otherwise;
}

static void read_file(Golden *g, const char *name)
{
    const char *error = NULL;
    size_t bytes = 0;
    const char *text = file_read(g->arena, arena_printf(g->arena, "%s/%s.json", DATA, name),
                                 (size_t)64 << 20, &bytes, &error);
    ck_assert_msg(text != NULL, "%s", error);
    g->json = cJSON_Parse(text);
    ck_assert_msg(g->json != NULL, "%s: not JSON", name);
    g->name = arena_strdup(g->arena, name);
    g->model = golden_member(g->json, "model")->valuestring;
    g->batch = (uint32_t)golden_number(g->json, "batch");
    g->classes = (uint32_t)golden_number(g->json, "classes");
    g->seed = (uint64_t)golden_number(g->json, "seed");
    g->image_elements = 1;
    const cJSON *size;
    cJSON_ArrayForEach(size, golden_member(g->json, "image")) g->image_elements *=
        (size_t)size->valuedouble;
}

static void make_request(Golden *g, unsigned modes)
{
    const cJSON *defines = golden_member(g->json, "defines"), *define;
    const char **list = ARENA_ARRAY(g->arena, const char *, cJSON_GetArraySize(defines) + 1);
    uint32_t count = 0;
    cJSON_ArrayForEach(define, defines)
    {
        list[count++] = arena_printf(g->arena, "%s=%d", define->string, define->valueint);
    }
    g->request = (BuildRequest){
        .model = arena_printf(g->arena, "%s/examples/models/%s.rn", TEST_SOURCE_DIR, g->model),
        .defines = list,
        .define_count = count,
        .label_smoothing = golden_option(g->json, "label_smoothing", 0),
        .plans = {.infer = (modes & RN_MODE_INFER) != 0,
                  .train = (modes & RN_MODE_TRAIN) != 0,
                  .batches = &g->batch,
                  .batch_count = 1}};
}

static void fill(Golden *g)
{
    for (uint32_t i = 0; i < g->compiled->param_count + g->compiled->state_count; i++) {
        const RnTensor *t = rn_model_tensor(g->compiled, (int32_t)i);
        float *data = rn_tensor_data(g->session, (int32_t)i);
        const char *name = rn_model_tensor_name(g->compiled, (int32_t)i);
        ck_assert_msg(data != NULL, "%s: no data for %s", g->name, name);
        counter_rng_tensor(name, t->dim, t->rank, g->seed, data);
    }
    float factor = (float)golden_number(g->json, "gamma_factor");
    const cJSON *scaled;
    cJSON_ArrayForEach(scaled, golden_member(g->json, "scaled"))
    {
        int32_t i = rn_model_find(g->compiled, scaled->valuestring, RN_ROLE_PARAM);
        ck_assert_msg(i >= 0, "%s: no parameter %s", g->name, scaled->valuestring);
        float *data = rn_tensor_data(g->session, i);
        for (uint64_t k = 0; k < rn_tensor_elements(rn_model_tensor(g->compiled, i)); k++) {
            data[k] *= factor;
        }
    }
    rn_params_changed(g->session);
}

Golden *golden_open(const char *name, unsigned modes, unsigned threads)
{
    Golden *g = calloc(1, sizeof *g);
    ck_assert_ptr_nonnull(g);
    g->arena = arena_create();
    read_file(g, name);
    make_request(g, modes);
    ck_assert_msg(build_start(g->arena, &g->request, &g->build) == BUILD_OK &&
                      build_load(g->build, &g->compiled) == BUILD_OK,
                  "%s: %s", name, build_error(g->build)->text);
    RnError err = {0};
    RnOptions options = {.modes = modes, .max_batch = g->batch, .threads = threads};
    ck_assert_msg(rn_session_open(g->compiled, &options, &g->session, &err) == RN_OK, "%s: %s",
                  name, err.text);
    fill(g);
    return g;
}

void golden_close(Golden *g)
{
    rn_session_close(g->session);
    build_finish(g->build);
    cJSON_Delete(g->json);
    arena_destroy(g->arena);
    free(g);
}

float *golden_images(const Golden *g, uint64_t first, uint32_t count)
{
    size_t elements = g->image_elements * count;
    float *images = arena_alloc_array(g->arena, elements, sizeof *images);
    counter_rng_pixels(g->seed, first * g->image_elements, elements, images);
    return images;
}

uint32_t *golden_labels(const Golden *g, uint64_t first, uint32_t count)
{
    uint32_t *labels = arena_alloc_array(g->arena, count, sizeof *labels);
    counter_rng_labels(g->seed, first, count, g->classes, labels);
    return labels;
}

double golden_sample_error(const Golden *g, const char *name, const float *data, uint64_t size,
                           const cJSON *values)
{
    double difference = 0.0, norm = 0.0;
    uint64_t k = 0;
    const cJSON *value;
    cJSON_ArrayForEach(value, values)
    {
        uint64_t at = counter_rng_sample(name, g->seed, size, GOLDEN_STATE_SAMPLES, k++);
        double want = value->valuedouble, d = (double)data[at] - want;
        difference += d * d;
        norm += want * want;
    }
    ck_assert_msg(k == (size < GOLDEN_STATE_SAMPLES ? size : GOLDEN_STATE_SAMPLES) && norm > 0.0,
                  "%s: %s: %d samples", g->name, name, (int)k);
    return sqrt(difference / norm);
}

double golden_projected_error(const Golden *g, const char *name, const float *data, uint64_t size,
                              const cJSON *projections, double scale)
{
    double sums[COUNTER_RNG_PROJECTIONS], difference = 0.0;
    counter_rng_project(name, g->seed, data, size, sums);
    int k = 0;
    const cJSON *want;
    cJSON_ArrayForEach(want, projections)
    {
        ck_assert_int_lt(k, COUNTER_RNG_PROJECTIONS);
        double d = sums[k++] - want->valuedouble;
        difference += d * d;
    }
    ck_assert_int_eq(k, COUNTER_RNG_PROJECTIONS);
    return sqrt(difference / COUNTER_RNG_PROJECTIONS) / scale;
}
