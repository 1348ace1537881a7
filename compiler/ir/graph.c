// graph.c: making, copying and changing the graph.
// Not here: nodes with inferred shapes (builder.c), dumps (dump.c), rules (verify.c).
#include "ir/graph.h"

#include "base/internal_error.h"

Graph *graph_create(Arena *a, const char *name)
{
    Graph *g = ARENA_NEW(a, Graph);
    g->arena = a;
    g->name = name;
    g->plan_batch = 1;
    return g;
}

Value *graph_add_value(Graph *g, ValueKind kind, Elem elem, Shape shape, const char *name, Loc loc)
{
    Value *v = ARENA_NEW(g->arena, Value);
    v->id = g->next_value++;
    v->kind = kind;
    v->elem = elem;
    v->layout.elem = elem;
    v->shape = shape;
    v->name = name;
    v->loc = loc;
    v->bind = BIND_INPUTS;
    switch (kind) {
    case VALUE_INPUT:
        VEC_PUSH(g->arena, &g->inputs, v);
        break;
    case VALUE_LABELS:
        g->labels = v;
        break;
    case VALUE_PARAM:
        v->bind = BIND_PARAMS;
        VEC_PUSH(g->arena, &g->params, v);
        break;
    case VALUE_STATE:
        v->bind = BIND_PARAMS;
        VEC_PUSH(g->arena, &g->states, v);
        break;
    case VALUE_TEMP:
    case VALUE_GRAD:
    case VALUE_OUTPUT:
        break;
    }
    return v;
}

static void link_node(Graph *g, Node *n, Node *before)
{
    n->next = before;
    n->prev = before ? before->prev : g->last;
    if (n->prev) {
        n->prev->next = n;
    } else {
        g->first = n;
    }
    if (before) {
        before->prev = n;
    } else {
        g->last = n;
    }
}

static void unlink_node(Graph *g, Node *n)
{
    if (n->prev) {
        n->prev->next = n->next;
    } else {
        g->first = n->next;
    }
    if (n->next) {
        n->next->prev = n->prev;
    } else {
        g->last = n->prev;
    }
    n->prev = n->next = NULL;
}

Node *graph_add_node(Graph *g, const OpDef *op, Node *before)
{
    Node *n = ARENA_NEW(g->arena, Node);
    n->id = g->next_node++;
    n->op = op;
    n->bind = BIND_INPUTS;
    n->name = "";
    link_node(g, n, before);
    g->node_count++;
    return n;
}

Value *graph_add_output(Graph *g, Node *n, Elem elem, Shape shape)
{
    Value *v = graph_add_value(g, VALUE_TEMP, elem, shape, n->name, n->loc);
    v->def = n;
    v->def_out = n->outputs.count;
    VEC_PUSH(g->arena, &n->outputs, v);
    return v;
}

void graph_remove_node(Graph *g, Node *n)
{
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        if (graph_use_count(g, n->outputs.at[i])) {
            INTERNAL_ERROR("removing node %s (%u), whose output %u is used", n->name, n->id, i);
        }
    }
    unlink_node(g, n);
    g->node_count--;
}

void graph_move_before(Graph *g, Node *n, Node *before)
{
    if (n == before) {
        return;
    }
    unlink_node(g, n);
    link_node(g, n, before);
}

void graph_replace_uses(Graph *g, Value *from, Value *to)
{
    for (Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            if (n->inputs.at[i] == from) {
                n->inputs.at[i] = to;
            }
        }
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        if (g->outputs.at[i] == from) {
            g->outputs.at[i] = to;
        }
    }
    if (g->loss == from) {
        g->loss = to;
    }
}

uint32_t graph_use_count(const Graph *g, const Value *v)
{
    uint32_t count = g->loss == v;
    for (const Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            count += n->inputs.at[i] == v;
        }
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        count += g->outputs.at[i] == v;
    }
    return count;
}

void graph_number_nodes(Graph *g)
{
    uint32_t number = 0;
    for (Node *n = g->first; n; n = n->next) {
        n->mark = ++number;
    }
}
