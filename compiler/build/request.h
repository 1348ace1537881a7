// request.h: what can be asked of the compiler, and how its failures come back.
#ifndef BUILD_REQUEST_H
#define BUILD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/kernel_options.h"
#include "passes/options.h"
#include "resnetc/weights.h"

enum { BUILD_MAX_BATCHES = 16, BUILD_MAX_PLANS = 2 * BUILD_MAX_BATCHES };

typedef enum BuildStatus {
    BUILD_OK,
    BUILD_MODEL,      // the model, or a file of weights, is wrong
    BUILD_USAGE,      // the request makes no sense
    BUILD_ENVIRONMENT // the system failed: files, memory, a machine that lacks something
} BuildStatus;

typedef struct BuildError {
    BuildStatus status;
    // Diagnostics with their places, whole lines each; else the text is one message without a
    // newline at its end.
    bool has_places;
    const char *text;
} BuildError;

/// Which plans are made: one for each mode and batch.
typedef struct BuildPlans {
    bool infer, train;
    const uint32_t *batches; // rising
    uint32_t batch_count;    // at most BUILD_MAX_BATCHES; 0: one plan for a batch of 1
    // Training is planned for each batch; else for the largest only, because nobody trains on one
    // picture at a time.
    bool train_each_batch;
    // A model that cannot be trained is built for inference alone, and the listener told.
    bool train_optional;
} BuildPlans;

typedef enum BuildEmbedding {
    BUILD_EMBED_PACKED, // ready to run; inference only
    BUILD_EMBED_PLAIN   // as the file has them
} BuildEmbedding;

/// What is to be built. Zero is a valid value of every field but `model`. Everything is borrowed
/// until build_finish.
typedef struct BuildRequest {
    const char *model; // a path or a shipped model's name; with `text` the name it is spoken of by
    const char *text;  // NULL, or the model itself; what it includes is looked for beside `model`
    const char *name;  // exported as rn_model_<name>, a C identifier; NULL: made from `model`
    const char *const *defines; // "classes=10": overrides of params
    uint32_t define_count;
    const char *target; // NULL: the best that this machine runs
    KernelOptions kernels;
    Recompute recompute;
    double label_smoothing;
    BuildPlans plans;
    // Weights that become part of the object, NULL: none. A file, or what `fill_weights` puts into
    // a session's parameters and state.
    const char *weights;
    RnWeightsOptions weights_options;
    RnStatus (*fill_weights)(void *context, RnSession *session, RnError *err);
    void *fill_context;
    BuildEmbedding embedding;
    // What the listener is told beside warnings.
    const char *dump_after; // the graph after this pass, or "all"
    const char *stop_after; // plans end after this pass; no object can be made of them
    bool verify_each, time_passes, explain_kernels;
    /// NULL, or called with whole lines: warnings, dumps, times, explanations, as they come.
    void (*listen)(void *context, const char *text);
    void *listen_context;
} BuildRequest;

#endif
