// op_case.c: test cases of operator records as graphs.
// The little parser here is independent of the language's on purpose.
#include "support/op_case.h"

#include <check.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *p)
{
    while (*p == ' ') {
        p++;
    }
    return p;
}

// Integers separated by `separator`; returns how many, or -1.
static int read_numbers(const char *p, char separator, int64_t *at, int max)
{
    for (int n = 0; n < max;) {
        char *end;
        at[n++] = strtoll(p, &end, 10);
        if (end == p) {
            return -1;
        }
        p = skip_blanks(end);
        if (*p == '\0') {
            return n;
        }
        if (*p++ != separator) {
            return -1;
        }
    }
    return -1;
}

static bool read_size(const char *text, int64_t size[2])
{
    int n = read_numbers(text, 'x', size, 2);
    if (n == 1) {
        size[1] = size[0];
    }
    return n > 0;
}

static bool read_pad(Arena *a, const char *text, int64_t pad[4])
{
    size_t length = strlen(text);
    if (strcmp(text, "same") == 0) {
        for (int i = 0; i < 4; i++) {
            pad[i] = ATTR_PAD_SAME;
        }
        return true;
    }
    if (text[0] == '[' && text[length - 1] == ']') {
        return read_numbers(arena_strndup(a, text + 1, length - 2), ',', pad, 4) == 4;
    }
    if (!read_size(text, pad)) {
        return false;
    }
    pad[2] = pad[0];
    pad[3] = pad[1];
    return true;
}

static bool read_choice(Arena *a, const AttrDef *def, const char *text, int32_t *choice)
{
    for (uint32_t i = 0; i < attr_choice_count(def); i++) {
        if (strcmp(attr_choice_text(a, def, i), text) == 0) {
            *choice = (int32_t)i;
            return true;
        }
    }
    return false;
}

static bool read_value(Arena *a, const AttrDef *def, const char *text, void *attrs)
{
    void *at = (char *)attrs + def->offset;
    char *end;
    switch (def->type) {
    case ATTR_INT:
        return read_numbers(text, '\0', at, 1) == 1;
    case ATTR_FLOAT:
        *(double *)at = strtod(text, &end);
        return end != text && *end == '\0';
    case ATTR_BOOL:
        *(bool *)at = strcmp(text, "true") == 0;
        return *(bool *)at || strcmp(text, "false") == 0;
    case ATTR_ENUM:
        return read_choice(a, def, text, at);
    case ATTR_SIZE2:
        return read_size(text, at);
    case ATTR_PAD4:
        return read_pad(a, text, at);
    case ATTR_INTS:
    case ATTR_PACKING:
        return false;
    }
    return false;
}

static const AttrDef *find_attr(const OpDef *op, const char *name, int position)
{
    for (uint32_t i = 0; i < op->attr_count; i++) {
        if (name ? strcmp(op->attrs[i].name, name) == 0 : op->attrs[i].position == position) {
            return &op->attrs[i];
        }
    }
    return NULL;
}

// Cuts at the next comma outside brackets; *text moves behind it.
static char *next_item(Arena *a, const char **text)
{
    const char *begin = skip_blanks(*text), *p = begin;
    for (int depth = 0; *p && !(*p == ',' && depth == 0); p++) {
        depth += (*p == '[') - (*p == ']');
    }
    *text = *p ? p + 1 : p;
    return arena_strndup(a, begin, (size_t)(p - begin));
}

bool op_case_attrs(Arena *a, const OpDef *op, const char *text, void *attrs, const char **why)
{
    attrs_set_defaults(op, attrs);
    int position = 0;
    while (*skip_blanks(text)) {
        char *item = next_item(a, &text), *equals = strchr(item, '=');
        if (equals) {
            *equals++ = '\0';
        } else {
            position++;
        }
        const AttrDef *def = find_attr(op, equals ? item : NULL, position);
        if (!def || !read_value(a, def, equals ? equals : item, attrs)) {
            *why = arena_printf(a, "%s: cannot read %s", op->name, item);
            return false;
        }
    }
    return true;
}

static Value *add_tensor(Graph *g, const OpDef *op, uint32_t index, const char *text)
{
    text = skip_blanks(text);
    bool positive = *text == '+';
    text += positive;
    char kind = *text;
    ValueKind value_kind = kind == '=' || kind == '~' ? VALUE_PARAM : VALUE_INPUT;
    if (op->updates >> index & 1) {
        value_kind = VALUE_STATE;
    }
    const char *name = arena_printf(g->arena, "in%u", index);
    if (kind == '#') {
        return graph_add_value(g, VALUE_LABELS, ELEM_U32, shape_batch(), name, (Loc){0});
    }
    if (kind == 'N') {
        return graph_add_value(g, VALUE_INPUT, ELEM_F32, shape_batch(), name, (Loc){0});
    }
    Shape s = {.rank = 0};
    bool batched = kind != '=' && kind != '~';
    if (batched) {
        s.dim[0] = DIM_BATCH;
    }
    int n = read_numbers(batched ? text : text + 1, ',', &s.dim[batched], SHAPE_MAX_RANK - 1);
    ck_assert_msg(n > 0, "%s: cannot read the tensor %s", op->name, text);
    s.rank = (uint32_t)n + batched;
    Elem elem = kind == '~' ? ELEM_F64 : ELEM_F32;
    Value *v = graph_add_value(g, value_kind, elem, s, name, (Loc){0});
    if (kind == '~') {
        v->terms = (uint32_t)s.dim[0];
        v->parts_mul = 1;
        v->parts_div = RN_DIV_ALL;
        v->layout.kind = LAYOUT_PARTIALS;
    }
    if (positive) {
        v->init = RN_INIT_CONST;
        v->init_arg = 1.0;
    }
    return v;
}

Graph *op_case_build(Arena *a, const OpDef *op, const OpCase *c, Diag *diag, Node **node)
{
    Graph *g = graph_create(a, op->name);
    Value *in[16];
    uint32_t count = 0;
    for (const char *p = c->inputs; *p;) {
        size_t n = strcspn(p, ";");
        in[count] = add_tensor(g, op, count, arena_strndup(a, p, n));
        count++;
        p += n + (p[n] == ';');
    }
    void *attrs = arena_alloc(a, op->attr_bytes + 1);
    const char *why = NULL;
    ck_assert_msg(op_case_attrs(a, op, c->attrs, attrs, &why), "%s", why);
    *node = build_node(g, &(NodeSpec){.op = op,
                                      .attrs = attrs,
                                      .in = in,
                                      .in_count = count,
                                      .name = "op",
                                      .make_params = op->params != NULL,
                                      .diag = diag});
    return g;
}

int64_t op_case_elements(const Value *v, int64_t batch)
{
    return shape_elements(&v->shape) * (shape_is_batched(&v->shape) ? batch : 1);
}

// A float in [-1, 1) from a counter.
static double random_float(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 40) / (double)(1 << 23) - 1.0;
}

static void fill(const Graph *g, const Value *v, RefTensor *t, int64_t batch, uint64_t *state)
{
    bool positive = v->init == RN_INIT_CONST && v->init_arg == 1.0;
    int64_t classes = g->first ? shape_channels(&g->first->inputs.at[0]->shape) : 1;
    for (int64_t i = 0; i < op_case_elements(v, batch); i++) {
        double x = random_float(state);
        if (v->kind == VALUE_LABELS) {
            x = floor((x + 1.0) / 2.0 * (double)classes);
        } else if (positive) {
            x = 1.0 + x / 2.0;
        } else if (v->terms > 1 && i >= shape_elements(&v->shape) / v->terms * (v->terms - 1)) {
            x = 1.5 + x / 2.0; // a sum of squares: at least the other sum's square
        }
        t->at[i] = x;
    }
}

RefTensor *op_case_values(Arena *a, const Graph *g, int64_t batch, uint64_t seed)
{
    RefTensor *values = ARENA_ARRAY(a, RefTensor, g->next_value + 1);
    uint64_t state = seed * 2 + 1;
    const Value *given[64];
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        given[count++] = g->inputs.at[i];
    }
    for (uint32_t i = 0; i < g->params.count; i++) {
        given[count++] = g->params.at[i];
    }
    for (uint32_t i = 0; i < g->states.count; i++) {
        given[count++] = g->states.at[i];
    }
    if (g->labels) {
        given[count++] = g->labels;
    }
    ck_assert_uint_lt(count, 64);
    for (uint32_t i = 0; i < count; i++) {
        RefTensor *t = &values[given[i]->id];
        t->shape = given[i]->shape;
        if (shape_is_batched(&t->shape)) {
            t->shape.dim[0] = batch;
        }
        t->at = ARENA_ARRAY(a, double, op_case_elements(given[i], batch));
        fill(g, given[i], t, batch, &state);
    }
    return values;
}
