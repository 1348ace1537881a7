// checkpoint.c: saving and resuming a training run.
#include "resnetc/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/memory.h"
#include "core/nonfinite.h"
#include "tensors/class_names.h"
#include "tensors/json_text.h"
#include "tensors/tensor_convert.h"
#include "tensors/weights.h"

// ---- The place in the run, as JSON -------------------------------------------------------------

// Counters and seeds can be any 64 bits: JSON numbers hold 53, so they are written as text.
static bool add_u64(cJSON *o, const char *key, uint64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, v);
    return cJSON_AddStringToObject(o, key, text) != NULL;
}

static char *place_text(const RnModel *m, const RnOptimizer *optimizer, const RnTrainingPlace *p)
{
    cJSON *o = cJSON_CreateObject();
    bool ok = o != NULL && cJSON_AddStringToObject(o, "model", m->name) != NULL &&
              add_u64(o, "source_hash", m->source_hash) && add_u64(o, "epoch", p->epoch) &&
              add_u64(o, "step", p->step) && add_u64(o, "epoch_image", p->epoch_image) &&
              add_u64(o, "seed", p->seed) && add_u64(o, "batch", p->batch) &&
              add_u64(o, "optimizer_steps", optimizer ? rn_optimizer_steps(optimizer) : 0) &&
              cJSON_AddNumberToObject(o, "lr", p->lr) != NULL &&
              cJSON_AddNumberToObject(o, "momentum", p->momentum) != NULL &&
              cJSON_AddNumberToObject(o, "weight_decay", p->weight_decay) != NULL &&
              cJSON_AddNumberToObject(o, "elapsed_s", p->elapsed_s) != NULL &&
              (p->notes == NULL || cJSON_AddStringToObject(o, "notes", p->notes) != NULL);
    char *text = ok ? cJSON_PrintUnformatted(o) : NULL;
    cJSON_Delete(o);
    return text;
}

static bool get_u64(const cJSON *o, const char *key, uint64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsString(item) || item->valuestring[0] < '0' || item->valuestring[0] > '9') {
        return false;
    }
    char *end = NULL;
    *out = strtoull(item->valuestring, &end, 10);
    return *end == 0;
}

static bool get_number(const cJSON *o, const char *key, double *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsNumber(item)) {
        return false;
    }
    *out = item->valuedouble;
    return true;
}

typedef struct Saved {
    RnTrainingPlace place;
    uint64_t source_hash, optimizer_steps;
} Saved;

static RnStatus parse_place(const char *text, Saved *saved)
{
    RnTrainingPlace *p = &saved->place;
    uint64_t batch = 0;
    cJSON *o = NULL;
    RnStatus status = rni_json_parse(text, strlen(text), &o);
    bool ok = cJSON_IsObject(o) && get_u64(o, "source_hash", &saved->source_hash) &&
              get_u64(o, "optimizer_steps", &saved->optimizer_steps) &&
              get_u64(o, "epoch", &p->epoch) && get_u64(o, "step", &p->step) &&
              get_u64(o, "epoch_image", &p->epoch_image) && get_u64(o, "seed", &p->seed) &&
              get_u64(o, "batch", &batch) && batch <= UINT32_MAX && get_number(o, "lr", &p->lr) &&
              get_number(o, "momentum", &p->momentum) &&
              get_number(o, "weight_decay", &p->weight_decay) &&
              get_number(o, "elapsed_s", &p->elapsed_s);
    p->batch = (uint32_t)batch;
    const cJSON *notes = cJSON_GetObjectItemCaseSensitive(o, "notes");
    if (status == RN_OK && !ok) {
        status = RN_ERR_INPUT;
    }
    if (status == RN_OK && cJSON_IsString(notes)) {
        p->notes = strdup(notes->valuestring);
        status = p->notes != NULL ? RN_OK : RN_ERR_MEMORY;
    }
    cJSON_Delete(o);
    return status;
}

void rn_training_place_free(RnTrainingPlace *place)
{
    if (place == NULL) {
        return;
    }
    free(place->notes);
    place->notes = NULL;
}

// ---- The optimiser's tensors -------------------------------------------------------------------

// "optimizer/BUFFER/NAME", allocated.
static char *buffer_name(const RnOptimizer *o, unsigned buffer, const char *param)
{
    const char *kind = rn_optimizer_buffer_name(o, buffer);
    size_t bytes = sizeof CHECKPOINT_PREFIX + strlen(kind) + 1 + strlen(param);
    char *name = malloc(bytes);
    if (name != NULL) {
        snprintf(name, bytes, "%s%s/%s", CHECKPOINT_PREFIX, kind, param);
    }
    return name;
}

static size_t buffer_tensors(const RnModel *m, const RnOptimizer *o)
{
    return o ? (size_t)m->param_count * rn_optimizer_buffer_count(o) : 0;
}

// ---- Saving
// --------------------------------------------------------------------------------------

// Fills the list; the last buffer_tensors() names are allocated.
static bool list_tensors(RnSession *s, RnOptimizer *o, RnFileTensor *list)
{
    const RnModel *m = rn_session_model(s);
    size_t n = 0;
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++) {
        list[n++] = rni_weights_entry(m, (int32_t)i, rn_model_tensor_name(m, (int32_t)i),
                                      rn_tensor_data(s, (int32_t)i));
    }
    for (unsigned b = 0; o != NULL && b < rn_optimizer_buffer_count(o); b++) {
        for (uint32_t p = 0; p < m->param_count; p++) {
            char *name = buffer_name(o, b, rn_model_tensor_name(m, (int32_t)p));
            list[n++] = rni_weights_entry(m, (int32_t)p, name, rn_optimizer_buffer(o, b, p));
            if (name == NULL) {
                return false;
            }
        }
    }
    return true;
}

static void free_name(const char *name)
{
    char *mine; // allocated by buffer_name, const only in the list
    memcpy(&mine, &name, sizeof mine);
    free(mine);
}

static RnStatus check_finite(const char *path, RnSession *session, RnOptimizer *o, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    RnStatus status = rni_weights_check_finite(session, false, path, err);
    if (status != RN_OK) {
        return status;
    }
    for (unsigned b = 0; o != NULL && b < rn_optimizer_buffer_count(o); b++) {
        for (uint32_t p = 0; p < m->param_count; p++) {
            uint64_t n = rn_tensor_elements(rn_model_tensor(m, (int32_t)p));
            uint64_t bad = rni_first_nonfinite(rn_optimizer_buffer(o, b, p), n);
            if (bad < n) {
                return rn_fail(err, RN_ERR_NAN,
                               "%s is not written: the optimiser's %s of %s: element %llu is not a "
                               "finite number",
                               path, rn_optimizer_buffer_name(o, b),
                               rn_model_tensor_name(m, (int32_t)p), (unsigned long long)bad);
            }
        }
    }
    return RN_OK;
}

RnStatus rn_checkpoint_save(const char *path, RnSession *session, RnOptimizer *optimizer,
                            const RnTrainingPlace *place, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    RnStatus status = check_finite(path, session, optimizer, err);
    if (status != RN_OK) {
        return status;
    }
    size_t owned = (size_t)m->param_count + m->state_count;
    size_t count = owned + buffer_tensors(m, optimizer);
    RnFileTensor *list = calloc(count + 1, sizeof *list);
    char *text = place_text(m, optimizer, place);
    char *names = place->class_names != NULL
                      ? rni_class_names_text(place->class_names, place->classes)
                      : NULL;
    if (list == NULL || text == NULL || (place->class_names != NULL && names == NULL) ||
        !list_tensors(session, optimizer, list)) {
        status = rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    } else {
        const RnFileMeta meta[] = {{CHECKPOINT_META, text}, {CLASS_NAMES_META, names}};
        status = rn_tensor_file_write(path, list, count, meta, names != NULL ? 2 : 1, err);
    }
    for (size_t i = owned; list != NULL && i < count; i++) {
        free_name(list[i].name);
    }
    free(list);
    cJSON_free(names);
    cJSON_free(text);
    return status;
}

// ---- Loading
// -------------------------------------------------------------------------------------

// Finds the optimiser's tensors in the file: found[buffer * param_count + param].
static RnStatus match_buffers(const RnModel *m, const RnOptimizer *o, const RnTensorFile *file,
                              const Saved *saved, const RnFileTensor **found, RnError *err)
{
    for (size_t i = 0; i < buffer_tensors(m, o); i++) {
        uint32_t param = (uint32_t)(i % m->param_count);
        const RnTensor *t = rn_model_tensor(m, (int32_t)param);
        char *name = buffer_name(o, (unsigned)(i / m->param_count), rn_text(m, t->name));
        if (name == NULL) {
            return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", rn_tensor_file_path(file));
        }
        const RnFileTensor *tensor = rn_tensor_file_find(file, name);
        RnShape shape = rni_shape_of_tensor(t);
        RnStatus status = RN_OK;
        if (tensor == NULL) {
            status = rn_fail(err, RN_ERR_INPUT,
                             "%s: tensor %.200s is missing: the checkpoint was made with momentum "
                             "%g or another optimiser",
                             rn_tensor_file_path(file), name, saved->place.momentum);
        } else if (strcmp(tensor->dtype, "F32") != 0 || !rni_shape_equal(&tensor->shape, &shape)) {
            status = rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s has the wrong type or shape",
                             rn_tensor_file_path(file), name);
        }
        float value = 0;
        if (status == RN_OK &&
            rni_tensor_first_wrong(tensor, false, &value) < rn_tensor_elements(t)) {
            status =
                rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s holds a number that is not finite",
                        rn_tensor_file_path(file), name);
        }
        free(name);
        if (status != RN_OK) {
            return status;
        }
        found[i] = tensor;
    }
    return RN_OK;
}

static RnStatus read_place(const RnModel *m, const RnTensorFile *file, Saved *saved, RnError *err)
{
    const char *path = rn_tensor_file_path(file);
    const char *text = rn_tensor_file_meta(file, CHECKPOINT_META);
    if (text == NULL) {
        return rn_fail(err, RN_ERR_INPUT, "%s: not a checkpoint (it has weights only)", path);
    }
    RnStatus status = parse_place(text, saved);
    if (status == RN_ERR_MEMORY) {
        return rn_fail(err, status, "%s: out of memory", path);
    }
    if (status != RN_OK) {
        return rn_fail(err, RN_ERR_INPUT, "%s: the checkpoint's metadata is damaged", path);
    }
    if (saved->source_hash != m->source_hash) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: the checkpoint was made from another model source or other -D values",
                       path);
    }
    return RN_OK;
}

static RnStatus load_from(const RnTensorFile *file, RnSession *s, RnOptimizer *o, Saved *saved,
                          RnError *err)
{
    const RnModel *m = rn_session_model(s);
    size_t owned = (size_t)m->param_count + m->state_count;
    static const RnWeightsOptions plain = {0};
    const RnFileTensor **found = calloc(owned + buffer_tensors(m, o) + 1, sizeof *found);
    if (found == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", rn_tensor_file_path(file));
    }
    RnStatus status = read_place(m, file, saved, err);
    if (status == RN_OK) {
        status = rni_weights_match(m, file, &plain, found, err);
    }
    if (status == RN_OK) {
        status = match_buffers(m, o, file, saved, found + owned, err);
    }
    if (status == RN_OK) {
        status = rni_weights_copy(s, file, found, err);
    }
    if (status == RN_OK) {
        for (size_t i = 0; i < buffer_tensors(m, o); i++) {
            uint32_t param = (uint32_t)(i % m->param_count);
            memcpy(rn_optimizer_buffer(o, (unsigned)(i / m->param_count), param),
                   found[owned + i]->data,
                   (size_t)rn_tensor_elements(rn_model_tensor(m, (int32_t)param)) * sizeof(float));
        }
        if (o != NULL) {
            rn_optimizer_set_steps(o, saved->optimizer_steps);
        }
    }
    free(found);
    return status;
}

RnStatus rn_checkpoint_load(const char *path, RnSession *session, RnOptimizer *optimizer,
                            RnTrainingPlace *place, RnError *err)
{
    RnTensorFile *file = NULL;
    RnStatus status = rn_tensor_file_open(path, &file, err);
    if (status != RN_OK) {
        return status;
    }
    Saved saved = {0};
    status = load_from(file, session, optimizer, &saved, err);
    rn_tensor_file_close(file);
    if (status != RN_OK) {
        rn_training_place_free(&saved.place);
        return status;
    }
    *place = saved.place;
    return RN_OK;
}
