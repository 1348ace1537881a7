// intern.c: an open-addressing set of names; FNV-1a; edit distance for suggestions.
#include "base/intern.h"

#include <stdbool.h>
#include <string.h>

typedef struct Slot {
    const char *name; // NULL: free
    uint64_t hash;
    size_t bytes;
} Slot;

struct Intern {
    Arena *arena;
    Slot *slots;
    size_t count, capacity; // capacity is a power of two
};

Intern *intern_create(Arena *a)
{
    Intern *t = ARENA_NEW(a, Intern);
    t->arena = a;
    t->capacity = 256;
    t->slots = ARENA_ARRAY(a, Slot, t->capacity);
    return t;
}

static Slot *find_slot(Intern *t, const char *s, size_t n, uint64_t hash)
{
    size_t i = hash & (t->capacity - 1);
    while (t->slots[i].name) {
        const Slot *slot = &t->slots[i];
        if (slot->hash == hash && slot->bytes == n && memcmp(slot->name, s, n) == 0) {
            break;
        }
        i = (i + 1) & (t->capacity - 1);
    }
    return &t->slots[i];
}

static void grow(Intern *t)
{
    Slot *old = t->slots;
    size_t old_capacity = t->capacity;
    t->capacity *= 2;
    t->slots = ARENA_ARRAY(t->arena, Slot, t->capacity);
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].name) {
            *find_slot(t, old[i].name, old[i].bytes, old[i].hash) = old[i];
        }
    }
}

const char *intern_bytes(Intern *t, const char *s, size_t n)
{
    uint64_t hash = hash_bytes(HASH_START, s, n);
    Slot *slot = find_slot(t, s, n, hash);
    if (slot->name) {
        return slot->name;
    }
    if (t->count * 2 >= t->capacity) {
        grow(t);
        slot = find_slot(t, s, n, hash);
    }
    slot->name = arena_strndup(t->arena, s, n);
    slot->hash = hash;
    slot->bytes = n;
    t->count++;
    return slot->name;
}

const char *intern_str(Intern *t, const char *s)
{
    return intern_bytes(t, s, strlen(s));
}

uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    const unsigned char *bytes = p;
    for (size_t i = 0; i < n; i++) {
        h ^= bytes[i];
        h *= UINT64_C(1099511628211);
    }
    return h;
}

uint64_t hash_u64(uint64_t h, uint64_t x)
{
    for (int shift = 0; shift < 64; shift += 8) {
        h ^= (x >> shift) & 0xff;
        h *= UINT64_C(1099511628211);
    }
    return h;
}

// Names longer than this are compared by their first bytes only: suggestions are for typing slips.
enum { LONGEST_COMPARED = 63 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

// Counts insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
unsigned edit_distance(const char *a, const char *b)
{
    size_t n = strnlen(a, LONGEST_COMPARED), m = strnlen(b, LONGEST_COMPARED);
    unsigned rows[3][LONGEST_COMPARED + 1];
    for (size_t j = 0; j <= m; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && above2[j - 2] + 1 < row[j]) {
                row[j] = above2[j - 2] + 1;
            }
        }
    }
    return rows[n % 3][m];
}

const char *nearest_name(const char *name, const char *const *names, size_t count)
{
    size_t length = strnlen(name, LONGEST_COMPARED);
    unsigned limit = length <= 2 ? 1 : length <= 5 ? 2 : 3; // at most this many slips
    const char *best = NULL;
    unsigned best_distance = limit + 1;
    for (size_t i = 0; i < count; i++) {
        unsigned d = edit_distance(name, names[i]);
        if (d < best_distance && d < length) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}
