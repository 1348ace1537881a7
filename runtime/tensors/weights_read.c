// weights_read.c: a session's tensors from safetensors: names renamed where asked, every tensor
// checked, then all of them converted.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/nonfinite.h"
#include "tensors/name_map.h"
#include "tensors/name_prefix.h"
#include "tensors/tensor_convert.h"
#include "tensors/weights.h"

static const char COUNTER[] = "num_batches_tracked";

// Is this the batch counter that PyTorch keeps beside a running mean of the model?
static bool is_batch_counter(const RnModel *m, const char *name)
{
    size_t n = strlen(name), suffix = sizeof COUNTER - 1;
    if (n < suffix || strcmp(name + n - suffix, COUNTER) != 0) {
        return false;
    }
    size_t prefix = n - suffix;
    if (prefix > 0 && name[prefix - 1] != '.') {
        return false;
    }
    for (uint32_t i = 0; i < m->state_count; i++) {
        const char *mean = rn_model_tensor_name(m, (int32_t)(m->param_count + i));
        if (strncmp(mean, name, prefix) == 0 && strcmp(mean + prefix, "running_mean") == 0) {
            return true;
        }
    }
    return false;
}

static RnStatus check_batch_counter(const RnTensorFile *file, const RnFileTensor *t, RnError *err)
{
    bool scalar = t->shape.rank == 0 || (t->shape.rank == 1 && t->shape.dim[0] == 1);
    if (strcmp(t->dtype, "I64") == 0 && scalar) {
        return RN_OK;
    }
    char shape[128];
    return rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s is %s %s, but I64 [] is needed",
                   rn_tensor_file_path(file), t->name, t->dtype,
                   rn_shape_text(&t->shape, shape, sizeof shape));
}

// The tensor's name, and that in the file where it differs.
static const char *shown_name(const RnFileTensor *t, char text[300])
{
    if (t->file_name != NULL) {
        snprintf(text, 300, "%.140s (in the file %.140s)", t->name, t->file_name);
    } else {
        snprintf(text, 300, "%.200s", t->name);
    }
    return text;
}

// Is the class count all that differs?
static bool other_classes(const RnModel *m, const RnShape *want, const RnShape *found)
{
    if (want->rank == 0 || want->rank != found->rank || want->dim[0] != rn_model_classes(m)) {
        return false;
    }
    return memcmp(want->dim + 1, found->dim + 1, (want->rank - 1) * sizeof want->dim[0]) == 0;
}

static RnStatus match_tensor(const RnModel *m, const RnTensorFile *file, int32_t index,
                             const RnWeightsOptions *options, const RnFileTensor **out,
                             RnError *err)
{
    char needed[128], found[128], name[300];
    const char *want = rn_model_tensor_name(m, index);
    RnShape shape = rni_shape_of_tensor(rn_model_tensor(m, index));
    rn_shape_text(&shape, needed, sizeof needed);
    const RnFileTensor *t = rn_tensor_file_find(file, want);
    if (t == NULL && options->new_head && rni_is_head(m, index)) {
        return RN_OK;
    }
    if (t == NULL) {
        char more[700];
        rni_name_prefix_explain(m, file, more, sizeof more);
        return rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s is missing (the model needs F32 %s)%s",
                       rn_tensor_file_path(file), want, needed, more);
    }
    bool number = rni_dtype_is_float(t->dtype);
    bool fits = rni_shape_equal(&t->shape, &shape);
    if (number && fits) {
        *out = t;
    }
    if (number && (fits || (options->new_head && other_classes(m, &shape, &t->shape)))) {
        return RN_OK;
    }
    return rn_fail(err, RN_ERR_INPUT, "%s: tensor %s is %s %s, but the model needs F32 %s",
                   rn_tensor_file_path(file), shown_name(t, name), t->dtype,
                   rn_shape_text(&t->shape, found, sizeof found), needed);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Refuses tensors that the model does not have.
static RnStatus check_extra(const RnModel *m, const RnTensorFile *file, RnError *err)
{
    size_t count = (size_t)m->param_count + m->state_count;
    const char **names = calloc(count + 1, sizeof *names);
    if (names == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", rn_tensor_file_path(file));
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = rn_model_tensor_name(m, (int32_t)i);
    }
    qsort(names, count, sizeof *names, by_text);
    char name[300];
    bool checkpoint = rn_tensor_file_meta(file, CHECKPOINT_META) != NULL;
    RnStatus status = RN_OK;
    for (size_t i = 0; i < rn_tensor_file_count(file) && status == RN_OK; i++) {
        const RnFileTensor *t = rn_tensor_file_at(file, i);
        if (bsearch(&t->name, names, count, sizeof *names, by_text) != NULL ||
            (checkpoint &&
             strncmp(t->name, CHECKPOINT_PREFIX, sizeof CHECKPOINT_PREFIX - 1) == 0)) {
            continue;
        }
        if (is_batch_counter(m, t->name)) {
            status = check_batch_counter(file, t, err);
        } else {
            status = rn_fail(err, RN_ERR_INPUT, "%s: tensor %s does not belong to model %s",
                             rn_tensor_file_path(file), shown_name(t, name), m->name);
        }
    }
    free(names);
    return status;
}

RnStatus rni_weights_match(const RnModel *m, const RnTensorFile *file,
                           const RnWeightsOptions *options, const RnFileTensor **found,
                           RnError *err)
{
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++) {
        RnStatus status = match_tensor(m, file, (int32_t)i, options, &found[i], err);
        if (status != RN_OK) {
            return status;
        }
    }
    return check_extra(m, file, err);
}

// F64 has values that float32 has not; these, NaN, infinities and variances below zero are looked for
// before anything is written.
static RnStatus check_numbers(const RnTensorFile *file, const RnFileTensor *t, RnError *err)
{
    char name[300], text[32];
    float value = 0;
    if (!rni_tensor_fits_f32(t)) {
        return rn_fail(err, RN_ERR_INPUT, "%s: tensor %s holds a number that float32 cannot hold",
                       rn_tensor_file_path(file), shown_name(t, name));
    }
    uint64_t elements = 0;
    (void)rni_shape_elements(&t->shape, &elements); // the reader has checked that it fits
    size_t bad = rni_tensor_first_wrong(t, rni_is_variance(t->name), &value);
    if (bad == elements) {
        return RN_OK;
    }
    return rn_fail(err, RN_ERR_INPUT, "%s: tensor %s: element %zu is %s%s",
                   rn_tensor_file_path(file), shown_name(t, name), bad,
                   rni_number_text(value, text),
                   isfinite(value) ? ", but a variance is 0 or more" : ", not a finite number");
}

RnStatus rni_weights_copy(RnSession *session, const RnTensorFile *file,
                          const RnFileTensor *const *found, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    uint32_t count = m->param_count + m->state_count;
    for (uint32_t i = 0; i < count; i++) {
        RnStatus status = found[i] != NULL ? check_numbers(file, found[i], err) : RN_OK;
        if (status != RN_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (found[i] != NULL) {
            rni_tensor_to_f32(found[i], rn_tensor_data(session, (int32_t)i));
        }
    }
    rn_params_changed(session);
    return RN_OK;
}

// Says which part of the file was taken, where it is not all of it as it stands.
static void tell_prefix(const PrefixChoice *choice, const char *path,
                        const RnWeightsOptions *options)
{
    if (options->on_note == NULL || (!choice->prefix[0] && choice->passed_over == 0)) {
        return;
    }
    char text[400], rest[80] = "";
    if (choice->passed_over > 0) {
        snprintf(rest, sizeof rest, "; %zu other tensors are passed over", choice->passed_over);
    }
    if (choice->prefix[0]) {
        snprintf(text, sizeof text, "%.100s: the model's names stand behind '%s'%s", path,
                 choice->prefix, rest);
    } else {
        snprintf(text, sizeof text, "%.100s: the model's names as they stand%s", path, rest);
    }
    options->on_note(options->context, text);
}

static RnStatus find_prefix(const RnModel *m, RnTensorFile *file, const RnWeightsOptions *options,
                            RnError *err)
{
    PrefixChoice choice;
    RnStatus status = rni_name_prefix_apply(m, file, options->key, options->new_head, &choice, err);
    if (status == RN_OK) {
        tell_prefix(&choice, rn_tensor_file_path(file), options);
    }
    return status;
}

static RnStatus rename_tensors(const RnModel *m, RnTensorFile *file,
                               const RnWeightsOptions *options, RnError *err)
{
    if (options->map == NULL) {
        return find_prefix(m, file, options, err);
    }
    if (options->key != NULL) {
        return rn_fail(err, RN_ERR_USAGE, "give either a rename table or a key");
    }
    NameMap *map = NULL;
    RnStatus status = rni_name_map_open(options->map, &map, err);
    if (status == RN_OK) {
        status = rni_name_map_apply(map, file, err);
    }
    rni_name_map_free(map);
    return status;
}

static void tell_kept(const RnModel *m, const RnTensorFile *file, const RnFileTensor *const *found,
                      const RnWeightsOptions *options)
{
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++) {
        const RnTensor *t = rn_model_tensor(m, (int32_t)i);
        const char *name = rn_model_tensor_name(m, (int32_t)i);
        if (found[i] == NULL && options->on_kept != NULL) {
            const RnFileTensor *other = rn_tensor_file_find(file, name);
            options->on_kept(options->context, name, t, other != NULL ? &other->shape : NULL);
        }
    }
}

static RnStatus load_from(RnSession *session, RnTensorFile *file, const RnWeightsOptions *options,
                          RnError *err)
{
    const RnModel *m = rn_session_model(session);
    RnStatus status = rename_tensors(m, file, options, err);
    if (status != RN_OK) {
        return status;
    }
    const RnFileTensor **found = calloc((size_t)m->param_count + m->state_count + 1, sizeof *found);
    if (found == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", rn_tensor_file_path(file));
    }
    status = rni_weights_match(m, file, options, found, err);
    if (status == RN_OK) {
        status = rni_weights_copy(session, file, found, err);
    }
    if (status == RN_OK) {
        tell_kept(m, file, found, options);
    }
    free(found);
    return status;
}

RnStatus rn_weights_load_with(RnSession *session, const char *path, const RnWeightsOptions *options,
                              RnError *err)
{
    static const RnWeightsOptions defaults = {0};
    const RnModel *m = rn_session_model(session);
    if (m->flags & RN_MODEL_WEIGHTS_PACKED) {
        return rn_fail(err, RN_ERR_USAGE,
                       "model %s: its weights are packed inside it, others "
                       "cannot be loaded (compile it without --weights, or with --embed=plain)",
                       m->name);
    }
    RnTensorFile *file = NULL;
    RnStatus status = rn_tensor_file_open(path, &file, err);
    if (status != RN_OK) {
        return status;
    }
    status = load_from(session, file, options ? options : &defaults, err);
    rn_tensor_file_close(file);
    return status;
}

RnStatus rn_weights_load(RnSession *session, const char *path, RnError *err)
{
    return rn_weights_load_with(session, path, NULL, err);
}
