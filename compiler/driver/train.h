// train.h: a training run's state, shared by its loop (cmd_train.c) and its records
// (train_record.c).
#ifndef DRIVER_TRAIN_H
#define DRIVER_TRAIN_H

#include <stdio.h>

#include "driver/curves.h"
#include "driver/session.h"
#include "driver/trace.h"
#include "resnetc/checkpoint.h"
#include "resnetc/optimizer.h"

typedef struct Training {
    Arena *arena;
    const Options *options;
    LoadedModel model;
    RnDataset *train, *test; // test may be NULL
    RnLoader *loader;
    RnOptimizer *optimizer;
    FILE *log;    // NULL: none
    Trace *trace; // NULL: none
    Curves curves;
    RnTrainingPlace place;
    uint32_t batch;
    double lr;
    double started;   // clock when this process began to train
    double elapsed_s; // of earlier processes (resumed)
    // the epoch under way, as far as this process has seen it
    Score epoch;
    double epoch_seconds; // in training steps only
    uint32_t drawn;       // fifths of the epoch that the curve already has
    bool row_printed;     // the table's head stands
} Training;

/// One JSON line for a step.
ExitCode train_log_step(Training *t, const RnTrainResult *result, uint32_t count, double seconds);
/// Adds a point of running train loss and accuracy five times per epoch, as the chapter draws them.
void train_draw_point(Training *t);
/// Ends an epoch (or, at the end of --steps, a part of one): test accuracy, row, curve, checkpoint.
ExitCode train_end_epoch(Training *t, bool complete);
/// Reads --checkpoint: weights, optimiser, place, curves. The loader is not there yet.
ExitCode train_resume(Training *t);

#endif
