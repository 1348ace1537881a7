// model_file.c: finds the model's file, on disk or among those that come with the compiler, and has
// it read.
#include "build/model_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/intern.h"
#include "base/textfile.h"
#include "build/identifier.h"
#include "front/front.h"

static const TextFile *find_shipped(const char *name)
{
    for (size_t i = 0; i < shipped_models_table_count; i++) {
        const char *known = shipped_models_table[i].name;
        size_t stem = strcspn(known, ".");
        if (strcmp(known, name) == 0 || (strlen(name) == stem && strncmp(known, name, stem) == 0)) {
            return &shipped_models_table[i];
        }
    }
    return NULL;
}

static BuildStatus fail_unknown(Build *b, const char *name, int reason)
{
    const char *names[512];
    size_t count = 0;
    for (; count < shipped_models_table_count && count < 512; count++) {
        const char *known = shipped_models_table[count].name;
        names[count] = arena_strndup(b->arena, known, strcspn(known, "."));
    }
    const char *near = strpbrk(name, "/.") ? NULL : nearest_name(name, names, count);
    if (near) {
        return build_fail(b, BUILD_ENVIRONMENT,
                          "%s: cannot open: %s\n  help: a shipped model has the name %s", name,
                          strerror(reason), near);
    }
    return build_fail(b, BUILD_ENVIRONMENT, "%s: cannot open: %s", name, strerror(reason));
}

// The front end reads the file; this only tells a missing file from a wrong one.
static BuildStatus find_model(Build *b)
{
    const char *name = b->request.model;
    if (b->request.text) {
        b->path = name;
        return BUILD_OK;
    }
    if (strncmp(name, "models/", 7) == 0 && access(name, F_OK) != 0) {
        name += 7; // the folder where they are installed
    }
    const TextFile *shipped = strchr(name, '/') ? NULL : find_shipped(name);
    struct stat info;
    bool folder = stat(name, &info) == 0 && S_ISDIR(info.st_mode);
    if (access(name, R_OK) == 0 && !folder) {
        b->path = name;
    } else if (shipped) {
        b->path = shipped->name;
    } else if (folder) {
        return build_fail(b, BUILD_ENVIRONMENT, "%s: is a folder, not a model", name);
    } else {
        return fail_unknown(b, name, errno);
    }
    return BUILD_OK;
}

// The number of the model's own file among those that were read; shipped ones stand in a folder of
// their own.
static uint32_t find_main_file(const Build *b)
{
    const char *shipped = arena_printf(b->arena, "<shipped>/%s", b->path);
    for (uint32_t i = 0; i < b->sources.files.count; i++) {
        const char *path = b->sources.files.at[i].path;
        if (strcmp(path, b->path) == 0 || strcmp(path, shipped) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static BuildStatus make_graph(Build *b)
{
    double start = clock_seconds();
    FrontOptions front = {.defines = b->request.defines,
                          .define_count = b->request.define_count,
                          .text = b->request.text,
                          .models = shipped_models_table,
                          .model_count = shipped_models_table_count};
    b->graph = front_build(b->arena, &b->sources, b->diag, b->path, &front, NULL);
    if (b->graph) { // the user's word for it, where the file only sets params of a family
        b->graph->name = build_identifier(b->arena, b->path);
    }
    b->main_file = find_main_file(b);
    b->model_file = b->main_file;
    if (b->graph && b->graph->inputs.count && b->graph->inputs.at[0]->loc.range.file) {
        b->model_file = b->graph->inputs.at[0]->loc.range.file;
    }
    build_tell_time(b, "front end", clock_seconds() - start);
    if (!b->graph || diag_error_count(b->diag) > 0) {
        return build_fail_diagnosed(b);
    }
    StrBuf warnings = {.arena = b->arena};
    diag_render(b->diag, &warnings);
    build_tell(b, "%s", strbuf_text(&warnings));
    return BUILD_OK;
}

BuildStatus build_read_model(Build *b)
{
    BuildStatus status = find_model(b);
    if (status != BUILD_OK) {
        return status;
    }
    b->name = b->request.name ? b->request.name : build_identifier(b->arena, b->path);
    return make_graph(b);
}
