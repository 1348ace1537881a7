// diag.c: collects what is told to the user and renders it to text.
// Not here: how an expansion's text is made (front), where the text goes (driver).
#include "base/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

typedef struct Remark {
    Loc at; // file 0 for help
    const char *text;
} Remark;

struct DiagItem {
    DiagLevel level;
    uint32_t order; // of reporting, for a stable sort
    Loc at;
    const char *text;
    VEC(Remark) notes;
    VEC(const char *) helps;
};

struct Diag {
    Arena *arena;
    SourceSet *sources;
    VEC(DiagItem *) items;
    uint32_t errors, warnings;
    DiagItem *unshown; // takes the help and notes of what is past the limit
};

enum {
    MAX_WARNINGS = 50,
    MAX_TEXT_BYTES = 1000, // a text quotes names; a file can hold a name of a megabyte
    LINE_WIDTH = 110,      // of a quoted source line
    MAX_SHOWN_CALLS = 12,  // of the expansions a place was reached through
};

Diag *diag_create(Arena *a, SourceSet *sources)
{
    Diag *d = ARENA_NEW(a, Diag);
    d->arena = a;
    d->sources = sources;
    d->unshown = ARENA_NEW(a, DiagItem);
    return d;
}

static const char *format_text(Diag *d, const char *fmt, va_list ap)
{
    char *text = arena_vprintf(d->arena, fmt, ap);
    if (strlen(text) > MAX_TEXT_BYTES) {
        memcpy(text + MAX_TEXT_BYTES - 3, "...", 4);
    }
    return text;
}

static bool same_range(SrcRange a, SrcRange b)
{
    return a.file == b.file && a.begin == b.begin && a.end == b.end;
}

static DiagItem *find_same(const Diag *d, DiagLevel level, SrcRange range, const char *text)
{
    for (uint32_t i = 0; i < d->items.count; i++) {
        DiagItem *item = d->items.at[i];
        if (item->level == level && same_range(item->at.range, range) &&
            strcmp(item->text, text) == 0) {
            return item;
        }
    }
    return NULL;
}

static DiagItem *add_item(Diag *d, DiagLevel level, Loc at, const char *text)
{
    // What a repeat expands a hundred times is one mistake; its first report has the help too.
    if (find_same(d, level, at.range, text)) {
        return d->unshown;
    }
    bool is_error = level == DIAG_ERROR;
    uint32_t *count = is_error ? &d->errors : &d->warnings;
    ++*count;
    if (*count > (is_error ? DIAG_MAX_ERRORS : (uint32_t)MAX_WARNINGS)) {
        return d->unshown;
    }
    DiagItem *item = ARENA_NEW(d->arena, DiagItem);
    item->level = level;
    item->order = d->items.count;
    item->at = at;
    item->text = text;
    VEC_PUSH(d->arena, &d->items, item);
    return item;
}

DiagItem *diag_error(Diag *d, Loc at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    DiagItem *item = add_item(d, DIAG_ERROR, at, format_text(d, fmt, ap));
    va_end(ap);
    return item;
}

DiagItem *diag_warning(Diag *d, Loc at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    DiagItem *item = add_item(d, DIAG_WARNING, at, format_text(d, fmt, ap));
    va_end(ap);
    return item;
}

void diag_note(Diag *d, DiagItem *item, Loc at, const char *fmt, ...)
{
    if (item == d->unshown) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    Remark note = {at, format_text(d, fmt, ap)};
    va_end(ap);
    VEC_PUSH(d->arena, &item->notes, note);
}

void diag_help(Diag *d, DiagItem *item, const char *fmt, ...)
{
    if (item == d->unshown) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    const char *help = format_text(d, fmt, ap);
    va_end(ap);
    VEC_PUSH(d->arena, &item->helps, help);
}

uint32_t diag_error_count(const Diag *d)
{
    return d->errors;
}

static int compare_items(const void *pa, const void *pb)
{
    const DiagItem *const *a = pa, *const *b = pb;
    const SrcRange ra = (*a)->at.range, rb = (*b)->at.range;
    if (ra.file != rb.file) {
        return ra.file < rb.file ? -1 : 1;
    }
    if (ra.begin != rb.begin) {
        return ra.begin < rb.begin ? -1 : 1;
    }
    return (*a)->order < (*b)->order ? -1 : 1;
}

// Control bytes and what is not UTF-8 become '?', so that a binary file cannot upset a terminal.
static void render_text(const char *text, size_t bytes, StrBuf *out)
{
    for (size_t i = 0; i < bytes;) {
        size_t length = utf8_length(text + i, bytes - i);
        bool control = length == 1 && (text[i] < ' ' || text[i] == 0x7f) && text[i] != '\t';
        strbuf_add_bytes(out, length && !control ? text + i : "?", length && !control ? length : 1);
        i += length ? length : 1;
    }
}

// Prints the line of `range` and carets under the range, at most LINE_WIDTH bytes around its start.
static void render_source_line(const Diag *d, SrcRange range, StrBuf *out)
{
    const SourceFile *f = source_file(d->sources, range.file);
    uint32_t line, col;
    source_locate(d->sources, range.file, range.begin, &line, &col);
    size_t begin = f->line_start[line - 1];
    size_t end = line < f->line_count ? f->line_start[line] - 1 : f->bytes;
    if (end > begin && f->text[end - 1] == '\r') {
        end--;
    }
    size_t first = range.begin - begin > LINE_WIDTH - 20 ? range.begin - (LINE_WIDTH / 2) : begin;
    size_t last = end - first > LINE_WIDTH ? first + LINE_WIDTH : end;
    strbuf_add(out, "    ");
    render_text(f->text + first, last - first, out);
    strbuf_add(out, "\n    ");
    for (size_t i = first; i < range.begin; i++) {
        if ((f->text[i] & 0xc0) == 0x80) {
            continue; // the later bytes of a UTF-8 character take no column
        }
        strbuf_add(out, f->text[i] == '\t' ? "\t" : " ");
    }
    size_t stop = range.end < last ? range.end : last;
    strbuf_add(out, "^");
    for (size_t i = (size_t)range.begin + 1; i < stop; i++) {
        if ((f->text[i] & 0xc0) != 0x80) {
            strbuf_add(out, "^");
        }
    }
    strbuf_add(out, "\n");
}

static void render_place(const Diag *d, SrcRange range, StrBuf *out)
{
    const SourceFile *f = source_file(d->sources, range.file);
    uint32_t line, col;
    source_locate(d->sources, range.file, range.begin, &line, &col);
    strbuf_printf(out, "%s:%u:%u", f->path, (unsigned)line, (unsigned)col);
}

static void render_message(const Diag *d, Loc at, const char *level, const char *text, StrBuf *out)
{
    bool placed = source_file(d->sources, at.range.file) != NULL;
    if (placed) {
        render_place(d, at.range, out);
        strbuf_add(out, ": ");
    }
    strbuf_printf(out, "%s: %s\n", level, text);
    if (placed) {
        render_source_line(d, at.range, out);
    }
    int shown = 0;
    for (const Expansion *e = at.via; e && shown < MAX_SHOWN_CALLS; e = e->parent, shown++) {
        strbuf_printf(out, "  in %s called at ", e->text ? e->text : e->name);
        render_place(d, e->call, out);
        strbuf_add(out, "\n");
    }
}

void diag_render(const Diag *d, StrBuf *out)
{
    if (d->items.count) {
        qsort(d->items.at, d->items.count, sizeof *d->items.at, compare_items);
    }
    static const char *const LEVELS[] = {"error", "warning", "note"};
    for (uint32_t i = 0; i < d->items.count; i++) {
        const DiagItem *item = d->items.at[i];
        render_message(d, item->at, LEVELS[item->level], item->text, out);
        for (uint32_t n = 0; n < item->notes.count; n++) {
            render_message(d, item->notes.at[n].at, "note", item->notes.at[n].text, out);
        }
        for (uint32_t h = 0; h < item->helps.count; h++) {
            strbuf_printf(out, "  help: %s\n", item->helps.at[h]);
        }
    }
    if (d->errors > DIAG_MAX_ERRORS) {
        strbuf_add(out, "further errors are not shown\n");
    }
}
