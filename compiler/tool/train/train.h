// train.h: a training run's state, shared by its loop (cmd_train.c) and its records
// (train_record.c).
#ifndef TOOL_TRAIN_TRAIN_H
#define TOOL_TRAIN_TRAIN_H

#include <stdio.h>

#include "tool/report/curves.h"
#include "tool/commands/loaded_model.h"
#include "tool/cli/stop.h"
#include "tool/measure/trace.h"
#include "tool/commands/open_data.h"
#include "resnetc/checkpoint.h"
#include "resnetc/optimizer.h"
#include "resnetc/schedule.h"

#define DEFAULT_EPOCHS 10

typedef struct Training {
    Arena *arena;
    const Options *options;
    LoadedModel model;
    DataReading reading;
    OpenedData train_data, test_data;
    RnDataset *train, *test; // of these; test may be NULL
    RnLoader *loader;
    RnAugment augment;
    RnOptimizer *optimizer;
    FILE *log;    // NULL: none
    Trace *trace; // NULL: none
    StopSignals stop;
    Curves curves;
    RnTrainingPlace place;
    uint32_t batch;
    double lr; // the schedule's full rate
    RnSchedule schedule;
    VEC(double) drops; // the schedule's, in steps
    double started;    // clock when this process began to train
    double elapsed_s;  // of earlier processes (resumed)
    // the epoch under way, as far as this process has seen it
    Score epoch;
    double epoch_seconds;    // in training steps only
    double busy_s, wait_s;   // in steps and waiting for data, of the epoch in this process
    uint32_t drawn;          // fifths of the epoch that the curve already has
    bool row_printed;        // the table's head stands
    double score_seconds;    // that the test set took last time
    Prediction *predictions; // with --report: one per picture of the test set
} Training;

/// What one step of the optimiser did.
typedef struct StepRecord {
    uint64_t count, correct; // pictures
    double loss;             // their mean
    double lr, seconds;
    double waited; // seconds, for data
} StepRecord;

// train_setup.c
ExitCode train_make_optimizer(Training *t);
ExitCode train_make_schedule(Training *t); // after t->lr is known
uint64_t train_steps_per_epoch(const Training *t);
/// Whether no step is left.
bool train_finished(const Training *t);
static inline uint64_t train_epochs(const Training *t)
{
    return (uint64_t)(t->options->epochs ? t->options->epochs : DEFAULT_EPOCHS);
}

// train_state.c
/// Writes a checkpoint if --checkpoint was given.
ExitCode train_save(Training *t);
/// Reads --checkpoint: weights, optimiser, place, curves. The loader is not there yet.
ExitCode train_resume(Training *t);
/// The command as it was typed, quoted for a shell; resume: with --resume.
const char *train_command(const Training *t, bool resume);
/// Says on standard error by which command the run goes on.
void train_say_how_to_resume(const Training *t);

// train_record.c
/// Opens --log; in a run that resumes, the lines of steps after its checkpoint go.
ExitCode train_open_log(Training *t);
/// One JSON line for a step.
ExitCode train_log_step(Training *t, const StepRecord *r);
/// Adds a point of running train loss and accuracy five times per epoch, as the chapter draws them.
void train_draw_point(Training *t);
/// Draws --curves.
ExitCode train_write_curves(Training *t);
/// Whether the run is at its end: of --steps, the last of them may be made and not scored yet.
bool train_done(const Training *t);
/// Ends an epoch (or, at the end of --steps, a part of one): test accuracy, row, curve, checkpoint.
/// EXIT_INTERRUPTED when a wish to stop came while the test set was scored; nothing has changed
/// then.
ExitCode train_end_epoch(Training *t, bool complete);

#endif
