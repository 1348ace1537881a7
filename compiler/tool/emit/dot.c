// dot.c: --emit=dot. A layer and the elementwise operators that follow it alone share a box, a row
// each; the path's components ("layer1", "layer1.0") become frames inside each other.
#include "tool/emit/emit.h"

#include <string.h>

#include "tool/report/svg.h"
#include "ir/opdef.h"

// Ends what is bold. Blanks at the start of a text are dropped by some who read SVG, so they stand
// at the end of the text before.
#define END_BOLD "&#160;&#160;</b>"

typedef struct Box {
    const Node *first, *last; // a chain: each node's only reader is the next one
    bool drawn;
} Box;

typedef struct Drawing {
    Arena *arena;
    const Graph *g;
    StrBuf *out;
    VEC(Box) boxes;
    uint32_t *box_of; // by node id
    uint32_t *uses;   // by value id; outputs count too
    uint32_t frames;
} Drawing;

static const char *node_name(const Node *n)
{
    return n->name ? n->name : n->op->name;
}

// Length of "layer1.0." in "layer1.0.conv1".
static size_t folder_length(const char *name)
{
    const char *point = strrchr(name, '.');
    return point ? (size_t)(point - name) + 1 : 0;
}

static bool same_folder(const Node *a, const Node *b)
{
    const char *x = node_name(a), *y = node_name(b);
    size_t n = folder_length(x);
    return folder_length(y) == n && memcmp(x, y, n) == 0;
}

// Whether n goes into the box of the node that made its input.
static bool continues(const Drawing *d, const Node *n)
{
    const Node *before = n->inputs.count ? n->inputs.at[0]->def : NULL;
    bool light = n->op->scalar || n->op->role == OP_ROLE_BATCHNORM;
    if (!before || !light || before->next != n || !same_folder(before, n)) {
        return false;
    }
    for (uint32_t i = 1; i < n->inputs.count; i++) {
        if (n->inputs.at[i]->def || n->inputs.at[i]->kind == VALUE_INPUT) {
            return false;
        }
    }
    return d->uses[before->outputs.at[0]->id] == 1;
}

static void count_uses(Drawing *d)
{
    d->uses = ARENA_ARRAY(d->arena, uint32_t, d->g->next_value + 1);
    for (const Node *n = d->g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            d->uses[n->inputs.at[i]->id]++;
        }
    }
    for (uint32_t i = 0; i < d->g->outputs.count; i++) {
        d->uses[d->g->outputs.at[i]->id]++;
    }
}

static void make_boxes(Drawing *d)
{
    for (const Node *n = d->g->first; n; n = n->next) {
        if (continues(d, n)) {
            d->boxes.at[d->boxes.count - 1].last = n;
        } else {
            Box b = {.first = n, .last = n};
            VEC_PUSH(d->arena, &d->boxes, b);
        }
        d->box_of[n->id] = d->boxes.count - 1;
    }
}

static const char *node_color(const Node *n)
{
    switch (n->op->role) {
    case OP_ROLE_CONV:
        return "#cfe2f7";
    case OP_ROLE_DENSE:
        return "#f9d5d3";
    case OP_ROLE_BATCHNORM:
        return "#eeeeee";
    case OP_ROLE_POOL:
        return "#d5ecd4";
    case OP_ROLE_ADD:
    case OP_ROLE_JOIN:
        return "#fde5bf";
    case OP_ROLE_NONE:
    case OP_ROLE_CONV_BWD_DATA:
    case OP_ROLE_CONV_BWD_WEIGHTS:
    case OP_ROLE_DENSE_BWD_DATA:
    case OP_ROLE_DENSE_BWD_WEIGHTS:
    case OP_ROLE_BN_FINISH:
    case OP_ROLE_SOFTMAX:
    case OP_ROLE_DROPOUT:
    case OP_ROLE_DROP_PATH:
    case OP_ROLE_DROP_MASK:
    case OP_ROLE_MAP:
    case OP_ROLE_GRAD_STORE:
        break;
    }
    return "#ffffff";
}

static void add_row(Drawing *d, const Node *n)
{
    const char *name = node_name(n) + folder_length(node_name(n));
    const char *op = n->op->name;
    StrBuf attrs = {.arena = d->arena};
    if (n->attrs && !n->op->scalar) {
        attrs_print(n->op, n->attrs, &attrs);
    }
    strbuf_printf(d->out, "<tr><td align=\"left\" bgcolor=\"%s\"><b>", node_color(n));
    svg_escape(d->out, name);
    strbuf_add(d->out, END_BOLD);
    if (strncmp(name, op, strlen(op)) != 0) { // "relu_2" says what it is
        strbuf_printf(d->out, "%s%s", op, attrs.count ? "&#160; " : "");
    }
    svg_escape(d->out, strbuf_text(&attrs));
    strbuf_add(d->out, "</td></tr>");
}

static void draw_box(Drawing *d, Box *b, int indent)
{
    b->drawn = true;
    strbuf_printf(d->out,
                  "%*sn%u [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" "
                  "cellpadding=\"5\">",
                  indent, "", b->first->id);
    for (const Node *n = b->first;; n = n->next) {
        add_row(d, n);
        if (n == b->last) {
            break;
        }
    }
    strbuf_add(d->out, "</table>>];\n");
}

// The block whose call made the frame: that of a box right in it, unless its own frame says so.
static const Expansion *frame_block(const Drawing *d, uint32_t i, const char *folder, size_t length)
{
    for (; i < d->boxes.count; i++) {
        const char *name = node_name(d->boxes.at[i].first);
        if (folder_length(name) == length && strncmp(name, folder, length) == 0) {
            return d->boxes.at[i].first->loc.via;
        }
    }
    return NULL;
}

// Draws what lies in the folder, from box i on; the folders in it become frames.
static void draw_folder(Drawing *d, uint32_t i, const char *folder, size_t length,
                        const Expansion *outer, int indent)
{
    for (; i < d->boxes.count; i++) {
        Box *b = &d->boxes.at[i];
        const char *name = node_name(b->first);
        if (b->drawn || strncmp(name, folder, length) != 0) {
            continue;
        }
        if (folder_length(name) <= length) {
            draw_box(d, b, indent);
            continue;
        }
        size_t inner = length + strcspn(name + length, ".") + 1;
        const Expansion *via = frame_block(d, i, name, inner);
        strbuf_printf(d->out, "%*ssubgraph cluster_%u {\n%*slabeljust=l; label=<<b>", indent, "",
                      d->frames++, indent + 2, "");
        svg_escape(d->out, arena_strndup(d->arena, name, inner - 1));
        strbuf_add(d->out, END_BOLD);
        if (via && via != outer) { // inside of others, arguments are only names
            svg_escape(d->out, via->parent ? via->name : via->text);
        }
        strbuf_add(d->out, ">;\n");
        draw_folder(d, i, name, inner, via ? via : outer, indent + 2);
        strbuf_printf(d->out, "%*s}\n", indent, "");
    }
}

// "64 x 56 x 56" of [N,64,56,56].
static const char *shape_label(Arena *a, const Shape *shape)
{
    StrBuf text = {.arena = a};
    for (uint32_t i = shape_is_batched(shape) ? 1 : 0; i < shape->rank; i++) {
        strbuf_printf(&text, "%s%lld", text.count ? "×" : "", (long long)shape->dim[i]);
    }
    return strbuf_text(&text);
}

static bool shape_changes(const Box *b)
{
    const Value *in = b->first->inputs.at[0];
    return !shape_equal(&in->shape, &b->last->outputs.at[0]->shape);
}

static void draw_edges(Drawing *d, const Box *b)
{
    const Node *n = b->first;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.at[i];
        if (v->def) {
            const Box *from = &d->boxes.at[d->box_of[v->def->id]];
            strbuf_printf(d->out, "  n%u -> n%u", from->first->id, n->id);
            if (shape_changes(from)) {
                strbuf_printf(d->out, " [label=\" %s\"]", shape_label(d->arena, &v->shape));
            }
            strbuf_add(d->out, ";\n");
        } else if (v->kind == VALUE_INPUT) {
            strbuf_printf(d->out, "  v%u -> n%u [label=\" %s\"];\n", v->id, n->id,
                          shape_label(d->arena, &v->shape));
        }
    }
}

static void draw_ends(const Drawing *d)
{
    const Graph *g = d->g;
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        strbuf_printf(d->out, "  v%u [shape=oval, margin=0.1, label=<", g->inputs.at[i]->id);
        svg_escape(d->out, g->inputs.at[i]->name);
        strbuf_add(d->out, ">];\n");
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        const Value *v = g->outputs.at[i];
        strbuf_printf(d->out, "  out%u [shape=oval, margin=0.1, label=<", i);
        svg_escape(d->out, i < g->output_names.count ? g->output_names.at[i] : "output");
        strbuf_add(d->out, ">];\n");
        const char *kind = v->def ? "n" : "v";
        uint32_t id = v->def ? d->boxes.at[d->box_of[v->def->id]].first->id : v->id;
        strbuf_printf(d->out, "  %s%u -> out%u [label=\" %s\"];\n", kind, id, i,
                      shape_label(d->arena, &v->shape));
    }
}

// Boxes are layers with what follows them element by element; frames are labels and blocks; arrows
// tell the shape where it changes.
static void draw(const Graph *g, StrBuf *out)
{
    Drawing d = {.arena = out->arena, .g = g, .out = out};
    d.box_of = ARENA_ARRAY(d.arena, uint32_t, g->next_node + 1);
    count_uses(&d);
    make_boxes(&d);
    strbuf_add(out, "digraph model {\n  label=<<b>");
    svg_escape(out, g->name);
    strbuf_add(out, "</b>>; labelloc=t; fontname=\"Helvetica\"; fontsize=20;\n"
                    "  node [shape=plaintext, margin=0.02, fontname=\"Helvetica\", fontsize=11];\n"
                    "  edge [fontname=\"Helvetica\", fontsize=10, fontcolor=\"#555555\", "
                    "color=\"#555555\", arrowsize=0.7];\n"
                    "  graph [style=rounded, color=\"#999999\", bgcolor=white, fontsize=12, "
                    "ranksep=0.3];\n");
    draw_folder(&d, 0, "", 0, NULL, 2);
    for (uint32_t i = 0; i < d.boxes.count; i++) {
        draw_edges(&d, &d.boxes.at[i]);
    }
    draw_ends(&d);
    strbuf_add(out, "}\n");
}

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    StrBuf text = {.arena = a};
    draw(build_graph(b), &text);
    return emit_text(&text, bytes);
}

const EmitDef emit_dot = {
    .name = "dot",
    .doc = "the layers as a drawing, for Graphviz",
    .needs = EMIT_NEEDS_GRAPH,
    .make = make,
};
