// build.h: from a request to an object, a report, or a model in this process: front end -> passes,
// once per plan -> code generator. Nothing is printed: texts go to the request's listener, and what
// went wrong is a status with a text.
// Not here: command lines, files that are written (tool/), sessions (resnetc/runtime.h).
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cpu/codegen.h"
#include "ir/graph.h"
#include "passes/pipeline.h"
#include "resnetc/model_abi.h"
#include "resnetc/weights.h"

#define RESNETC_VERSION "0.1.0"

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

typedef struct Build Build;

enum { BUILD_MAX_BATCHES = 16, BUILD_MAX_PLANS = 2 * BUILD_MAX_BATCHES };

/// Reads the model and builds its graph. *out is set on failure too, for build_error. Free with
/// build_finish; the rest lives in the arena.
BuildStatus build_start(Arena *a, const BuildRequest *request, Build **out);
void build_finish(Build *b); // accepts NULL

/// What the last failed call says.
const BuildError *build_error(const Build *b);

/// The graph as written, before any pass.
const Graph *build_graph(const Build *b);
/// How many classes its output tells apart; 0 where the output is no [N, classes] tensor, which
/// nothing trains.
uint32_t build_classes(const Build *b);
/// The first batch normalisation that gets one value per channel from one picture, or NULL. Trained
/// on such a batch it has a variance of 0: its result is a constant, its gradient nothing.
const char *build_lone_norm(const Build *b);
/// The text of the file in which the network stands: steps have its lines.
const char *build_model_text(const Build *b);
/// Whether path is one of the files that the model was read from.
bool build_is_source(const Build *b, const char *path);
/// What is exported: the request's name, or one made from the model's file.
const char *build_name(const Build *b);

/// Replaces the request's plans, for callers that choose batches when they know the graph. The
/// batches are copied.
void build_set_plans(Build *b, const BuildPlans *plans);
/// Runs the passes for each plan. Once.
BuildStatus build_make_plans(Build *b);
uint32_t build_plan_count(const Build *b);
const Graph *build_plan(const Build *b, uint32_t i); // inference first
const TargetDef *build_target(const Build *b);

/// After build_make_plans: makes the weights part of what is written from now on. Nothing without
/// weights.
BuildStatus build_embed_weights(Build *b);

/// After build_make_plans: the object, or its text, exporting rn_model_<name>; and its header.
const void *build_code(Build *b, CodegenFormat format, size_t *bytes);
const char *build_header(Build *b);
/// A rule as make and ninja read it: `object` depends on the model's files (those that come with
/// the compiler left out) and on its weights.
const char *build_depends(const Build *b, const char *object);

/// Makes the plans, then the object, as a model in this process until build_finish.
BuildStatus build_load(Build *b, const RnModel **model);

/// A C identifier made of a file's base name.
const char *build_identifier(Arena *a, const char *path);

#endif
