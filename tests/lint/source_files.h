// source_files.h: the C files of the tree, one after the other, for rules that look at text.
#ifndef LINT_SOURCE_FILES_H
#define LINT_SOURCE_FILES_H

/// path: below the source folder. text ends with 0; the visitor may change it.
typedef void (*SourceVisitor)(const char *path, char *text);

/// Calls visit for every .c and .h; fails the test where a folder cannot be read. Gives their number.
int source_files_visit(SourceVisitor visit);

#endif
