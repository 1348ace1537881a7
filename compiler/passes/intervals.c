// intervals.c: greedy placement in several orders, the best of which wins (Pisarchyk and Lee 2020,
// "Efficient memory management for deep neural net inference": size first is hard to beat), then
// the buffers that reach the top are promoted to the front and placed again, while that helps.
#include "passes/intervals.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/internal_error.h"

enum {
    SMALL_COUNT = 2000, // up to here every order is tried
    PROMOTIONS = 60,
    ORDERS = 5,
};

typedef struct Packer {
    Interval *at;
    uint32_t count;
    uint32_t *placed; // indices by rising offset
    uint64_t *offset; // of the attempt
    uint64_t *best_offset;
    uint64_t whole;       // size of the best attempt
    uint64_t best, bound; // sizes of the whole and of those that do not yield, added up
} Packer;

typedef struct Key {
    uint64_t major, minor;
    uint32_t index;
    bool yields;
} Key;

static int compare_keys(const void *pa, const void *pb)
{
    const Key *a = pa, *b = pb;
    if (a->yields != b->yields) {
        return a->yields ? 1 : -1;
    }
    if (a->major != b->major) {
        return a->major > b->major ? -1 : 1;
    }
    if (a->minor != b->minor) {
        return a->minor > b->minor ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

static Key key_of(const Interval *v, uint32_t index, int order)
{
    uint64_t life = (uint64_t)v->last - v->first + 1, early = UINT32_MAX - v->first;
    switch (order) {
    case 0:
        return (Key){v->bytes, life, index, v->yields};
    case 1:
        return (Key){life, v->bytes, index, v->yields};
    case 2:
        return (Key){early, life, index, v->yields};
    case 3:
        return (Key){v->bytes / 64 * life, v->bytes, index, v->yields};
    case 4:
        return (Key){v->last, v->bytes, index, v->yields};
    default:
        INTERNAL_ERROR("order %d", order);
    }
}

static void sort_by(Arena *scratch, const Packer *p, int order, uint32_t *out)
{
    Key *keys = ARENA_ARRAY(scratch, Key, p->count);
    for (uint32_t i = 0; i < p->count; i++) {
        keys[i] = key_of(&p->at[i], i, order);
    }
    qsort(keys, p->count, sizeof *keys, compare_keys);
    for (uint32_t i = 0; i < p->count; i++) {
        out[i] = keys[i].index;
    }
}

// The lowest (or, best_fit, the tightest) gap among the placed buffers that live with v.
static uint64_t find_gap(const Packer *p, uint32_t placed, const Interval *v, bool best_fit)
{
    uint64_t top = 0, best = UINT64_MAX, best_slack = UINT64_MAX;
    for (uint32_t i = 0; i < placed; i++) {
        const Interval *o = &p->at[p->placed[i]];
        if (o->last < v->first || o->first > v->last) {
            continue;
        }
        uint64_t begin = p->offset[p->placed[i]];
        if (begin >= top && begin - top >= v->bytes) {
            if (!best_fit) {
                return top;
            }
            if (begin - top - v->bytes < best_slack) {
                best_slack = begin - top - v->bytes;
                best = top;
            }
        }
        top = begin + o->bytes > top ? begin + o->bytes : top;
    }
    return best != UINT64_MAX ? best : top;
}

static void insert_placed(Packer *p, uint32_t placed, uint32_t index)
{
    uint32_t lo = 0, hi = placed;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (p->offset[p->placed[mid]] <= p->offset[index]) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    memmove(&p->placed[lo + 1], &p->placed[lo], (placed - lo) * sizeof *p->placed);
    p->placed[lo] = index;
}

static uint64_t attempt(Packer *p, const uint32_t *order, bool best_fit)
{
    uint64_t total = 0, firm = 0; // firm: of those that do not yield
    for (uint32_t i = 0; i < p->count; i++) {
        const Interval *v = &p->at[order[i]];
        uint64_t offset = find_gap(p, i, v, best_fit);
        p->offset[order[i]] = offset;
        insert_placed(p, i, order[i]);
        total = offset + v->bytes > total ? offset + v->bytes : total;
        firm = v->yields ? firm : total;
    }
    if (total + firm < p->best) {
        p->best = total + firm;
        p->whole = total;
        memcpy(p->best_offset, p->offset, p->count * sizeof *p->offset);
    }
    return total;
}

// Moves what reaches the top in the last attempt to the front of the order, unless it yields.
static void promote(const Packer *p, uint32_t *order, uint64_t total)
{
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t index = order[i];
        if (p->at[index].yields || p->offset[index] + p->at[index].bytes != total) {
            continue;
        }
        memmove(&order[1], &order[0], i * sizeof *order);
        order[0] = index;
        return;
    }
}

// Of all, or of those that do not yield.
static uint64_t largest_live(Arena *scratch, const Interval *at, uint32_t count, bool all)
{
    uint32_t steps = 0;
    for (uint32_t i = 0; i < count; i++) {
        steps = at[i].last + 2 > steps ? at[i].last + 2 : steps;
    }
    uint64_t *change = ARENA_ARRAY(scratch, uint64_t, steps);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes = at[i].yields && !all ? 0 : at[i].bytes;
        change[at[i].first] += bytes; // differences wrap around and sum up right
        change[at[i].last + 1] -= bytes;
    }
    uint64_t live = 0, most = 0;
    for (uint32_t s = 0; s < steps; s++) {
        live += change[s];
        most = live > most ? live : most;
    }
    return most;
}

static void search(Arena *scratch, Packer *p)
{
    bool small = p->count <= SMALL_COUNT;
    uint32_t *order = ARENA_ARRAY(scratch, uint32_t, p->count);
    for (int k = 0; k < (small ? ORDERS : 3) && p->best > p->bound; k++) {
        sort_by(scratch, p, k, order);
        uint64_t total = attempt(p, order, false);
        if (!small) {
            continue;
        }
        total = attempt(p, order, true);
        for (int i = 0; i < PROMOTIONS && p->best > p->bound; i++) {
            promote(p, order, total);
            total = attempt(p, order, i % 2 == 0);
        }
    }
}

uint64_t intervals_pack(Arena *scratch, Interval *at, uint32_t count)
{
    if (!count) {
        return 0;
    }
    Packer p = {.at = at, .count = count, .best = UINT64_MAX};
    p.bound = largest_live(scratch, at, count, true) + largest_live(scratch, at, count, false);
    p.placed = ARENA_ARRAY(scratch, uint32_t, count);
    p.offset = ARENA_ARRAY(scratch, uint64_t, count);
    p.best_offset = ARENA_ARRAY(scratch, uint64_t, count);
    search(scratch, &p);
    for (uint32_t i = 0; i < count; i++) {
        at[i].offset = p.best_offset[i];
    }
    return p.whole;
}
