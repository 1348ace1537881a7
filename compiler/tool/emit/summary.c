// summary.c: --emit=summary, from the graph as the front end built it.
#include "tool/emit/summary.h"

#include <string.h>

#include "ir/opdef.h"
#include "tool/emit/emit.h"

uint64_t summary_params(const Graph *g)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < g->params.count; i++) {
        n += (uint64_t)shape_elements(&g->params.at[i]->shape);
    }
    return n;
}

static uint64_t node_macs(const Node *n)
{
    return n->op->macs ? n->op->macs(n) : 0;
}

uint64_t summary_macs(const Graph *g)
{
    uint64_t macs = 0;
    for (const Node *n = g->first; n; n = n->next) {
        macs += node_macs(n);
    }
    return macs;
}

static uint64_t node_params(const Node *n)
{
    uint64_t params = 0;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        if (n->inputs.at[i]->kind == VALUE_PARAM) {
            params += (uint64_t)shape_elements(&n->inputs.at[i]->shape);
        }
    }
    return params;
}

// "64x56x56" of [N,64,56,56]; the batch goes without saying.
static const char *output_text(Arena *a, const Value *v)
{
    StrBuf text = {.arena = a};
    for (uint32_t i = shape_is_batched(&v->shape) ? 1 : 0; i < v->shape.rank; i++) {
        strbuf_printf(&text, "%s%lld", text.count ? "x" : "", (long long)v->shape.dim[i]);
    }
    return text.count ? strbuf_text(&text) : "1";
}

const char *summary_number(Arena *a, uint64_t n)
{
    char digits[32];
    size_t count = 0;
    do {
        if (count % 4 == 3) {
            digits[count++] = ',';
        }
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    char *text = arena_alloc(a, count + 1);
    for (size_t i = 0; i < count; i++) {
        text[i] = digits[count - 1 - i];
    }
    return text;
}

static void print_rows(const SummaryRows *rows, StrBuf *out, int width)
{
    Arena *a = out->arena;
    for (uint32_t i = 0; i < rows->count; i++) {
        const SummaryRow *r = &rows->at[i];
        strbuf_printf(out, "%-*s  %-14s  %-14s  %14s  %16s\n", width, r->name, r->what, r->output,
                      r->params ? summary_number(a, r->params) : "-",
                      r->macs ? summary_number(a, r->macs) : "-");
    }
}

static void print_head(StrBuf *out, int width, const char *first, const char *second)
{
    strbuf_printf(out, "%-*s  %-14s  %-14s  %14s  %16s\n", width, first, second, "output",
                  "parameters", "MACs");
}

static int name_width(const Graph *g)
{
    size_t width = 5;
    for (const Node *n = g->first; n; n = n->next) {
        if (n->name && strlen(n->name) > width) {
            width = strlen(n->name);
        }
    }
    return (int)width;
}

void summary_parts(const Graph *g, Arena *a, SummaryRows *rows)
{
    const char *begun = NULL; // name of the first layer of the part under way
    size_t length = 0;
    uint32_t layers = 0;
    for (const Node *n = g->first; n; n = n->next) {
        const char *name = n->name ? n->name : n->op->name;
        size_t word = strcspn(name, ".");
        if (!begun || word != length || memcmp(name, begun, length) != 0) {
            VEC_PUSH(a, rows, ((SummaryRow){.name = arena_strndup(a, name, word)}));
            begun = name;
            length = word;
            layers = 0;
        }
        SummaryRow *part = &rows->at[rows->count - 1];
        part->what = arena_printf(a, "%u", ++layers);
        part->output = output_text(a, n->outputs.at[0]);
        part->params += node_params(n);
        part->macs += node_macs(n);
    }
}

void summary_layers(const Graph *g, Arena *a, SummaryRows *rows)
{
    for (const Node *n = g->first; n; n = n->next) {
        SummaryRow row = {.name = n->name ? n->name : "",
                          .what = n->op->name,
                          .output = output_text(a, n->outputs.at[0]),
                          .params = node_params(n),
                          .macs = node_macs(n)};
        VEC_PUSH(a, rows, row);
    }
}

static void print_input(const Value *v, StrBuf *out)
{
    strbuf_printf(out, "input %s %s", v->name, output_text(out->arena, v));
    if (v->preprocess) {
        strbuf_add(out, ": ");
        preprocess_print(out, v->preprocess, shape_channels(&v->shape));
    }
    strbuf_add(out, "\n");
}

void summary_print(const Graph *g, StrBuf *out)
{
    Arena *a = out->arena;
    int width = name_width(g);
    strbuf_printf(out, "model %s\n", g->name);
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        print_input(g->inputs.at[i], out);
    }
    strbuf_add(out, "\n");
    SummaryRows parts = {0}, layers = {0};
    summary_parts(g, a, &parts);
    summary_layers(g, a, &layers);
    print_head(out, width, "part", "layers");
    print_rows(&parts, out, width);
    strbuf_add(out, "\n");
    print_head(out, width, "layer", "operator");
    print_rows(&layers, out, width);
    uint64_t state = 0;
    for (uint32_t i = 0; i < g->states.count; i++) {
        state += (uint64_t)shape_elements(&g->states.at[i]->shape);
    }
    strbuf_printf(
        out, "\ntrainable parameters: %s\nrunning statistics:   %s\nMACs per image:       %s\n",
        summary_number(a, summary_params(g)), summary_number(a, state),
        summary_number(a, summary_macs(g)));
}

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    StrBuf text = {.arena = a};
    summary_print(build_graph(b), &text);
    return emit_text(&text, bytes);
}

const EmitDef emit_summary = {
    .name = "summary",
    .doc = "layers with output shapes, parameters and multiply-adds",
    .needs = EMIT_NEEDS_GRAPH,
    .make = make,
};
