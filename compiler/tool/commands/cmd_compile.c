// cmd_compile.c: resnetc MODEL: writes an object with its header, or what --emit asks for.
#include "tool/cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "build/build.h"
#include "tool/cli/messages.h"
#include "tool/commands/build_request.h"
#include "tool/emit/emit.h"

static const uint32_t default_batches[] = {1, 64};
#define DEFAULT_BATCHES (sizeof default_batches / sizeof default_batches[0])

static bool valid_identifier(const char *name)
{
    if (name[0] >= '0' && name[0] <= '9') {
        return false;
    }
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
           0;
}

static ExitCode check_name(const Options *o)
{
    if (o->name && !valid_identifier(o->name)) {
        return report_error(EXIT_USAGE, "--name: '%s' is no C identifier", o->name);
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

// The object and its header, both or none; a device takes the object alone.
static ExitCode write_object(Arena *a, const Options *o, Build *b)
{
    size_t bytes = 0;
    const void *object = build_code(b, CODEGEN_OBJECT, &bytes);
    const char *path = o->output ? o->output : arena_printf(a, "%s.o", build_name(b));
    ExitCode code = report_write(a, path, object, bytes);
    if (code != EXIT_OK || strcmp(path, "-") == 0 || file_is_special(path)) {
        return code;
    }
    const char *header = build_header(b);
    code = report_write(a, path_replace_ext(a, path, ".h"), header, strlen(header));
    if (code != EXIT_OK) {
        remove_regular(path);
    }
    return code;
}

// -MD, -MF: the rule stands beside the output unless told otherwise.
static ExitCode write_depends(Arena *a, const Options *o, const Build *b)
{
    const char *object = o->output;
    if (!object && !o->emit) {
        object = arena_printf(a, "%s.o", build_name(b));
    }
    if (!object || strcmp(object, "-") == 0) {
        return report_error(EXIT_USAGE, "-MD needs an output file: -o FILE");
    }
    const char *rule = build_depends(b, object);
    const char *path = o->depfile ? o->depfile : path_replace_ext(a, object, ".d");
    return report_write(a, path, rule, strlen(rule));
}

static ExitCode write_kind(Arena *a, const Options *o, Build *b, const EmitDef *kind)
{
    size_t bytes = 0;
    const void *made = kind->make(a, b, &bytes);
    return report_write(a, o->output, made, bytes);
}

// What --stop-after leaves.
static ExitCode write_plans(Arena *a, const Options *o, const Build *b)
{
    StrBuf text = {.arena = a};
    for (uint32_t i = 0; i < build_plan_count(b); i++) {
        graph_dump(build_plan(b, i), &text);
    }
    return report_write(a, o->output, strbuf_text(&text), text.count);
}

static ExitCode compile_and_write(Arena *a, const Options *o, Build *b)
{
    const EmitDef *kind = o->emit ? emit_find(o->emit) : NULL; // NULL: the object with its header
    bool unplanned = kind && kind->needs == EMIT_NEEDS_GRAPH;
    bool depends = o->depend || o->depfile;
    if (depends && (unplanned || o->stop_after)) {
        return report_error(EXIT_USAGE, "-MD and -MF are for what compilation makes");
    }
    if (unplanned && !o->stop_after) {
        return write_kind(a, o, b, kind);
    }
    BuildStatus status = build_make_plans(b);
    if (status == BUILD_OK) {
        status = build_embed_weights(b);
    }
    ExitCode code = build_request_report(b, status);
    if (code == EXIT_OK && o->stop_after) {
        return write_plans(a, o, b);
    }
    if (code == EXIT_OK && depends) {
        code = write_depends(a, o, b);
    }
    if (code == EXIT_OK) {
        code = kind ? write_kind(a, o, b, kind) : write_object(a, o, b);
    }
    return code;
}

static ExitCode make_request(Arena *a, const Options *o, BuildRequest *out)
{
    *out = build_request_make(a, o);
    ExitCode code = check_name(o);
    if (code == EXIT_OK) {
        code = build_request_weights(o, out);
    }
    if (code == EXIT_OK) {
        code = build_request_plans(a, o, default_batches, DEFAULT_BATCHES, &out->plans);
    }
    out->plans.infer = build_request_mode(o) != CHOICE_TRAIN;
    out->plans.train = build_request_mode(o) != CHOICE_INFER;
    out->plans.train_optional = true;
    return code;
}

ExitCode cmd_compile(Arena *a, const Options *o)
{
    BuildRequest request;
    Build *b = NULL;
    ExitCode code = make_request(a, o, &request);
    if (code == EXIT_OK) {
        code = build_request_start(a, o, &request, &b);
    }
    if (code == EXIT_OK) {
        code = compile_and_write(a, o, b);
    }
    build_finish(b);
    return code;
}
