// graph.c: --emit=graph: the network as the passes get it.
#include "tool/emit/emit.h"

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    StrBuf text = {.arena = a};
    graph_dump(build_graph(b), &text);
    return emit_text(&text, bytes);
}

const EmitDef emit_graph = {
    .name = "graph",
    .doc = "the network as the passes get it",
    .needs = EMIT_NEEDS_GRAPH,
    .make = make,
};
