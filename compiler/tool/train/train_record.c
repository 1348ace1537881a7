// train_record.c: what a training run shows and leaves behind: the table on the screen, the log,
// curves. Not here: checkpoints (train_state.c).
#include "tool/train/train.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/files.h"
#include "tool/report/chart.h"
#include "tool/train/log_trim.h"
#include "tool/cli/progress.h"
#include "tool/cli/messages.h"
#include "tool/report/train_report.h"

#define POINTS_PER_EPOCH 5

ExitCode train_open_log(Training *t)
{
    const Options *o = t->options;
    if (!o->log) {
        return EXIT_OK;
    }
    ExitCode code = o->resume ? log_trim(o->log, t->place.step) : EXIT_OK;
    if (code != EXIT_OK) {
        return code;
    }
    t->log = fopen(o->log, o->resume ? "a" : "w");
    if (!t->log) {
        return report_error(EXIT_ENVIRONMENT, "cannot write %s: %s", o->log, strerror(errno));
    }
    StrBuf head = {.arena = t->arena};
    bool first = !o->resume || (fseek(t->log, 0, SEEK_END) == 0 && ftell(t->log) == 0);
    if (first && data_print_json(&head, o, &t->train_data, &t->test_data) &&
        (fputs(strbuf_text(&head), t->log) < 0 || fflush(t->log) != 0)) {
        return report_error(EXIT_ENVIRONMENT, "cannot write %s: %s", o->log, strerror(errno));
    }
    return EXIT_OK;
}

ExitCode train_log_step(Training *t, const StepRecord *r)
{
    if (!t->log) {
        return EXIT_OK;
    }
    char text[5][32];
    int n = fprintf(t->log,
                    "{\"step\": %llu, \"epoch\": %llu, \"loss\": %s, \"accuracy\": %s, "
                    "\"lr\": %s, \"examples_per_s\": %s, \"waiting\": %s}\n",
                    (unsigned long long)t->place.step, (unsigned long long)t->place.epoch + 1,
                    json_number(r->loss, 9, text[0]),
                    json_number((double)r->correct / (double)r->count, 9, text[1]),
                    json_number(r->lr, 9, text[2]),
                    json_number((double)r->count / r->seconds, 6, text[3]),
                    json_number(r->waited / (r->waited + r->seconds), 3, text[4]));
    if (n < 0 || fflush(t->log) != 0) {
        return report_error(EXIT_ENVIRONMENT, "cannot write %s: %s", t->options->log,
                            "the device refuses it (full?)");
    }
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

// The figures of the epoch so far, and those of the test set if it was scored here.
static void add_point(Training *t, double epoch, Score test)
{
    double n = (double)test.count;
    CurvePoint p = {.epoch = epoch,
                    .train_loss = epoch_loss(t),
                    .train_accuracy = epoch_accuracy(t),
                    .test_accuracy = test.count ? (double)test.correct / n : -1,
                    .test_loss = test.count ? test.loss_sum / n : -1,
                    .lr = rn_schedule_lr(&t->schedule, t->place.step ? t->place.step - 1 : 0),
                    .rate = t->epoch_seconds > 0 ? (double)t->epoch.count / t->epoch_seconds : -1};
    VEC_PUSH(t->arena, &t->curves.points, p);
}

void train_draw_point(Training *t)
{
    double part = (double)t->place.epoch_image / (double)t->train->count;
    uint32_t fifths = (uint32_t)(part * POINTS_PER_EPOCH);
    if (fifths <= t->drawn || fifths >= POINTS_PER_EPOCH) {
        return; // the epoch's end draws its own
    }
    t->drawn = fifths;
    add_point(t, (double)t->place.epoch + part, (Score){0});
}

ExitCode train_write_curves(Training *t)
{
    if (!t->options->curves) {
        return EXIT_OK;
    }
    StrBuf svg = {.arena = t->arena};
    const char *title = arena_printf(t->arena, "%s: %u pictures, batch %u, learning rate %g",
                                     t->model.model->name, t->train->count, t->batch, t->lr);
    chart_picture(&t->curves, title, &svg);
    return report_write(t->arena, t->options->curves, svg.text, svg.count);
}

static ExitCode print_row(Training *t, double test_accuracy)
{
    char test[16] = "-", train[16], loss[16], time[16];
    if (test_accuracy >= 0) {
        snprintf(test, sizeof test, "%.4f", test_accuracy);
    }
    snprintf(loss, sizeof loss, "%.4f", epoch_loss(t));
    snprintf(train, sizeof train, "%.4f", epoch_accuracy(t));
    progress_format_time(t->elapsed_s + clock_seconds() - t->started, time);
    if (!t->row_printed) {
        printf("%5s  %10s  %14s  %13s  %10s  %8s  %7s\n", "epoch", "loss", "train accuracy",
               "test accuracy", "examples/s", "time", "waiting");
    }
    t->row_printed = true;
    double rate = t->epoch_seconds > 0 ? (double)t->epoch.count / t->epoch_seconds : 0;
    double waiting = t->wait_s > 0 ? t->wait_s / (t->wait_s + t->busy_s) : 0;
    printf("%5llu  %10s  %14s  %13s  %10.1f  %8s  %6.1f%%\n",
           (unsigned long long)t->place.epoch + (t->place.epoch_image > 0), loss, train, test, rate,
           time, 100 * waiting);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    }
    return EXIT_OK;
}

bool train_done(const Training *t)
{
    if (!t->options->steps || !t->test || !train_finished(t)) {
        return train_finished(t);
    }
    uint32_t points = t->curves.points.count;
    const CurvePoint *last = points ? &t->curves.points.at[points - 1] : NULL;
    double part = (double)t->place.epoch_image / (double)t->train->count;
    double here = (double)t->place.epoch + part;
    return last && last->test_accuracy >= 0 && fabs(last->epoch - here) <= 1e-6 * here;
}

ExitCode train_end_epoch(Training *t, bool complete)
{
    Score score = {0};
    if (t->options->report && t->test && !t->predictions) {
        t->predictions = ARENA_ARRAY(t->arena, Prediction, t->test->count);
    }
    if (t->test) {
        double start = clock_seconds();
        ExitCode code = session_score(&t->model, t->test, t->batch, "test", &score, t->predictions);
        if (code != EXIT_OK) {
            return code;
        }
        t->score_seconds = clock_seconds() - start;
    }
    double test_accuracy = score.count ? (double)score.correct / (double)score.count : -1;
    ExitCode code = print_row(t, test_accuracy);
    double part = (double)t->place.epoch_image / (double)t->train->count;
    add_point(t, (double)t->place.epoch + part, score);
    if (complete) {
        t->place.epoch++;
        t->place.epoch_image = 0;
        t->epoch = (Score){0};
        t->epoch_seconds = t->busy_s = t->wait_s = 0;
        t->drawn = 0;
    }
    int64_t every = t->options->save_every;
    bool due = every == 0 || t->place.step % (uint64_t)every == 0 || train_finished(t);
    if (code == EXIT_OK && due) {
        code = train_save(t);
    }
    if (code == EXIT_OK) {
        code = train_write_curves(t);
    }
    return code == EXIT_OK ? train_write_report(t) : code;
}
