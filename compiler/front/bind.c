// bind.c: fills an operator's attribute struct from a call's arguments. All that is known about
// attributes comes from the operator's table.
#include "front/bind.h"

#include <stdlib.h>
#include <string.h>

#include "base/internal_error.h"

enum { MAX_ATTRS = 32 };

typedef struct Binder {
    Front *f;
    const Frame *frame;
    const OpDef *op;
    void *attrs;
    bool given[MAX_ATTRS];
    bool ok;
} Binder;

static const char *wanted_text(Arena *a, const AttrDef *def)
{
    switch (def->type) {
    case ATTR_INT:
        return "an integer";
    case ATTR_FLOAT:
        return "a number";
    case ATTR_BOOL:
        return "true or false";
    case ATTR_SIZE2:
        return "an integer or a size like 3x3";
    case ATTR_PAD4:
        return "an integer, a size like 1x2, [top, left, bottom, right] or \"same\"";
    case ATTR_ENUM:
        return arena_printf(a, "one of the texts %s", def->choices);
    case ATTR_INTS:
        return "a list of integers";
    case ATTR_PACKING:
        return "nothing that the language has";
    }
    return "?";
}

static DiagItem *report_kind(Binder *b, const AttrDef *def, SrcRange range, const Val *v)
{
    b->ok = false;
    return front_error(b->f, b->frame, range, "%s: %s is %s, not %s", b->op->name, def->name,
                       wanted_text(b->f->arena, def), val_describe(b->f->arena, v));
}

static void check_range(Binder *b, const AttrDef *def, SrcRange range, double x)
{
    bool any = def->min >= def->max && def->min <= def->max;
    if (any || (x >= def->min && x <= def->max)) {
        return;
    }
    b->ok = false;
    (void)front_error(b->f, b->frame, range, "%s: %s must be between %.15g and %.15g, not %.15g",
                      b->op->name, def->name, def->min, def->max, x);
}

// The integers of an integer (count copies) or of a list of exactly count integers; false
// otherwise.
static bool read_ints(const Val *v, int64_t *out, uint32_t count)
{
    if (v->kind == VAL_INT) {
        for (uint32_t i = 0; i < count; i++) {
            out[i] = v->u.integer;
        }
        return true;
    }
    if (v->kind != VAL_LIST || v->u.list.count != count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (v->u.list.at[i].kind != VAL_INT) {
            return false;
        }
        out[i] = v->u.list.at[i].u.integer;
    }
    return true;
}

static void set_ints(Binder *b, const AttrDef *def, SrcRange range, const Val *v, int64_t *out,
                     uint32_t count)
{
    if (!read_ints(v, out, count)) {
        (void)report_kind(b, def, range, v);
        return;
    }
    for (uint32_t i = 0; i < count && b->ok; i++) {
        check_range(b, def, range, (double)out[i]);
    }
}

// top, left, bottom, right
static void set_pad(Binder *b, const AttrDef *def, SrcRange range, const Val *v, int64_t *out)
{
    int64_t size[2];
    if (v->kind == VAL_TEXT && strcmp(v->u.text, "same") == 0) {
        out[0] = out[1] = out[2] = out[3] = ATTR_PAD_SAME;
    } else if (v->kind == VAL_LIST && read_ints(v, size, 2)) {
        out[0] = out[2] = size[0];
        out[1] = out[3] = size[1];
        for (int i = 0; i < 2 && b->ok; i++) {
            check_range(b, def, range, (double)size[i]);
        }
    } else {
        set_ints(b, def, range, v, out, 4);
    }
}

static void set_enum(Binder *b, const AttrDef *def, SrcRange range, const Val *v, int32_t *out)
{
    uint32_t count = attr_choice_count(def);
    const char **texts = ARENA_ARRAY(b->f->arena, const char *, count);
    for (uint32_t i = 0; i < count; i++) {
        texts[i] = attr_choice_text(b->f->arena, def, i);
        if (v->kind == VAL_TEXT && strcmp(v->u.text, texts[i]) == 0) {
            *out = (int32_t)i;
            return;
        }
    }
    DiagItem *item = report_kind(b, def, range, v);
    if (v->kind == VAL_TEXT) {
        front_suggest(b->f, item, v->u.text, texts, count);
    }
}

static void set_int_list(Binder *b, const AttrDef *def, SrcRange range, const Val *v, IntList *out)
{
    uint32_t count = v->kind == VAL_LIST ? v->u.list.count : 0;
    int64_t *at = ARENA_ARRAY(b->f->arena, int64_t, count);
    if (v->kind != VAL_LIST) {
        (void)report_kind(b, def, range, v);
        return;
    }
    if (count) {
        set_ints(b, def, range, v, at, count);
    }
    out->at = at;
    out->count = count;
}

static void set_attr(Binder *b, const AttrDef *def, SrcRange range, const Val *v)
{
    void *at = (char *)b->attrs + def->offset;
    switch (def->type) {
    case ATTR_INT:
        if (v->kind == VAL_INT) {
            set_ints(b, def, range, v, at, 1);
        } else {
            (void)report_kind(b, def, range, v);
        }
        return;
    case ATTR_FLOAT:
        if (!val_is_number(v)) {
            (void)report_kind(b, def, range, v);
            return;
        }
        *(double *)at = val_number(v);
        check_range(b, def, range, val_number(v));
        return;
    case ATTR_BOOL:
        if (v->kind == VAL_BOOL) {
            *(bool *)at = v->u.truth;
        } else {
            (void)report_kind(b, def, range, v);
        }
        return;
    case ATTR_SIZE2:
        set_ints(b, def, range, v, at, 2);
        return;
    case ATTR_PAD4:
        set_pad(b, def, range, v, at);
        return;
    case ATTR_ENUM:
        set_enum(b, def, range, v, at);
        return;
    case ATTR_INTS:
        set_int_list(b, def, range, v, at);
        return;
    case ATTR_PACKING:
        (void)report_kind(b, def, range, v);
        return;
    }
}

static uint32_t find_by_name(const OpDef *op, const char *name)
{
    for (uint32_t i = 0; i < op->attr_count; i++) {
        if (strcmp(op->attrs[i].name, name) == 0) {
            return i;
        }
    }
    return op->attr_count;
}

static uint32_t find_by_position(const OpDef *op, uint32_t position)
{
    for (uint32_t i = 0; i < op->attr_count; i++) {
        if (op->attrs[i].position == (int32_t)position) {
            return i;
        }
    }
    return op->attr_count;
}

// Returns the attribute that was probably meant, or attr_count.
static uint32_t report_unknown(Binder *b, const Arg *arg)
{
    const OpDef *op = b->op;
    const char *names[MAX_ATTRS];
    for (uint32_t i = 0; i < op->attr_count; i++) {
        names[i] = op->attrs[i].name;
    }
    DiagItem *item = front_error(b->f, b->frame, arg->name.range, "%s has no attribute `%s`",
                                 op->name, arg->name.text);
    const char *near = nearest_name(arg->name.text, names, op->attr_count);
    StrBuf all = {.arena = b->f->arena};
    for (uint32_t i = 0; i < op->attr_count; i++) {
        strbuf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    if (near) {
        diag_help(b->f->diag, item, "did you mean `%s`?", near);
    } else if (op->attr_count) {
        diag_help(b->f->diag, item, "it has %s", strbuf_text(&all));
    } else {
        diag_help(b->f->diag, item, "it has no attributes");
    }
    return near ? find_by_name(op, near) : op->attr_count;
}

static void report_superfluous(Binder *b, const Arg *arg, const Val *v, uint32_t position)
{
    if (v->kind == VAL_TENSOR) {
        DiagItem *item = front_error(b->f, b->frame, arg->range,
                                     "%s: a tensor after other arguments", b->op->name);
        diag_help(b->f->diag, item, "tensors come first");
        return;
    }
    uint32_t known = 0;
    while (find_by_position(b->op, known + 1) < b->op->attr_count) {
        known++;
    }
    DiagItem *item = front_error(
        b->f, b->frame, arg->range, "%s takes %u argument%s without a name, this is number %u",
        b->op->name, (unsigned)known, known == 1 ? "" : "s", (unsigned)position);
    if (b->op->attr_count) {
        diag_help(b->f->diag, item, "give the attribute's name, as in %s=...",
                  b->op->attrs[b->op->attr_count > known ? known : 0].name);
    }
}

static bool has_required(const OpDef *op)
{
    for (uint32_t i = 0; i < op->attr_count; i++) {
        if (op->attrs[i].required) {
            return true;
        }
    }
    return false;
}

static void bind_one(Binder *b, const Arg *arg, const Val *v, uint32_t position)
{
    const OpDef *op = b->op;
    uint32_t i = arg->name.text ? find_by_name(op, arg->name.text) : find_by_position(op, position);
    if (i == op->attr_count && arg->name.text) {
        i = report_unknown(b, arg);
        if (i == op->attr_count || b->given[i]) {
            b->ok = !has_required(op); // then it works, and has its shape, without this one
            return;
        }
    }
    if (i == op->attr_count) {
        b->ok = false;
        if (v->kind != VAL_POISON) {
            report_superfluous(b, arg, v, position);
        }
        return;
    }
    if (b->given[i]) {
        b->ok = false;
        (void)front_error(b->f, b->frame, arg->range, "%s: %s is given twice", op->name,
                          op->attrs[i].name);
        return;
    }
    b->given[i] = true;
    if (v->kind == VAL_POISON) {
        b->ok = false;
    } else {
        set_attr(b, &op->attrs[i], arg->range, v);
    }
}

bool bind_attrs(Front *f, const Frame *frame, const OpDef *op, const BindArgs *args, void *attrs)
{
    Binder b = {.f = f, .frame = frame, .op = op, .attrs = attrs, .ok = true};
    if (op->attr_count > MAX_ATTRS) {
        INTERNAL_ERROR("operator %s has more than %d attributes", op->name, MAX_ATTRS);
    }
    attrs_set_defaults(op, attrs);
    uint32_t position = 0;
    bool all_ok = true;
    for (uint32_t i = args->tensors; i < args->call->args.count; i++) {
        const Arg *arg = &args->call->args.at[i];
        b.ok = true;
        position += arg->name.text == NULL;
        bind_one(&b, arg, &args->values[i], position);
        all_ok &= b.ok;
    }
    for (uint32_t i = 0; i < op->attr_count; i++) {
        if (b.given[i] || !op->attrs[i].required) {
            continue;
        }
        // What was misspelt is probably this one: then one report is enough.
        if (all_ok) {
            DiagItem *item = front_error(f, frame, args->call->range, "%s needs %s=...", op->name,
                                         op->attrs[i].name);
            if (op->attrs[i].doc) {
                diag_help(f->diag, item, "%s: %s", op->attrs[i].name, op->attrs[i].doc);
            }
        }
        all_ok = false;
    }
    return all_ok;
}
