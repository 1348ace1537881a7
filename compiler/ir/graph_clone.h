// graph_clone.h: copies of graphs.
#ifndef IR_GRAPH_CLONE_H
#define IR_GRAPH_CLONE_H

#include "ir/graph.h"

/// A deep copy in another (or the same) arena; OpDefs, names and locations are shared.
Graph *graph_clone(Arena *a, const Graph *g);

#endif
