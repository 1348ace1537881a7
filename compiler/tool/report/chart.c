// chart.c: axes with round marks, one line per series, the last value in the legend.
#include "tool/report/chart.h"

#include <math.h>
#include <stdio.h>

#include "tool/report/svg.h"

// The picture and the plot's area in it, in pixels.
#define WIDTH 500
#define HEIGHT 270
#define LEFT 62
#define RIGHT 486
#define TOP 44
#define BOTTOM 230

#define TITLE 34 // height of a picture's own

static const ChartSeries loss_series[] = {
    {"train", "#1f4e9c", offsetof(CurvePoint, train_loss), false},
    {"test", "#1b7f3b", offsetof(CurvePoint, test_loss), true}};
static const ChartSeries accuracy_series[] = {
    {"train", "#1f4e9c", offsetof(CurvePoint, train_accuracy), false},
    {"test", "#1b7f3b", offsetof(CurvePoint, test_accuracy), true}};
static const ChartSeries lr_series[] = {{"", "#b5358c", offsetof(CurvePoint, lr), false}};
static const ChartSeries rate_series[] = {{"", "#a05a00", offsetof(CurvePoint, rate), false}};

const Chart chart_table[CHARTS] = {
    [CHART_LOSS] = {"Loss", loss_series, 2, true},
    [CHART_ACCURACY] = {"Accuracy", accuracy_series, 2, false},
    [CHART_LR] = {"Learning rate", lr_series, 1, true},
    [CHART_RATE] = {"Pictures per second", rate_series, 1, true},
};

typedef struct Frame {
    double x_hi, y_lo, y_hi, x_tick, y_tick;
} Frame;

static Frame fit(const Chart *chart, const Curves *c)
{
    double lo = INFINITY, hi = 0, x_hi = 1e-9;
    for (uint32_t i = 0; i < c->points.count; i++) {
        x_hi = fmax(x_hi, c->points.at[i].epoch);
        for (uint32_t k = 0; k < chart->count; k++) {
            double v = curve_value(&c->points.at[i], chart->series[k].offset);
            if (v < 0) {
                continue;
            }
            lo = fmin(lo, v);
            hi = fmax(hi, v);
        }
    }
    if (chart->from_zero || lo > hi) {
        lo = 0;
    }
    if (hi - lo < 1e-9 * (1 + hi)) {
        hi = lo + (hi > 0 ? hi * 0.1 : 1);
    }
    Frame f = {.x_hi = x_hi, .x_tick = svg_round_tick(x_hi, 8)};
    f.y_tick = svg_round_tick(hi - lo, 5);
    f.y_lo = floor(lo / f.y_tick + 1e-9) * f.y_tick;
    f.y_hi = ceil(hi / f.y_tick - 1e-9) * f.y_tick;
    return f;
}

static double place_x(const Frame *f, double x)
{
    return LEFT + (RIGHT - LEFT) * x / f->x_hi;
}

static double place_y(const Frame *f, double y)
{
    return BOTTOM - (BOTTOM - TOP) * (y - f->y_lo) / (f->y_hi - f->y_lo);
}

static void draw_axes(const Frame *f, StrBuf *out)
{
    char text[32];
    int rows = (int)lround((f->y_hi - f->y_lo) / f->y_tick);
    for (int i = 0; i <= rows; i++) {
        double v = f->y_lo + i * f->y_tick, y = place_y(f, v);
        strbuf_printf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"%s\"/>\n",
                      LEFT, y, RIGHT, y, i == 0 ? "#999" : "#e8e8e8");
        snprintf(text, sizeof text, "%.6g", fabs(v) < 1e-12 ? 0.0 : v);
        svg_text(out, LEFT - 8, y + 4, "end", "#555", text);
    }
    for (int i = 0; i * f->x_tick <= f->x_hi * (1 + 1e-9); i++) {
        double x = place_x(f, i * f->x_tick);
        strbuf_printf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#999\"/>\n",
                      x, BOTTOM, x, BOTTOM + 4);
        snprintf(text, sizeof text, "%g", i * f->x_tick);
        svg_text(out, x, BOTTOM + 19, "middle", "#555", text);
    }
    svg_text(out, RIGHT, BOTTOM + 34, "end", "#888", "epoch");
}

// Draws a series; returns its last value, or -1.
static double draw_series(const ChartSeries *s, const Curves *c, const Frame *f, StrBuf *out)
{
    double last = -1, x = 0, y = 0;
    strbuf_printf(out,
                  "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" "
                  "stroke-linejoin=\"round\" points=\"",
                  s->color);
    for (uint32_t i = 0; i < c->points.count; i++) {
        double v = curve_value(&c->points.at[i], s->offset);
        if (v < 0) {
            continue;
        }
        last = v;
        x = place_x(f, c->points.at[i].epoch);
        y = place_y(f, v);
        strbuf_printf(out, "%.1f,%.1f ", x, y);
    }
    strbuf_add(out, "\"/>\n");
    for (uint32_t i = 0; s->dots && c->points.count <= 400 && i < c->points.count; i++) {
        double v = curve_value(&c->points.at[i], s->offset);
        if (v >= 0) {
            strbuf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n",
                          place_x(f, c->points.at[i].epoch), place_y(f, v), s->color);
        }
    }
    if (last >= 0 && !s->dots) {
        strbuf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n", x, y,
                      s->color);
    }
    return last;
}

static void draw_chart(const Chart *chart, const Curves *c, StrBuf *out)
{
    Frame f = fit(chart, c);
    strbuf_add(out, "<g font-weight=\"600\" font-size=\"14\">");
    svg_text(out, LEFT, 20, "start", "#222", chart->title);
    strbuf_add(out, "</g>\n");
    draw_axes(&f, out);
    double right = RIGHT;
    for (uint32_t k = chart->count; k-- > 0;) {
        char text[64];
        double last = draw_series(&chart->series[k], c, &f, out);
        if (last < 0) {
            continue;
        }
        int n = snprintf(text, sizeof text, "%s %.4g", chart->series[k].name, last);
        svg_text(out, right, 20, "end", chart->series[k].color, text);
        right -= 7.0 * n + 14; // letters of 12 pixels are about 7 wide
    }
}

void chart_svg(const Chart *chart, const Curves *c, StrBuf *out)
{
    strbuf_printf(out,
                  "<svg viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"inherit\" "
                  "font-size=\"12\">\n",
                  WIDTH, HEIGHT);
    draw_chart(chart, c, out);
    strbuf_add(out, "</svg>\n");
}

void chart_picture(const Curves *c, const char *title, StrBuf *out)
{
    strbuf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<g font-size=\"14\">",
                  2 * WIDTH, HEIGHT + TITLE, 2 * WIDTH, HEIGHT + TITLE);
    svg_text(out, WIDTH, 24, "middle", "#222", title);
    strbuf_add(out, "</g>\n");
    for (int i = CHART_LOSS; i <= CHART_ACCURACY; i++) {
        strbuf_printf(out, "<g transform=\"translate(%d %d)\">\n", i * WIDTH, TITLE);
        draw_chart(&chart_table[i], c, out);
        strbuf_add(out, "</g>\n");
    }
    strbuf_add(out, "</svg>\n");
}
