// outputs.c: see outputs.h.
#include "tool/commands/outputs.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "tool/cli/messages.h"

typedef struct NamedFile {
    const char *option; // as the user writes it
    const char *path;
    const char *what; // of what is read: "the weights"
} NamedFile;

typedef VEC(NamedFile) NamedFiles;

static const char *option_text(const Options *o, const OptionDef *d)
{
    return d->commands & o->command->bit && d->kind == OPTION_TEXT
               ? *(const char *const *)((const char *)o + d->offset)
               : NULL;
}

// A value may be two files: --data IMAGES,LABELS.
static void add_read(Arena *a, NamedFiles *list, const char *option, const char *value,
                     const char *what)
{
    const char *comma = file_exists(value) ? NULL : strchr(value, ',');
    const char *first = comma ? arena_strndup(a, value, (size_t)(comma - value)) : value;
    VEC_PUSH(a, list, ((NamedFile){option, first, what}));
    if (comma) {
        VEC_PUSH(a, list, ((NamedFile){option, comma + 1, what}));
    }
}

static void find_read(Arena *a, const Options *o, NamedFiles *list)
{
    VEC_PUSH(a, list, ((NamedFile){"MODEL", o->model, "the model's source"}));
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *d = &option_table[i];
        const char *value = d->reads ? option_text(o, d) : NULL;
        if (value) {
            add_read(a, list, option_spelling(a, d), value, d->reads);
        }
    }
    for (uint32_t i = 0; i < o->pictures.count; i++) {
        VEC_PUSH(a, list, ((NamedFile){"PICTURE", o->pictures.at[i], "a picture"}));
    }
}

// What stands beside an object.
static void find_beside(Arena *a, const Options *o, NamedFiles *list)
{
    bool object = o->command->bit == CMD_COMPILE && o->output && !file_is_special(o->output);
    if (object && !o->emit && !o->stop_after) {
        const char *header = path_replace_ext(a, o->output, ".h");
        VEC_PUSH(a, list, ((NamedFile){"the header of -o,", header, NULL}));
    }
    if (object && o->depend && !o->depfile) {
        const char *rule = path_replace_ext(a, o->output, ".d");
        VEC_PUSH(a, list, ((NamedFile){"-MD,", rule, NULL}));
    }
}

static void find_written(Arena *a, const Options *o, NamedFiles *list)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *d = &option_table[i];
        const char *value = d->writes ? option_text(o, d) : NULL;
        if (value && strcmp(value, "-") != 0 && !file_is_special(value)) {
            bool output = d->letter == 'o';
            VEC_PUSH(a, list, ((NamedFile){output ? "-o" : option_spelling(a, d), value, NULL}));
        }
    }
    if (o->output && strcmp(o->output, "-") != 0) {
        find_beside(a, o, list);
    }
}

// Whether both name one file, there or not.
static bool same_place(Arena *a, const char *x, const char *y)
{
    if (file_same(x, y)) {
        return true;
    }
    return strcmp(path_basename(a, x), path_basename(a, y)) == 0 &&
           file_same(path_dirname(a, x), path_dirname(a, y));
}

static ExitCode check_read(const Options *o, const NamedFile *out, const NamedFiles *read)
{
    for (uint32_t i = 0; i < read->count; i++) {
        if (!file_same(out->path, read->at[i].path)) {
            continue;
        }
        bool trained = read->at[i].path == o->weights && out->path == o->save;
        if (!trained) {
            return report_error(EXIT_USAGE, "%s %s would write over %s", out->option, out->path,
                                read->at[i].what);
        }
        fprintf(stderr, "the trained weights will replace those in %s\n", o->save);
    }
    return EXIT_OK;
}

static ExitCode check_each_other(Arena *a, const Options *o, const NamedFiles *written)
{
    for (uint32_t i = 0; i < written->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            const NamedFile *x = &written->at[k], *y = &written->at[i];
            if (!same_place(a, x->path, y->path)) {
                continue;
            }
            if (x->path == o->output && strcmp(x->path, y->path) == 0 && y->option[0] != '-') {
                return report_error(EXIT_USAGE,
                                    "%s names the object: the header beside it gets the name %s",
                                    x->option, y->path);
            }
            return report_error(EXIT_USAGE, "%s %s would write over another output, that of %s",
                                y->option, y->path, x->option);
        }
    }
    return EXIT_OK;
}

ExitCode outputs_check(Arena *a, const Options *o)
{
    NamedFiles read = {0}, written = {0};
    find_read(a, o, &read);
    find_written(a, o, &written);
    ExitCode code = EXIT_OK;
    for (uint32_t i = 0; i < written.count && code == EXIT_OK; i++) {
        code = check_read(o, &written.at[i], &read);
    }
    return code == EXIT_OK ? check_each_other(a, o, &written) : code;
}

ExitCode outputs_check_sources(Arena *a, const Options *o, const Build *b)
{
    NamedFiles written = {0};
    find_written(a, o, &written);
    for (uint32_t i = 0; i < written.count; i++) {
        if (build_is_source(b, written.at[i].path)) {
            return report_error(EXIT_USAGE, "%s %s would write over the model's source",
                                written.at[i].option, written.at[i].path);
        }
    }
    return EXIT_OK;
}
