// call.c: what surrounds a run of steps: the call's description, inputs and outputs, prepare steps.
#include "core/session.h"

#include <string.h>

#include "core/nonfinite.h"

RnCall rni_session_call(RnSession *s, uint32_t batch)
{
    memcpy(s->call_base, s->base, s->model->region_count * sizeof *s->base);
    return (RnCall){
        .struct_bytes = sizeof(RnCall), .batch = batch, .base = s->call_base, .loss_scale = 1.0f};
}

void *rni_session_tensor(const RnSession *s, const RnTensor *t, uint32_t batch)
{
    return (char *)s->call_base[t->region] + t->offset + (uint64_t)batch * t->slope;
}

// May the caller's memory stand in for the whole region? Only when the tensor is all there is in
// it.
static bool fits_region(const RnSession *s, const RnTensor *t, const void *memory)
{
    const RnRegion *r = RN_AT(RnRegion, s->model->regions, s->model->region_stride, t->region);
    uint64_t image_bytes = rn_tensor_elements(t) * sizeof(float);
    return t->offset == 0 && t->slope == 0 && (t->flags & RN_TENSOR_BATCHED) &&
           t->region >= RN_REGION_FIRST_IO && r->fixed_bytes == 0 && r->per_worker_bytes == 0 &&
           r->per_image_bytes == image_bytes && (uintptr_t)memory % r->align == 0;
}

RnStatus rni_session_bind_inputs(RnSession *s, const float *const *inputs, uint32_t batch,
                                 RnError *err)
{
    for (uint32_t nth = 0;; nth++) {
        int32_t index = rn_model_nth(s->model, RN_ROLE_INPUT, nth);
        if (index < 0) {
            return RN_OK;
        }
        const RnTensor *t = rn_model_tensor(s->model, index);
        if (inputs == NULL || inputs[nth] == NULL) {
            return rn_fail(err, RN_ERR_USAGE, "model %s: no data for input %s", s->model->name,
                           rn_text(s->model, t->name));
        }
        if (fits_region(s, t, inputs[nth])) {
            // Steps only read inputs; the table's type has no const because outputs stand in it
            // too.
            memcpy(&s->call_base[t->region], &inputs[nth], sizeof inputs[nth]);
            continue;
        }
        uint64_t images = (t->flags & RN_TENSOR_BATCHED) ? batch : 1;
        memcpy(rni_session_tensor(s, t, batch), inputs[nth],
               (size_t)(images * rn_tensor_elements(t) * sizeof(float)));
    }
}

RnStatus rn_prepare(RnSession *s, RnError *err)
{
    (void)err;
    if (s->prepared) {
        return RN_OK;
    }
    RnCall call = rni_session_call(s, 1);
    rni_session_run_steps(s, rni_session_prepare(s->model), &call);
    s->prepared = true;
    return RN_OK;
}

// Puts outputs where the caller wants them, when they can be written in place.
static void bind_outputs(RnSession *s, float *const *outputs, uint64_t first)
{
    for (uint32_t nth = 0;; nth++) {
        int32_t index = rn_model_nth(s->model, RN_ROLE_OUTPUT, nth);
        if (index < 0) {
            return;
        }
        const RnTensor *t = rn_model_tensor(s->model, index);
        float *to = outputs[nth];
        if (to != NULL && fits_region(s, t, to + first * rn_tensor_elements(t))) {
            s->call_base[t->region] = to + first * rn_tensor_elements(t);
        }
    }
}

// Copies the outputs that were not written in place.
static void copy_outputs(const RnSession *s, float *const *outputs, uint64_t first, uint32_t batch)
{
    for (uint32_t nth = 0;; nth++) {
        int32_t index = rn_model_nth(s->model, RN_ROLE_OUTPUT, nth);
        if (index < 0) {
            return;
        }
        const RnTensor *t = rn_model_tensor(s->model, index);
        if (outputs[nth] == NULL) {
            continue;
        }
        float *to = outputs[nth] + first * rn_tensor_elements(t);
        const float *from = rni_session_tensor(s, t, batch);
        if (to != from) {
            memcpy(to, from, (size_t)(batch * rn_tensor_elements(t) * sizeof(float)));
        }
    }
}

// Where the inputs of the pass that begins at image `first` are.
static void point_inputs(RnSession *s, const float *const *inputs, uint64_t first)
{
    for (uint32_t nth = 0;; nth++) {
        int32_t index = rn_model_nth(s->model, RN_ROLE_INPUT, nth);
        if (index < 0) {
            return;
        }
        uint64_t skip = first * rn_tensor_elements(rn_model_tensor(s->model, index));
        s->pass_inputs[nth] = inputs[nth] ? inputs[nth] + skip : NULL;
    }
}

static RnStatus infer_pass(RnSession *s, const float *const *inputs, uint64_t first, uint32_t batch,
                           float *const *outputs, RnError *err)
{
    point_inputs(s, inputs, first);
    RnCall call = rni_session_call(s, batch);
    call.first_image = first;
    bind_outputs(s, outputs, first);
    RnStatus status = rni_session_bind_inputs(s, s->pass_inputs, batch, err);
    if (status != RN_OK) {
        return status;
    }
    const RnPlan *plan = rn_model_plan(s->model, RN_PLAN_INFER, batch);
    rni_session_run_steps(s, rni_session_range(plan), &call);
    copy_outputs(s, outputs, first, batch);
    return RN_OK;
}

RnStatus rn_infer(RnSession *s, const float *const *inputs, size_t batch, float *const *outputs,
                  RnError *err)
{
    if (!(s->modes & RN_MODE_INFER)) {
        return rn_fail(err, RN_ERR_MISSING, "model %s: this session was not opened for inference",
                       s->model->name);
    }
    if (batch == 0) {
        return rn_fail(err, RN_ERR_BATCH, "model %s: a batch of 0 images", s->model->name);
    }
    if (inputs == NULL || outputs == NULL) {
        return rn_fail(err, RN_ERR_USAGE, "model %s: inputs and outputs are needed",
                       s->model->name);
    }
    RnStatus status = rn_prepare(s, err);
    for (uint64_t first = 0; first < batch && status == RN_OK; first += s->max_batch) {
        uint64_t left = batch - first;
        uint32_t now = left < s->max_batch ? (uint32_t)left : s->max_batch;
        status = infer_pass(s, inputs, first, now, outputs, err);
    }
    return status;
}

// The first image with an output that is not finite, or `batch`.
static uint64_t first_nonfinite_image(const RnSession *s, float *const *outputs, uint64_t batch)
{
    uint64_t found = batch;
    for (uint32_t nth = 0;; nth++) {
        int32_t index = rn_model_nth(s->model, RN_ROLE_OUTPUT, nth);
        if (index < 0) {
            return found;
        }
        uint64_t per_image = rn_tensor_elements(rn_model_tensor(s->model, index));
        if (outputs[nth] != NULL && per_image > 0) {
            found = rni_first_nonfinite(outputs[nth], found * per_image) / per_image;
        }
    }
}

RnStatus rn_infer_check_finite(RnSession *s, const float *const *inputs, size_t batch,
                               float *const *outputs, RnError *err)
{
    uint64_t image = first_nonfinite_image(s, outputs, batch);
    if (image == batch) {
        return RN_OK;
    }
    point_inputs(s, inputs, image);
    RnCall call = rni_session_call(s, 1);
    call.first_image = image;
    RnStatus status = rni_session_bind_inputs(s, s->pass_inputs, 1, err);
    if (status != RN_OK) {
        return status;
    }
    const NonfiniteSearch search = {.result = "the output",
                                    .plan = rn_model_plan(s->model, RN_PLAN_INFER, 1),
                                    .call = &call,
                                    .first_image = image,
                                    .prepare = true};
    return rni_session_report_nonfinite(s, &search, err);
}
