// embed.c: weights that become part of the object. Plain ones are the regions as a session has them
// after loading; packed ones are what the plans' prepare steps make of them in this process.
#include "build/embed.h"

#include <string.h>

#include "tool/cli/report.h"
#include "tool/commands/weights.h"
#include "passes/embed.h"
#include "resnetc/runtime.h"

ModeChoice embed_mode(const Options *o)
{
    return o->weights && !o->mode_given ? CHOICE_INFER : (ModeChoice)o->mode;
}

// Training starts from plain weights: packed ones are for inference.
static EmbedChoice embed_choice(const Options *o)
{
    if (o->embed_given) {
        return (EmbedChoice)o->embed;
    }
    return embed_mode(o) == CHOICE_INFER ? EMBED_PACKED : EMBED_PLAIN;
}

ExitCode embed_check_options(const Options *o)
{
    if (!o->weights) {
        return EXIT_OK;
    }
    if (o->stop_after || (o->emit != EMIT_OBJECT && o->emit != EMIT_HEADER &&
                          o->emit != EMIT_LLVM && o->emit != EMIT_ASM)) {
        return report_error(EXIT_USAGE, "--weights become part of an object; what is asked for "
                                        "here does not hold any");
    }
    if (embed_choice(o) == EMBED_PACKED && embed_mode(o) != CHOICE_INFER) {
        return report_error(EXIT_USAGE, "--embed=packed is for --mode infer: training starts from "
                                        "--embed=plain");
    }
    return EXIT_OK;
}

static ExitCode open_loaded(const Options *o, const RnModel *m, RnSession **session)
{
    RnError err = {0};
    RnOptions options = {.max_batch = 1};
    if (rn_session_open(m, &options, session, &err) != RN_OK) {
        return report_status(&err);
    }
    return weights_load(o, *session);
}

// A copy of a region that the session owns; NULL if it is empty.
static const void *copy_region(Arena *a, RnSession *session, uint32_t region)
{
    uint64_t bytes = 0;
    const void *data = rn_session_region(session, region, &bytes);
    void *copy = data ? arena_alloc(a, (size_t)bytes) : NULL;
    if (copy) {
        memcpy(copy, data, (size_t)bytes);
    }
    return copy;
}

static ExitCode embed_plain(Arena *a, const Options *o, Compilation *c)
{
    const RnModel *m;
    RnSession *session = NULL;
    ExitCode code = compile_load_part(c, CODEGEN_TABLES, &m);
    if (code == EXIT_OK) {
        code = open_loaded(o, m, &session);
    }
    if (code == EXIT_OK) {
        EmbeddedWeights w = {.params = copy_region(a, session, RN_REGION_PARAMS),
                             .state = copy_region(a, session, RN_REGION_STATE)};
        compile_embed(c, &w);
    }
    rn_session_close(session);
    return code;
}

// Prepares, then adds what the steps read as it is.
static ExitCode pack(Arena *a, RnSession *session, Compilation *c)
{
    uint64_t bytes = 0;
    void *prepared = rn_session_region(session, RN_REGION_PACKED, &bytes);
    if (prepared) {
        memset(prepared, 0, (size_t)bytes); // between the weights too, for equal objects
    }
    RnError err = {0};
    if (rn_prepare(session, &err) != RN_OK) {
        return report_status(&err);
    }
    MovedWeights moved;
    compile_move_weights(c, &moved);
    char *packed = arena_alloc(a, (size_t)moved.packed_bytes);
    if (prepared) {
        memcpy(packed, prepared, (size_t)bytes);
    }
    for (uint32_t i = 0; i < moved.list.count; i++) {
        const MovedWeight *w = &moved.list.at[i];
        memcpy(packed + w->offset, rn_tensor_data(session, (int32_t)w->index), (size_t)w->bytes);
    }
    EmbeddedWeights w = {.packed = packed};
    compile_embed(c, &w);
    return EXIT_OK;
}

static ExitCode embed_packed(Arena *a, const Options *o, Compilation *c)
{
    const char *target = compile_target(c)->name;
    if (!rn_machine_has(target)) {
        return report_error(
            EXIT_ENVIRONMENT,
            "weights are packed by running the target's code, and this machine does "
            "not run %s\n  help: --embed=plain leaves packing to that machine",
            target);
    }
    const RnModel *m;
    RnSession *session = NULL;
    ExitCode code = compile_load_part(c, CODEGEN_PREPARE, &m);
    if (code == EXIT_OK) {
        code = open_loaded(o, m, &session);
    }
    if (code == EXIT_OK) {
        code = pack(a, session, c);
    }
    rn_session_close(session);
    return code;
}

ExitCode embed_weights(Arena *a, const Options *o, Compilation *c)
{
    if (!o->weights) {
        return EXIT_OK;
    }
    return embed_choice(o) == EMBED_PACKED ? embed_packed(a, o, c) : embed_plain(a, o, c);
}
