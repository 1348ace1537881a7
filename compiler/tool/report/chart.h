// chart.h: line charts over the epochs as SVG, for the report and for --curves.
#ifndef TOOL_REPORT_CHART_H
#define TOOL_REPORT_CHART_H

#include "base/strbuf.h"
#include "tool/report/curves.h"

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

/// Loss, accuracy, learning rate, pictures per second.
enum { CHART_LOSS, CHART_ACCURACY, CHART_LR, CHART_RATE, CHARTS };
extern const Chart chart_table[CHARTS];

/// A chart as an element of a page.
void chart_svg(const Chart *chart, const Curves *curves, StrBuf *out);
/// Loss and accuracy side by side under a title, as a file.
void chart_picture(const Curves *curves, const char *title, StrBuf *out);

#endif
