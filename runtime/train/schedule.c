// schedule.c: the learning rate as a function of the step.
#include "resnetc/schedule.h"

#include <math.h>
#include <stdbool.h>

static bool finite_from(double x, double least)
{
    return isfinite(x) && x >= least;
}

static RnStatus check_drops(const RnSchedule *s, RnError *err)
{
    if (!finite_from(s->drop_factor, 0)) {
        return rn_fail(err, RN_ERR_USAGE, "the learning rate cannot drop by a factor of %g",
                       s->drop_factor);
    }
    if (s->kind == RN_SCHEDULE_STEP && !(finite_from(s->drop_every, 0) && s->drop_every > 0)) {
        return rn_fail(err, RN_ERR_USAGE, "the learning rate cannot drop every %g steps",
                       s->drop_every);
    }
    for (uint32_t i = 0; s->kind == RN_SCHEDULE_MULTISTEP && i < s->drop_count; i++) {
        if (!finite_from(s->drop_at[i], 0) || (i > 0 && s->drop_at[i] <= s->drop_at[i - 1])) {
            return rn_fail(err, RN_ERR_USAGE, "the steps where the learning rate drops must rise");
        }
    }
    return RN_OK;
}

RnStatus rn_schedule_check(const RnSchedule *s, RnError *err)
{
    if (!finite_from(s->lr, 0)) {
        return rn_fail(err, RN_ERR_USAGE, "learning rate %g is not 0 or more", s->lr);
    }
    if (!finite_from(s->warmup, 0)) {
        return rn_fail(err, RN_ERR_USAGE, "a warm-up of %g steps", s->warmup);
    }
    if (!finite_from(s->warmup_from, 0) || s->warmup_from > 1) {
        return rn_fail(err, RN_ERR_USAGE, "the warm-up's first factor %g is not in 0 .. 1",
                       s->warmup_from);
    }
    switch (s->kind) {
    case RN_SCHEDULE_CONSTANT:
        return RN_OK;
    case RN_SCHEDULE_STEP:
    case RN_SCHEDULE_MULTISTEP:
        return check_drops(s, err);
    case RN_SCHEDULE_COSINE:
        if (!finite_from(s->lr_min, 0)) {
            return rn_fail(err, RN_ERR_USAGE, "learning rate %g is not 0 or more", s->lr_min);
        }
        if (!isfinite(s->total) || s->total <= s->warmup) {
            return rn_fail(err, RN_ERR_USAGE, "a run of %g steps ends within its warm-up of %g",
                           s->total, s->warmup);
        }
        return RN_OK;
    }
    return rn_fail(err, RN_ERR_USAGE, "no schedule %d", (int)s->kind);
}

static double cosine(const RnSchedule *s, double t)
{
    const double pi = 3.14159265358979323846;
    double part = t <= s->warmup ? 0 : (t - s->warmup) / (s->total - s->warmup);
    if (part >= 1) {
        return s->lr_min;
    }
    return s->lr_min + (s->lr - s->lr_min) * (1 + cos(pi * part)) / 2;
}

static double without_warmup(const RnSchedule *s, double t)
{
    uint32_t drops = 0;
    switch (s->kind) {
    case RN_SCHEDULE_CONSTANT:
        break;
    case RN_SCHEDULE_STEP:
        return s->lr * pow(s->drop_factor, floor(t / s->drop_every));
    case RN_SCHEDULE_MULTISTEP:
        while (drops < s->drop_count && s->drop_at[drops] <= t) {
            drops++;
        }
        return s->lr * pow(s->drop_factor, drops);
    case RN_SCHEDULE_COSINE:
        return cosine(s, t);
    }
    return s->lr;
}

double rn_schedule_lr(const RnSchedule *s, uint64_t step)
{
    double t = (double)step, lr = without_warmup(s, t);
    if (t >= s->warmup) {
        return lr;
    }
    return lr * (s->warmup_from + (1 - s->warmup_from) * t / s->warmup);
}
