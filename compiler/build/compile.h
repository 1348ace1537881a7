// compile.h: the chain from a model's text to an object, a report, or a model in this process:
// front end -> passes, once per plan -> code generator.
// Not here: which files are written (cmd_compile.c), sessions (session.c).
#ifndef BUILD_COMPILE_H
#define BUILD_COMPILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cpu/codegen.h"
#include "tool/cli/options.h"
#include "ir/graph.h"
#include "passes/embed.h"
#include "resnetc/model_abi.h"

#define RESNETC_VERSION "0.1.0"

typedef struct Compilation Compilation;

/// Reads o->model (a path, or a shipped model's name) and builds its graph with o->defines.
/// Diagnostics go to standard error. Free with compile_finish.
ExitCode compile_start(Arena *a, const Options *o, Compilation **out);
void compile_finish(Compilation *c); // accepts NULL

/// The graph as written, before any pass.
const Graph *compile_graph(const Compilation *c);
/// How many classes its output tells apart; 0 where the output is no [N, classes] tensor, which
/// nothing trains.
uint32_t compile_classes(const Compilation *c);
/// The first batch normalisation that gets one value per channel from one picture, or NULL. Trained
/// on such a batch it has a variance of 0: its result is a constant, its gradient nothing.
const char *compile_lone_norm(const Compilation *c);

/// Runs the passes for each plan: both kinds as asked, each for these batches (rising).
/// An untrainable model: an error when only training is asked for, else a warning and no training.
ExitCode compile_plans(Compilation *c, bool infer, bool train, const uint32_t *batches,
                       uint32_t count);
/// The batches of --plan-for, rising, or `fallback` where there are none.
ExitCode compile_plan_batches(const Compilation *c, const uint32_t *fallback,
                              uint32_t fallback_count, const uint32_t **batches, uint32_t *count);

enum { COMPILE_MAX_PLANS = 32 };
uint32_t compile_plan_count(const Compilation *c);
const Graph *compile_plan(const Compilation *c, uint32_t i);
const TargetDef *compile_target(const Compilation *c);

/// After compile_plans: the object (or its text) exporting rn_model_<name>, and its header.
const void *compile_emit(Compilation *c, const char *name, CodegenFormat format, size_t *bytes);
const char *compile_header(Compilation *c, const char *name);

/// Of compile_plans' plans, as a model in this process until compile_finish: CODEGEN_PREPARE on a
/// machine that runs the target, or CODEGEN_TABLES, for its regions and tensors, on any.
ExitCode compile_load_part(Compilation *c, CodegenPart part, const RnModel **model);
/// Lets the plans, all of them for inference, read the packed region alone (passes/embed.h).
void compile_move_weights(Compilation *c, MovedWeights *moved);
/// What is emitted from now on holds these weights, whose content is borrowed.
void compile_embed(Compilation *c, const EmbeddedWeights *weights);

/// The whole chain into this process: plans for `batch` (or --plan-for). Lives until
/// compile_finish.
ExitCode compile_load(Compilation *c, bool infer, bool train, uint32_t batch,
                      const RnModel **model);

/// The name to export where none is given: that of the model's file.
const char *compile_default_name(const Compilation *c);
/// A rule as make and ninja read it: `object` depends on the model's files (those that come with
/// the compiler left out) and on its weights.
const char *compile_depends(const Compilation *c, const char *object);
/// Whether path is one of the files that the model was read from.
bool compile_is_source(const Compilation *c, const char *path);
/// The text of the file in which the network stands: steps have its lines.
const char *compile_model_text(const Compilation *c);
/// A C identifier made of a file's base name.
const char *compile_identifier(Arena *a, const char *path);

#endif
