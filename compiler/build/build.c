// build.c: a build from its request to its end: what was asked, what went wrong, what is known of
// the model. Not here: the work: model_file.c, plans.c, code.c, embed.c, depends.c.
#include "build/build.h"

#include <string.h>

#include "base/files.h"
#include "build/model_file.h"
#include "build/state.h"
#include "passes/pipeline.h"
#include "ir/opdef.h"

static BuildStatus choose_target(Build *b)
{
    const char *name = b->request.target;
    const Isa *isa = name ? isa_find(name) : isa_native();
    if (isa) {
        b->target = target_create(b->arena, isa, NULL);
        return BUILD_OK;
    }
    if (!name) {
        return build_fail(b, BUILD_ENVIRONMENT,
                          "this machine runs none of the targets (--list-targets)");
    }
    return build_fail(b, BUILD_USAGE, "--target: '%s' is unknown; see --list-targets", name);
}

static BuildStatus check_pass_names(Build *b)
{
    const char *dump = b->request.dump_after, *stop = b->request.stop_after;
    if (dump && strcmp(dump, "all") != 0 && !passes_known(dump)) {
        return build_fail(b, BUILD_USAGE, "--dump-after: no pass '%s'; see --list-passes", dump);
    }
    if (stop && !passes_known(stop)) {
        return build_fail(b, BUILD_USAGE, "--stop-after: no pass '%s'; see --list-passes", stop);
    }
    return BUILD_OK;
}

BuildStatus build_start(Arena *a, const BuildRequest *request, Build **out)
{
    Build *b = ARENA_NEW(a, Build);
    *out = b;
    b->arena = a;
    b->request = *request;
    b->sources.arena = a;
    b->diag = diag_create(a, &b->sources);
    BuildStatus status = choose_target(b);
    if (status == BUILD_OK) {
        status = check_pass_names(b);
    }
    if (status == BUILD_OK) {
        status = build_read_model(b);
    }
    if (status == BUILD_OK) {
        b->codegen = codegen_create(a, b->target, &b->request.kernels);
    }
    return status;
}

void build_finish(Build *b)
{
    if (b) {
        object_unload(b->loaded);
    }
}

const BuildError *build_error(const Build *b)
{
    return &b->error;
}

const Graph *build_graph(const Build *b)
{
    return b->graph;
}

uint32_t build_classes(const Build *b)
{
    const Shape *s = &b->graph->outputs.at[0]->shape;
    return s->rank == 2 && shape_is_batched(s) ? (uint32_t)s->dim[1] : 0;
}

const char *build_lone_norm(const Build *b)
{
    for (const Node *n = b->graph->first; n; n = n->next) {
        const Shape *s = &n->outputs.at[0]->shape;
        if (n->op->role == OP_ROLE_BATCHNORM && shape_elements(s) == shape_channels(s)) {
            return n->name ? n->name : n->op->name;
        }
    }
    return NULL;
}

const char *build_model_text(const Build *b)
{
    const SourceFile *file = source_file(&b->sources, b->model_file);
    return file ? file->text : "";
}

bool build_is_source(const Build *b, const char *path)
{
    for (uint32_t i = 0; i < b->sources.files.count; i++) {
        if (file_same(b->sources.files.at[i].path, path)) {
            return true;
        }
    }
    return false;
}

const char *build_name(const Build *b)
{
    return b->name;
}

const TargetDef *build_target(const Build *b)
{
    return b->target;
}
