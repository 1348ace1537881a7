// train.c: the forward and backward pass, its loss and accuracy.
#include <math.h>
#include <string.h>

#include "core/nonfinite.h"
#include "core/session.h"

static RnStatus check_batch(const RnSession *s, const RnTrainBatch *b, RnError *err)
{
    const char *name = s->model->name;
    if (!(s->modes & RN_MODE_TRAIN)) {
        return rn_fail(err, RN_ERR_MISSING, "model %s: this session was not opened for training",
                       name);
    }
    if (b->batch == 0 || b->batch > s->max_batch) {
        return rn_fail(err, RN_ERR_BATCH,
                       "model %s: a batch of %u images, but 1 to %u are possible", name, b->batch,
                       s->max_batch);
    }
    if (rn_model_nth(s->model, RN_ROLE_LOSS, 0) < 0) {
        return rn_fail(err, RN_ERR_MISSING, "model %s has no loss to train with", name);
    }
    return RN_OK;
}

// Labels go to the session's own memory, checked on the way: kernels index with them.
static RnStatus bind_labels(RnSession *s, const RnTrainBatch *b, RnError *err)
{
    int32_t index = rn_model_nth(s->model, RN_ROLE_LABELS, 0);
    if (index < 0) {
        return RN_OK;
    }
    if (b->labels == NULL) {
        return rn_fail(err, RN_ERR_USAGE, "model %s: no labels", s->model->name);
    }
    uint32_t classes = rn_model_classes(s->model);
    for (uint32_t i = 0; i < b->batch; i++) {
        if (b->labels[i] >= classes) {
            return rn_fail(
                err, RN_ERR_INPUT,
                "label %u of image %llu is out of range: model %s has %u classes, 0 to %u",
                b->labels[i], (unsigned long long)(b->first_image + i), s->model->name, classes,
                classes ? classes - 1 : 0);
        }
    }
    const RnTensor *t = rn_model_tensor(s->model, index);
    memcpy(rni_session_tensor(s, t, b->batch), b->labels, b->batch * sizeof *b->labels);
    return RN_OK;
}

static double mean_loss(const RnSession *s, uint32_t batch)
{
    const RnTensor *t = rn_model_tensor(s->model, rn_model_nth(s->model, RN_ROLE_LOSS, 0));
    const float *loss = rni_session_tensor(s, t, batch);
    uint32_t n = (t->flags & RN_TENSOR_BATCHED) ? batch : 1;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += (double)loss[i];
    }
    return sum / n;
}

static uint32_t count_correct(const RnSession *s, const RnTrainBatch *b)
{
    const float *logits = rn_train_logits(s);
    uint32_t classes = rn_model_classes(s->model), correct = 0;
    for (uint32_t i = 0; logits != NULL && b->labels != NULL && i < b->batch; i++) {
        const float *row = logits + (uint64_t)i * classes;
        uint32_t best = 0;
        for (uint32_t c = 1; c < classes; c++) {
            if (row[c] > row[best]) {
                best = c;
            }
        }
        correct += best == b->labels[i];
    }
    return correct;
}

const float *rn_train_logits(const RnSession *s)
{
    if (s->train_batch == 0 || rn_model_classes(s->model) == 0) {
        return NULL;
    }
    const RnTensor *t = rn_model_tensor(s->model, rn_model_nth(s->model, RN_ROLE_OUTPUT, 0));
    return (const float *)(const void *)((const char *)s->base[t->region] + t->offset +
                                         (uint64_t)s->train_batch * t->slope);
}

RnStatus rn_forward_backward(RnSession *s, const RnTrainBatch *b, RnTrainResult *result,
                             RnError *err)
{
    s->train_batch = 0;
    RnStatus status = check_batch(s, b, err);
    if (status != RN_OK) {
        return status;
    }
    RnCall call = rni_session_call(s, b->batch);
    call.seed = b->seed;
    call.step = b->step;
    call.first_image = b->first_image;
    call.accumulate = b->accumulate != 0;
    call.loss_scale = b->loss_scale != 0.0f ? b->loss_scale : 1.0f / (float)b->batch;
    status = rni_session_bind_inputs(s, b->inputs, b->batch, err);
    if (status == RN_OK) {
        status = bind_labels(s, b, err);
    }
    if (status != RN_OK) {
        return status;
    }
    size_t state_bytes = (size_t)s->region_bytes[RN_REGION_STATE];
    memcpy(s->saved_state, s->base[RN_REGION_STATE], state_bytes);
    s->prepared = false; // state changes
    const RnPlan *plan = rn_model_plan(s->model, RN_PLAN_TRAIN, b->batch);
    rni_session_run_steps(s, rni_session_range(plan), &call);
    double loss = mean_loss(s, b->batch);
    if (!isfinite(loss)) {
        memcpy(s->base[RN_REGION_STATE], s->saved_state, state_bytes);
        const NonfiniteSearch search = {.result = "the loss", .plan = plan, .call = &call};
        status = rni_session_report_nonfinite(s, &search, err);
        memcpy(s->base[RN_REGION_STATE], s->saved_state, state_bytes);
        return status;
    }
    s->train_batch = b->batch;
    if (result != NULL) {
        *result = (RnTrainResult){.loss = loss, .correct = count_correct(s, b)};
    }
    return RN_OK;
}
