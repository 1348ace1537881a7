// code.c: from plans to what is written: native code, its text, its header; and to a model in
// this process.
#include "build/code.h"

#include <stdlib.h>

#include "base/internal_error.h"
#include "build/apart.h"
#include "build/build.h"
#include "object/header.h"

static ModelSpec model_spec(const Build *b)
{
    const SourceFile *file = source_file(&b->sources, b->main_file);
    if (!file) {
        INTERNAL_ERROR("the model's file is not among its sources");
    }
    const Graph **plans = ARENA_ARRAY(b->arena, const Graph *, b->plan_count + 1);
    for (uint32_t i = 0; i < b->plan_count; i++) {
        plans[i] = b->plans[i];
    }
    return (ModelSpec){.name = b->name,
                       .compiler = "resnetc " RESNETC_VERSION,
                       .source = file->text,
                       .path = file->path,
                       .sources = &b->sources,
                       .main_file = b->model_file,
                       .source_hash = b->graph->source_hash,
                       .plans = plans,
                       .plan_count = b->plan_count,
                       .weights = b->has_weights ? &b->weights : NULL};
}

const void *build_code(Build *b, CodegenFormat format, size_t *bytes)
{
    ModelSpec spec = model_spec(b);
    CodegenStats stats = {0};
    const void *out = codegen_emit(b->codegen, b->arena, &spec, format, bytes, &stats);
    build_tell_time(b, "code generator: build", 1e-3 * stats.build_ms);
    build_tell_time(b, "code generator: LLVM", 1e-3 * stats.emit_ms);
    if (b->request.time_passes) {
        build_tell(b, "%u kernels, %u steps, %zu bytes\n", stats.kernels, stats.steps, *bytes);
    }
    return out;
}

const char *build_header(Build *b)
{
    ModelSpec spec = model_spec(b);
    return header_text(b->arena, &spec, b->target->isa->name);
}

static BuildStatus load_object(Build *b, const void *object, size_t bytes, const RnModel **model)
{
    const char *error = NULL;
    object_unload(b->loaded); // weights' part, once they are embedded
    b->loaded = object_load(b->arena, object, bytes, b->name, model, &error);
    return b->loaded ? BUILD_OK : build_fail(b, BUILD_ENVIRONMENT, "%s", error);
}

BuildStatus build_load_part(Build *b, CodegenPart part, const RnModel **model)
{
    const Isa *isa = part == CODEGEN_TABLES ? isa_native() : b->target->isa;
    if (!isa) {
        return build_fail(b, BUILD_ENVIRONMENT, "this machine runs none of the targets");
    }
    const TargetDef *target =
        isa == b->target->isa ? b->target : target_create(b->arena, isa, NULL);
    ModelSpec spec = model_spec(b);
    spec.part = part;
    size_t bytes = 0;
    const void *object = codegen_emit(codegen_create(b->arena, target, &b->request.kernels),
                                      b->arena, &spec, CODEGEN_OBJECT, &bytes, NULL);
    return load_object(b, object, bytes, model);
}

static const void *make_object(void *build, size_t *bytes)
{
    return build_code(build, CODEGEN_OBJECT, bytes);
}

BuildStatus build_load(Build *b, const RnModel **model)
{
    BuildStatus status = build_make_plans(b);
    if (status != BUILD_OK) {
        return status;
    }
    // LLVM's memory is not to stay while the network runs.
    size_t bytes = 0;
    bool started = false;
    void *made = apart_make(make_object, b, &bytes, &started);
    if (started && !made) {
        return build_fail(b, BUILD_ENVIRONMENT, "the code generator ended without a result");
    }
    const void *object = made ? made : make_object(b, &bytes);
    status = load_object(b, object, bytes, model);
    free(made);
    return status;
}
