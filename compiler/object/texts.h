// texts.h: the strings of a descriptor in one run of bytes, equal ones once.
#ifndef OBJECT_TEXTS_H
#define OBJECT_TEXTS_H

#include "base/distinct.h"
#include "base/intern.h"
#include "base/strbuf.h"
#include "base/vec.h"

typedef struct Texts {
    Intern *strings;
    Distinct known;        // of const char *, interned
    VEC(uint32_t) offsets; // of the known strings
    StrBuf bytes;          // every string with its zero byte
} Texts;

/// The empty string is at 0.
Texts *texts_create(Arena *a);
/// Offset of this string; NULL is the empty one.
uint32_t texts_add(Texts *t, const char *text);

#endif
