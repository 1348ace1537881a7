// train_report.c: --report: one HTML page that needs nothing else: what was trained and how,
// curves, the confusion matrix of the test set, its worst mistakes as pictures, the model's layers.
// Not here: the charts (chart.c), the pictures' format (png_writer.c), when the page is written
// (train_record.c).
#include "tool/report/train_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tool/report/chart.h"
#include "tool/cli/progress.h"
#include "tool/cli/messages.h"
#include "tool/report/mistakes.h"
#include "tool/emit/summary.h"
#include "tool/report/svg.h"

static const char style[] =
    "body{font:15px/1.45 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#222;"
    "background:#fff;max-width:1060px;margin:28px auto;padding:0 20px}\n"
    "h1{font-size:26px;margin:0}h2{font-size:18px;margin:36px 0 10px}p{margin:6px 0}\n"
    ".quiet{color:#666}.cards{display:flex;flex-wrap:wrap;gap:12px;margin:20px 0}\n"
    ".card{border:1px solid #ddd;border-radius:8px;padding:9px 13px;min-width:104px}\n"
    ".card b{display:block;font-size:21px}.card span{color:#666;font-size:13px}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:18px}\n"
    "table{border-collapse:collapse;font-size:13.5px}th{text-align:left;color:#666;font-weight:600}"
    "\ntd,th{padding:3px 12px 3px 0;border-bottom:1px solid #eee;vertical-align:top}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums}code{font-size:13px;overflow-wrap:"
    "anywhere}\n.matrix td,.matrix th{padding:4px 7px;border:1px solid #eee;text-align:right}\n"
    ".matrix th.c{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left}\n"
    ".mistakes{display:flex;flex-wrap:wrap;gap:14px}figure{margin:0;width:112px;font-size:12.5px;"
    "line-height:1.3}\nfigure img{width:112px;height:112px;object-fit:contain;background:#f3f3f3;"
    "image-rendering:pixelated;border-radius:4px}\n"
    "figcaption b{color:#1b7f3b;font-weight:600}figcaption i{color:#b3261e;font-style:normal;"
    "font-weight:600}\nsummary{cursor:pointer;color:#1f4e9c}\n";

static void add_head(const Training *t, StrBuf *out)
{
    const Options *o = t->options;
    char time[16];
    progress_format_time(t->elapsed_s + clock_seconds() - t->started, time);
    strbuf_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    svg_escape(out, t->model.model->name);
    strbuf_printf(out, ": training</title>\n<style>\n%s</style></head>\n<body>\n<h1>", style);
    svg_escape(out, t->model.model->name);
    strbuf_add(out, "</h1>\n<p class=\"quiet\">trained on ");
    svg_escape(out, o->data);
    strbuf_printf(out, ": epoch %llu", (unsigned long long)t->place.epoch);
    if (!o->steps) {
        strbuf_printf(out, " of %llu", (unsigned long long)train_epochs(t));
    }
    strbuf_printf(out, ", step %llu", (unsigned long long)t->place.step);
    if (o->steps) {
        strbuf_printf(out, " of %lld", (long long)o->steps);
    }
    strbuf_printf(out, ", %s of training</p>\n", time);
}

static void add_card(StrBuf *out, const char *value, const char *what)
{
    strbuf_add(out, "<div class=\"card\"><b>");
    svg_escape(out, value);
    strbuf_add(out, "</b><span>");
    svg_escape(out, what);
    strbuf_add(out, "</span></div>\n");
}

static void add_cards(const Training *t, StrBuf *out)
{
    Arena *a = out->arena;
    double best = -1, best_epoch = 0, test = -1, loss = -1, accuracy = -1, rate = -1;
    for (uint32_t i = 0; i < t->curves.points.count; i++) {
        const CurvePoint *p = &t->curves.points.at[i];
        if (p->test_accuracy > best) {
            best = p->test_accuracy;
            best_epoch = p->epoch;
        }
        test = p->test_accuracy >= 0 ? p->test_accuracy : test;
        loss = p->train_loss;
        accuracy = p->train_accuracy;
        rate = p->rate >= 0 ? p->rate : rate;
    }
    const Graph *g = build_graph(t->model.build);
    strbuf_add(out, "<div class=\"cards\">\n");
    if (test >= 0) {
        add_card(out, arena_printf(a, "%.2f%%", 100 * test), "test accuracy");
        add_card(out, arena_printf(a, "%.2f%%", 100 * best),
                 arena_printf(a, "best, epoch %g", best_epoch));
    }
    if (loss >= 0) {
        add_card(out, arena_printf(a, "%.2f%%", 100 * accuracy), "train accuracy");
        add_card(out, arena_printf(a, "%.4f", loss), "train loss");
    }
    if (rate >= 0) {
        add_card(out, arena_printf(a, "%.0f", rate), "pictures per second");
    }
    add_card(out, summary_number(a, summary_params(g)), "parameters");
    add_card(out, summary_number(a, summary_macs(g)), "multiply-adds per picture");
    strbuf_add(out, "</div>\n");
}

static void add_charts(const Training *t, StrBuf *out)
{
    strbuf_add(out, "<div class=\"charts\">\n");
    for (int i = 0; i < CHARTS; i++) {
        chart_svg(&chart_table[i], &t->curves, out);
    }
    strbuf_add(out, "</div>\n");
}

// decimals: places after the point; below 0: as few as it takes.
static void add_cell(StrBuf *out, double value, int decimals)
{
    char text[32] = "";
    if (value >= 0 && decimals < 0) {
        snprintf(text, sizeof text, "%.6g", value);
    } else if (value >= 0) {
        snprintf(text, sizeof text, "%.*f", decimals, value);
    }
    strbuf_printf(out, "<td class=\"n\">%s</td>", text);
}

// The points at the ends of epochs: those where the test set was scored, or whole epochs.
static void add_epochs(const Training *t, StrBuf *out)
{
    strbuf_add(out, "<h2>Epochs</h2>\n<details open><summary>table</summary><table>\n"
                    "<tr><th class=\"n\">epoch</th><th class=\"n\">train loss</th>"
                    "<th class=\"n\">train accuracy</th><th class=\"n\">test loss</th>"
                    "<th class=\"n\">test accuracy</th><th class=\"n\">learning rate</th>"
                    "<th class=\"n\">pictures/s</th></tr>\n");
    for (uint32_t i = 0; i < t->curves.points.count; i++) {
        const CurvePoint *p = &t->curves.points.at[i];
        if (p->test_accuracy < 0 && p->epoch != floor(p->epoch)) {
            continue;
        }
        strbuf_add(out, "<tr>");
        add_cell(out, p->epoch, -1);
        add_cell(out, p->train_loss, 4);
        add_cell(out, p->train_accuracy, 4);
        add_cell(out, p->test_loss, 4);
        add_cell(out, p->test_accuracy, 4);
        add_cell(out, p->lr, -1);
        add_cell(out, p->rate, 0);
        strbuf_add(out, "</tr>\n");
    }
    strbuf_add(out, "</table></details>\n");
}

static void add_setting(StrBuf *out, const char *name, const char *value)
{
    strbuf_add(out, "<tr><td>");
    svg_escape(out, name);
    strbuf_add(out, "</td><td><code>");
    svg_escape(out, value);
    strbuf_add(out, "</code></td></tr>\n");
}

// Every option of this run that is not at its default, and the command as it was typed.
static void add_settings(const Training *t, StrBuf *out)
{
    Arena *a = out->arena;
    const Options *o = t->options;
    Options defaults = {0};
    options_set_defaults(&defaults);
    strbuf_add(out, "<h2>Settings</h2>\n<table>\n");
    add_setting(out, "model", o->model);
    add_setting(out, "pictures",
                t->test
                    ? arena_printf(a, "%u to train, %u to test", t->train->count, t->test->count)
                    : arena_printf(a, "%u", t->train->count));
    add_setting(out, "batch", arena_printf(a, "%u", t->batch));
    add_setting(out, "lr", arena_printf(a, "%g", t->lr));
    add_setting(out, "threads",
                arena_printf(a, "%u", rn_pool_threads(rn_session_pool(t->model.session))));
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *def = &option_table[i];
        static const char *const said[] = {"batch", "lr", "threads", "resume"};
        bool skip = !(def->commands & CMD_TRAIN);
        for (size_t k = 0; k < sizeof said / sizeof said[0]; k++) {
            skip = skip || (def->name && strcmp(def->name, said[k]) == 0);
        }
        if (skip) {
            continue;
        }
        const char *value = options_value_text(a, o, def);
        if (strcmp(value, options_value_text(a, &defaults, def)) != 0) {
            add_setting(out, def->name ? def->name : option_spelling(a, def), value);
        }
    }
    add_setting(out, "command", train_command(t, false));
    strbuf_add(out, "</table>\n");
}

static void add_rows(const SummaryRows *rows, const char *first, const char *second, StrBuf *out)
{
    strbuf_printf(out,
                  "<table>\n<tr><th>%s</th><th>%s</th><th class=\"n\">output</th>"
                  "<th class=\"n\">parameters</th><th class=\"n\">MACs</th></tr>\n",
                  first, second);
    for (uint32_t i = 0; i < rows->count; i++) {
        const SummaryRow *r = &rows->at[i];
        strbuf_add(out, "<tr><td>");
        svg_escape(out, r->name);
        strbuf_add(out, "</td><td>");
        svg_escape(out, r->what);
        strbuf_printf(out,
                      "</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                      "</tr>\n",
                      r->output, r->params ? summary_number(out->arena, r->params) : "",
                      r->macs ? summary_number(out->arena, r->macs) : "");
    }
    strbuf_add(out, "</table>\n");
}

static void add_model(const Training *t, StrBuf *out)
{
    const Graph *g = build_graph(t->model.build);
    SummaryRows parts = {0}, layers = {0};
    summary_parts(g, out->arena, &parts);
    summary_layers(g, out->arena, &layers);
    strbuf_add(out, "<h2>Model</h2>\n");
    add_rows(&parts, "part", "layers", out);
    strbuf_printf(out, "<p><details><summary>all %u layers</summary>\n", layers.count);
    add_rows(&layers, "layer", "operator", out);
    strbuf_add(out, "</details></p>\n");
}

ExitCode train_write_report(Training *t)
{
    const Options *o = t->options;
    if (!o->report) {
        return EXIT_OK;
    }
    Arena *a = arena_create(); // written after every epoch: what one needs does not stay
    StrBuf page = {.arena = a};
    add_head(t, &page);
    add_cards(t, &page);
    add_charts(t, &page);
    ExitCode code = EXIT_OK;
    if (t->test && t->predictions) {
        code = mistakes_add(t->test, rn_model_preprocess(t->model.model, 0), t->predictions,
                            rn_model_classes(t->model.model), &page);
    }
    add_epochs(t, &page);
    add_settings(t, &page);
    add_model(t, &page);
    strbuf_add(&page, "</body>\n</html>\n");
    if (code == EXIT_OK) {
        code = report_write(a, o->report, strbuf_text(&page), page.count);
    }
    arena_destroy(a);
    return code;
}
