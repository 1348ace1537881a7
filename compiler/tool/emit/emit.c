// emit.c: see emit.h.
#include "tool/emit/emit.h"

#include <string.h>

const EmitDef *emit_find(const char *name)
{
    for (size_t i = 0; i < emit_table_count; i++) {
        if (strcmp(emit_table[i]->name, name) == 0) {
            return emit_table[i];
        }
    }
    return NULL;
}

const void *emit_text(StrBuf *text, size_t *bytes)
{
    *bytes = text->count;
    return strbuf_text(text);
}
