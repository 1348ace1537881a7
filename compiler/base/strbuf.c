// strbuf.c: a text that grows.
#include "base/strbuf.h"

#include <math.h>
#include <stdarg.h>
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

void strbuf_add_json(StrBuf *b, const char *text)
{
    strbuf_add(b, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            strbuf_printf(b, "\\%c", *text);
        } else if ((unsigned char)*text < ' ') {
            strbuf_printf(b, "\\u%04x", (unsigned)(unsigned char)*text);
        } else {
            strbuf_add_bytes(b, text, 1);
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
