// header.h: the C header that goes with an object.
#ifndef OBJECT_HEADER_H
#define OBJECT_HEADER_H

#include "base/arena.h"
#include "object/model_spec.h"

/// Self-contained C99 and C++. isa: the name of the instruction set that the object is for.
const char *header_text(Arena *a, const ModelSpec *spec, const char *isa);

#endif
