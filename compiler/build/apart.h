// apart.h: work in a child process, for its result's sake: the memory that it took, loaded
// libraries' pages among it, is given back when it ends.
// Not here: what is done there (code.c).
#ifndef BUILD_APART_H
#define BUILD_APART_H

#include <stdbool.h>
#include <stddef.h>

/// Makes bytes that live until the process ends.
typedef const void *(*ApartFn)(void *context, size_t *bytes);

/// The bytes that make(context, bytes) gives in a child process, to be freed by the caller; NULL
/// if no child could be started (*started is false, nothing was done), or it failed or was killed.
void *apart_make(ApartFn make, void *context, size_t *bytes, bool *started);

#endif
