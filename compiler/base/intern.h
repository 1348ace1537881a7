// intern.h: one pointer per distinct name, so that names compare by pointer; and 64-bit hashes.
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct Intern Intern;

Intern *intern_create(Arena *a);
const char *intern_bytes(Intern *t, const char *s, size_t n);
const char *intern_str(Intern *t, const char *s);

/// FNV-1a, chained through h. Start with HASH_START.
#define HASH_START UINT64_C(14695981039346656037)
uint64_t hash_bytes(uint64_t h, const void *p, size_t n);
uint64_t hash_u64(uint64_t h, uint64_t x);

/// Edit distance, for suggestions; and the nearest of `names` to `name`, or NULL if none is near.
unsigned edit_distance(const char *a, const char *b);
const char *nearest_name(const char *name, const char *const *names, size_t count);

#endif
