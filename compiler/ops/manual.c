// manual.c: an operator's page of the manual, all from its record.
#include <inttypes.h>
#include <string.h>

#include "ir/opdef.h"

static const char *type_text(const AttrDef *def)
{
    switch (def->type) {
    case ATTR_INT:
        return "integer";
    case ATTR_FLOAT:
        return "number";
    case ATTR_BOOL:
        return "true or false";
    case ATTR_SIZE2:
        return "size: `3` or `3x3`";
    case ATTR_PAD4:
        return "padding: `1`, `1x1`, `[top,left,bottom,right]` or `same`";
    case ATTR_ENUM:
        return "one of";
    case ATTR_INTS:
        return "list of integers";
    case ATTR_PACKING:
        return "packing";
    }
    return "";
}

static void print_default(const AttrDef *def, StrBuf *out)
{
    if (def->required) {
        strbuf_add(out, "required");
        return;
    }
    switch (def->type) {
    case ATTR_BOOL:
        strbuf_add(out, def->fallback != 0.0 ? "true" : "false");
        return;
    case ATTR_ENUM:
        strbuf_add(out, attr_choice_text(out->arena, def, (uint32_t)def->fallback));
        return;
    case ATTR_INTS:
        strbuf_add(out, "[]");
        return;
    case ATTR_PACKING:
        return;
    case ATTR_INT:
    case ATTR_FLOAT:
    case ATTR_SIZE2:
    case ATTR_PAD4:
        strbuf_printf(out, "%.9g", def->fallback);
        return;
    }
}

static void print_attr_row(const AttrDef *def, StrBuf *out)
{
    strbuf_printf(out, "| `%s`", def->name);
    if (def->position) {
        strbuf_printf(out, " (argument %d)", def->position);
    }
    strbuf_printf(out, " | %s", type_text(def));
    if (def->type == ATTR_ENUM) {
        for (uint32_t i = 0; i < attr_choice_count(def); i++) {
            strbuf_printf(out, "%s `%s`", i ? "," : "", attr_choice_text(out->arena, def, i));
        }
    }
    strbuf_add(out, " | ");
    print_default(def, out);
    strbuf_add(out, " | ");
    if (def->min != def->max) {
        strbuf_printf(out, "%.9g to %.9g", def->min, def->max);
    }
    strbuf_printf(out, " | %s |\n", def->doc);
}

static void print_inputs(const OpDef *op, StrBuf *out)
{
    if (op->min_inputs == op->max_inputs) {
        strbuf_printf(out, "Takes %u tensor%s", op->min_inputs, op->min_inputs == 1 ? "" : "s");
    } else {
        strbuf_printf(out, "Takes %u to %u tensors", op->min_inputs, op->max_inputs);
    }
    uint32_t outputs = op->output_count ? op->output_count : 1;
    strbuf_printf(out, " and gives %u.", outputs);
    if (op->kind == OP_ELEMENTWISE) {
        strbuf_add(out, " Works element by element.");
    }
    if (op->train_only_effect) {
        strbuf_add(out, " Does nothing in inference.");
    }
    strbuf_add(out, "\n");
}

void op_print_manual(const OpDef *op, StrBuf *out)
{
    strbuf_printf(out, "## %s\n\n", op->name);
    if (op->aliases) {
        strbuf_add(out, "Also written");
        for (const char *p = op->aliases; *p;) {
            size_t n = strcspn(p, " ");
            strbuf_printf(out, "%s `%.*s`", p == op->aliases ? "" : ",", (int)n, p);
            p += n + (p[n] == ' ');
        }
        strbuf_add(out, ".\n\n");
    }
    strbuf_printf(out, "%s\n\n", op->doc);
    print_inputs(op, out);
    if (!op->attr_count) {
        return;
    }
    strbuf_add(out, "\n| attribute | type | default | range | meaning |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < op->attr_count; i++) {
        print_attr_row(&op->attrs[i], out);
    }
}
