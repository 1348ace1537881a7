// arena.c: chained blocks, bumped; in sanitizer builds a chain of single objects.
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 1 << 16, LARGEST_BLOCK_BYTES = 1 << 22, ALIGN = 16 };

typedef struct Block {
    struct Block *next;
    size_t used, capacity; // payload bytes
} Block;

// Where the payload begins: the header, rounded up so that objects are 16-byte aligned.
#define PAYLOAD_OFFSET ((sizeof(Block) + ALIGN - 1) / ALIGN * ALIGN)

struct Arena {
    Block *blocks; // newest first
    size_t next_block_bytes;
};

static void die_out_of_memory(size_t bytes)
{
    (void)fprintf(stderr, "resnetc: error: out of memory (asked for %zu bytes)\n", bytes);
    exit(3);
}

static Block *block_create(size_t capacity)
{
    Block *b = calloc(1, PAYLOAD_OFFSET + capacity);
    if (!b) {
        die_out_of_memory(capacity);
    }
    b->capacity = capacity;
    return b;
}

Arena *arena_create(void)
{
    Arena *a = calloc(1, sizeof *a);
    if (!a) {
        die_out_of_memory(sizeof *a);
    }
    a->next_block_bytes = FIRST_BLOCK_BYTES;
    return a;
}

void arena_reset(Arena *a)
{
    for (Block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->blocks = NULL;
    a->next_block_bytes = FIRST_BLOCK_BYTES;
}

void arena_destroy(Arena *a)
{
    if (!a) {
        return;
    }
    arena_reset(a);
    free(a);
}

void *arena_alloc(Arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2) {
        die_out_of_memory(bytes);
    }
#ifdef RN_SANITIZED
    // Exact size, so that the byte after the object is poisoned.
    Block *own = block_create(bytes ? bytes : 1);
    own->next = a->blocks;
    a->blocks = own;
    return (char *)own + PAYLOAD_OFFSET;
#else
    size_t rounded = bytes ? (bytes + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    Block *b = a->blocks;
    if (!b || b->capacity - b->used < rounded) {
        size_t capacity = a->next_block_bytes;
        if (capacity < LARGEST_BLOCK_BYTES) {
            a->next_block_bytes = capacity * 2;
        }
        b = block_create(rounded > capacity ? rounded : capacity);
        b->next = a->blocks;
        a->blocks = b;
    }
    void *p = (char *)b + PAYLOAD_OFFSET + b->used;
    b->used += rounded;
    return p;
#endif
}

void *arena_alloc_array(Arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        die_out_of_memory(SIZE_MAX);
    }
    return arena_alloc(a, count * size);
}

char *arena_strndup(Arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (n) {
        memcpy(copy, s, n);
    }
    return copy;
}

char *arena_strdup(Arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(Arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int length = vsnprintf(NULL, 0, fmt, ap);
    char *text = arena_alloc(a, length < 0 ? 1 : (size_t)length + 1);
    if (length > 0) {
        (void)vsnprintf(text, (size_t)length + 1, fmt, again);
    }
    va_end(again);
    return text;
}

char *arena_printf(Arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return text;
}
