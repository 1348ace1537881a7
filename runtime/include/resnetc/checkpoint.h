// checkpoint.h: all that a training run needs to go on: weights, state, optimiser, place in the
// run.
//
// A checkpoint is a safetensors file: the model's tensors under their names, the optimiser's as
// "optimizer/BUFFER/NAME", and in the metadata, under "resnetc.checkpoint", a JSON text. It is
// written aside, synced and renamed, and the folder synced: a kill at any instant leaves the
// old file or the new one, whole.
#ifndef RESNETC_CHECKPOINT_H
#define RESNETC_CHECKPOINT_H

#include <stdint.h>

#include "resnetc/optimizer.h"
#include "resnetc/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RnTrainingPlace {
    uint64_t epoch;       // epochs complete, or the epoch under way
    uint64_t step;        // optimiser steps done
    uint64_t epoch_image; // images of the epoch under way already used; 0 at its start
    uint64_t seed;
    uint32_t batch;
    double lr, momentum, weight_decay;
    double elapsed_s;
    char *notes; // text of the caller's (curves so far, say), or NULL; a loaded one is freed by
                 // rn_training_place_free
    const char *const
        *class_names; // NULL, or `classes` names for who uses the weights; borrowed by
    uint32_t classes; // saving, left NULL by loading
} RnTrainingPlace;

void rn_training_place_free(RnTrainingPlace *place); // frees what load allocated; accepts NULL

/// Saves. optimizer may be NULL. RN_ERR_NAN, naming the first, when a parameter, a running statistic
/// or a number of the optimiser's is not finite: the file is then as it was.
RnStatus rn_checkpoint_save(const char *path, RnSession *session, RnOptimizer *optimizer,
                            const RnTrainingPlace *place, RnError *err);

/// Restores everything, or changes nothing and fails: RN_ERR_INPUT when the file is no checkpoint,
/// when it was made from another model source, or lacks a tensor. A missing file is RN_ERR_IO.
RnStatus rn_checkpoint_load(const char *path, RnSession *session, RnOptimizer *optimizer,
                            RnTrainingPlace *place, RnError *err);

#ifdef __cplusplus
}
#endif
#endif
