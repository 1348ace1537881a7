// weights.c: a session's tensors from and to safetensors.
#include "weights.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const char COUNTER[] = "num_batches_tracked";

// Is this the batch counter that PyTorch keeps beside a running mean of the model?
static bool is_batch_counter(const RnModel *m, const char *name)
{
    size_t n = strlen(name), suffix = sizeof COUNTER - 1;
    if (n < suffix || strcmp(name + n - suffix, COUNTER) != 0)
        return false;
    size_t prefix = n - suffix;
    if (prefix > 0 && name[prefix - 1] != '.')
        return false;
    for (uint32_t i = 0; i < m->state_count; i++) {
        const RnTensor *t = rn_model_tensor(m, (int32_t)(m->param_count + i));
        if (strncmp(t->name, name, prefix) == 0 && strcmp(t->name + prefix, "running_mean") == 0)
            return true;
    }
    return false;
}

static RnStatus check_batch_counter(const RnTensorFile *file, const RnFileTensor *t, RnError *err)
{
    bool scalar = t->shape.rank == 0 || (t->shape.rank == 1 && t->shape.dim[0] == 1);
    if (strcmp(t->dtype, "I64") == 0 && scalar)
        return RN_OK;
    char shape[128];
    return rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s is %s %s, but I64 [] is needed",
                   rn_tensor_file_path(file), t->name, t->dtype,
                   rn_shape_text(&t->shape, shape, sizeof shape));
}

static RnStatus match_tensor(const RnTensorFile *file, const RnTensor *want, const void **data,
                             RnError *err)
{
    char needed[128], found[128];
    RnShape shape = rni_shape_of_tensor(want);
    rn_shape_text(&shape, needed, sizeof needed);
    const RnFileTensor *t = rn_tensor_file_find(file, want->name);
    if (t == NULL)
        return rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s is missing (the model needs F32 %s)",
                       rn_tensor_file_path(file), want->name, needed);
    if (strcmp(t->dtype, "F32") != 0 || !rni_shape_equal(&t->shape, &shape))
        return rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s is %s %s, but the model needs F32 %s",
                       rn_tensor_file_path(file), want->name, t->dtype,
                       rn_shape_text(&t->shape, found, sizeof found), needed);
    *data = t->data;
    return RN_OK;
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
    if (names == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", rn_tensor_file_path(file));
    for (size_t i = 0; i < count; i++)
        names[i] = rn_model_tensor(m, (int32_t)i)->name;
    qsort(names, count, sizeof *names, by_text);
    bool checkpoint = rn_tensor_file_meta(file, CHECKPOINT_META) != NULL;
    RnStatus status = RN_OK;
    for (size_t i = 0; i < rn_tensor_file_count(file) && status == RN_OK; i++) {
        const RnFileTensor *t = rn_tensor_file_at(file, i);
        if (bsearch(&t->name, names, count, sizeof *names, by_text) != NULL ||
            (checkpoint && strncmp(t->name, CHECKPOINT_PREFIX, sizeof CHECKPOINT_PREFIX - 1) == 0))
            continue;
        if (is_batch_counter(m, t->name))
            status = check_batch_counter(file, t, err);
        else
            status = rn_fail(err, RN_ERR_INPUT, "%s: tensor %.200s does not belong to model %s",
                             rn_tensor_file_path(file), t->name, m->name);
    }
    free(names);
    return status;
}

RnStatus rn_weights_match(const RnModel *m, const RnTensorFile *file, const void **data,
                          RnError *err)
{
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++) {
        RnStatus status = match_tensor(file, rn_model_tensor(m, (int32_t)i), &data[i], err);
        if (status != RN_OK)
            return status;
    }
    return check_extra(m, file, err);
}

void rni_weights_copy(RnSession *session, const void *const *data)
{
    const RnModel *m = rn_session_model(session);
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++)
        memcpy(rn_tensor_data(session, (int32_t)i), data[i],
               (size_t)rn_tensor_elements(rn_model_tensor(m, (int32_t)i)) * sizeof(float));
    rn_params_changed(session);
}

RnStatus rn_weights_load(RnSession *session, const char *path, RnError *err)
{
    const RnModel *m = rn_session_model(session);
    RnTensorFile *file = NULL;
    RnStatus status = rn_tensor_file_open(path, &file, err);
    if (status != RN_OK)
        return status;
    const void **data = calloc((size_t)m->param_count + m->state_count + 1, sizeof *data);
    if (data == NULL)
        status = rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    else
        status = rn_weights_match(m, file, data, err);
    if (status == RN_OK)
        rni_weights_copy(session, data);
    free(data);
    rn_tensor_file_close(file);
    return status;
}

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
    RnFileTensor *tensors = calloc((size_t)count + 1, sizeof *tensors);
    if (tensors == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    for (uint32_t i = 0; i < count; i++)
        tensors[i] = rni_weights_entry(m, (int32_t)i, rn_model_tensor(m, (int32_t)i)->name,
                                       rn_tensor_data(session, (int32_t)i));
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
    if (tensors == NULL)
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    tensors[n++] =
        (RnFileTensor){.name = "loss", .dtype = "F32", .data = &mean, .bytes = sizeof mean};
    for (uint32_t i = 0; i < count; i++) {
        const RnTensor *t = rn_model_tensor(m, (int32_t)i);
        int32_t from = t->role == RN_ROLE_PARAM ? t->grad : (int32_t)i;
        const float *data = rn_tensor_data(session, from);
        if (data != NULL)
            tensors[n++] = rni_weights_entry(m, (int32_t)i, t->name, data);
    }
    RnStatus status = rn_tensor_file_write(path, tensors, n, NULL, 0, err);
    free(tensors);
    return status;
}
