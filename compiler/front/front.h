// front.h: from a .rn file to the graph.
// Not here: reading of single files (dsl/parse.h), what operators mean (ir/opdef.h).
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "base/diag.h"
#include "front/options.h"
#include "ir/graph.h"

/// Reads the file (or the shipped model of that name), what it includes and the prelude, and
/// expands the model. Everything lives in the arena. NULL after errors in diag. `files` may be
/// NULL.
Graph *front_build(Arena *a, SourceSet *sources, Diag *diag, const char *path,
                   const FrontOptions *options, FrontFiles *files);

#endif
