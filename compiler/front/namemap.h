// namemap.h: from interned names to indices.
#ifndef FRONT_NAMEMAP_H
#define FRONT_NAMEMAP_H

#include "base/arena.h"
#include <stdint.h>

#define NAME_MAP_NONE UINT32_MAX

typedef struct NameSlot {
    const char *name;
    uint32_t index;
} NameSlot;

/// Zeroed is empty. Names compare by pointer.
typedef struct NameMap {
    NameSlot *slots;
    uint32_t count, capacity;
} NameMap;

uint32_t name_map_get(const NameMap *m, const char *name); // NAME_MAP_NONE if absent
void name_map_put(Arena *a, NameMap *m, const char *name, uint32_t index);

#endif
