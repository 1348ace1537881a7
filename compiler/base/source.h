// source.h: source texts and places in them.
// Not here: what is wrong at a place (diag.h).
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"

/// Bytes [begin, end) of file number `file` of a SourceSet. file 0 is "no place".
typedef struct SrcRange {
    uint32_t file, begin, end;
} SrcRange;

typedef struct SourceFile {
    const char *path; // as the user wrote it
    const char *text; // NUL-terminated; may hold NULs of its own inside
    size_t bytes;
    uint32_t *line_start; // byte offset of every line, line_count of them
    uint32_t line_count;
} SourceFile;

typedef struct SourceSet {
    Arena *arena;
    VEC(SourceFile) files; // files.at[i] has number i + 1
} SourceSet;

/// Adds a text under a path; text is borrowed for the set's life. Returns its number.
uint32_t source_add(SourceSet *s, const char *path, const char *text, size_t bytes);
const SourceFile *source_file(const SourceSet *s, uint32_t file); // NULL for 0
/// 1-based line and column (column in bytes) of a byte.
void source_locate(const SourceSet *s, uint32_t file, uint32_t byte, uint32_t *line, uint32_t *col);
SrcRange src_join(SrcRange a, SrcRange b);
/// Length of the UTF-8 character at s, of at most n bytes; 0 for a NUL or if it is none.
size_t utf8_length(const char *s, size_t n);

/// How a place was reached: block `name` was expanded by the call at `call`, itself reached through
/// `parent` (NULL at the top). `text` is the call as written: "residual(c=128, stride=2)".
typedef struct Expansion {
    const struct Expansion *parent;
    SrcRange call;
    const char *name;
    const char *text;
} Expansion;

/// A place and the way to it. Graph values and nodes carry one.
typedef struct Loc {
    SrcRange range;
    const Expansion *via;
} Loc;

#endif
