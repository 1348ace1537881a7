// loaded_object.h: an object of the code generator in this process.
#ifndef BUILD_LOADED_OBJECT_H
#define BUILD_LOADED_OBJECT_H

#include <stddef.h>

#include "base/arena.h"
#include "resnetc/model_abi.h"

typedef struct LoadedObject LoadedObject;
/// Loads the object that exports rn_model_<name>. Its bytes are copied. NULL with *error (in the
/// arena) on failure.
LoadedObject *object_load(Arena *a, const void *object, size_t bytes, const char *name,
                          const RnModel **model, const char **error);
void object_unload(LoadedObject *o); // accepts NULL; the model is gone afterwards

#endif
