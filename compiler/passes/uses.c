// uses.c: reader lists of values.
#include "passes/uses.h"

#include <string.h>

static void grow(Uses *u, uint32_t id)
{
    if (id < u->count) {
        return;
    }
    uint32_t count = id + id / 2 + 16;
    UseList *of = ARENA_ARRAY(u->arena, UseList, count);
    if (u->count) {
        memcpy(of, u->of, u->count * sizeof *of);
    }
    u->of = of;
    u->count = count;
}

UseList *uses_of(Uses *u, const Value *v)
{
    grow(u, v->id);
    return &u->of[v->id];
}

void uses_build(Uses *u, Arena *a, Graph *g)
{
    *u = (Uses){.arena = a, .g = g};
    grow(u, g->next_value);
    for (Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            uses_add(u, n->inputs.at[i], n);
        }
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        uses_of(u, g->outputs.at[i])->outputs++;
    }
    if (g->loss) {
        uses_of(u, g->loss)->outputs++;
    }
}

void uses_add(Uses *u, const Value *v, Node *reader)
{
    UseList *list = uses_of(u, v);
    for (uint32_t i = list->nodes.count; i-- > 0;) {
        if (list->nodes.at[i] == reader) {
            return;
        }
    }
    VEC_PUSH(u->arena, &list->nodes, reader);
}

void uses_drop(Uses *u, const Value *v, const Node *reader)
{
    UseList *list = uses_of(u, v);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->nodes.count; i++) {
        if (list->nodes.at[i] != reader) {
            list->nodes.at[kept++] = list->nodes.at[i];
        }
    }
    list->nodes.count = kept;
}

void uses_drop_node(Uses *u, const Node *n)
{
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        uses_drop(u, n->inputs.at[i], n);
    }
}

void uses_replace(Uses *u, Value *from, Value *to)
{
    if (from == to) {
        return;
    }
    uses_of(u, to);
    UseList *list = uses_of(u, from);
    for (uint32_t k = 0; k < list->nodes.count; k++) {
        Node *n = list->nodes.at[k];
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            if (n->inputs.at[i] == from) {
                n->inputs.at[i] = to;
            }
        }
        uses_add(u, to, n);
    }
    list->nodes.count = 0;
    Graph *g = u->g;
    for (uint32_t i = 0; list->outputs && i < g->outputs.count; i++) {
        if (g->outputs.at[i] == from) {
            g->outputs.at[i] = to;
        }
    }
    if (g->loss == from) {
        g->loss = to;
    }
    uses_of(u, to)->outputs += list->outputs;
    list->outputs = 0;
}

Node *uses_only(Uses *u, const Value *v)
{
    const UseList *list = uses_of(u, v);
    return list->nodes.count == 1 && !list->outputs ? list->nodes.at[0] : NULL;
}
