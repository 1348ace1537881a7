// weights.h: a session's parameters, state and gradients from and to safetensors.
#ifndef RESNETC_WEIGHTS_H
#define RESNETC_WEIGHTS_H

#include "resnetc/runtime.h"
#include "resnetc/tensor_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Loads parameters and state. The file must hold exactly the model's tensors, F32, of the model's
/// shapes; a missing, extra or wrongly shaped one is RN_ERR_INPUT and named, and the session is
/// then unchanged. X.num_batches_tracked (I64 [] or [1]) may stand beside X.running_mean.
/// Checkpoints are accepted: what belongs to the optimiser is passed over.
RnStatus rn_weights_load(RnSession *session, const char *path, RnError *err);

/// The same checks against a model alone, for a compiler that embeds weights: data[i] receives a
/// pointer to the (unaligned, little-endian) floats of tensor i of the model's table, for each
/// i below param_count + state_count. The pointers live as long as the file.
RnStatus rn_weights_match(const RnModel *model, const RnTensorFile *file, const void **data,
                          RnError *err);

/// Saves parameters and state.
RnStatus rn_weights_save(RnSession *session, const char *path, RnError *err);

/// Saves `loss` (F32, shape []), every gradient under its parameter's name, and the state.
RnStatus rn_gradients_save(RnSession *session, double loss, const char *path, RnError *err);

#ifdef __cplusplus
}
#endif
#endif
