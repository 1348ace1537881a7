// nonfinite.c: the search for the first number that is infinite or not a number.
#include <math.h>

#include "core/session.h"

// Index of the first float that is not finite, or n.
static uint64_t first_bad(const float *x, uint64_t n)
{
    uint64_t i = 0;
    while (i < n && isfinite(x[i])) {
        i++;
    }
    return i;
}

// The sign of a NaN means nothing, so it is not shown.
static const char *bad_text(float x)
{
    return isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
}

static bool report_tensors(RnSession *s, RnRole role, const char *what, uint32_t batch,
                           RnError *err)
{
    for (uint32_t i = 0; i < s->model->tensor_count; i++) {
        const RnTensor *t = rn_model_tensor(s->model, (int32_t)i);
        if (t->role != (uint32_t)role) {
            continue;
        }
        const float *x = rni_session_tensor(s, t, batch);
        uint64_t per_image = rn_tensor_elements(t);
        uint64_t n = (t->flags & RN_TENSOR_BATCHED) ? per_image * batch : per_image;
        uint64_t bad = first_bad(x, n);
        if (bad == n) {
            continue;
        }
        const char *name = rn_text(s->model, t->name);
        if (role == RN_ROLE_INPUT && per_image > 0) {
            rn_fail(err, RN_ERR_NAN,
                    "the loss is not a finite number: %s %s, image %llu of the batch: value is %s",
                    what, name, (unsigned long long)(bad / per_image), bad_text(x[bad]));
        } else {
            rn_fail(err, RN_ERR_NAN, "the loss is not a finite number: %s %s: element %llu is %s",
                    what, name, (unsigned long long)bad, bad_text(x[bad]));
        }
        return true;
    }
    return false;
}

RnStatus rni_session_report_nonfinite(RnSession *s, const RnPlan *plan, const RnCall *call,
                                      RnError *err)
{
    if (report_tensors(s, RN_ROLE_PARAM, "parameter", call->batch, err) ||
        report_tensors(s, RN_ROLE_STATE, "running statistic", call->batch, err) ||
        report_tensors(s, RN_ROLE_INPUT, "input", call->batch, err)) {
        return RN_ERR_NAN;
    }
    StepRange one = rni_session_range(plan);
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const RnStep *step = RN_AT(RnStep, plan->steps, plan->step_stride, i);
        one.lo = i;
        one.hi = i + 1;
        rni_session_run_steps(s, one, call);
        const RnKernel *k = rn_step_kernel(s->model, step);
        uint64_t n = k->floats_fixed + call->batch * k->floats_per_image;
        if (n == 0) {
            continue;
        }
        const RnLayer *l = rn_step_layer(s->model, step);
        const float *x = rn_place_address(rn_step_place(s->model, step, k->inputs), call);
        uint64_t bad = first_bad(x, n);
        if (bad < n) {
            return rn_fail(err, RN_ERR_NAN,
                           "the loss is not a finite number: the first value that is not is %s, "
                           "made by %s %s (%s:%u)",
                           bad_text(x[bad]), rn_text(s->model, l->name), rn_text(s->model, k->work),
                           s->model->source ? s->model->source : "?", l->line);
        }
    }
    return rn_fail(err, RN_ERR_NAN, "the loss is not a finite number");
}
