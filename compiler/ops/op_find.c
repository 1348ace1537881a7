// op_find.c: operators by name or alias.
#include <string.h>

#include "ir/opdef.h"

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = words; p && *p;) {
        size_t n = strcspn(p, " ");
        if (n == length && memcmp(p, word, n) == 0) {
            return true;
        }
        p += n + (p[n] == ' ');
    }
    return false;
}

const OpDef *op_find(const char *name_or_alias)
{
    for (size_t i = 0; i < op_table_count; i++) {
        if (strcmp(op_table[i]->name, name_or_alias) == 0) {
            return op_table[i];
        }
    }
    for (size_t i = 0; i < op_table_count; i++) {
        if (has_word(op_table[i]->aliases, name_or_alias)) {
            return op_table[i];
        }
    }
    return NULL;
}
