// strbuf.h: a text that grows, in an arena. All dumps, reports and generated files are built in
// one.
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stddef.h>

#include "base/arena.h"

typedef struct StrBuf {
    Arena *arena;
    char *text; // NUL-terminated once anything was added, else NULL
    size_t count, capacity;
} StrBuf;

void strbuf_add(StrBuf *b, const char *text);
void strbuf_add_bytes(StrBuf *b, const char *bytes, size_t n);
void strbuf_printf(StrBuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/// Bytes of the UTF-8 character at `at`, 1 to 4; 0: what stands there is none. File names may hold
/// any bytes; JSON, HTML and SVG may not.
size_t utf8_bytes(const char *at);
/// What stands in for such a byte: U+FFFD.
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"
/// Adds a JSON string, quotes included; what is no UTF-8 becomes UTF8_REPLACEMENT.
void strbuf_add_json(StrBuf *b, const char *text);
/// A JSON number of so many digits, or null where JSON has none (infinities, NaN): in text, which is
/// returned.
const char *json_number(double x, int digits, char text[32]);
const char *strbuf_text(const StrBuf *b); // never NULL

#endif
