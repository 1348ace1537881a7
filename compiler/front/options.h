// options.h: what the front end is asked for, and its limits.
#ifndef FRONT_OPTIONS_H
#define FRONT_OPTIONS_H

#include "base/textfile.h"
#include "base/vec.h"

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

#endif
