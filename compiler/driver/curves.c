// curves.c: draws training curves as SVG: loss on the left axis, accuracies on the right one.
// Not here: when points are taken (cmd_train.c).
#include "driver/curves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "driver/svg.h"

// The picture and the plot's area in it, in pixels.
#define WIDTH 720
#define HEIGHT 440
#define LEFT 70
#define RIGHT 650
#define TOP 50
#define BOTTOM 370

#define LOSS_COLOR "#1f4e9c"
#define TRAIN_COLOR "#b5358c"
#define TEST_COLOR "#1b7f3b"

typedef struct Axis {
    double lo, hi;   // values at both ends
    double from, to; // pixels
    double tick;     // distance of two marks
} Axis;

typedef struct Curve {
    const char *name, *color, *dash;
    size_t offset; // of the value in CurvePoint
} Curve;

static const Curve curve_table[] = {
    {"train loss", LOSS_COLOR, "", offsetof(CurvePoint, train_loss)},
    {"train accuracy", TRAIN_COLOR, "7,4", offsetof(CurvePoint, train_accuracy)},
    {"test accuracy", TEST_COLOR, "10,3,2,3", offsetof(CurvePoint, test_accuracy)},
};
#define CURVES (sizeof curve_table / sizeof curve_table[0])

void curves_print(const Curves *c, StrBuf *out)
{
    for (uint32_t i = 0; i < c->points.count; i++) {
        const CurvePoint *p = &c->points.at[i];
        strbuf_printf(out, "%.9g %.9g %.9g %.9g %.9g %.9g %.9g\n", p->epoch, p->train_loss,
                      p->train_accuracy, p->test_accuracy, p->test_loss, p->lr, p->rate);
    }
}

bool curves_parse(Arena *a, const char *text, Curves *out)
{
    *out = (Curves){0};
    while (*text) {
        CurvePoint p = {.test_loss = -1, .lr = -1, .rate = -1}; // old ones have not got these
        int used = 0, more = 0;
        if (sscanf(text, "%lf %lf %lf %lf%n", &p.epoch, &p.train_loss, &p.train_accuracy,
                   &p.test_accuracy, &used) != 4)
            return false;
        if (text[used] == ' ' &&
            sscanf(text + used, "%lf %lf %lf%n", &p.test_loss, &p.lr, &p.rate, &more) != 3)
            return false;
        used += more;
        if (text[used] != '\n')
            return false;
        VEC_PUSH(a, &out->points, p);
        text += used + 1;
    }
    return true;
}

double curve_value(const CurvePoint *p, size_t offset)
{
    double v = *(const double *)(const void *)((const char *)p + offset);
    return isfinite(v) && v >= 0 ? v : -1;
}

static double place(const Axis *axis, double value)
{
    return axis->from + (value - axis->lo) / (axis->hi - axis->lo) * (axis->to - axis->from);
}

static double largest(const Curves *c, size_t offset, double at_least)
{
    double most = at_least;
    for (uint32_t i = 0; i < c->points.count; i++) {
        double v = *(const double *)(const void *)((const char *)&c->points.at[i] + offset);
        if (isfinite(v) && v > most)
            most = v;
    }
    return most;
}

static void draw_x_axis(StrBuf *out, const Axis *x)
{
    char text[32];
    for (int i = 0; i * x->tick <= x->hi * (1 + 1e-9); i++) {
        double at = place(x, i * x->tick);
        strbuf_printf(out,
                      "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#e4e4e4\"/>\n",
                      at, TOP, at, BOTTOM);
        snprintf(text, sizeof text, "%g", i * x->tick);
        svg_text(out, at, BOTTOM + 20, "middle", "#333", text);
    }
    svg_text(out, (LEFT + RIGHT) / 2.0, BOTTOM + 42, "middle", "#333", "epoch");
}

static void draw_y_axis(StrBuf *out, const Axis *y, bool left)
{
    char text[32];
    for (int i = 0; i * y->tick <= y->hi * (1 + 1e-9); i++) {
        double at = place(y, i * y->tick);
        if (left)
            strbuf_printf(
                out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#e4e4e4\"/>\n",
                LEFT, at, RIGHT, at);
        snprintf(text, sizeof text, "%g", i * y->tick);
        svg_text(out, left ? LEFT - 8 : RIGHT + 8, at + 4, left ? "end" : "start",
                 left ? LOSS_COLOR : "#333", text);
    }
    double middle = (TOP + BOTTOM) / 2.0;
    double column = left ? LEFT - 48 : RIGHT + 52;
    strbuf_printf(out, "<g transform=\"rotate(-90 %.1f %.1f)\">", column, middle);
    svg_text(out, column, middle, "middle", left ? LOSS_COLOR : "#333", left ? "loss" : "accuracy");
    strbuf_add(out, "</g>\n");
}

static void draw_curve(StrBuf *out, const Curves *c, const Curve *curve, const Axis *x,
                       const Axis *y)
{
    strbuf_printf(
        out,
        "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" "
        "points=\"",
        curve->color, *curve->dash ? curve->dash : "none");
    double last_x = 0, last_y = 0;
    uint32_t drawn = 0;
    for (uint32_t i = 0; i < c->points.count; i++) {
        double v = curve_value(&c->points.at[i], curve->offset);
        if (v < 0)
            continue;
        last_x = place(x, c->points.at[i].epoch);
        last_y = place(y, v);
        strbuf_printf(out, "%.1f,%.1f ", last_x, last_y);
        drawn++;
    }
    strbuf_add(out, "\"/>\n");
    if (drawn > 0) // a single point is no line
        strbuf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", last_x,
                      last_y, curve->color);
}

static void draw_legend(StrBuf *out, const Curves *c)
{
    double y = (TOP + BOTTOM) / 2.0 - 32;
    strbuf_printf(out,
                  "<rect x=\"%d\" y=\"%.1f\" width=\"205\" height=\"70\" fill=\"#fff\" "
                  "fill-opacity=\"0.85\" stroke=\"#bbb\"/>\n",
                  RIGHT - 215, y);
    for (size_t i = 0; i < CURVES; i++) {
        double row = y + 18 + 20 * (double)i;
        strbuf_printf(out,
                      "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"%s\" "
                      "stroke-width=\"2\" stroke-dasharray=\"%s\"/>\n",
                      RIGHT - 205, row - 4, RIGHT - 165, row - 4, curve_table[i].color,
                      *curve_table[i].dash ? curve_table[i].dash : "none");
        char text[64];
        double last = -1;
        for (uint32_t k = 0; k < c->points.count; k++)
            if (curve_value(&c->points.at[k], curve_table[i].offset) >= 0)
                last = curve_value(&c->points.at[k], curve_table[i].offset);
        if (last >= 0)
            snprintf(text, sizeof text, "%s %.3f", curve_table[i].name, last);
        else
            snprintf(text, sizeof text, "%s -", curve_table[i].name);
        svg_text(out, RIGHT - 158, row, "start", "#333", text);
    }
}

void curves_svg(const Curves *c, const char *title, StrBuf *out)
{
    double epochs = largest(c, offsetof(CurvePoint, epoch), 1.0);
    double loss = largest(c, offsetof(CurvePoint, train_loss), 0.1);
    Axis x = {0, epochs, LEFT, RIGHT, epochs <= 10 ? 1 : svg_round_tick(epochs, 10)};
    Axis left = {0, loss * 1.05, BOTTOM, TOP, svg_round_tick(loss * 1.05, 6)};
    Axis right = {0, 1, BOTTOM, TOP, 0.2};
    strbuf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                  WIDTH, HEIGHT, WIDTH, HEIGHT);
    svg_text(out, (LEFT + RIGHT) / 2.0, TOP - 20, "middle", "#111", title);
    draw_x_axis(out, &x);
    draw_y_axis(out, &left, true);
    draw_y_axis(out, &right, false);
    strbuf_printf(out,
                  "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" "
                  "stroke=\"#333\"/>\n",
                  LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
    for (size_t i = 0; i < CURVES; i++)
        draw_curve(out, c, &curve_table[i], &x, i == 0 ? &left : &right);
    draw_legend(out, c);
    strbuf_add(out, "</svg>\n");
}
