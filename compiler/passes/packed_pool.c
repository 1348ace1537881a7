// packed_pool.c: a table from the recipe of a prepared weight to its place.
#include "passes/packed_pool.h"

#include <inttypes.h>
#include <string.h>

#include "base/intern.h"
#include "ir/opdef.h"

enum { BUCKETS = 1024 };

typedef struct Entry {
    const char *key;
    uint64_t offset;
    struct Entry *next;
} Entry;

struct PackedPool {
    Arena *arena;
    uint64_t bytes;
    Entry *bucket[BUCKETS];
};

PackedPool *packed_pool_create(Arena *a)
{
    PackedPool *p = ARENA_NEW(a, PackedPool);
    p->arena = a;
    return p;
}

uint64_t packed_pool_bytes(const PackedPool *p)
{
    return p->bytes;
}

void packed_pool_grow(PackedPool *p, uint64_t bytes)
{
    p->bytes = bytes > p->bytes ? bytes : p->bytes;
}

static uint64_t bucket_of(const char *key)
{
    return hash_bytes(HASH_START, key, strlen(key)) % BUCKETS;
}

bool packed_pool_find(const PackedPool *p, const char *key, uint64_t *offset)
{
    for (const Entry *e = p->bucket[bucket_of(key)]; e; e = e->next) {
        if (strcmp(e->key, key) == 0) {
            *offset = e->offset;
            return true;
        }
    }
    return false;
}

void packed_pool_add(PackedPool *p, const char *key, uint64_t offset)
{
    Entry *e = ARENA_NEW(p->arena, Entry);
    uint64_t i = bucket_of(key);
    *e = (Entry){.key = arena_strdup(p->arena, key), .offset = offset, .next = p->bucket[i]};
    p->bucket[i] = e;
}

static void add_packing(StrBuf *out, const Packing *p)
{
    for (; p; p = p->next) {
        strbuf_add(out, "[");
        for (uint32_t i = 0; i < p->dims; i++) {
            strbuf_printf(out, "%d:%d*%d ", p->dim[i].extent, p->dim[i].coord, p->dim[i].coef);
        }
        strbuf_add(out, "|");
        for (uint32_t i = 0; i < SHAPE_MAX_RANK; i++) {
            strbuf_printf(out, "%d ", p->base[i]);
        }
        strbuf_printf(out, "%dx%d]", p->fold[0], p->fold[1]);
    }
}

static void add_layout(StrBuf *out, const Layout *l)
{
    strbuf_printf(out, ":%d.%d.%u.%" PRIu64 ".%s", (int)l->kind, (int)l->elem, l->block,
                  l->elements, l->tag ? l->tag : "");
    if (l->kind == LAYOUT_PACKED) {
        add_packing(out, l->packing);
    }
}

static void add_value(StrBuf *out, const Value *v)
{
    if (!v->def) {
        strbuf_add(out, v->name);
        return;
    }
    const Node *n = v->def;
    strbuf_printf(out, "%s.%u{", n->op->name, v->def_out);
    StrBuf attrs = {.arena = out->arena};
    if (n->attrs) {
        attrs_print(n->op, n->attrs, &attrs);
    }
    strbuf_add(out, strbuf_text(&attrs));
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        strbuf_add(out, ",");
        add_value(out, n->inputs.at[i]);
    }
    strbuf_add(out, "}");
    add_layout(out, &v->layout); // a pack's packing is its output's layout
}

const char *packed_key(Arena *a, const Value *v)
{
    StrBuf text = {.arena = a};
    add_value(&text, v);
    return strbuf_text(&text);
}
