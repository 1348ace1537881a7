// weights.h: what checkpoints share with plain weight files.
#ifndef RUNTIME_WEIGHTS_H
#define RUNTIME_WEIGHTS_H

#include "resnetc/weights.h"

/// Key of a checkpoint's metadata, and how its optimiser tensors' names begin.
#define CHECKPOINT_META "resnetc.checkpoint"
#define CHECKPOINT_PREFIX "optimizer/"

/// An F32 tensor of a file for tensor `index` of the model, holding `data`, under tensor `name`'s
/// name.
RnFileTensor rni_weights_entry(const RnModel *model, int32_t index, const char *name,
                               const float *data);

/// Copies the floats that rn_weights_match found into the session.
void rni_weights_copy(RnSession *session, const void *const *data);

#endif
