// weights.h: a session's parameters, state and gradients from and to safetensors.
#ifndef RESNETC_WEIGHTS_H
#define RESNETC_WEIGHTS_H

#include "resnetc/runtime.h"
#include "resnetc/tensor_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How weights are read. Zero: the file is the model's as it stands.
typedef struct RnWeightsOptions {
    /// Path of a rename table (docs/weights.md), or NULL: names are the model's, or are so behind a
    /// beginning that ends with a point ("module.", "state_dict.model."). The file may have other
    /// tensors beside these; two such beginnings are RN_ERR_INPUT.
    const char *map;
    /// NULL, or the beginning ("model", "ema") behind which names are looked for alone; ".": names
    /// as they stand. Not with a rename table (RN_ERR_USAGE).
    const char *key;
    /// Tensors that differ from the file in the class axis alone (dimension 0, which is
    /// rn_model_classes long in the model), and layers of such tensors that the file lacks, keep the
    /// value that the session has: call rn_init_params first.
    bool new_head;
    /// NULL, or called for each tensor that kept its value; found: its shape in the file, NULL where
    /// it is not there.
    void (*on_kept)(void *context, const char *name, const RnTensor *tensor, const RnShape *found);
    /// NULL, or called with a sentence about what was taken, where that is not the file as it stands.
    void (*on_note)(void *context, const char *text);
    void *context;
} RnWeightsOptions;

/// Loads parameters and state. The file must hold exactly the model's tensors, F32, F16, BF16 or
/// F64 (rounded to float32; a finite value beyond its range is refused), of the model's shapes; a
/// missing, extra or wrongly shaped one is RN_ERR_INPUT and named, and the session is then
/// unchanged; so is one with an infinity, a NaN or, in running_var, a number below zero. X.num_batches_tracked (I64 [] or [1]) may stand beside X.running_mean. Checkpoints
/// are accepted: what belongs to the optimiser is passed over. options may be NULL. A model whose
/// weights are packed inside it takes no others: RN_ERR_USAGE.
RnStatus rn_weights_load_with(RnSession *session, const char *path, const RnWeightsOptions *options,
                              RnError *err);

/// The same with no options.
RnStatus rn_weights_load(RnSession *session, const char *path, RnError *err);

/// Saves parameters and state, F32. RN_ERR_USAGE for weights that are packed inside the model.
/// RN_ERR_NAN, naming the first, when one is not finite or a variance is negative: the file is then
/// as it was.
RnStatus rn_weights_save(RnSession *session, const char *path, RnError *err);

/// The same with names of the classes, which become metadata of the file ("resnetc.classes", a JSON
/// array). class_names: `classes` texts, or NULL; bytes that are no UTF-8 become U+FFFD.
RnStatus rn_weights_save_named(RnSession *session, const char *path, const char *const *class_names,
                               uint32_t classes, RnError *err);

/// Names of classes that a file of weights holds.
typedef struct RnClassNames {
    char **at; // NULL: none
    uint32_t count;
} RnClassNames;

/// Reads them; a file without names gives none. RN_ERR_INPUT when the metadata are no list of texts.
/// Free with rn_class_names_free.
RnStatus rn_tensor_file_class_names(const RnTensorFile *file, RnClassNames *out, RnError *err);
void rn_class_names_free(RnClassNames *names); // accepts NULL

/// Saves `loss` (F32, shape []), every gradient under its parameter's name, and the state. RN_ERR_NAN
/// as rn_weights_save.
RnStatus rn_gradients_save(RnSession *session, double loss, const char *path, RnError *err);

#ifdef __cplusplus
}
#endif
#endif
