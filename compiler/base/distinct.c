// distinct.c: see distinct.h.
#include "base/distinct.h"

#include <string.h>

#include "base/intern.h"
#include "base/vec.h"

// The slot of the element, or a free one.
static uint32_t *find_slot(const Distinct *d, const void *element)
{
    uint32_t i = (uint32_t)hash_bytes(HASH_START, element, d->element_bytes);
    for (i &= d->slot_count - 1; d->slots[i]; i = (i + 1) & (d->slot_count - 1)) {
        if (memcmp(d->at + (d->slots[i] - 1) * d->element_bytes, element, d->element_bytes) == 0) {
            break;
        }
    }
    return &d->slots[i];
}

static void grow_slots(Distinct *d)
{
    d->slot_count *= 2;
    d->slots = ARENA_ARRAY(d->arena, uint32_t, d->slot_count);
    for (uint32_t i = 0; i < d->count; i++) {
        *find_slot(d, d->at + i * d->element_bytes) = i + 1;
    }
}

uint32_t distinct_add(Distinct *d, const void *element)
{
    uint32_t *slot = find_slot(d, element);
    if (*slot) {
        return *slot - 1;
    }
    uint32_t index = d->count;
    if (index == d->capacity) {
        d->at = vec_grow_bytes(d->arena, d->at, index, &d->capacity, d->element_bytes);
    }
    memcpy(d->at + index * d->element_bytes, element, d->element_bytes);
    *slot = ++d->count;
    if (2 * d->count > d->slot_count) {
        grow_slots(d);
    }
    return index;
}

Distinct distinct_create(Arena *a, size_t element_bytes)
{
    Distinct d = {.arena = a, .element_bytes = element_bytes, .slot_count = 64};
    d.slots = ARENA_ARRAY(a, uint32_t, d.slot_count);
    return d;
}
