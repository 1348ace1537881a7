// front.h: from a .rn file to the graph.
// Not here: reading of single files (dsl/parse.h), what operators mean (ir/opdef.h).
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "base/diag.h"
#include "base/textfile.h"
#include "ir/graph.h"

typedef struct FrontOptions {
    const char *const *defines; // "name=value", as behind -D
    uint32_t define_count;
    // NULL, or the text of the file, which is then not read; what it includes is looked for beside
    // the path.
    const char *text;
    const TextFile *models; // shipped models, which `include` and the path itself may name
    size_t model_count;
} FrontOptions;

/// Paths of the files that were read from disk, in order: what the result depends on.
typedef struct FrontFiles {
    VEC(const char *) paths;
} FrontFiles;

enum {
    FRONT_MAX_NODES = 100000,
    FRONT_MAX_STEPS = 4000000, // statements and expressions worked through
    FRONT_MAX_REPEAT = 1000000,
    FRONT_MAX_LIST = 100000,
    FRONT_MAX_LIST_DEPTH = 16,
    FRONT_MAX_TEXT = 4096,
    FRONT_MAX_PATH = 500,
    FRONT_MAX_INCLUDES = 16,
    FRONT_MAX_BLOCK_PARAMS = 200,
    FRONT_MAX_FRAMES = 1000, // statements, expressions and calls inside each other
};

/// Reads the file (or the shipped model of that name), what it includes and the prelude, and
/// expands the model. Everything lives in the arena. NULL after errors in diag. `files` may be
/// NULL.
Graph *front_build(Arena *a, SourceSet *sources, Diag *diag, const char *path,
                   const FrontOptions *options, FrontFiles *files);

#endif
