// weights.c: a session's tensors to safetensors.
// Not here: reading (weights_read.c).
#include "tensors/weights.h"

#include <stdlib.h>

#include "core/memory.h"

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

RnStatus rn_weights_save(RnSession *session, const char *path, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    uint32_t count = m->param_count + m->state_count;
    if (m->flags & RN_MODEL_WEIGHTS_PACKED) {
        return rn_fail(err, RN_ERR_USAGE,
                       "model %s: its weights are packed inside it and cannot be saved", m->name);
    }
    RnFileTensor *tensors = calloc((size_t)count + 1, sizeof *tensors);
    if (tensors == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    for (uint32_t i = 0; i < count; i++) {
        tensors[i] = rni_weights_entry(m, (int32_t)i, rn_model_tensor_name(m, (int32_t)i),
                                       rn_tensor_data(session, (int32_t)i));
    }
    RnStatus status = rn_tensor_file_write(path, tensors, count, NULL, 0, err);
    free(tensors);
    return status;
}

RnStatus rn_gradients_save(RnSession *session, double loss, const char *path, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    uint32_t count = m->param_count + m->state_count, n = 0;
    const float mean = (float)loss;
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
    RnStatus status = rn_tensor_file_write(path, tensors, n, NULL, 0, err);
    free(tensors);
    return status;
}
