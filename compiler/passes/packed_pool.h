// packed_pool.h: prepared weights that stand in the packed region, by what they are made of. Plans
// of one object share it, so that equal packings lie there once.
#ifndef PASSES_PACKED_POOL_H
#define PASSES_PACKED_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "ir/graph.h"

typedef struct PackedPool PackedPool;
PackedPool *packed_pool_create(Arena *a);
uint64_t packed_pool_bytes(const PackedPool *p); // size of the packed region so far

/// All that the content of a BIND_PARAMS value depends on, as text: equal texts, equal bytes.
const char *packed_key(Arena *a, const Value *v);
/// Whether it stands there already; *offset gets where.
bool packed_pool_find(const PackedPool *p, const char *key, uint64_t *offset);
void packed_pool_add(PackedPool *p, const char *key, uint64_t offset);
void packed_pool_grow(PackedPool *p, uint64_t bytes);

#endif
