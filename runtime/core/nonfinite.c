// nonfinite.c: the search for the first number that is infinite or not a number.
#include "core/nonfinite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char VARIANCE[] = "running_var";

uint64_t rni_first_nonfinite(const float *x, uint64_t n)
{
    uint64_t i = 0;
    while (i < n && isfinite(x[i])) {
        i++;
    }
    return i;
}

const char *rni_number_text(float x, char text[32])
{
    if (isnan(x)) { // its sign means nothing, so it is not shown
        return "nan";
    }
    (void)snprintf(text, 32, "%g", (double)x);
    return text;
}

bool rni_is_variance(const char *name)
{
    size_t n = strlen(name), end = sizeof VARIANCE - 1;
    return n >= end && strcmp(name + n - end, VARIANCE) == 0 &&
           (n == end || name[n - end - 1] == '.');
}

uint64_t rni_first_wrong(const char *name, const float *x, uint64_t n)
{
    uint64_t bad = rni_first_nonfinite(x, n);
    for (uint64_t i = 0; i < bad && rni_is_variance(name); i++) {
        if (x[i] < 0) {
            return i;
        }
    }
    return bad;
}

static bool report_tensors(RnSession *s, const NonfiniteSearch *search, RnRole role,
                           const char *what, RnError *err)
{
    char text[32];
    for (uint32_t i = 0; i < s->model->tensor_count; i++) {
        const RnTensor *t = rn_model_tensor(s->model, (int32_t)i);
        if (t->role != (uint32_t)role) {
            continue;
        }
        const char *name = rn_text(s->model, t->name);
        const float *x = rni_session_tensor(s, t, search->call->batch);
        uint64_t per_image = rn_tensor_elements(t);
        uint64_t n = (t->flags & RN_TENSOR_BATCHED) ? per_image * search->call->batch : per_image;
        uint64_t bad =
            role == RN_ROLE_STATE ? rni_first_wrong(name, x, n) : rni_first_nonfinite(x, n);
        if (bad == n) {
            continue;
        }
        if (role == RN_ROLE_INPUT && per_image > 0) {
            rn_fail(err, RN_ERR_NAN,
                    "%s is not a finite number: %s %s, image %llu of the batch: value is %s",
                    search->result, what, name,
                    (unsigned long long)(search->first_image + bad / per_image),
                    rni_number_text(x[bad], text));
        } else {
            rn_fail(err, RN_ERR_NAN, "%s is not a finite number: %s %s: element %llu is %s",
                    search->result, what, name, (unsigned long long)bad,
                    rni_number_text(x[bad], text));
        }
        return true;
    }
    return false;
}

// A 16-bit float from its bits: infinite or NaN as the larger format has it, else 0.
static float half_kind(uint16_t bits, uint16_t exponent)
{
    if ((bits & exponent) != exponent) {
        return 0;
    }
    bool infinite = (bits & 0x7FFF) == exponent;
    return !infinite ? NAN : bits >> 15 ? -INFINITY : INFINITY;
}

// Whether elements of any type hold a number that is not finite, and the first of them.
static bool find_nonfinite(RnElem elem, const void *x, uint64_t n, float *value)
{
    const uint16_t *half = x;
    const double *wide = x;
    uint64_t i = 0;
    *value = 0;
    switch (elem) {
    case RN_F32:
        i = rni_first_nonfinite(x, n);
        *value = i < n ? ((const float *)x)[i] : 0;
        break;
    case RN_BF16:
    case RN_F16:
        for (; i < n && isfinite(*value); i++) {
            *value = half_kind(half[i], elem == RN_F16 ? 0x7C00 : 0x7F80);
        }
        break;
    case RN_F64:
        for (; i < n && isfinite(*value); i++) {
            *value = isfinite(wide[i]) ? 0 : (float)wide[i];
        }
        break;
    case RN_S8:
    case RN_U8:
    case RN_S16:
    case RN_S32:
    case RN_U32:
        break;
    }
    return !isfinite(*value);
}

// Runs a table step by step. True when one made a number that is not finite, which err then tells.
static bool report_steps(RnSession *s, const NonfiniteSearch *search, StepRange range,
                         const RnCall *call, RnError *err)
{
    char text[32];
    StepRange one = range;
    one.again = true;
    for (uint32_t i = range.lo; i < range.hi; i++) {
        const RnStep *step = RN_AT(RnStep, range.steps, range.stride, i);
        one.lo = i;
        one.hi = i + 1;
        rni_session_run_steps(s, one, call);
        const RnKernel *k = rn_step_kernel(s->model, step);
        uint64_t n = k->elements_fixed + call->batch * k->elements_per_image;
        const RnLayer *l = rn_step_layer(s->model, step);
        if (n == 0) {
            continue;
        }
        const void *x = rn_place_address(rn_step_place(s->model, step, k->inputs), call);
        float value = 0;
        if (find_nonfinite((RnElem)k->elem, x, n, &value)) {
            rn_fail(err, RN_ERR_NAN,
                    "%s is not a finite number: the first value that is not is %s, made by %s %s "
                    "(%s:%u)",
                    search->result, rni_number_text(value, text), rn_text(s->model, l->name),
                    rn_text(s->model, k->work), s->model->source ? s->model->source : "?", l->line);
            return true;
        }
    }
    return false;
}

RnStatus rni_session_report_nonfinite(RnSession *s, const NonfiniteSearch *search, RnError *err)
{
    const RnModel *m = s->model;
    if (report_tensors(s, search, RN_ROLE_PARAM, "parameter", err) ||
        report_tensors(s, search, RN_ROLE_STATE, "running statistic", err) ||
        report_tensors(s, search, RN_ROLE_INPUT, "input", err)) {
        return RN_ERR_NAN;
    }
    StepRange prepare = rni_session_prepare(m);
    RnCall once = *search->call;
    once.batch = 1;
    if ((search->prepare && report_steps(s, search, prepare, &once, err)) ||
        report_steps(s, search, rni_session_range(search->plan), search->call, err)) {
        return RN_ERR_NAN;
    }
    return rn_fail(err, RN_ERR_NAN, "%s is not a finite number", search->result);
}

RnStatus rni_session_check_finite(RnSession *s, bool gradients, RnError *err)
{
    const RnModel *m = s->model;
    char text[32];
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++) {
        const RnTensor *t = rn_model_tensor(m, (int32_t)i);
        bool param = t->role == RN_ROLE_PARAM, gradient = gradients && param;
        const char *name = rn_model_tensor_name(m, (int32_t)i);
        const float *x = rn_tensor_data(s, gradient ? t->grad : (int32_t)i);
        uint64_t n = x != NULL ? rn_tensor_elements(t) : 0;
        uint64_t bad = param ? rni_first_nonfinite(x, n) : rni_first_wrong(name, x, n);
        if (bad < n) {
            return rn_fail(err, RN_ERR_NAN, "%s %s: element %llu is %s",
                           gradient ? "the gradient of"
                           : param  ? "parameter"
                                    : "running statistic",
                           name, (unsigned long long)bad, rni_number_text(x[bad], text));
        }
    }
    return RN_OK;
}
