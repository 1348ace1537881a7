// front.c: the front end from path to graph.
#include "front/front.h"

#include <string.h>

#include "front/expand.h"
#include "front/load.h"
#include "front/param.h"
#include "front/path.h"
#include "front/state.h"

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
    param_report_unused_defines(f);
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
    param_read_defines(f);
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
