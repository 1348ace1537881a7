// svg.h: what drawings share: escaped text and round distances of marks.
#ifndef TOOL_REPORT_SVG_H
#define TOOL_REPORT_SVG_H

#include "base/strbuf.h"

/// Adds text with < > & and quotes escaped: names of files and layers may hold anything.
void svg_escape(StrBuf *out, const char *text);
/// <text> at (x, y); anchor: start, middle, end.
void svg_text(StrBuf *out, double x, double y, const char *anchor, const char *color,
              const char *text);
/// The smallest of 1, 2, 5 times a power of ten that makes at most `most` steps up to hi > 0.
double svg_round_tick(double hi, int most);

#endif
