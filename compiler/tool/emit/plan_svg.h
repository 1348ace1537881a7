// plan_svg.h: the buffer plans as a picture: --emit=plan-svg.
#ifndef TOOL_EMIT_PLAN_SVG_H
#define TOOL_EMIT_PLAN_SVG_H

#include "base/strbuf.h"
#include "ir/graph.h"

/// One panel per plan: steps to the right, bytes of the arena upwards, a rectangle per buffer.
void plan_svg_print(const Graph *const *plans, uint32_t count, StrBuf *out);

#endif
