// identifier.h: names of models in C.
#ifndef BUILD_IDENTIFIER_H
#define BUILD_IDENTIFIER_H

#include "base/arena.h"

/// A C identifier made of a file's base name.
const char *build_identifier(Arena *a, const char *path);

#endif
