// chart.h: a line chart over the epochs as SVG, for the report.
// Not here: the picture of --curves (curves.c).
#ifndef DRIVER_CHART_H
#define DRIVER_CHART_H

#include "base/strbuf.h"
#include "driver/curves.h"

typedef struct ChartSeries {
    const char *name, *color;
    size_t offset; // of a value in CurvePoint; what was not measured is negative
    bool dots;     // few points: a mark at each
} ChartSeries;

typedef struct Chart {
    const char *title;
    const ChartSeries *series;
    uint32_t count;
    bool from_zero; // the axis begins at 0, not at the least value
} Chart;

void chart_svg(const Chart *chart, const Curves *curves, StrBuf *out);

#endif
