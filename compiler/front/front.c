// front.c: the front end from path to graph, and what its parts share.
#include "front/front.h"

#include <stdarg.h>
#include <string.h>

#include "front/state.h"

enum { STEPS_PER_ERROR = 500 };

Loc front_loc(const Frame *frame, SrcRange range)
{
    return (Loc){.range = range, .via = frame->via};
}

DiagItem *front_error(Front *f, const Frame *frame, SrcRange range, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(f->arena, fmt, ap);
    va_end(ap);
    (void)front_charge(f, frame, range, STEPS_PER_ERROR);
    DiagItem *item = diag_error(f->diag, front_loc(frame, range), "%s", text);
    if (diag_error_count(f->diag) > DIAG_MAX_ERRORS) {
        f->stopped = true;
    }
    return item;
}

void front_suggest(Front *f, DiagItem *item, const char *name, const char *const *names,
                   size_t count)
{
    const char *near = nearest_name(name, names, count);
    if (near) {
        diag_help(f->diag, item, "did you mean `%s`?", near);
    }
}

bool front_is_in_unread(const Front *f, const char *name)
{
    size_t n = strlen(name);
    for (uint32_t i = 0; i < f->unread.count && i < 2 * DIAG_MAX_ERRORS; i++) {
        SrcRange at = f->unread.at[i];
        const char *text = source_file(f->sources, at.file)->text;
        for (size_t k = at.begin; k + n <= at.end; k++) {
            if (memcmp(text + k, name, n) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool front_charge(Front *f, const Frame *frame, SrcRange range, uint64_t steps)
{
    if (f->stopped) {
        return false;
    }
    if (steps > FRONT_MAX_STEPS - f->steps) {
        f->stopped = true;
        if (diag_error_count(f->diag)) { // a mistake in a long loop is one mistake
            return false;
        }
        DiagItem *item = diag_error(f->diag, front_loc(frame, range),
                                    "the expansion takes more than %d steps", FRONT_MAX_STEPS);
        diag_help(f->diag, item, "is a repeat or for much longer than meant?");
        return false;
    }
    f->steps += (uint32_t)steps;
    return true;
}

bool front_enter(Front *f, const Frame *frame, SrcRange range)
{
    if (f->frames < FRONT_MAX_FRAMES) {
        f->frames++;
        return true;
    }
    if (!f->stopped) {
        (void)diag_error(f->diag, front_loc(frame, range),
                         "calls and nesting together are more than %d levels deep",
                         FRONT_MAX_FRAMES);
    }
    f->stopped = true;
    return false;
}

Val front_list(Front *f, const Frame *frame, SrcRange range, const Val *at, uint32_t count)
{
    Val list = val_list(count > FRONT_MAX_LIST ? NULL : at, count > FRONT_MAX_LIST ? 0 : count);
    if (count > FRONT_MAX_LIST || list.u.list.size > FRONT_MAX_LIST) {
        (void)front_error(f, frame, range, "a list of more than %d elements", FRONT_MAX_LIST);
        return val_poison();
    }
    if (list.u.list.depth > FRONT_MAX_LIST_DEPTH) {
        (void)front_error(f, frame, range, "lists inside lists more than %d deep",
                          FRONT_MAX_LIST_DEPTH);
        return val_poison();
    }
    return front_charge(f, frame, range, count) ? list : val_poison();
}

static void create_globals(Front *f)
{
    f->it_name = intern_str(f->names, "it");
    f->params_name = intern_str(f->names, "params");
    f->macs_name = intern_str(f->names, "macs");
    f->root = path_open(f, NULL, NULL);
    f->globals = ARENA_NEW(f->arena, Frame);
    f->globals->scope = f->root;
    f->globals->it = val_none();
}

// The last current tensor is the output where the model names none; an output is made by something.
static void finish_outputs(Front *f, const Frame *frame)
{
    Graph *g = f->graph;
    SrcRange range = f->model->range;
    if (diag_error_count(f->diag)) { // what is missing may just not have been reached
        return;
    }
    if (!g->inputs.count) {
        DiagItem *item = front_error(f, frame, range, "model %s has no input", f->model->name.text);
        diag_help(f->diag, item, "input image[3, 224, 224]");
        return;
    }
    if (!g->outputs.count && frame->it.kind == VAL_TENSOR) {
        VEC_PUSH(f->arena, &g->outputs, frame->it.u.tensor);
        VEC_PUSH(f->arena, &g->output_names, "output");
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        if (!g->outputs.at[i]->def) {
            (void)front_error(f, frame, range, "output `%s` is an input: nothing is computed",
                              g->output_names.at[i]);
        }
    }
}

static void expand_model(Front *f)
{
    Frame *frame = ARENA_NEW(f->arena, Frame);
    frame->caller = f->globals;
    frame->block = f->model;
    frame->scope = f->root;
    frame->it = val_none();
    frame->is_unsure = f->globals->is_unsure;
    f->graph = graph_create(f->arena, f->model->name.text);
    exec_body(f, frame, &f->model->body);
    if (f->stopped) {
        return;
    }
    finish_outputs(f, frame);
    load_report_unused_defines(f);
    if (diag_error_count(f->diag)) {
        return;
    }
    path_name_rest(f);
    f->graph->source_hash = f->hash;
    f->complete = true;
    exec_late_asserts(f);
}

Graph *front_build(Arena *a, SourceSet *sources, Diag *diag, const char *path,
                   const FrontOptions *options, FrontFiles *files)
{
    Front *f = ARENA_NEW(a, Front);
    f->arena = a;
    f->sources = sources;
    f->diag = diag;
    f->names = intern_create(a);
    f->options = options;
    f->files = files;
    f->hash = HASH_START;
    create_globals(f);
    load_defines(f);
    if (!load_main(f, path)) {
        return NULL;
    }
    load_prelude(f);
    if (f->model) {
        expand_model(f);
    } else if (!diag_error_count(diag)) {
        (void)front_error(f, f->globals, (SrcRange){0}, "%s: there is no model in this file", path);
    }
    return diag_error_count(diag) ? NULL : f->graph;
}
