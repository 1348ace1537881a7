// curves.c: the points of a training run and their text.
// Not here: when points are taken (train_record.c), their pictures (chart.c).
#include "tool/report/curves.h"

#include <math.h>
#include <stdio.h>

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
                   &p.test_accuracy, &used) != 4) {
            return false;
        }
        if (text[used] == ' ' &&
            sscanf(text + used, "%lf %lf %lf%n", &p.test_loss, &p.lr, &p.rate, &more) != 3) {
            return false;
        }
        used += more;
        if (text[used] != '\n') {
            return false;
        }
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
