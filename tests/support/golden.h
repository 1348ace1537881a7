// golden.h: golden files (tests/golden/data, made by scripts/goldens) and the models they speak of.
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "build/build.h"
#include "resnetc/runtime.h"

enum { GOLDEN_STATE_SAMPLES = 8 };

typedef struct Golden {
    Arena *arena;
    cJSON *json;
    const char *name, *model;
    uint32_t batch, classes;
    uint64_t seed;
    size_t image_elements;
    Build *build;
    const RnModel *compiled;
    RnSession *session;
    BuildRequest request;
} Golden;

/// Names of the golden files of a kind ("infer", "train", "sgd"), sorted. Free with
/// golden_free_list.
char **golden_list(const char *kind, int *count);
void golden_free_list(char **list, int count);

/// Reads a golden file, compiles its model for its sizes and fills parameters and state. modes:
/// RN_MODE_*. threads: of the session. Fails the test on any error.
Golden *golden_open(const char *name, unsigned modes, unsigned threads);
void golden_close(Golden *g);

double golden_number(const cJSON *object, const char *key);
/// The same for a member that need not be there.
double golden_option(const cJSON *object, const char *key, double otherwise);
const cJSON *golden_member(const cJSON *object, const char *key);

/// Pictures first, first + 1, ...: f32 [count, c, h, w] and their labels [count].
float *golden_images(const Golden *g, uint64_t first, uint32_t count);
uint32_t *golden_labels(const Golden *g, uint64_t first, uint32_t count);

/// ||got - want|| / ||want|| over the GOLDEN_STATE_SAMPLES entries of a tensor that `values`
/// stores.
double golden_sample_error(const Golden *g, const char *name, const float *data, uint64_t size,
                           const cJSON *values);

/// ||got - want|| / scale over the whole tensor, estimated from the projections of want.
double golden_projected_error(const Golden *g, const char *name, const float *data, uint64_t size,
                              const cJSON *projections, double scale);

#endif
