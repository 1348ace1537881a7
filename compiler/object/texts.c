// texts.c: see texts.h.
#include "object/texts.h"

#include <string.h>

uint32_t texts_add(Texts *t, const char *text)
{
    const char *string = intern_str(t->strings, text ? text : "");
    uint32_t index = distinct_add(&t->known, &string);
    if (index == t->offsets.count) {
        VEC_PUSH(t->bytes.arena, &t->offsets, (uint32_t)t->bytes.count);
        strbuf_add_bytes(&t->bytes, string, strlen(string) + 1);
    }
    return t->offsets.at[index];
}

Texts *texts_create(Arena *a)
{
    Texts *t = ARENA_NEW(a, Texts);
    t->strings = intern_create(a);
    t->known = distinct_create(a, sizeof(const char *));
    t->bytes.arena = a;
    texts_add(t, "");
    return t;
}
