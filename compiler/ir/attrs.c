// attrs.c: what is generic over an operator's attribute table: defaults, print, equality, hash,
// ranges. Not here: binding of arguments from the language (front end).
#include <inttypes.h>
#include <string.h>

#include "base/intern.h"
#include "ir/opdef.h"

// An attribute inside the struct; the table guarantees offset and type.
static void *field(const AttrDef *def, void *attrs)
{
    return (char *)attrs + def->offset;
}

static const void *field_const(const AttrDef *def, const void *attrs)
{
    return (const char *)attrs + def->offset;
}

static void set_default(const AttrDef *def, void *attrs)
{
    void *at = field(def, attrs);
    switch (def->type) {
    case ATTR_INT:
        *(int64_t *)at = (int64_t)def->fallback;
        return;
    case ATTR_FLOAT:
        *(double *)at = def->fallback;
        return;
    case ATTR_BOOL:
        *(bool *)at = def->fallback != 0.0;
        return;
    case ATTR_ENUM:
        *(int32_t *)at = (int32_t)def->fallback;
        return;
    case ATTR_SIZE2:
    case ATTR_PAD4:
        for (int i = 0; i < (def->type == ATTR_PAD4 ? 4 : 2); i++) {
            ((int64_t *)at)[i] = (int64_t)def->fallback;
        }
        return;
    case ATTR_INTS:
        *(IntList *)at = (IntList){0};
        return;
    case ATTR_PACKING:
        *(const Packing **)at = NULL;
        return;
    }
}

void attrs_set_defaults(const OpDef *op, void *attrs)
{
    if (!op->attr_bytes) {
        return;
    }
    memset(attrs, 0, op->attr_bytes);
    for (uint32_t i = 0; i < op->attr_count; i++) {
        set_default(&op->attrs[i], attrs);
    }
}

static bool numbers_equal(const int64_t *a, const int64_t *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static bool attr_equal(const AttrDef *def, const void *a, const void *b)
{
    a = field_const(def, a);
    b = field_const(def, b);
    switch (def->type) {
    case ATTR_INT:
        return *(const int64_t *)a == *(const int64_t *)b;
    case ATTR_FLOAT:
        return memcmp(a, b, sizeof *(const double *)a) == 0;
    case ATTR_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case ATTR_ENUM:
        return *(const int32_t *)a == *(const int32_t *)b;
    case ATTR_SIZE2:
        return numbers_equal(a, b, 2);
    case ATTR_PAD4:
        return numbers_equal(a, b, 4);
    case ATTR_INTS: {
        const IntList *x = a, *y = b;
        return x->count == y->count && numbers_equal(x->at, y->at, x->count);
    }
    case ATTR_PACKING:
        return packing_equal(*(const Packing *const *)a, *(const Packing *const *)b);
    }
    return false;
}

bool attrs_equal(const OpDef *op, const void *a, const void *b)
{
    for (uint32_t i = 0; i < op->attr_count; i++) {
        if (!attr_equal(&op->attrs[i], a, b)) {
            return false;
        }
    }
    return true;
}

static uint64_t hash_packing(uint64_t h, const Packing *p)
{
    for (; p; p = p->next) {
        h = hash_u64(h, p->dims);
        h = hash_bytes(h, p->dim, p->dims * sizeof p->dim[0]);
        h = hash_bytes(h, p->base, sizeof p->base);
        h = hash_bytes(h, p->fold, sizeof p->fold);
    }
    return h;
}

uint64_t attrs_hash(uint64_t h, const OpDef *op, const void *attrs)
{
    for (uint32_t i = 0; i < op->attr_count; i++) {
        const AttrDef *def = &op->attrs[i];
        const void *at = field_const(def, attrs);
        switch (def->type) {
        case ATTR_INT:
            h = hash_bytes(h, at, sizeof(int64_t));
            break;
        case ATTR_FLOAT:
            h = hash_bytes(h, at, sizeof *(const double *)at);
            break;
        case ATTR_BOOL:
            h = hash_u64(h, *(const bool *)at);
            break;
        case ATTR_ENUM:
            h = hash_bytes(h, at, sizeof(int32_t));
            break;
        case ATTR_SIZE2:
            h = hash_bytes(h, at, 2 * sizeof(int64_t));
            break;
        case ATTR_PAD4:
            h = hash_bytes(h, at, 4 * sizeof(int64_t));
            break;
        case ATTR_INTS:
            h = hash_u64(h, ((const IntList *)at)->count);
            h = hash_bytes(h, ((const IntList *)at)->at,
                           ((const IntList *)at)->count * sizeof(int64_t));
            break;
        case ATTR_PACKING:
            h = hash_packing(h, *(const Packing *const *)at);
            break;
        }
    }
    return h;
}

uint32_t attr_choice_count(const AttrDef *def)
{
    uint32_t count = 1;
    for (const char *p = def->choices; *p; p++) {
        count += *p == '|';
    }
    return count;
}

const char *attr_choice_text(Arena *a, const AttrDef *def, uint32_t i)
{
    const char *begin = def->choices;
    while (i--) {
        begin = strchr(begin, '|') + 1;
    }
    return arena_strndup(a, begin, strcspn(begin, "|"));
}

static void print_list(StrBuf *out, const int64_t *at, uint32_t count)
{
    strbuf_add(out, "[");
    for (uint32_t i = 0; i < count; i++) {
        strbuf_printf(out, "%s%" PRId64, i ? "," : "", at[i]);
    }
    strbuf_add(out, "]");
}

static void print_pad(StrBuf *out, const int64_t *pad)
{
    if (pad[0] == ATTR_PAD_SAME) {
        strbuf_add(out, "same");
    } else if (pad[0] == pad[1] && pad[0] == pad[2] && pad[0] == pad[3]) {
        strbuf_printf(out, "%" PRId64, pad[0]);
    } else {
        print_list(out, pad, 4);
    }
}

static void print_attr(const AttrDef *def, const void *attrs, StrBuf *out)
{
    const void *at = field_const(def, attrs);
    const int64_t *size = at;
    switch (def->type) {
    case ATTR_INT:
        strbuf_printf(out, "%" PRId64, *size);
        return;
    case ATTR_FLOAT:
        strbuf_printf(out, "%.9g", *(const double *)at);
        return;
    case ATTR_BOOL:
        strbuf_add(out, *(const bool *)at ? "true" : "false");
        return;
    case ATTR_ENUM:
        strbuf_add(out, attr_choice_text(out->arena, def, (uint32_t) * (const int32_t *)at));
        return;
    case ATTR_SIZE2:
        if (size[0] == size[1] && !def->position) {
            strbuf_printf(out, "%" PRId64, size[0]);
        } else {
            strbuf_printf(out, "%" PRId64 "x%" PRId64, size[0], size[1]);
        }
        return;
    case ATTR_PAD4:
        print_pad(out, size);
        return;
    case ATTR_INTS:
        print_list(out, ((const IntList *)at)->at, ((const IntList *)at)->count);
        return;
    case ATTR_PACKING: {
        Layout packed = {.kind = LAYOUT_PACKED, .packing = *(const Packing *const *)at};
        layout_print(out, &packed);
        return;
    }
    }
}

void attrs_print(const OpDef *op, const void *attrs, StrBuf *out)
{
    if (!op->attr_bytes) {
        return;
    }
    void *defaults = arena_alloc(out->arena, op->attr_bytes);
    attrs_set_defaults(op, defaults);
    const char *separator = "";
    for (uint32_t i = 0; i < op->attr_count; i++) {
        const AttrDef *def = &op->attrs[i];
        if (!def->required && attr_equal(def, attrs, defaults)) {
            continue;
        }
        strbuf_add(out, separator);
        if (!def->position || !def->required) {
            strbuf_printf(out, "%s=", def->name);
        }
        print_attr(def, attrs, out);
        separator = ", ";
    }
}

static bool in_range(const AttrDef *def, const void *attrs)
{
    const void *at = field_const(def, attrs);
    uint32_t numbers = 1;
    switch (def->type) {
    case ATTR_FLOAT: {
        double x = *(const double *)at;
        return x >= def->min && x <= def->max;
    }
    case ATTR_BOOL:
    case ATTR_INTS:
    case ATTR_PACKING:
        return true;
    case ATTR_ENUM:
        return *(const int32_t *)at >= 0 &&
               (uint32_t) * (const int32_t *)at < attr_choice_count(def);
    case ATTR_INT:
        break;
    case ATTR_SIZE2:
        numbers = 2;
        break;
    case ATTR_PAD4:
        if (*(const int64_t *)at == ATTR_PAD_SAME) {
            return true;
        }
        numbers = 4;
        break;
    }
    for (uint32_t i = 0; i < numbers; i++) {
        int64_t x = ((const int64_t *)at)[i];
        if (x < (int64_t)def->min || x > (int64_t)def->max) {
            return false;
        }
    }
    return true;
}

bool attrs_check(const OpDef *op, const void *attrs, StrBuf *why)
{
    if (!op->attr_bytes) {
        return true;
    }
    void *defaults = arena_alloc(why->arena, op->attr_bytes);
    attrs_set_defaults(op, defaults);
    for (uint32_t i = 0; i < op->attr_count; i++) {
        const AttrDef *def = &op->attrs[i];
        bool bounded = def->min != def->max || def->type == ATTR_ENUM;
        if (!bounded || (!def->required && attr_equal(def, attrs, defaults)) ||
            in_range(def, attrs)) {
            continue;
        }
        if (def->type == ATTR_ENUM) {
            strbuf_printf(why, "%s must be one of %s", def->name, def->choices);
            return false;
        }
        strbuf_printf(why, "%s must be between %.9g and %.9g, not ", def->name, def->min, def->max);
        print_attr(def, attrs, why);
        return false;
    }
    return true;
}
