// weights.c: a session's tensors to safetensors.
// Not here: reading (weights_read.c).
#include "tensors/weights.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "core/memory.h"
#include "core/nonfinite.h"
#include "tensors/class_names.h"

RnFileTensor rni_weights_entry(const RnModel *model, int32_t index, const char *name,
                               const float *data)
{
    const RnTensor *t = rn_model_tensor(model, index);
    return (RnFileTensor){.name = name,
                          .dtype = "F32",
                          .shape = rni_shape_of_tensor(t),
                          .data = data,
                          .bytes = (size_t)rn_tensor_elements(t) * sizeof(float)};
}

RnStatus rni_weights_check_finite(RnSession *session, bool gradients, const char *path,
                                  RnError *err)
{
    RnError why = {0};
    RnStatus status = rni_session_check_finite(session, gradients, &why);
    return status == RN_OK ? RN_OK : rn_fail(err, status, "%s is not written: %s", path, why.text);
}

RnStatus rn_weights_save(RnSession *session, const char *path, RnError *err)
{
    return rn_weights_save_named(session, path, NULL, 0, err);
}

RnStatus rn_weights_save_named(RnSession *session, const char *path, const char *const *class_names,
                               uint32_t classes, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    uint32_t count = m->param_count + m->state_count;
    if (m->flags & RN_MODEL_WEIGHTS_PACKED) {
        return rn_fail(err, RN_ERR_USAGE,
                       "model %s: its weights are packed inside it and cannot be saved", m->name);
    }
    RnStatus status = rni_weights_check_finite(session, false, path, err);
    if (status != RN_OK) {
        return status;
    }
    RnFileTensor *tensors = calloc((size_t)count + 1, sizeof *tensors);
    char *names = class_names != NULL ? rni_class_names_text(class_names, classes) : NULL;
    if (tensors == NULL || (class_names != NULL && names == NULL)) {
        free(tensors);
        cJSON_free(names);
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    for (uint32_t i = 0; i < count; i++) {
        tensors[i] = rni_weights_entry(m, (int32_t)i, rn_model_tensor_name(m, (int32_t)i),
                                       rn_tensor_data(session, (int32_t)i));
    }
    const RnFileMeta meta = {CLASS_NAMES_META, names};
    status = rn_tensor_file_write(path, tensors, count, &meta, names != NULL, err);
    cJSON_free(names);
    free(tensors);
    return status;
}

RnStatus rn_gradients_save(RnSession *session, double loss, const char *path, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    uint32_t count = m->param_count + m->state_count, n = 0;
    const float mean = (float)loss;
    RnStatus status = rni_weights_check_finite(session, true, path, err);
    if (status != RN_OK) {
        return status;
    }
    RnFileTensor *tensors = calloc((size_t)count + 1, sizeof *tensors);
    if (tensors == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    tensors[n++] =
        (RnFileTensor){.name = "loss", .dtype = "F32", .data = &mean, .bytes = sizeof mean};
    for (uint32_t i = 0; i < count; i++) {
        const RnTensor *t = rn_model_tensor(m, (int32_t)i);
        int32_t from = t->role == RN_ROLE_PARAM ? t->grad : (int32_t)i;
        const float *data = rn_tensor_data(session, from);
        if (data != NULL) {
            tensors[n++] =
                rni_weights_entry(m, (int32_t)i, rn_model_tensor_name(m, (int32_t)i), data);
        }
    }
    status = rn_tensor_file_write(path, tensors, n, NULL, 0, err);
    free(tensors);
    return status;
}
