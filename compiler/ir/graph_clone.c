// graph_clone.c: see graph_clone.h.
#include "ir/graph_clone.h"

#include <string.h>

#include "ir/opdef.h"

// Copying: every value once, through a table by id.
typedef struct Cloner {
    Graph *to;
    Value **copy; // by id of the original
} Cloner;

static Value *clone_value(Cloner *c, const Value *v)
{
    if (!v) {
        return NULL;
    }
    if (!c->copy[v->id]) {
        Value *copy = ARENA_NEW(c->to->arena, Value);
        c->copy[v->id] = copy;
        *copy = *v;
        copy->def = NULL; // set when the node is copied
        copy->param = clone_value(c, v->param);
    }
    return c->copy[v->id];
}

static Expr *clone_expr(Arena *a, const Expr *e)
{
    if (!e) {
        return NULL;
    }
    Expr *copy = ARENA_NEW(a, Expr);
    copy->result = e->result;
    for (uint32_t i = 0; i < e->steps.count; i++) {
        VEC_PUSH(a, &copy->steps, e->steps.at[i]);
    }
    return copy;
}

static void clone_node(Cloner *c, const Node *n)
{
    Arena *a = c->to->arena;
    Node *copy = graph_add_node(c->to, n->op, NULL);
    Node *prev = copy->prev;
    *copy = *n;
    copy->prev = prev;
    copy->next = NULL;
    if (n->attrs) {
        copy->attrs = arena_alloc(a, n->op->attr_bytes);
        memcpy(copy->attrs, n->attrs, n->op->attr_bytes);
    }
    memset(&copy->inputs, 0, sizeof copy->inputs);
    memset(&copy->outputs, 0, sizeof copy->outputs);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        VEC_PUSH(a, &copy->inputs, clone_value(c, n->inputs.at[i]));
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        Value *out = clone_value(c, n->outputs.at[i]);
        out->def = copy;
        VEC_PUSH(a, &copy->outputs, out);
    }
    copy->store = clone_expr(a, n->store);
}

Graph *graph_clone(Arena *a, const Graph *g)
{
    Graph *to = ARENA_NEW(a, Graph);
    *to = *g;
    to->arena = a;
    to->first = to->last = NULL;
    to->node_count = 0;
    Cloner c = {.to = to, .copy = ARENA_ARRAY(a, Value *, g->next_value ? g->next_value : 1)};
#define CLONE_LIST(list)                                                                           \
    memset(&to->list, 0, sizeof to->list);                                                         \
    for (uint32_t i = 0; i < g->list.count; i++)                                                   \
    VEC_PUSH(a, &to->list, clone_value(&c, g->list.at[i]))
    CLONE_LIST(inputs);
    CLONE_LIST(params);
    CLONE_LIST(states);
    for (const Node *n = g->first; n; n = n->next) {
        clone_node(&c, n);
    }
    CLONE_LIST(grads);
    CLONE_LIST(outputs);
#undef CLONE_LIST
    memset(&to->output_names, 0, sizeof to->output_names);
    for (uint32_t i = 0; i < g->output_names.count; i++) {
        VEC_PUSH(a, &to->output_names, g->output_names.at[i]);
    }
    to->labels = clone_value(&c, g->labels);
    to->loss = clone_value(&c, g->loss);
    to->next_node = g->next_node;
    return to;
}
