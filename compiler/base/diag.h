// diag.h: what is told to the user about a source text: errors, warnings, notes and help.
// Not here: printing to a terminal (driver); this only collects and renders to text.
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/source.h"
#include "base/strbuf.h"

typedef enum DiagLevel { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE } DiagLevel;

#define DIAG_MAX_ERRORS 20

typedef struct Diag Diag;
typedef struct DiagItem DiagItem;

Diag *diag_create(Arena *a, SourceSet *sources);

/// Reports something at a place. The text is in the user's words, with the numbers. Identical text
/// at an identical place is reported once. Past DIAG_MAX_ERRORS errors only their count grows.
/// The returned item takes diag_help and diag_note; it is never NULL.
DiagItem *diag_error(Diag *d, Loc at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
DiagItem *diag_warning(Diag *d, Loc at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void diag_note(Diag *d, DiagItem *item, Loc at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void diag_help(Diag *d, DiagItem *item, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

uint32_t diag_error_count(const Diag *d);

/// Renders all items, sorted by file and place, as
///   path:line:col: error: text
///   then the source line and carets under the range, then "  in NAME(ARGS) called at
///   path:line:col" for each expansion, then "  help: text".
void diag_render(const Diag *d, StrBuf *out);

#endif
