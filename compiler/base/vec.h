// vec.h: growable arrays that live in an arena.
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/// struct { T *at; uint32_t count, capacity; }. A zeroed VEC is a valid empty one. Elements move
/// when it grows, so keep indices or pointers to pointees, not pointers to elements.
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *at;                                                                                     \
        uint32_t count, capacity;                                                                  \
    }

void *vec_grow_bytes(Arena *a, void *old, uint32_t count, uint32_t *capacity, size_t elem);

#define VEC_PUSH(a, v, x)                                                                          \
    ((v)->count == (v)->capacity                                                                   \
         ? (void)((v)->at =                                                                        \
                      vec_grow_bytes((a), (v)->at, (v)->count, &(v)->capacity, sizeof *(v)->at))   \
         : (void)0,                                                                                \
     (v)->at[(v)->count++] = (x))

#endif
