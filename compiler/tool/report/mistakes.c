// mistakes.c: the confusion matrix and the worst mistakes of a scored data set.
#include "tool/report/mistakes.h"

#include <math.h>
#include <stdlib.h>

#include "tool/report/png_writer.h"
#include "tool/cli/messages.h"
#include "tool/report/svg.h"

#define MATRIX_CLASSES 26 // at most; else the most frequent confusions
#define CONFUSIONS 20
#define MISTAKES 24
#define ROUNDING 1e-3f // of brightnesses: far below a 255th

static const char *class_text(Arena *a, const RnDataset *d, uint32_t k)
{
    return d->class_names && k < d->classes ? d->class_names[k] : arena_printf(a, "%u", k);
}

// counts[true * classes + predicted]
static uint32_t *count_pairs(const RnDataset *d, const Prediction *p, uint32_t classes)
{
    uint32_t *counts = calloc((size_t)classes * classes, sizeof *counts);
    for (uint32_t i = 0; counts && i < d->count; i++) {
        counts[(size_t)p[i].label * classes + p[i].predicted]++;
    }
    return counts;
}

// A cell is the darker, the larger its share of the row: right ones green, wrong ones red.
static void add_matrix_row(const RnDataset *d, const uint32_t *row, uint32_t label,
                           uint32_t classes, StrBuf *out)
{
    uint32_t sum = 0;
    for (uint32_t k = 0; k < classes; k++) {
        sum += row[k];
    }
    strbuf_add(out, "<tr><th>");
    svg_escape(out, class_text(out->arena, d, label));
    strbuf_add(out, "</th>");
    for (uint32_t k = 0; k < classes; k++) {
        double share = sum ? (double)row[k] / sum : 0;
        // Mistakes are few: their colour grows with the root of their share.
        double alpha = k == label ? 0.75 * share : 0.95 * sqrt(share);
        if (row[k]) {
            strbuf_printf(out, "<td style=\"background:rgba(%s,%.3f)\">%u</td>",
                          k == label ? "46,160,67" : "214,69,58", alpha, row[k]);
        } else {
            strbuf_add(out, "<td></td>");
        }
    }
    strbuf_printf(out, "<td>%.1f%%</td></tr>\n", sum ? 100.0 * row[label] / sum : 0.0);
}

static void add_matrix(const RnDataset *d, const uint32_t *counts, uint32_t classes, StrBuf *out)
{
    strbuf_add(out, "<p class=\"quiet\">Rows: the true class; columns: the predicted one.</p>\n"
                    "<table class=\"matrix\">\n<tr><th></th>");
    for (uint32_t k = 0; k < classes; k++) {
        strbuf_add(out, "<th class=\"c\">");
        svg_escape(out, class_text(out->arena, d, k));
        strbuf_add(out, "</th>");
    }
    strbuf_add(out, "<th class=\"c\">right</th></tr>\n");
    for (uint32_t k = 0; k < classes; k++) {
        add_matrix_row(d, counts + (size_t)k * classes, k, classes, out);
    }
    strbuf_add(out, "</table>\n");
}

// Of many classes: the pairs that are confused most often.
static void add_confusions(const RnDataset *d, uint32_t *counts, uint32_t classes, StrBuf *out)
{
    strbuf_add(out, "<table>\n<tr><th>true</th><th>predicted</th><th class=\"n\">pictures</th>"
                    "</tr>\n");
    for (int row = 0; row < CONFUSIONS; row++) {
        size_t most = 0;
        uint32_t count = 0;
        for (size_t i = 0; i < (size_t)classes * classes; i++) {
            if (i / classes != i % classes && counts[i] > count) {
                most = i;
                count = counts[i];
            }
        }
        if (count == 0) {
            break;
        }
        counts[most] = 0;
        strbuf_add(out, "<tr><td>");
        svg_escape(out, class_text(out->arena, d, (uint32_t)(most / classes)));
        strbuf_add(out, "</td><td>");
        svg_escape(out, class_text(out->arena, d, (uint32_t)(most % classes)));
        strbuf_printf(out, "</td><td class=\"n\">%u</td></tr>\n", count);
    }
    strbuf_add(out, "</table>\n");
}

// The wrong pictures of the largest loss, worst first; returns how many.
static uint32_t find_worst(const RnDataset *d, const Prediction *p, uint32_t worst[MISTAKES])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        if (p[i].predicted == p[i].label) {
            continue;
        }
        uint32_t at = count < MISTAKES ? count++ : MISTAKES;
        for (; at > 0 && p[worst[at - 1]].loss < p[i].loss; at--) {
            if (at < MISTAKES) {
                worst[at] = worst[at - 1];
            }
        }
        if (at < MISTAKES) {
            worst[at] = i;
        }
    }
    return count;
}

// Takes back the normalisation that the model states.
static void denormalise(const RnPreprocess *stated, float *image, size_t plane, uint32_t channels)
{
    if (!stated || !stated->normalize) {
        return;
    }
    for (size_t i = 0; i < plane * channels; i++) {
        image[i] = image[i] * (float)stated->std[i / plane] + (float)stated->mean[i / plane];
    }
}

// Values within 0..1 are brightnesses; others, of arrays of numbers, are stretched to fill the
// range.
static void to_bytes(const float *image, size_t plane, uint32_t channels, uint8_t *out)
{
    float lo = 0, hi = 1;
    for (size_t i = 0; i < plane * channels; i++) {
        lo = fminf(lo, image[i]);
        hi = fmaxf(hi, image[i]);
    }
    if (lo > -ROUNDING && hi < 1 + ROUNDING) {
        lo = 0;
        hi = 1;
    }
    for (size_t i = 0; i < plane; i++) {
        for (uint32_t c = 0; c < channels; c++) {
            float v = (image[c * plane + i] - lo) / (hi - lo);
            out[i * channels + c] = (uint8_t)lroundf(255.0f * fminf(fmaxf(v, 0), 1)); // NaN: 0
        }
    }
}

static void add_mistake(const RnDataset *d, const Prediction *p, uint32_t index, const StrBuf *png,
                        StrBuf *out)
{
    strbuf_add(out, "<figure><img alt=\"\" src=\"data:image/png;base64,");
    base64_add(out, png->text, png->count);
    strbuf_add(out, "\"><figcaption>is <b>");
    svg_escape(out, class_text(out->arena, d, p->label));
    strbuf_add(out, "</b><br>said <i>");
    svg_escape(out, class_text(out->arena, d, p->predicted));
    strbuf_printf(out, "</i> %.0f%%<br><span class=\"quiet\">no. %u</span></figcaption></figure>\n",
                  100 * (double)p->probability, index);
}

static ExitCode add_pictures(const RnDataset *d, const RnPreprocess *stated, const Prediction *p,
                             const uint32_t *worst, uint32_t count, StrBuf *out)
{
    uint32_t channels = d->channels == 3 ? 3 : 1;
    size_t plane = (size_t)d->height * d->width;
    float *image = calloc(plane * d->channels, sizeof *image);
    uint8_t *bytes = calloc(plane * channels, 1);
    RnError err = {0};
    ExitCode code = image && bytes ? EXIT_OK : report_error(EXIT_ENVIRONMENT, "out of memory");
    for (uint32_t i = 0; code == EXIT_OK && i < count; i++) {
        StrBuf png = {.arena = out->arena};
        if (rn_dataset_fill(d, &worst[i], 0, 1, NULL, image, NULL, &err) != RN_OK) {
            code = report_status(&err);
            break;
        }
        denormalise(stated, image, plane, channels);
        to_bytes(image, plane, channels, bytes);
        if (png_encode(bytes, d->width, d->height, channels, &png)) {
            add_mistake(d, &p[worst[i]], worst[i], &png, out);
        } else {
            code = report_error(EXIT_ENVIRONMENT, "out of memory");
        }
    }
    free(image);
    free(bytes);
    return code;
}

ExitCode mistakes_add(const RnDataset *data, const RnPreprocess *stated,
                      const Prediction *predictions, uint32_t classes, StrBuf *out)
{
    uint32_t *counts = count_pairs(data, predictions, classes);
    if (!counts) {
        return report_error(EXIT_ENVIRONMENT, "out of memory");
    }
    strbuf_add(out, classes <= MATRIX_CLASSES ? "<h2>Confusion matrix of the test set</h2>\n"
                                              : "<h2>Most frequent confusions</h2>\n");
    if (classes <= MATRIX_CLASSES) {
        add_matrix(data, counts, classes, out);
    } else {
        add_confusions(data, counts, classes, out);
    }
    free(counts);
    uint32_t worst[MISTAKES];
    uint32_t count = find_worst(data, predictions, worst);
    if (count == 0) {
        return EXIT_OK;
    }
    strbuf_add(out, "<h2>Worst mistakes</h2>\n<p class=\"quiet\">Wrong answers with the largest "
                    "loss, and the probability the model gave them.</p>\n"
                    "<div class=\"mistakes\">\n");
    ExitCode code = add_pictures(data, stated, predictions, worst, count, out);
    strbuf_add(out, "</div>\n");
    return code;
}
