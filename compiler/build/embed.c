// embed.c: weights that become part of the object. Plain ones are the regions as a session has them
// after loading; packed ones are what the plans' prepare steps make of them in this process.
#include <string.h>

#include "build/build.h"
#include "build/code.h"
#include "passes/move_weights.h"
#include "resnetc/runtime.h"

static BuildStatus open_filled(Build *b, const RnModel *m, RnSession **session)
{
    const BuildRequest *r = &b->request;
    RnError err = {0};
    RnOptions options = {.max_batch = 1};
    if (rn_session_open(m, &options, session, &err) != RN_OK) {
        return build_fail_runtime(b, &err);
    }
    RnStatus status = r->fill_weights
                          ? r->fill_weights(r->fill_context, *session, &err)
                          : rn_weights_load_with(*session, r->weights, &r->weights_options, &err);
    return status == RN_OK ? BUILD_OK : build_fail_runtime(b, &err);
}

// What is written from now on holds these weights.
static void set_weights(Build *b, const EmbeddedWeights *weights)
{
    b->weights = *weights;
    b->has_weights = true;
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

static BuildStatus embed_plain(Build *b)
{
    const RnModel *m;
    RnSession *session = NULL;
    BuildStatus status = build_load_part(b, CODEGEN_TABLES, &m);
    if (status == BUILD_OK) {
        status = open_filled(b, m, &session);
    }
    if (status == BUILD_OK) {
        EmbeddedWeights w = {.params = copy_region(b->arena, session, RN_REGION_PARAMS),
                             .state = copy_region(b->arena, session, RN_REGION_STATE)};
        set_weights(b, &w);
    }
    rn_session_close(session);
    return status;
}

// Prepares, then adds what the steps read as it is.
static BuildStatus pack(Build *b, RnSession *session)
{
    uint64_t bytes = 0;
    void *prepared = rn_session_region(session, RN_REGION_PACKED, &bytes);
    if (prepared) {
        memset(prepared, 0, (size_t)bytes); // between the weights too, for equal objects
    }
    RnError err = {0};
    if (rn_prepare(session, &err) != RN_OK) {
        return build_fail_runtime(b, &err);
    }
    MovedWeights moved;
    passes_move_weights(b->arena, b->plans, b->plan_count, &moved);
    char *packed = arena_alloc(b->arena, (size_t)moved.packed_bytes);
    if (prepared) {
        memcpy(packed, prepared, (size_t)bytes);
    }
    for (uint32_t i = 0; i < moved.list.count; i++) {
        const MovedWeight *w = &moved.list.at[i];
        memcpy(packed + w->offset, rn_tensor_data(session, (int32_t)w->index), (size_t)w->bytes);
    }
    EmbeddedWeights w = {.packed = packed};
    set_weights(b, &w);
    return BUILD_OK;
}

static BuildStatus embed_packed(Build *b)
{
    if (b->request.plans.train) {
        return build_fail(b, BUILD_USAGE, "packed weights are for inference alone");
    }
    if (!isa_runs_here(b->target->isa)) {
        return build_fail(b, BUILD_ENVIRONMENT,
                          "weights are packed by running the target's code, and this machine does "
                          "not run %s\n  help: --embed=plain leaves packing to that machine",
                          b->target->isa->name);
    }
    const RnModel *m;
    RnSession *session = NULL;
    BuildStatus status = build_load_part(b, CODEGEN_PREPARE, &m);
    if (status == BUILD_OK) {
        status = open_filled(b, m, &session);
    }
    if (status == BUILD_OK) {
        status = pack(b, session);
    }
    rn_session_close(session);
    return status;
}

BuildStatus build_embed_weights(Build *b)
{
    if (!b->request.weights && !b->request.fill_weights) {
        return BUILD_OK;
    }
    return b->request.embedding == BUILD_EMBED_PACKED ? embed_packed(b) : embed_plain(b);
}
