// loaded_model.h: from the options of a command to a model that runs in this process, with weights and
// data. Not here: the compilation itself (build/), what a command does with the session
// (cmd_NAME.c).
#ifndef TOOL_COMMANDS_LOADED_MODEL_H
#define TOOL_COMMANDS_LOADED_MODEL_H

#include "build/build.h"
#include "tool/cli/options.h"
#include "resnetc/data.h"
#include "resnetc/runtime.h"

typedef struct LoadedModel {
    const Options *options; // of the command
    Build *build;
    BuildPlans plans; // of --plan-for
    const RnModel *model;
    RnSession *session;
    float **results; // one per output, for session_infer; owned
} LoadedModel;

/// Compiles o->model for `modes` (RN_MODE_*) and opens a session for batches up to max_batch, with
/// the weights of --weights, or initial ones from --seed where there are none and `init` allows it.
ExitCode session_load(Arena *a, const Options *o, unsigned modes, uint32_t max_batch, bool init,
                      LoadedModel *out);
/// Its two halves: between them a command checks its inputs against the graph, because compiling may
/// take seconds.
ExitCode session_start(Arena *a, const Options *o, LoadedModel *out);
ExitCode session_compile(const Options *o, unsigned modes, uint32_t max_batch, bool init,
                         LoadedModel *out);
void session_unload(LoadedModel *m);

/// Checks that the pictures fit the model's input, with a hint at -D where they do not.
ExitCode session_check_shape(const Build *build, const char *what, uint64_t c, uint64_t h,
                             uint64_t w);
/// Checks shape and labels of a data set against the graph (before it is compiled), and makes its pictures what the model
/// wants: resized and cropped (pictures that are read from files), normalised (all but .npy).
ExitCode session_check_data(const LoadedModel *m, RnDataset *data, const char *what);
/// How files of pictures become the model's input. Reports where they cannot.
ExitCode session_picture_transform(const LoadedModel *m, RnTransform *out);
/// Batches in the set's order; made ahead in --loader-threads threads.
RnLoaderOptions session_loader_options(const LoadedModel *m, const RnDataset *data, uint32_t batch);
/// Runs inference on `count` pictures of the one input; the first output, f32 [count, classes] or
/// whatever it is, goes to `logits`, the others nowhere. Fails, naming where it comes from, when the
/// result is not finite. The model has one input (session_check_inputs).
RnStatus session_infer(LoadedModel *m, const float *images, size_t count, float *logits,
                       RnError *err);
/// Refuses models of several inputs, which the command line has no data for.
ExitCode session_check_inputs(const Build *build, const char *command);
/// Refuses training with batches as small as this where the model cannot learn from them.
ExitCode session_check_batch(const Build *build, uint64_t smallest);

/// Accuracy and mean loss (in nats, summed in double) of logits against labels.
typedef struct Score {
    uint64_t count, correct;
    double loss_sum;
} Score;
/// What the model said about one picture.
typedef struct Prediction {
    uint32_t label, predicted;
    float probability; // of the predicted class
    float loss;        // in nats
} Prediction;
/// Adds a batch; each: NULL, or receives `count` predictions.
void score_add(Score *s, const float *logits, const uint32_t *labels, uint32_t count,
               uint32_t classes, Prediction *each);
/// Runs inference over a data set. each: NULL, or receives a prediction per picture.
ExitCode session_score(LoadedModel *m, const RnDataset *data, uint32_t batch, const char *label,
                       Score *out, Prediction *each);

#endif
