// dot.h: the network as a drawing for Graphviz: --emit=dot.
#ifndef TOOL_EMIT_DOT_H
#define TOOL_EMIT_DOT_H

#include "base/strbuf.h"
#include "ir/graph.h"

/// Boxes are layers with what follows them element by element; frames are labels and blocks; arrows
/// tell the shape where it changes. g: as the front end built it.
void dot_print(const Graph *g, StrBuf *out);

#endif
