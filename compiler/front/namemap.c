// namemap.c: an open-addressing map keyed by the pointers of interned names.
#include "front/namemap.h"

#include <stddef.h>

static NameSlot *find_slot(const NameMap *m, const char *name)
{
    uint64_t hash = (uint64_t)(uintptr_t)name * UINT64_C(0x9E3779B97F4A7C15);
    uint32_t i = (uint32_t)(hash >> 32) & (m->capacity - 1);
    while (m->slots[i].name && m->slots[i].name != name) {
        i = (i + 1) & (m->capacity - 1);
    }
    return &m->slots[i];
}

uint32_t name_map_get(const NameMap *m, const char *name)
{
    if (!m->capacity) {
        return NAME_MAP_NONE;
    }
    const NameSlot *slot = find_slot(m, name);
    return slot->name ? slot->index : NAME_MAP_NONE;
}

static void grow(Arena *a, NameMap *m)
{
    NameMap larger = {.capacity = m->capacity ? m->capacity * 2 : 8, .count = m->count};
    larger.slots = ARENA_ARRAY(a, NameSlot, larger.capacity);
    for (uint32_t i = 0; i < m->capacity; i++) {
        if (m->slots[i].name) {
            *find_slot(&larger, m->slots[i].name) = m->slots[i];
        }
    }
    *m = larger;
}

void name_map_put(Arena *a, NameMap *m, const char *name, uint32_t index)
{
    if (m->count * 2 >= m->capacity) {
        grow(a, m);
    }
    NameSlot *slot = find_slot(m, name);
    m->count += slot->name == NULL;
    slot->name = name;
    slot->index = index;
}
