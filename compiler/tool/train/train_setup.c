// train_setup.c: what the options say about optimiser, learning rate and frozen parameters.
#include "tool/train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "tool/cli/messages.h"

ExitCode train_make_optimizer(Training *t)
{
    const Options *o = t->options;
    RnError err = {0};
    RnOptimizerConfig config = {.kind = (RnOptimizerKind)o->optimizer,
                                .decay = o->no_decay_1d ? RN_DECAY_WEIGHTS : RN_DECAY_ALL,
                                .momentum = o->momentum,
                                .nesterov = o->nesterov,
                                .weight_decay = o->weight_decay,
                                .beta1 = o->beta1,
                                .beta2 = o->beta2,
                                .epsilon = o->epsilon,
                                .clip_norm = o->clip_norm};
    if (rn_optimizer_create(t->model.session, &config, &t->optimizer, &err) != RN_OK) {
        return report_status(&err);
    }
    for (uint32_t i = 0; i < o->freeze.count; i++) {
        if (rn_optimizer_freeze(t->optimizer, o->freeze.at[i]) == 0) {
            return report_error(EXIT_USAGE,
                                "--freeze: no parameter fits '%s'; resnetc %s --emit=graph shows "
                                "their paths",
                                o->freeze.at[i], o->model);
        }
    }
    return EXIT_OK;
}

bool train_finished(const Training *t)
{
    const Options *o = t->options;
    return o->steps ? t->place.step >= (uint64_t)o->steps : t->place.epoch >= train_epochs(t);
}

uint64_t train_steps_per_epoch(const Training *t)
{
    uint64_t pictures = (uint64_t)t->batch * (uint64_t)t->options->accumulate;
    return (t->train->count + pictures - 1) / pictures;
}

// A length of n characters in steps: "30" and "2.5" are epochs, "400s" are steps.
static ExitCode parse_length(const Training *t, const char *option, const char *text, size_t n,
                             double *steps)
{
    char *end = NULL;
    double x = n && text[0] >= '0' && text[0] <= '9' ? strtod(text, &end) : -1;
    bool in_steps = end && end == text + n - 1 && *end == 's';
    if (!end || (end != text + n && !in_steps) || !isfinite(x)) {
        return report_error(EXIT_USAGE,
                            "--%s: '%.*s' is no length: a number of epochs (30) or steps (400s)",
                            option, (int)n, text);
    }
    *steps = in_steps ? x : x * (double)train_steps_per_epoch(t);
    return EXIT_OK;
}

// A length, or 0 where the option was not given.
static ExitCode length_of(const Training *t, const char *option, const char *text, double *steps)
{
    *steps = 0;
    return text ? parse_length(t, option, text, strlen(text), steps) : EXIT_OK;
}

static ExitCode parse_drops(Training *t)
{
    const char *text = t->options->lr_drop_at ? t->options->lr_drop_at : "";
    ExitCode code = EXIT_OK;
    while (code == EXIT_OK && *text) {
        size_t n = strcspn(text, ",");
        double steps = 0;
        code = parse_length(t, "lr-drop-at", text, n, &steps);
        VEC_PUSH(t->arena, &t->drops, steps);
        text += n + (text[n] == ',');
    }
    t->schedule.drop_at = t->drops.at;
    t->schedule.drop_count = t->drops.count;
    return code;
}

// An option of one schedule beside another would be forgotten without a word.
static ExitCode check_schedule_options(const Options *o)
{
    RnScheduleKind kind = (RnScheduleKind)o->lr_schedule;
    if ((kind == RN_SCHEDULE_STEP) != (o->lr_drop_every != NULL)) {
        return report_error(EXIT_USAGE,
                            "--lr-schedule step and --lr-drop-every LENGTH go together");
    }
    if ((kind == RN_SCHEDULE_MULTISTEP) != (o->lr_drop_at != NULL)) {
        return report_error(EXIT_USAGE,
                            "--lr-schedule multistep and --lr-drop-at LENGTH,... go together");
    }
    if (kind != RN_SCHEDULE_COSINE && o->lr_min != 0) {
        return report_error(EXIT_USAGE, "--lr-min is for --lr-schedule cosine");
    }
    return EXIT_OK;
}

ExitCode train_make_schedule(Training *t)
{
    const Options *o = t->options;
    t->schedule = (RnSchedule){.kind = (RnScheduleKind)o->lr_schedule,
                               .lr = t->lr,
                               .drop_factor = o->lr_drop_factor,
                               .lr_min = o->lr_min,
                               .warmup_from = o->lr_warmup_from};
    t->schedule.total =
        o->steps ? (double)o->steps : (double)train_epochs(t) * (double)train_steps_per_epoch(t);
    RnError err = {0};
    ExitCode code = check_schedule_options(o);
    if (code == EXIT_OK) {
        code = length_of(t, "lr-drop-every", o->lr_drop_every, &t->schedule.drop_every);
    }
    if (code == EXIT_OK) {
        code = length_of(t, "lr-warmup", o->lr_warmup, &t->schedule.warmup);
    }
    if (code == EXIT_OK) {
        code = parse_drops(t);
    }
    if (code == EXIT_OK && rn_schedule_check(&t->schedule, &err) != RN_OK) {
        code = report_status(&err);
    }
    return code;
}
