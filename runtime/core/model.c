// model.c: looks things up in a model's descriptor.
// Not here: whether the descriptor can be read (model_check.c).
#include "resnetc/runtime.h"

#include <string.h>

const RnTensor *rn_model_tensor(const RnModel *model, int32_t index)
{
    return RN_AT(RnTensor, model->tensors, model->tensor_stride, (uint32_t)index);
}

const char *rn_model_tensor_name(const RnModel *model, int32_t index)
{
    return rn_text(model, rn_model_tensor(model, index)->name);
}

int32_t rn_model_find(const RnModel *model, const char *name, RnRole role)
{
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        const RnTensor *t = rn_model_tensor(model, (int32_t)i);
        if (t->role == (uint32_t)role && strcmp(rn_text(model, t->name), name) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

int32_t rn_model_nth(const RnModel *model, RnRole role, uint32_t nth)
{
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        if (rn_model_tensor(model, (int32_t)i)->role == (uint32_t)role && nth-- == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

const RnPreprocess *rn_model_preprocess(const RnModel *model, uint32_t nth)
{
    int32_t index = rn_model_nth(model, RN_ROLE_INPUT, nth);
    if (index < 0) {
        return NULL;
    }
    uint32_t region = rn_model_tensor(model, index)->region;
    return RN_AT(RnRegion, model->regions, model->region_stride, region)->preprocess;
}

uint64_t rn_tensor_elements(const RnTensor *tensor)
{
    uint64_t n = 1;
    for (uint32_t i = (tensor->flags & RN_TENSOR_BATCHED) ? 1 : 0; i < tensor->rank; i++) {
        n *= tensor->dim[i];
    }
    return n;
}

uint32_t rn_model_classes(const RnModel *model)
{
    int32_t index = rn_model_nth(model, RN_ROLE_OUTPUT, 0);
    if (index < 0) {
        return 0;
    }
    const RnTensor *t = rn_model_tensor(model, index);
    return t->rank == 2 && (t->flags & RN_TENSOR_BATCHED) ? t->dim[1] : 0;
}
