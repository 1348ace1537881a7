// recipe.c: reads a recipe line by line; what an option is and takes, options.c knows.
#include "tool/cli/recipe.h"

#include <ctype.h>
#include <string.h>

#include "base/files.h"
#include "base/intern.h"
#include "base/textfile.h"

#define MAX_BYTES 65536

static const char *shipped_text(const char *name)
{
    for (size_t i = 0; i < shipped_recipes_table_count; i++) {
        const TextFile *f = &shipped_recipes_table[i];
        size_t stem = strcspn(f->name, ".");
        if (strcmp(f->name, name) == 0 ||
            (strlen(name) == stem && memcmp(f->name, name, stem) == 0)) {
            return f->text;
        }
    }
    return NULL;
}

static const char *nearest_shipped(Arena *a, const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (; count < shipped_recipes_table_count && count < 64; count++) {
        const char *known = shipped_recipes_table[count].name;
        names[count] = arena_strndup(a, known, strcspn(known, "."));
    }
    return nearest_name(name, names, count);
}

static const char *find_text(Arena *a, const char *name, const char **error)
{
    const char *text = shipped_text(name);
    if (text && !file_exists(name)) {
        return text;
    }
    size_t bytes = 0;
    text = file_read(a, name, MAX_BYTES, &bytes, error);
    if (text && memchr(text, 0, bytes)) {
        *error = arena_printf(a, "%s: not a text file", name);
        return NULL;
    }
    const char *near = text ? NULL : nearest_shipped(a, name);
    if (!text) {
        *error = arena_printf(a, "--recipe: %s%s%s", *error,
                              near ? "; did you mean the shipped recipe " : "; see --list-recipes",
                              near ? near : "");
    }
    return text;
}

// Without spaces at both ends.
static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1])) {
        text[--n] = 0;
    }
    return text;
}

// What a line may not set: a recipe in a recipe, or what belongs to one run alone.
static bool is_allowed(const char *name)
{
    static const char *const refused[] = {"recipe", "resume", "help", "version", "list-recipes"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strcmp(name, refused[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool take_line(Arena *a, char *line, RecipeSetFn set, void *context, const char **error)
{
    line[strcspn(line, "#")] = 0;
    char *name = trim(line), *equals = strchr(name, '='), *value = NULL;
    if (!*name) {
        return true;
    }
    if (equals) {
        *equals = 0;
        value = trim(equals + 1);
        name = trim(name);
    }
    if (!*name || strpbrk(name, " \t") || *name == '-') {
        *error = "a line has the form NAME = VALUE, the name as of an option without its dashes";
        return false;
    }
    if (!is_allowed(name)) {
        *error = arena_printf(a, "--%s cannot stand in a recipe", name);
        return false;
    }
    return set(context, name, value, error);
}

bool recipe_read(Arena *a, const char *name, RecipeSetFn set, void *context, const char **error)
{
    const char *text = find_text(a, name, error);
    return text && recipe_read_text(a, name, text, set, context, error);
}

bool recipe_read_text(Arena *a, const char *name, const char *text, RecipeSetFn set, void *context,
                      const char **error)
{
    for (int line = 1; *text; line++) {
        size_t n = strcspn(text, "\n");
        if (!take_line(a, arena_strndup(a, text, n), set, context, error)) {
            *error = arena_printf(a, "%s:%d: %s", name, line, *error);
            return false;
        }
        text += n + (text[n] == '\n');
    }
    return true;
}
