// train_record.c: what a training run leaves behind: the table on the screen, the log, curves,
// checkpoints.
#include "driver/train.h"

#include <math.h>
#include <string.h>

#include "base/files.h"
#include "driver/progress.h"
#include "driver/report.h"

#define POINTS_PER_EPOCH 5

ExitCode train_log_step(Training *t, const RnTrainResult *result, uint32_t count, double seconds)
{
    if (!t->log)
        return EXIT_OK;
    int n = fprintf(t->log,
                    "{\"step\": %llu, \"epoch\": %llu, \"loss\": %.9g, \"accuracy\": %.9g, "
                    "\"lr\": %.9g, \"examples_per_s\": %.6g}\n",
                    (unsigned long long)t->place.step, (unsigned long long)t->place.epoch + 1,
                    result->loss, (double)result->correct / count, t->lr, count / seconds);
    if (n < 0 || fflush(t->log) != 0)
        return report_error(EXIT_ENVIRONMENT, "cannot write %s: %s", t->options->log,
                            "the device refuses it (full?)");
    return EXIT_OK;
}

static double epoch_loss(const Training *t)
{
    return t->epoch.count ? t->epoch.loss_sum / (double)t->epoch.count : -1;
}

static double epoch_accuracy(const Training *t)
{
    return t->epoch.count ? (double)t->epoch.correct / (double)t->epoch.count : -1;
}

void train_draw_point(Training *t)
{
    double part = (double)t->place.epoch_image / (double)t->train->count;
    uint32_t fifths = (uint32_t)(part * POINTS_PER_EPOCH);
    if (fifths <= t->drawn || fifths >= POINTS_PER_EPOCH)
        return; // the epoch's end draws its own
    t->drawn = fifths;
    CurvePoint p = {(double)t->place.epoch + part, epoch_loss(t), epoch_accuracy(t), -1};
    VEC_PUSH(t->arena, &t->curves.points, p);
}

static ExitCode write_curves(Training *t)
{
    if (!t->options->curves)
        return EXIT_OK;
    StrBuf svg = {.arena = t->arena};
    const char *title = arena_printf(t->arena, "%s: %u pictures, batch %u, learning rate %g",
                                     t->model.model->name, t->train->count, t->batch, t->lr);
    curves_svg(&t->curves, title, &svg);
    return report_write(t->arena, t->options->curves, svg.text, svg.count);
}

static ExitCode write_checkpoint(Training *t)
{
    const Options *o = t->options;
    if (!o->checkpoint)
        return EXIT_OK;
    StrBuf notes = {.arena = t->arena};
    curves_print(&t->curves, &notes);
    RnTrainingPlace place = t->place;
    place.batch = t->batch;
    place.lr = t->lr;
    place.momentum = o->momentum;
    place.weight_decay = o->weight_decay;
    place.elapsed_s = t->elapsed_s + clock_seconds() - t->started;
    place.notes = notes.text;
    RnError err = {0};
    if (rn_checkpoint_save(o->checkpoint, t->model.session, t->optimizer, &place, &err) != RN_OK)
        return report_status(&err);
    return EXIT_OK;
}

static ExitCode print_row(Training *t, double test_accuracy)
{
    char test[16] = "-", train[16], loss[16], time[16];
    if (test_accuracy >= 0)
        snprintf(test, sizeof test, "%.4f", test_accuracy);
    snprintf(loss, sizeof loss, "%.4f", epoch_loss(t));
    snprintf(train, sizeof train, "%.4f", epoch_accuracy(t));
    progress_format_time(t->elapsed_s + clock_seconds() - t->started, time);
    if (!t->row_printed)
        printf("%5s  %10s  %14s  %13s  %10s  %8s\n", "epoch", "loss", "train accuracy",
               "test accuracy", "examples/s", "time");
    t->row_printed = true;
    double rate = t->epoch_seconds > 0 ? (double)t->epoch.count / t->epoch_seconds : 0;
    printf("%5llu  %10s  %14s  %13s  %10.1f  %8s\n",
           (unsigned long long)t->place.epoch + (t->place.epoch_image > 0), loss, train, test, rate,
           time);
    if (fflush(stdout) != 0 || ferror(stdout))
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    return EXIT_OK;
}

ExitCode train_end_epoch(Training *t, bool complete)
{
    double test_accuracy = -1;
    if (t->test) {
        Score score;
        ExitCode code = session_score(&t->model, t->test, t->batch, "test", &score);
        if (code != EXIT_OK)
            return code;
        test_accuracy = (double)score.correct / (double)score.count;
    }
    ExitCode code = print_row(t, test_accuracy);
    double part = (double)t->place.epoch_image / (double)t->train->count;
    CurvePoint p = {(double)t->place.epoch + part, epoch_loss(t), epoch_accuracy(t), test_accuracy};
    VEC_PUSH(t->arena, &t->curves.points, p);
    if (complete) {
        t->place.epoch++;
        t->place.epoch_image = 0;
    }
    if (code == EXIT_OK)
        code = write_checkpoint(t);
    if (code == EXIT_OK)
        code = write_curves(t);
    t->epoch = (Score){0};
    t->epoch_seconds = 0;
    t->drawn = 0;
    return code;
}

// A run goes on as it began; only the learning rate may be given anew.
static ExitCode check_same_run(const Training *t, const RnTrainingPlace *place)
{
    const Options *o = t->options;
    const char *path = o->checkpoint;
    if (place->momentum != o->momentum)
        return report_error(EXIT_USAGE, "%s was made with --momentum %g", path, place->momentum);
    if (place->weight_decay != o->weight_decay)
        return report_error(EXIT_USAGE, "%s was made with --weight-decay %g", path,
                            place->weight_decay);
    if (o->seed_given && place->seed != (uint64_t)o->seed)
        return report_error(EXIT_USAGE, "%s was made with --seed %llu", path,
                            (unsigned long long)place->seed);
    if (place->batch != t->batch)
        return report_error(EXIT_USAGE, "%s was made with --batch %u", path, place->batch);
    if (place->epoch_image >= t->train->count)
        return report_error(EXIT_MODEL, "%s: made on a larger data set (picture %llu of %u)", path,
                            (unsigned long long)place->epoch_image, t->train->count);
    return EXIT_OK;
}

ExitCode train_resume(Training *t)
{
    RnError err = {0};
    const char *path = t->options->checkpoint;
    RnTrainingPlace place = {0};
    if (rn_checkpoint_load(path, t->model.session, t->optimizer, &place, &err) != RN_OK)
        return report_status(&err);
    ExitCode code = check_same_run(t, &place);
    if (code == EXIT_OK && place.notes && !curves_parse(t->arena, place.notes, &t->curves))
        code = report_error(EXIT_MODEL, "%s: the curves in this checkpoint are damaged", path);
    rn_training_place_free(&place);
    place.notes = NULL;
    t->place = place;
    t->elapsed_s = place.elapsed_s;
    if (!t->options->lr_given)
        t->lr = place.lr;
    if (code == EXIT_OK)
        fprintf(stderr, "resuming after epoch %llu, step %llu\n", (unsigned long long)place.epoch,
                (unsigned long long)place.step);
    return code;
}
