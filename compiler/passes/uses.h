// uses.h: who reads a value, built once per pass and kept up to date by it, so that no pass walks
// the graph per value.
#ifndef PASSES_USES_H
#define PASSES_USES_H

#include "ir/graph.h"

typedef struct UseList {
    VEC(Node *) nodes; // each reader once, in execution order when built
    uint32_t outputs;  // how often it is an output of the model, or the loss
} UseList;

typedef struct Uses {
    Arena *arena;
    Graph *g;
    UseList *of; // by value id
    uint32_t count;
} Uses;

void uses_build(Uses *u, Arena *a, Graph *g);
UseList *uses_of(Uses *u, const Value *v);
void uses_add(Uses *u, const Value *v, Node *reader);
void uses_drop(Uses *u, const Value *v, const Node *reader);
/// Forgets `n` as a reader of all its inputs.
void uses_drop_node(Uses *u, const Node *n);
/// Rewires every reader and model output from `from` to `to`.
void uses_replace(Uses *u, Value *from, Value *to);
/// The one node that reads v, or NULL if there are several, none, or v is an output.
Node *uses_only(Uses *u, const Value *v);

#endif
