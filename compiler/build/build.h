// build.h: from a request to an object, a report, or a model in this process: front end -> passes,
// once per plan -> code generator. Nothing is printed: texts go to the request's listener, and what
// went wrong is a status with a text.
// Not here: command lines, files that are written (tool/), sessions (resnetc/runtime.h).
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "build/request.h"
#include "cpu/codegen.h"
#include "ir/graph.h"
#include "resnetc/model_abi.h"

typedef struct Build Build;

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

#endif
