// state.h: a build in progress, for the files of this folder.
#ifndef BUILD_STATE_H
#define BUILD_STATE_H

#include "base/diag.h"
#include "base/source.h"
#include "build/loaded_object.h"
#include "build/request.h"
#include "cpu/codegen.h"

typedef struct Build {
    Arena *arena;
    BuildRequest request;
    BuildError error;
    SourceSet sources;
    Diag *diag;
    const char *path;    // of the model, or the shipped file's name
    const char *name;    // exported
    uint32_t main_file;  // what the user named
    uint32_t model_file; // where the network stands: another one where that only sets params
    Graph *graph;        // as written
    const TargetDef *target;
    Codegen *codegen;
    Graph *plans[BUILD_MAX_PLANS];
    uint32_t plan_count;
    EmbeddedWeights weights;
    bool has_weights;
    LoadedObject *loaded;
} Build;

/// Keeps the text as the build's error and returns status.
BuildStatus build_fail(Build *b, BuildStatus status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/// The same for the diagnostics so far.
BuildStatus build_fail_diagnosed(Build *b);
/// The same for a failure of the runtime.
BuildStatus build_fail_runtime(Build *b, const RnError *err);

/// Tells the listener, if there is one.
void build_tell(const Build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/// "WHAT   12.34 ms", where times are wanted.
void build_tell_time(const Build *b, const char *what, double seconds);

#endif
