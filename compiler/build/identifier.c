// identifier.c: see identifier.h.
#include "build/identifier.h"

#include <ctype.h>
#include <string.h>

#include "base/files.h"

const char *build_identifier(Arena *a, const char *path)
{
    const char *base = path_basename(a, path);
    size_t length = strcspn(base, ".");
    char *name =
        arena_printf(a, "%s%.*s", isdigit((unsigned char)*base) ? "_" : "", (int)length, base);
    for (char *p = name; *p; p++) {
        if (!isalnum((unsigned char)*p)) {
            *p = '_';
        }
    }
    return *name ? name : "model";
}
