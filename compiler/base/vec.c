// vec.c: growing of the arrays of vec.h.
#include "base/vec.h"

#include <string.h>

#include "base/internal_error.h"

void *vec_grow_bytes(Arena *a, void *old, uint32_t count, uint32_t *capacity, size_t elem)
{
    if (*capacity > UINT32_MAX / 2) {
        INTERNAL_ERROR("an array passes %u elements", (unsigned)*capacity);
    }
    uint32_t grown = *capacity ? *capacity * 2 : 8;
    void *data = arena_alloc_array(a, grown, elem);
    if (count) {
        memcpy(data, old, count * elem);
    }
    *capacity = grown;
    return data;
}
