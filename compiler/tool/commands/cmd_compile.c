// cmd_compile.c: resnetc MODEL: writes an object with its header, or what --emit asks for.
#include "tool/cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "build/compile.h"
#include "tool/emit/dot.h"
#include "build/embed.h"
#include "tool/emit/plan_svg.h"
#include "tool/cli/report.h"
#include "tool/emit/summary.h"
#include "passes/pipeline.h"

static const uint32_t default_batches[] = {1, 64};
#define DEFAULT_BATCHES (sizeof default_batches / sizeof default_batches[0])

static ExitCode write_text(Arena *a, const Options *o, const StrBuf *text)
{
    return report_write(a, o->output, strbuf_text(text), text->count);
}

static bool valid_identifier(const char *name)
{
    if (name[0] >= '0' && name[0] <= '9') {
        return false;
    }
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
           0;
}

// --name, or the base name of -o, or that of the model's file.
static ExitCode export_name(Arena *a, const Options *o, const Compilation *c, const char **name)
{
    if (o->name && !valid_identifier(o->name)) {
        return report_error(EXIT_USAGE, "--name: '%s' is no C identifier", o->name);
    }
    bool from_output = o->output && strcmp(o->output, "-") != 0;
    if (o->name) {
        *name = o->name;
    } else {
        *name = from_output ? compile_identifier(a, o->output) : compile_default_name(c);
    }
    return EXIT_OK;
}

static void remove_regular(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
        (void)unlink(path); // the failure that led here is what is reported
    }
}

// Refuses to write over what is read.
static ExitCode check_not_read(const Options *o, const Compilation *c, const char *option,
                               const char *path)
{
    const char *what = compile_is_source(c, path)                  ? "the model's source"
                       : o->weights && file_same(o->weights, path) ? "the weights"
                       : o->map && file_same(o->map, path)         ? "the rename table"
                                                                   : NULL;
    if (what) {
        return report_error(EXIT_USAGE, "%s %s would write over %s", option, path, what);
    }
    return EXIT_OK;
}

// Refuses to write over what is read, or one output over another.
static ExitCode check_output(Arena *a, const Options *o, const Compilation *c)
{
    bool with_header = o->output && o->emit == EMIT_OBJECT && !o->emit_given;
    const char *header = with_header ? path_replace_ext(a, o->output, ".h") : NULL;
    ExitCode code = o->output ? check_not_read(o, c, "-o", o->output) : EXIT_OK;
    if (code == EXIT_OK && header && strcmp(header, o->output) == 0) {
        code = report_error(EXIT_USAGE,
                            "-o names the object: the header beside it gets the name %s", header);
    }
    if (code == EXIT_OK && header) {
        code = check_not_read(o, c, "the header of -o,", header);
    }
    if (code != EXIT_OK || !o->depfile) {
        return code;
    }
    if ((o->output && strcmp(o->depfile, o->output) == 0) ||
        (header && strcmp(o->depfile, header) == 0)) {
        return report_error(EXIT_USAGE, "-MF %s would write over another output", o->depfile);
    }
    return check_not_read(o, c, "-MF", o->depfile);
}

// The object and its header, both or none; a device takes the object alone.
static ExitCode write_object(Arena *a, const Options *o, Compilation *c, const char *name)
{
    size_t bytes = 0;
    const void *object = compile_emit(c, name, CODEGEN_OBJECT, &bytes);
    if (o->emit_given && !o->output) {
        return report_write(a, NULL, object, bytes);
    }
    const char *path = o->output ? o->output : arena_printf(a, "%s.o", name);
    ExitCode code = report_write(a, path, object, bytes);
    if (code != EXIT_OK || o->emit_given || strcmp(path, "-") == 0 || file_is_special(path)) {
        return code;
    }
    const char *header = compile_header(c, name);
    code = report_write(a, path_replace_ext(a, path, ".h"), header, strlen(header));
    if (code != EXIT_OK) {
        remove_regular(path);
    }
    return code;
}

static ExitCode write_plan(Arena *a, const Options *o, const Compilation *c)
{
    StrBuf text = {.arena = a};
    for (uint32_t i = 0; i < compile_plan_count(c); i++) {
        strbuf_add(&text, plan_print(a, compile_plan(c, i)));
    }
    return write_text(a, o, &text);
}

static ExitCode write_plan_svg(Arena *a, const Options *o, const Compilation *c)
{
    StrBuf text = {.arena = a};
    const Graph *plans[COMPILE_MAX_PLANS];
    for (uint32_t i = 0; i < compile_plan_count(c); i++) {
        plans[i] = compile_plan(c, i);
    }
    plan_svg_print(plans, compile_plan_count(c), &text);
    return write_text(a, o, &text);
}

static ExitCode write_graph(Arena *a, const Options *o, const Graph *g)
{
    StrBuf text = {.arena = a};
    graph_dump(g, &text);
    return write_text(a, o, &text);
}

// -MD, -MF: the rule stands beside the output unless told otherwise.
static ExitCode write_depends(Arena *a, const Options *o, const Compilation *c, const char *name)
{
    const char *object = o->output;
    if (!object && o->emit == EMIT_OBJECT && !o->emit_given) {
        object = arena_printf(a, "%s.o", name);
    }
    if (!object || strcmp(object, "-") == 0) {
        return report_error(EXIT_USAGE, "-MD needs an output file: -o FILE");
    }
    const char *rule = compile_depends(c, object);
    const char *path = o->depfile ? o->depfile : path_replace_ext(a, object, ".d");
    return report_write(a, path, rule, strlen(rule));
}

static ExitCode write_output(Arena *a, const Options *o, Compilation *c)
{
    const char *name = NULL;
    ExitCode code = export_name(a, o, c, &name);
    if (code == EXIT_OK && (o->depend || o->depfile)) {
        code = write_depends(a, o, c, name);
    }
    if (code != EXIT_OK) {
        return code;
    }
    size_t bytes = 0;
    const void *text;
    switch ((EmitKind)o->emit) {
    case EMIT_OBJECT:
        return write_object(a, o, c, name);
    case EMIT_HEADER:
        text = compile_header(c, name);
        return report_write(a, o->output, text, strlen(text));
    case EMIT_PLAN:
        return write_plan(a, o, c);
    case EMIT_PLAN_SVG:
        return write_plan_svg(a, o, c);
    case EMIT_LLVM:
        text = compile_emit(c, name, CODEGEN_LLVM, &bytes);
        return report_write(a, o->output, text, bytes);
    case EMIT_ASM:
        text = compile_emit(c, name, CODEGEN_ASSEMBLY, &bytes);
        return report_write(a, o->output, text, bytes);
    case EMIT_SUMMARY:
    case EMIT_GRAPH:
    case EMIT_DOT:
        break; // need no plans; served before
    }
    return EXIT_ENVIRONMENT;
}

static ExitCode compile_and_write(Arena *a, const Options *o, Compilation *c)
{
    StrBuf text = {.arena = a};
    bool drawn = o->emit == EMIT_SUMMARY || o->emit == EMIT_DOT || o->emit == EMIT_GRAPH;
    if ((o->depend || o->depfile) && (drawn || o->stop_after)) {
        return report_error(EXIT_USAGE, "-MD and -MF are for what compilation makes");
    }
    if (o->emit == EMIT_SUMMARY) {
        summary_print(compile_graph(c), &text);
        return write_text(a, o, &text);
    }
    if (o->emit == EMIT_DOT) {
        dot_print(compile_graph(c), &text);
        return write_text(a, o, &text);
    }
    if (o->emit == EMIT_GRAPH && !o->stop_after) {
        return write_graph(a, o, compile_graph(c));
    }
    const uint32_t *batches;
    uint32_t count;
    ExitCode code = compile_plan_batches(c, default_batches, DEFAULT_BATCHES, &batches, &count);
    if (code == EXIT_OK) {
        code = compile_plans(c, embed_mode(o) != CHOICE_TRAIN, embed_mode(o) != CHOICE_INFER,
                             batches, count);
    }
    if (code == EXIT_OK) {
        code = embed_weights(a, o, c);
    }
    if (code != EXIT_OK) {
        return code;
    }
    if (!o->stop_after) {
        return write_output(a, o, c);
    }
    for (uint32_t i = 0; i < compile_plan_count(c); i++) {
        graph_dump(compile_plan(c, i), &text);
    }
    return write_text(a, o, &text);
}

ExitCode cmd_compile(Arena *a, const Options *o)
{
    Compilation *c = NULL;
    ExitCode code = embed_check_options(o);
    if (code == EXIT_OK) {
        code = compile_start(a, o, &c);
    }
    if (code == EXIT_OK) {
        code = check_output(a, o, c);
    }
    if (code == EXIT_OK) {
        code = compile_and_write(a, o, c);
    }
    compile_finish(c);
    return code;
}
