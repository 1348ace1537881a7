// arena.h: memory that is freed all at once, the compiler's only allocator.
// Not here: containers (vec.h), the runtime's memory (it allocates at open and frees at close).
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct Arena Arena;

/// A new, empty arena. Running out of memory anywhere in the compiler ends the process with exit
/// code 3 and a message: nothing of a compilation is worth saving then.
Arena *arena_create(void);
void arena_destroy(Arena *a); // accepts NULL
void arena_reset(Arena *a);   // frees the objects, keeps the arena

/// Zeroed memory, 16-byte aligned, valid until reset or destroy. In sanitizer builds every object
/// is a malloc of its own, so that ASan sees overruns.
void *arena_alloc(Arena *a, size_t bytes);
/// Same for count * size, with the product checked.
void *arena_alloc_array(Arena *a, size_t count, size_t size);

char *arena_strdup(Arena *a, const char *s);
char *arena_strndup(Arena *a, const char *s, size_t n);
char *arena_printf(Arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_alloc_array((a), (size_t)(n), sizeof(T)))

#endif
