// recipe.h: a file of training options, shipped or the user's.
#ifndef TOOL_CLI_RECIPE_H
#define TOOL_CLI_RECIPE_H

#include <stdbool.h>

#include "base/arena.h"

/// Takes a line: value is NULL where the line is a name alone. On a mistake returns false and sets
/// *error.
typedef bool (*RecipeSetFn)(void *context, const char *name, const char *value, const char **error);

/// Reads a recipe: lines `NAME = VALUE`, NAME an option of the command without its dashes, VALUE
/// yes or no for a flag; # begins a comment. `name` is a path, or a shipped recipe. On a mistake
/// returns false, and *error names file and line.
bool recipe_read(Arena *a, const char *name, RecipeSetFn set, void *context, const char **error);

/// The same for a text; `name` stands in the messages.
bool recipe_read_text(Arena *a, const char *name, const char *text, RecipeSetFn set, void *context,
                      const char **error);

#endif
