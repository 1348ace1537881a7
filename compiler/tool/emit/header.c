// header.c: --emit=header: the object's C header.
#include "tool/emit/emit.h"

#include <string.h>

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    (void)a; // the text lies with the build
    const char *text = build_header(b);
    *bytes = strlen(text);
    return text;
}

const EmitDef emit_header = {
    .name = "header",
    .doc = "the object's C header",
    .needs = EMIT_NEEDS_CODE,
    .make = make,
};
