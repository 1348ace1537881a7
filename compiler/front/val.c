// val.c: the values of compile-time expressions: making, comparing and printing them.
#include "front/val.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PRINTED_ELEMENTS = 8, MAX_PRINTED_TEXT = 60 };

Val val_poison(void)
{
    return (Val){.kind = VAL_POISON};
}

Val val_none(void)
{
    return (Val){.kind = VAL_NONE};
}

Val val_bool(bool x)
{
    return (Val){.kind = VAL_BOOL, .u.truth = x};
}

Val val_int(int64_t x)
{
    return (Val){.kind = VAL_INT, .u.integer = x};
}

Val val_float(double x)
{
    return (Val){.kind = VAL_FLOAT, .u.real = x};
}

Val val_text(const char *x)
{
    return (Val){.kind = VAL_TEXT, .u.text = x};
}

Val val_tensor(Value *x)
{
    return (Val){.kind = VAL_TENSOR, .u.tensor = x};
}

Val val_list(const Val *at, uint32_t count)
{
    Val list = {.kind = VAL_LIST, .u.list = {at, count, 1, count}};
    uint64_t size = count;
    for (uint32_t i = 0; i < count; i++) {
        if (at[i].kind != VAL_LIST) {
            continue;
        }
        size += at[i].u.list.size;
        if (at[i].u.list.depth >= list.u.list.depth) {
            list.u.list.depth = at[i].u.list.depth + 1;
        }
    }
    list.u.list.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    return list;
}

const char *val_kind_text(ValKind kind)
{
    switch (kind) {
    case VAL_POISON:
        return "an unknown value";
    case VAL_NONE:
        return "none";
    case VAL_BOOL:
        return "a truth value";
    case VAL_INT:
        return "an integer";
    case VAL_FLOAT:
        return "a float";
    case VAL_TEXT:
        return "a text";
    case VAL_LIST:
        return "a list";
    case VAL_TENSOR:
        return "a tensor";
    }
    return "?";
}

const char *val_describe(Arena *a, const Val *v)
{
    static const char *const NOUNS[] = {
        [VAL_BOOL] = "",          [VAL_INT] = "",           [VAL_FLOAT] = "",
        [VAL_TEXT] = "the text ", [VAL_LIST] = "the list ", [VAL_TENSOR] = "the tensor ",
    };
    if (v->kind == VAL_NONE || v->kind == VAL_POISON) {
        return val_kind_text(v->kind);
    }
    StrBuf b = {.arena = a};
    strbuf_add(&b, NOUNS[v->kind]);
    val_print(v, &b);
    return strbuf_text(&b);
}

static void print_list(const Val *v, StrBuf *out)
{
    uint32_t shown = v->u.list.count;
    if (shown > MAX_PRINTED_ELEMENTS) {
        shown = MAX_PRINTED_ELEMENTS;
    }
    strbuf_add(out, "[");
    for (uint32_t i = 0; i < shown; i++) {
        strbuf_add(out, i ? ", " : "");
        // Lists of lists of lists would grow like a power.
        if (v->u.list.at[i].kind == VAL_LIST && v->u.list.depth > 3) {
            strbuf_add(out, "[...]");
        } else {
            val_print(&v->u.list.at[i], out);
        }
    }
    strbuf_add(out, shown < v->u.list.count ? ", ...]" : "]");
}

void val_print(const Val *v, StrBuf *out)
{
    switch (v->kind) {
    case VAL_POISON:
        strbuf_add(out, "?");
        return;
    case VAL_NONE:
        strbuf_add(out, "none");
        return;
    case VAL_BOOL:
        strbuf_add(out, v->u.truth ? "true" : "false");
        return;
    case VAL_INT:
        strbuf_printf(out, "%lld", (long long)v->u.integer);
        return;
    case VAL_FLOAT:
        strbuf_printf(out, "%.9g", v->u.real);
        return;
    case VAL_TEXT:
        strbuf_printf(out, "\"%.*s%s\"", MAX_PRINTED_TEXT, v->u.text,
                      strlen(v->u.text) > MAX_PRINTED_TEXT ? "..." : "");
        return;
    case VAL_LIST:
        print_list(v, out);
        return;
    case VAL_TENSOR:
        shape_print(out, &v->u.tensor->shape, v->u.tensor->elem);
        return;
    }
}

bool val_is_number(const Val *v)
{
    return v->kind == VAL_INT || v->kind == VAL_FLOAT;
}

double val_number(const Val *v)
{
    return v->kind == VAL_INT ? (double)v->u.integer : v->u.real;
}

static bool lists_equal(const Val *a, const Val *b)
{
    if (a->u.list.count != b->u.list.count) {
        return false;
    }
    if (a->u.list.at == b->u.list.at) {
        return true;
    }
    for (uint32_t i = 0; i < a->u.list.count; i++) {
        if (!val_equal(&a->u.list.at[i], &b->u.list.at[i])) {
            return false;
        }
    }
    return true;
}

bool val_equal(const Val *a, const Val *b)
{
    if (val_is_number(a) && val_is_number(b) && a->kind != b->kind) {
        return val_number(a) >= val_number(b) && val_number(a) <= val_number(b);
    }
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case VAL_POISON:
    case VAL_NONE:
        return true;
    case VAL_BOOL:
        return a->u.truth == b->u.truth;
    case VAL_INT:
        return a->u.integer == b->u.integer;
    case VAL_FLOAT:
        return a->u.real >= b->u.real && a->u.real <= b->u.real;
    case VAL_TEXT:
        return strcmp(a->u.text, b->u.text) == 0;
    case VAL_LIST:
        return lists_equal(a, b);
    case VAL_TENSOR:
        return a->u.tensor == b->u.tensor;
    }
    return false;
}

bool val_is_tensors(const Val *v)
{
    if (v->kind != VAL_LIST || !v->u.list.count) {
        return false;
    }
    for (uint32_t i = 0; i < v->u.list.count; i++) {
        if (v->u.list.at[i].kind != VAL_TENSOR) {
            return false;
        }
    }
    return true;
}
