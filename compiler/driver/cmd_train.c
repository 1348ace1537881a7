// cmd_train.c: the training loop: batches, forward and backward, SGD, and an end for each epoch.
// Not here: what is recorded (train_record.c), the update rule and the data (runtime).
#include "driver/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/progress.h"
#include "driver/report.h"
#include "driver/train.h"
#include "resnetc/weights.h"

#define DEFAULT_BATCH 256
#define DEFAULT_EPOCHS 10

static bool finished(const Training *t)
{
    const Options *o = t->options;
    if (o->steps)
        return t->place.step >= (uint64_t)o->steps;
    return t->place.epoch >= (uint64_t)(o->epochs ? o->epochs : DEFAULT_EPOCHS);
}

static ExitCode train_batch(Training *t, const RnBatch *b)
{
    RnError err = {0};
    RnTrainBatch call = {.inputs = &b->images,
                         .labels = b->labels,
                         .batch = b->count,
                         .seed = t->place.seed,
                         .step = t->place.step,
                         .first_image = b->first};
    RnTrainResult result;
    double start = clock_seconds();
    RnStatus status = rn_forward_backward(t->model.session, &call, &result, &err);
    uint64_t update_start = trace_now();
    if (status == RN_OK)
        status = rn_optimizer_step(t->optimizer, t->model.session, t->lr, &err);
    trace_add(t->trace, "update", update_start);
    if (status != RN_OK) {
        report_status(&err);
        return report_error(
            (ExitCode)rn_status_exit_code(err.status), "training stopped in epoch %llu, step %llu",
            (unsigned long long)t->place.epoch + 1, (unsigned long long)t->place.step + 1);
    }
    double seconds = clock_seconds() - start;
    t->place.step++;
    t->place.epoch_image = b->first + b->count;
    t->epoch.count += b->count;
    t->epoch.correct += result.correct;
    t->epoch.loss_sum += result.loss * b->count;
    t->epoch_seconds += seconds;
    return train_log_step(t, &result, b->count, seconds);
}

// The images of this epoch that will be used: with --steps the run may end before the epoch does.
static uint64_t epoch_end(const Training *t)
{
    uint64_t end = t->train->count;
    if (!t->options->steps)
        return end;
    uint64_t steps = (uint64_t)t->options->steps - t->place.step;
    uint64_t left = end - t->place.epoch_image;
    return steps < left / t->batch ? t->place.epoch_image + steps * t->batch : end;
}

// Trains until the epoch or the run ends.
static ExitCode train_epoch(Training *t)
{
    char label[48], note[64];
    if (t->options->steps)
        snprintf(label, sizeof label, "epoch %llu", (unsigned long long)t->place.epoch + 1);
    else
        snprintf(label, sizeof label, "epoch %llu/%lld", (unsigned long long)t->place.epoch + 1,
                 (long long)(t->options->epochs ? t->options->epochs : DEFAULT_EPOCHS));
    Progress progress;
    progress_start(&progress, label, t->place.epoch_image, epoch_end(t));
    bool complete = false;
    ExitCode code = EXIT_OK;
    while (code == EXIT_OK && !complete && !finished(t)) {
        RnBatch batch;
        RnError err = {0};
        uint64_t start = trace_now();
        if (rn_loader_next(t->loader, &batch, &err) != RN_OK) {
            code = report_status(&err);
            break;
        }
        trace_add(t->trace, "read batch", start);
        code = train_batch(t, &batch);
        complete = batch.last;
        train_draw_point(t);
        snprintf(note, sizeof note, "loss %.3f  accuracy %.3f",
                 t->epoch.loss_sum / (double)t->epoch.count,
                 (double)t->epoch.correct / (double)t->epoch.count);
        if (code == EXIT_OK)
            progress_update(&progress, t->place.epoch_image, note);
    }
    progress_end(&progress);
    return code == EXIT_OK ? train_end_epoch(t, complete) : code;
}

static ExitCode open_log(Training *t)
{
    const Options *o = t->options;
    if (!o->log)
        return EXIT_OK;
    t->log = fopen(o->log, o->resume ? "a" : "w");
    if (!t->log)
        return report_error(EXIT_ENVIRONMENT, "cannot write %s: %s", o->log, strerror(errno));
    return EXIT_OK;
}

static ExitCode prepare_data(Training *t)
{
    const Options *o = t->options;
    ExitCode code = session_open_data(t->arena, o, RN_SPLIT_TRAIN, &t->train);
    if (code == EXIT_OK)
        code = session_open_data(t->arena, o, RN_SPLIT_TEST, &t->test);
    if (code != EXIT_OK)
        return code;
    t->batch = o->batch ? (uint32_t)o->batch : DEFAULT_BATCH;
    if (t->batch > t->train->count)
        t->batch = t->train->count;
    return EXIT_OK;
}

static ExitCode prepare_loader(Training *t)
{
    RnError err = {0};
    RnLoaderOptions order = {.batch = t->batch,
                             .shuffle = !t->options->no_shuffle,
                             .seed = t->place.seed,
                             .pool = rn_session_pool(t->model.session)};
    if (rn_loader_create(t->train, &order, &t->loader, &err) != RN_OK ||
        rn_loader_seek(t->loader, t->place.epoch, (uint32_t)t->place.epoch_image, &err) != RN_OK)
        return report_status(&err);
    return EXIT_OK;
}

static ExitCode prepare_model(Training *t)
{
    const Options *o = t->options;
    RnError err = {0};
    unsigned modes = RN_MODE_TRAIN | (t->test ? RN_MODE_INFER : 0u);
    ExitCode code = session_load(t->arena, o, modes, t->batch, true, &t->model);
    if (code == EXIT_OK)
        code = session_check_data(&t->model, t->train, o->data);
    if (code == EXIT_OK && t->test)
        code = session_check_data(&t->model, t->test, o->data);
    if (code != EXIT_OK)
        return code;
    t->lr = o->lr;
    t->place.seed = (uint64_t)o->seed;
    RnOptimizerConfig sgd = {.kind = RN_OPTIMIZER_SGD,
                             .decay = RN_DECAY_ALL,
                             .momentum = o->momentum,
                             .weight_decay = o->weight_decay};
    if (rn_optimizer_create(t->model.session, &sgd, &t->optimizer, &err) != RN_OK)
        return report_status(&err);
    if (o->resume)
        code = train_resume(t);
    return code == EXIT_OK ? prepare_loader(t) : code;
}

// An hour of training must not end in a folder that is not there.
static ExitCode check_outputs(const Training *t)
{
    const char *paths[] = {t->options->save, t->options->checkpoint, t->options->curves};
    ExitCode code = EXIT_OK;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && code == EXIT_OK; i++)
        code = report_check_output(t->arena, paths[i]);
    return code;
}

static ExitCode train(Training *t)
{
    ExitCode code = check_outputs(t);
    if (code == EXIT_OK)
        code = prepare_data(t);
    if (code == EXIT_OK)
        code = prepare_model(t);
    if (code == EXIT_OK)
        code = open_log(t);
    if (code == EXIT_OK)
        code = trace_start(t->arena, t->options->trace, t->model.session, &t->trace);
    t->started = clock_seconds();
    if (code == EXIT_OK && finished(t))
        fprintf(stderr, "nothing is left to train: %llu epochs, %llu steps are done\n",
                (unsigned long long)t->place.epoch, (unsigned long long)t->place.step);
    while (code == EXIT_OK && !finished(t))
        code = train_epoch(t);
    if (code != EXIT_OK || !t->options->save)
        return code;
    RnError err = {0};
    if (rn_weights_save(t->model.session, t->options->save, &err) != RN_OK)
        return report_status(&err);
    return EXIT_OK;
}

ExitCode cmd_train(Arena *a, const Options *o)
{
    if (o->epochs && o->steps)
        return report_error(EXIT_USAGE, "give either --epochs or --steps");
    if (o->resume && !o->checkpoint)
        return report_error(EXIT_USAGE, "--resume needs --checkpoint FILE");
    if (o->resume && o->weights)
        return report_error(EXIT_USAGE, "--resume takes its weights from the checkpoint");
    Training t = {.arena = a, .options = o};
    ExitCode code = train(&t);
    if (t.log && fclose(t.log) != 0 && code == EXIT_OK)
        code = report_error(EXIT_ENVIRONMENT, "cannot write %s: %s", o->log, strerror(errno));
    ExitCode traced = trace_finish(t.trace);
    if (code == EXIT_OK)
        code = traced;
    rn_loader_destroy(t.loader);
    rn_optimizer_destroy(t.optimizer);
    session_unload(&t.model);
    rn_dataset_close(t.train);
    rn_dataset_close(t.test);
    return code;
}
