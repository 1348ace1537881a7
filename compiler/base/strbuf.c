// strbuf.c: a text that grows.
#include "base/strbuf.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void reserve(StrBuf *b, size_t more)
{
    size_t need = b->count + more + 1;
    if (need <= b->capacity) {
        return;
    }
    size_t grown = b->capacity ? b->capacity * 2 : 256;
    if (grown < need) {
        grown = need;
    }
    char *text = arena_alloc(b->arena, grown);
    if (b->count) {
        memcpy(text, b->text, b->count);
    }
    b->text = text;
    b->capacity = grown;
}

void strbuf_add_bytes(StrBuf *b, const char *bytes, size_t n)
{
    reserve(b, n);
    if (n) {
        memcpy(b->text + b->count, bytes, n);
    }
    b->count += n;
    b->text[b->count] = '\0';
}

void strbuf_add(StrBuf *b, const char *text)
{
    strbuf_add_bytes(b, text, strlen(text));
}

void strbuf_printf(StrBuf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int length = vsnprintf(NULL, 0, fmt, ap);
    if (length > 0) {
        reserve(b, (size_t)length);
        (void)vsnprintf(b->text + b->count, (size_t)length + 1, fmt, again);
        b->count += (size_t)length;
    }
    va_end(again);
    va_end(ap);
}

// RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF.
size_t utf8_bytes(const char *text)
{
    static const struct {
        unsigned char lo, hi;           // of the first byte
        unsigned char next_lo, next_hi; // of the second
        size_t bytes;
    } forms[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                 {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
                 {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                 {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) {
        return 1;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (at[0] < forms[i].lo || at[0] > forms[i].hi) {
            continue;
        }
        size_t n = 1;
        bool ok = at[1] >= forms[i].next_lo && at[1] <= forms[i].next_hi;
        while (ok && ++n < forms[i].bytes) {
            ok = (at[n] & 0xC0) == 0x80;
        }
        return ok ? forms[i].bytes : 0;
    }
    return 0;
}

void strbuf_add_json(StrBuf *b, const char *text)
{
    strbuf_add(b, "\"");
    for (size_t n = 1; *text; text += n ? n : 1) {
        n = utf8_bytes(text);
        if (n == 0) {
            strbuf_add(b, UTF8_REPLACEMENT);
        } else if (*text == '"' || *text == '\\') {
            strbuf_printf(b, "\\%c", *text);
        } else if ((unsigned char)*text < ' ') {
            strbuf_printf(b, "\\u%04x", (unsigned)(unsigned char)*text);
        } else {
            strbuf_add_bytes(b, text, n);
        }
    }
    strbuf_add(b, "\"");
}

const char *json_number(double x, int digits, char text[32])
{
    if (isfinite(x)) {
        (void)snprintf(text, 32, "%.*g", digits, x);
    } else {
        (void)snprintf(text, 32, "null");
    }
    return text;
}

const char *strbuf_text(const StrBuf *b)
{
    return b->text ? b->text : "";
}
