// weights.h: what checkpoints share with plain weight files.
#ifndef RUNTIME_TENSORS_WEIGHTS_H
#define RUNTIME_TENSORS_WEIGHTS_H

#include <stdbool.h>

#include "resnetc/weights.h"

/// Key of a checkpoint's metadata, and how its optimiser tensors' names begin.
#define CHECKPOINT_META "resnetc.checkpoint"
#define CHECKPOINT_PREFIX "optimizer/"

/// An F32 tensor of a file for tensor `index` of the model, holding `data`, under tensor `name`'s
/// name.
RnFileTensor rni_weights_entry(const RnModel *model, int32_t index, const char *name,
                               const float *data);

/// RN_ERR_NAN, saying that `path` is not written, when a parameter (or its gradient) or a running
/// statistic of the session is not finite, or a variance is negative.
RnStatus rni_weights_check_finite(RnSession *session, bool gradients, const char *path,
                                  RnError *err);

/// Finds the model's tensors in a file: found[i] for each i below param_count + state_count, NULL
/// where options let the session keep its value. Errors as in rn_weights_load.
RnStatus rni_weights_match(const RnModel *model, const RnTensorFile *file,
                           const RnWeightsOptions *options, const RnFileTensor **found,
                           RnError *err);

/// Writes what rni_weights_match found into the session, all or nothing.
RnStatus rni_weights_copy(RnSession *session, const RnTensorFile *file,
                          const RnFileTensor *const *found, RnError *err);

#endif
