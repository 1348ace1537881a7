// svg.c: see svg.h.
#include "tool/report/svg.h"

#include <math.h>
#include <stdbool.h>

void svg_escape(StrBuf *out, const char *text)
{
    for (size_t n = 1; *text; text += n ? n : 1) {
        n = utf8_bytes(text);
        bool control = (unsigned char)*text < ' ' && *text != '\n' && *text != '\t';
        if (n == 0 || control) { // what XML has no place for
            strbuf_add(out, UTF8_REPLACEMENT);
            continue;
        }
        switch (*text) {
        case '<':
            strbuf_add(out, "&lt;");
            break;
        case '>':
            strbuf_add(out, "&gt;");
            break;
        case '&':
            strbuf_add(out, "&amp;");
            break;
        case '"':
            strbuf_add(out, "&quot;");
            break;
        default:
            strbuf_add_bytes(out, text, n);
        }
    }
}

void svg_text(StrBuf *out, double x, double y, const char *anchor, const char *color,
              const char *text)
{
    strbuf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor,
                  color);
    svg_escape(out, text);
    strbuf_add(out, "</text>\n");
}

double svg_round_tick(double hi, int most)
{
    double step = pow(10.0, floor(log10(hi / most)));
    const double factor[] = {1, 2, 5, 10};
    for (size_t i = 0; i < sizeof factor / sizeof factor[0]; i++) {
        if (hi / (step * factor[i]) <= most) {
            return step * factor[i];
        }
    }
    return step * 10;
}
