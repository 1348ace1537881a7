// recipe.h: a file of training options, shipped or the user's.
#ifndef TOOL_CLI_RECIPE_H
#define TOOL_CLI_RECIPE_H

#include "tool/cli/options.h"

/// Sets the options of a recipe: lines `NAME = VALUE`, NAME an option of the command without its
/// dashes, VALUE yes or no for a flag; # begins a comment. `name` is a path, or a shipped recipe.
/// On a mistake returns false, and *error names file and line.
bool recipe_apply(Arena *a, const char *name, Options *out, const char **error);

/// The same for a text; `name` stands in the messages.
bool recipe_apply_text(Arena *a, const char *name, const char *text, Options *out,
                       const char **error);

#endif
