// cmd_train.c: the training loop: batches, forward and backward, steps, and an end for each epoch.
// Not here: what the options say (train_setup.c), what is recorded (train_record.c), checkpoints
// (train_state.c), update rules and data (runtime).
#include "tool/cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tool/train/checkpoint_files.h"
#include "tool/cli/progress.h"
#include "tool/cli/messages.h"
#include "tool/train/train.h"
#include "resnetc/weights.h"

#define DEFAULT_BATCH 256

static ExitCode stopped(const Training *t, RnError *err)
{
    report_status(err);
    return report_error((ExitCode)rn_status_exit_code(err->status),
                        "training stopped in epoch %llu, step %llu, learning rate %g",
                        (unsigned long long)t->place.epoch + 1,
                        (unsigned long long)t->place.step + 1,
                        rn_schedule_lr(&t->schedule, t->place.step));
}

// Forward and backward of one batch: its gradients are one part of a step on `pictures` of them.
static RnStatus add_batch(Training *t, const RnBatch *b, uint64_t pictures, StepRecord *r,
                          RnError *err)
{
    RnTrainBatch call = {.inputs = &b->images,
                         .labels = b->labels,
                         .batch = b->count,
                         .accumulate = r->count > 0,
                         .loss_scale = 1.0f / (float)pictures,
                         .seed = t->place.seed,
                         .step = t->place.step,
                         .first_image = b->first};
    RnTrainResult result;
    double start = clock_seconds();
    RnStatus status = rn_forward_backward(t->model.session, &call, &result, err);
    if (status != RN_OK) {
        return status;
    }
    r->seconds += clock_seconds() - start;
    r->count += b->count;
    r->correct += result.correct;
    r->loss += result.loss * b->count;
    return RN_OK;
}

// A picture that cannot be read ends the run. What is trained so far is saved: this step has changed
// no parameter yet.
static ExitCode unreadable(Training *t, RnError *err)
{
    ExitCode code =
        report_error((ExitCode)rn_status_exit_code(err->status),
                     "%s\n  help: --skip-bad leaves out pictures that cannot be read", err->text);
    if (t->options->checkpoint && train_save(t) == EXIT_OK) {
        train_say_how_to_resume(t);
    }
    return code;
}

// One step of the optimiser: --accumulate batches, fewer at the end of an epoch.
static ExitCode train_step(Training *t)
{
    uint64_t wanted = (uint64_t)t->batch * (uint64_t)t->options->accumulate;
    uint64_t left = t->train->count - t->place.epoch_image;
    uint64_t pictures = wanted < left ? wanted : left;
    StepRecord r = {.lr = rn_schedule_lr(&t->schedule, t->place.step)};
    RnError err = {0};
    while (r.count < pictures) {
        RnBatch batch;
        uint64_t read_start = clock_ns(), waited = rn_loader_wait_ns(t->loader);
        if (rn_loader_next(t->loader, &batch, &err) != RN_OK) {
            return unreadable(t, &err);
        }
        r.waited += (double)(rn_loader_wait_ns(t->loader) - waited) * 1e-9;
        trace_add(t->trace, "read batch", read_start);
        if (add_batch(t, &batch, pictures, &r, &err) != RN_OK) {
            return stopped(t, &err);
        }
    }
    double start = clock_seconds();
    uint64_t update_start = clock_ns();
    if (rn_optimizer_step(t->optimizer, t->model.session, r.lr, &err) != RN_OK) {
        return stopped(t, &err);
    }
    trace_add(t->trace, "update", update_start);
    r.seconds += clock_seconds() - start;
    t->place.step++;
    t->place.epoch_image += pictures;
    t->epoch.count += r.count;
    t->epoch.correct += r.correct;
    t->epoch.loss_sum += r.loss;
    t->epoch_seconds += r.seconds;
    t->busy_s += r.seconds;
    t->wait_s += r.waited;
    r.loss /= (double)r.count;
    return train_log_step(t, &r);
}

// The images of this epoch that will be used: with --steps the run may end before the epoch does.
static uint64_t epoch_end(const Training *t)
{
    uint64_t end = t->train->count;
    if (!t->options->steps) {
        return end;
    }
    uint64_t pictures = (uint64_t)t->batch * (uint64_t)t->options->accumulate;
    uint64_t steps = (uint64_t)t->options->steps - t->place.step;
    uint64_t left = end - t->place.epoch_image;
    return steps < left / pictures ? t->place.epoch_image + steps * pictures : end;
}

// What follows the part of the epoch that ends at image `end`.
static void tell_rest(const Training *t, uint64_t end, Progress *progress)
{
    uint64_t epochs, rest = 0; // whole ones after this one, and images of the last
    if (t->options->steps) {
        uint64_t pictures = (uint64_t)t->batch * (uint64_t)t->options->accumulate;
        uint64_t now = (end - t->place.epoch_image + pictures - 1) / pictures;
        uint64_t steps = (uint64_t)t->options->steps - t->place.step - now;
        epochs = steps / train_steps_per_epoch(t);
        rest = steps % train_steps_per_epoch(t) * pictures;
    } else {
        epochs = train_epochs(t) - t->place.epoch - 1;
    }
    progress->more = epochs * t->train->count + rest;
    progress->more_seconds = t->score_seconds * (double)(1 + epochs + (rest > 0));
}

// Saves where the run stands, and stops it.
static ExitCode interrupt(Training *t)
{
    ExitCode code = train_save(t);
    stop_release(&t->stop);
    if (code != EXIT_OK) {
        return code;
    }
    train_say_how_to_resume(t);
    return EXIT_INTERRUPTED;
}

static bool epoch_trained(const Training *t)
{
    return t->place.epoch_image >= t->train->count;
}

// After a step that does not end the epoch.
static ExitCode save_between(Training *t)
{
    int64_t every = t->options->save_every;
    return every && t->place.step % (uint64_t)every == 0 ? train_save(t) : EXIT_OK;
}

// Trains until the epoch or the run ends.
static ExitCode train_epoch(Training *t)
{
    char label[48], note[64];
    if (t->options->steps) {
        snprintf(label, sizeof label, "epoch %llu", (unsigned long long)t->place.epoch + 1);
    } else {
        snprintf(label, sizeof label, "epoch %llu/%llu", (unsigned long long)t->place.epoch + 1,
                 (unsigned long long)train_epochs(t));
    }
    Progress progress;
    progress_start(&progress, label, t->place.epoch_image, epoch_end(t));
    if (!train_finished(t)) {
        tell_rest(t, progress.total, &progress);
    }
    ExitCode code = EXIT_OK;
    while (code == EXIT_OK && !epoch_trained(t) && !train_finished(t)) {
        code = train_step(t);
        if (code != EXIT_OK) {
            break;
        }
        train_draw_point(t);
        snprintf(note, sizeof note, "loss %.3f  accuracy %.3f",
                 t->epoch.loss_sum / (double)t->epoch.count,
                 (double)t->epoch.correct / (double)t->epoch.count);
        progress_update(&progress, t->place.epoch_image, note);
        bool last = train_finished(t); // of --steps: nothing would be left to go on with
        if (t->stop.holding && stop_wanted() && !last) {
            code = EXIT_INTERRUPTED;
        } else if (!epoch_trained(t) && !train_finished(t)) {
            code = save_between(t);
        }
    }
    progress_end(&progress);
    if (code == EXIT_OK) {
        code = train_end_epoch(t, epoch_trained(t));
    }
    return code == EXIT_INTERRUPTED ? interrupt(t) : code;
}

static ExitCode prepare_data(Training *t)
{
    const Options *o = t->options;
    RnError err = {0};
    if (o->augment && rn_augment_parse(o->augment, &t->augment, &err) != RN_OK) {
        return report_error(EXIT_USAGE, "--augment: %s", err.text);
    }
    t->reading.options = o;
    ExitCode code = data_open(&t->reading, RN_SPLIT_TRAIN, &t->train_data);
    if (code == EXIT_OK) {
        code = data_open_held_out(&t->reading, &t->test_data);
    }
    if (code != EXIT_OK) {
        return code;
    }
    t->train = t->train_data.set;
    t->test = t->test_data.set;
    data_tell_training(t->arena, o, &t->train_data, &t->test_data);
    t->batch = o->batch ? (uint32_t)o->batch : DEFAULT_BATCH;
    if (t->batch > t->train->count) {
        t->batch = t->train->count;
    }
    return EXIT_OK;
}

static ExitCode prepare_loader(Training *t)
{
    RnError err = {0};
    RnLoaderOptions order = session_loader_options(&t->model, t->train, t->batch);
    order.shuffle = !t->options->no_shuffle;
    order.seed = t->place.seed;
    order.augment = t->augment;
    // An epoch that is trained but not scored yet goes on with the next one's pictures.
    bool trained = epoch_trained(t);
    if (rn_loader_create(t->train, &order, &t->loader, &err) != RN_OK ||
        rn_loader_seek(t->loader, t->place.epoch + trained,
                       trained ? 0 : (uint32_t)t->place.epoch_image, &err) != RN_OK) {
        return report_status(&err);
    }
    return EXIT_OK;
}

// Pictures in the smallest batch that will be trained.
static uint64_t smallest_batch(const Training *t)
{
    uint64_t steps = (uint64_t)t->options->steps, last = t->train->count % t->batch;
    return last && (!steps || steps >= train_steps_per_epoch(t)) ? last : t->batch;
}

static ExitCode prepare_model(Training *t)
{
    const Options *o = t->options;
    unsigned modes = RN_MODE_TRAIN | (t->test ? RN_MODE_INFER : 0u);
    ExitCode code = session_start(t->arena, o, &t->model);
    if (code == EXIT_OK) {
        code = session_check_data(&t->model, t->train, o->data);
    }
    if (code == EXIT_OK && t->test) {
        code = session_check_data(&t->model, t->test, o->data);
    }
    if (code == EXIT_OK) {
        code = session_check_batch(t->model.build, smallest_batch(t));
    }
    if (code == EXIT_OK) {
        code = session_compile(o, modes, t->batch, true, &t->model);
    }
    if (code != EXIT_OK) {
        return code;
    }
    t->lr = o->lr;
    t->place.seed = (uint64_t)o->seed;
    code = train_make_optimizer(t);
    if (code == EXIT_OK && o->resume) {
        code = train_resume(t);
    }
    if (code == EXIT_OK) {
        code = train_make_schedule(t);
    }
    return code == EXIT_OK ? prepare_loader(t) : code;
}

// An hour of training must not end in a folder that is not there.
static ExitCode check_outputs(const Training *t)
{
    const char *paths[] = {t->options->save, t->options->curves, t->options->report};
    const Options *o = t->options;
    ExitCode code =
        o->checkpoint ? checkpoint_prepare(t->arena, o->checkpoint, o->resume) : EXIT_OK;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && code == EXIT_OK; i++) {
        code = report_check_output(t->arena, paths[i]);
    }
    return code;
}

static ExitCode train(Training *t)
{
    ExitCode code = check_outputs(t);
    if (code == EXIT_OK) {
        code = prepare_data(t);
    }
    if (code == EXIT_OK) {
        code = prepare_model(t);
    }
    if (code == EXIT_OK) {
        code = train_open_log(t);
    }
    if (code == EXIT_OK) {
        code = trace_start(t->arena, t->options->trace, t->model.session, &t->trace);
    }
    t->started = clock_seconds();
    if (code == EXIT_OK && train_done(t)) {
        fprintf(stderr, "nothing is left to train: %llu epochs, %llu steps are done\n",
                (unsigned long long)t->place.epoch, (unsigned long long)t->place.step);
        code = train_write_curves(t); // the checkpoint has their points
    }
    while (code == EXIT_OK && !train_done(t)) {
        code = train_epoch(t);
    }
    if (code != EXIT_OK || !t->options->save) {
        return code;
    }
    RnError err = {0};
    if (rn_weights_save_named(t->model.session, t->options->save, t->train->class_names,
                              t->train->classes, &err) != RN_OK) {
        return report_status(&err);
    }
    return EXIT_OK;
}

ExitCode cmd_train(Arena *a, const Options *o)
{
    if (o->epochs && o->steps) {
        return report_error(EXIT_USAGE, "give either --epochs or --steps");
    }
    Training t = {.arena = a, .options = o};
    if (o->checkpoint) {
        stop_hold(&t.stop);
    }
    ExitCode code = train(&t);
    if (t.log && fclose(t.log) != 0 && code == EXIT_OK) {
        code = report_error(EXIT_ENVIRONMENT, "cannot write %s: %s", o->log, strerror(errno));
    }
    ExitCode traced = trace_finish(t.trace);
    if (code == EXIT_OK) {
        code = traced;
    }
    stop_release(&t.stop);
    rn_loader_destroy(t.loader);
    rn_optimizer_destroy(t.optimizer);
    session_unload(&t.model);
    data_close(&t.train_data);
    data_close(&t.test_data);
    return code;
}
