// name_prefix.h: names of a file that are the model's behind a common beginning: "module.",
// "_orig_mod.", "state_dict.model.", ...
#ifndef RUNTIME_TENSORS_NAME_PREFIX_H
#define RUNTIME_TENSORS_NAME_PREFIX_H

#include <stdbool.h>

#include "resnetc/runtime.h"
#include "tensors/tensor_file.h"

/// Is tensor `index` of the model one of its head's: does each tensor of its layer begin with the
/// class axis, one of them with more dimensions? Such a layer may be absent from a file.
bool rni_is_head(const RnModel *model, int32_t index);

/// What of a file was taken for the model's.
typedef struct PrefixChoice {
    char prefix[256];   // "" : names stand as they are
    size_t passed_over; // tensors of the file that do not begin so
} PrefixChoice;

/// Finds the beginning behind which the file has all names of the model (with new_head: all but the
/// head's), and takes it from the names; tensors that do not begin so go. key: NULL, or where to
/// look alone ("model", "ema", or "." for names without a beginning).
/// Where no beginning, or none but "", serves, the file stays as it is: the caller then says what is
/// missing. RN_ERR_INPUT: two serve, or nothing begins with the key.
RnStatus rni_name_prefix_apply(const RnModel *model, RnTensorFile *file, const char *key,
                               bool new_head, PrefixChoice *out, RnError *err);

/// Writes what a user needs who sees names that do not fit: the first five of each side, and the
/// beginning that fits most. Empty where at least half of the model's names are in the file.
void rni_name_prefix_explain(const RnModel *model, const RnTensorFile *file, char *text,
                             size_t bytes);

#endif
