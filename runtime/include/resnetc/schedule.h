// schedule.h: the learning rate as a function of the step.
#ifndef RESNETC_SCHEDULE_H
#define RESNETC_SCHEDULE_H

#include <stdint.h>

#include "resnetc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum RnScheduleKind {
    RN_SCHEDULE_CONSTANT = 0,
    RN_SCHEDULE_STEP = 1,      // times drop_factor every drop_every steps
    RN_SCHEDULE_MULTISTEP = 2, // times drop_factor at each of drop_at (He et al. 2015)
    RN_SCHEDULE_COSINE = 3     // half a cosine down to lr_min (Loshchilov and Hutter 2017)
} RnScheduleKind;

/// All lengths are steps, and may be fractions (half an epoch of 391 steps).
typedef struct RnSchedule {
    RnScheduleKind kind;
    double lr;             // the full learning rate
    double drop_factor;    // STEP, MULTISTEP
    double drop_every;     // STEP: above 0
    const double *drop_at; // MULTISTEP: rising; borrowed
    uint32_t drop_count;
    double total;       // COSINE: steps of the whole run, warm-up included
    double lr_min;      // COSINE: where it ends
    double warmup;      // steps of linear warm-up in front (Goyal et al. 2017); 0: none
    double warmup_from; // factor at the first step, 0 .. 1
} RnSchedule;

/// RN_ERR_USAGE, with the reason, when a value makes no sense.
RnStatus rn_schedule_check(const RnSchedule *schedule, RnError *err);

/// The learning rate of step t = 0, 1, ... A function of t alone, so a run that goes on later needs
/// no state of it. With w = warmup:
///     STEP       lr * drop_factor^floor(t / drop_every)
///     MULTISTEP  lr * drop_factor^(number of drop_at <= t)
///     COSINE     lr_min + (lr - lr_min) * (1 + cos(pi * (t - w) / (total - w))) / 2; lr_min after
///     it
/// and in the first w steps this times warmup_from + (1 - warmup_from) * t / w; the cosine begins
/// after them, the others count from the run's start.
double rn_schedule_lr(const RnSchedule *schedule, uint64_t t);

#ifdef __cplusplus
}
#endif
#endif
