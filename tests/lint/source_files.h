// source_files.h: the C files of the tree, one after the other, for rules that look at text.
#ifndef LINT_SOURCE_FILES_H
#define LINT_SOURCE_FILES_H

#include <stdbool.h>
#include <stddef.h>

/// path: below the source folder. text ends with 0; the visitor may change it.
typedef void (*SourceVisitor)(const char *path, char *text);

/// Calls visit for every .c and .h; fails the test where a folder cannot be read. Gives their number.
int source_files_visit(SourceVisitor visit);

/// Comments and what is in quotes become blanks, and directives unless they are kept; lines stay.
void source_code_only(char *text, bool keep_directives);
/// Of the word or number that begins here; 0 where none does.
size_t source_word_length(const char *at);

#endif
