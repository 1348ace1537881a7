// train_notes.c: the notes of a checkpoint: a head line, one line per entry, then the curves.
//
//     training 1
//     option momentum 0.9          options whose value a run keeps, where it is not the default
//     pictures 60000               of the training set
//     figures 2560 1800 0x1.8p+11 12.5 1    count, correct, sum of losses, seconds, points drawn
//     curves
//     ...
#include "tool/train/train_notes.h"

#include <inttypes.h>
#include <string.h>

#include "tool/cli/messages.h"

#define HEAD "training 1\n"

static const char *default_text(Arena *a, const OptionDef *def)
{
    Options o = {0};
    options_set_defaults(&o);
    return options_value_text(a, &o, def);
}

static void print_options(const Training *t, StrBuf *out)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *def = &option_table[i];
        if (!def->same_on_resume) {
            continue;
        }
        const char *value = options_value_text(out->arena, t->options, def);
        if (strcmp(value, default_text(out->arena, def)) != 0) {
            strbuf_printf(out, "option %s %s\n", def->name, value);
        }
    }
}

void train_notes_print(const Training *t, StrBuf *out)
{
    strbuf_add(out, HEAD);
    print_options(t, out);
    strbuf_printf(out, "pictures %u\n", t->train_data.found);
    strbuf_printf(out, "figures %" PRIu64 " %" PRIu64 " %a %a %u\n", t->epoch.count,
                  t->epoch.correct, t->epoch.loss_sum, t->epoch_seconds, t->drawn);
    strbuf_add(out, "curves\n");
    curves_print(&t->curves, out);
}

// The rest of the line that begins with `words`, or NULL.
static const char *find_line(Arena *a, const char *notes, const char *words)
{
    size_t n = strlen(words);
    for (const char *at = notes; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        if (strncmp(at, words, n) == 0) {
            return arena_strndup(a, at + n, strcspn(at + n, "\n"));
        }
    }
    return NULL;
}

// "a b" as it is typed behind the first --freeze: "a --freeze b".
static const char *list_words(Arena *a, const char *saved, const char *name)
{
    StrBuf out = {.arena = a};
    for (; *saved; saved++) {
        if (*saved == ' ') {
            strbuf_printf(&out, " --%s ", name);
        } else {
            strbuf_add_bytes(&out, saved, 1);
        }
    }
    return strbuf_text(&out);
}

static ExitCode check_options(const Training *t, const char *path, const char *notes)
{
    Arena *a = t->arena;
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *def = &option_table[i];
        if (!def->same_on_resume) {
            continue;
        }
        const char *saved = find_line(a, notes, arena_printf(a, "option %s ", def->name));
        const char *now = options_value_text(a, t->options, def);
        if (!saved) {
            saved = default_text(a, def);
        }
        if (strcmp(saved, now) == 0) {
            continue;
        }
        if (def->kind == OPTION_LIST) {
            saved = list_words(a, saved, def->name);
        }
        bool flag = def->kind == OPTION_FLAG;
        bool without = flag ? strcmp(saved, "no") == 0 : !*saved;
        return report_error(EXIT_USAGE, "%s was made with%s --%s%s%s", path, without ? "out" : "",
                            def->name, flag || without ? "" : " ", flag ? "" : saved);
    }
    return EXIT_OK;
}

static ExitCode check_pictures(const Training *t, const char *path, const char *notes)
{
    const char *saved = find_line(t->arena, notes, "pictures ");
    uint64_t count = 0;
    if (!saved || sscanf(saved, "%" SCNu64, &count) != 1) {
        return report_error(EXIT_MODEL, "%s: the notes in this checkpoint are damaged", path);
    }
    if (count != t->train_data.found) {
        return report_error(EXIT_USAGE, "%s was made on %llu pictures, but --data has %u", path,
                            (unsigned long long)count, t->train_data.found);
    }
    return EXIT_OK;
}

ExitCode train_notes_take(Training *t, const char *path, const char *notes)
{
    if (strncmp(notes, HEAD, strlen(HEAD)) != 0) {
        return curves_parse(t->arena, notes, &t->curves)
                   ? EXIT_OK
                   : report_error(EXIT_MODEL, "%s: the curves in this checkpoint are damaged",
                                  path);
    }
    ExitCode code = check_options(t, path, notes);
    if (code == EXIT_OK) {
        code = check_pictures(t, path, notes);
    }
    if (code != EXIT_OK) {
        return code;
    }
    const char *figures = find_line(t->arena, notes, "figures ");
    const char *curves = strstr(notes, "\ncurves\n");
    if (!figures || !curves ||
        sscanf(figures, "%" SCNu64 " %" SCNu64 " %lf %lf %" SCNu32, &t->epoch.count,
               &t->epoch.correct, &t->epoch.loss_sum, &t->epoch_seconds, &t->drawn) != 5 ||
        !curves_parse(t->arena, curves + strlen("\ncurves\n"), &t->curves)) {
        return report_error(EXIT_MODEL, "%s: the notes in this checkpoint are damaged", path);
    }
    return EXIT_OK;
}
