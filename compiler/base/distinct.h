// distinct.h: elements of one size, equal ones once, in order of their first coming.
#ifndef BASE_DISTINCT_H
#define BASE_DISTINCT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct Distinct {
    Arena *arena;
    size_t element_bytes;
    char *at; // count elements
    uint32_t count, capacity;
    uint32_t *slots; // open hash table: index + 1, 0: free
    uint32_t slot_count;
} Distinct;

Distinct distinct_create(Arena *a, size_t element_bytes);
/// Index of the equal element, which is added if there is none. Elements are compared byte by byte:
/// a struct's padding must be zero.
uint32_t distinct_add(Distinct *d, const void *element);
#define DISTINCT_AT(T, d, i) ((const T *)(const void *)((d)->at + (size_t)(i) * sizeof(T)))

#endif
