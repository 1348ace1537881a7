// curves.h: the course of a training run: points, their text in a checkpoint.
#ifndef TOOL_REPORT_CURVES_H
#define TOOL_REPORT_CURVES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"

/// A point at `epoch` (2.4: within the third). What was not measured there is negative.
typedef struct CurvePoint {
    double epoch, train_loss, train_accuracy, test_accuracy;
    double test_loss, lr;
    double rate; // pictures per second, in steps
} CurvePoint;

typedef struct Curves {
    VEC(CurvePoint) points;
} Curves;

/// One line per point; curves_parse reads it back and returns false on anything else.
void curves_print(const Curves *c, StrBuf *out);
bool curves_parse(Arena *a, const char *text, Curves *out);
/// The value at `offset` of a point; -1 where it was not measured, or is no finite number.
double curve_value(const CurvePoint *p, size_t offset);

#endif
