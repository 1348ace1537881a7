// function.h: the functions of expressions.
#ifndef FRONT_FUNCTION_H
#define FRONT_FUNCTION_H

#include "front/state.h"

bool function_exists(const char *name);
const char *const *function_names(size_t *count);
Val function_call(Front *f, const Frame *frame, const Call *call, const Val *args);

#endif
