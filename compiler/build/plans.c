// plans.c: one run of the passes for each mode and batch that is asked for.
#include <string.h>

#include "build/build.h"
#include "build/state.h"
#include "ir/graph_clone.h"
#include "passes/pipeline.h"
#include "ir/lowering.h"
#include "ir/opdef.h"

void build_set_plans(Build *b, const BuildPlans *plans)
{
    uint32_t *batches = ARENA_ARRAY(b->arena, uint32_t, plans->batch_count + 1);
    if (plans->batch_count) {
        memcpy(batches, plans->batches, plans->batch_count * sizeof *batches);
    }
    b->request.plans = *plans;
    b->request.plans.batches = batches;
}

uint32_t build_plan_count(const Build *b)
{
    return b->plan_count;
}

const Graph *build_plan(const Build *b, uint32_t i)
{
    return b->plans[i];
}

static void tell_kernels(const Build *b, const Graph *g)
{
    build_tell(b,
               "== kernels (%s, batch %u): layer and operator, then each candidate with the time "
               "predicted on one thread; * is taken\n",
               g->mode == MODE_TRAIN ? "train" : "infer", g->plan_batch);
    for (const Node *n = g->first; n; n = n->next) {
        if (!n->lowering) {
            continue;
        }
        build_tell(b, "%s, %s\n", n->name ? n->name : "-", n->op->name);
        if (n->lowering->explain) {
            build_tell(b, "%s", n->lowering->explain);
        }
    }
}

static BuildStatus run_passes(Build *b, Mode mode, uint32_t batch, PassOptions *opt)
{
    Graph *g = graph_clone(b->arena, b->graph);
    g->mode = mode;
    g->plan_batch = batch;
    PassReport report = {.dumps = {.arena = b->arena}, .times = {.arena = b->arena}};
    bool good = passes_run(g, opt, b->diag, &report);
    build_tell(b, "%s", strbuf_text(&report.dumps));
    build_tell(b, "%s", strbuf_text(&report.times));
    if (!good) {
        return build_fail_diagnosed(b);
    }
    if (b->request.explain_kernels && !b->request.stop_after) {
        tell_kernels(b, g);
    }
    b->plans[b->plan_count++] = g;
    return BUILD_OK;
}

// What to do about a model without a loss: nothing, leave training out with a warning, or fail.
static BuildStatus check_trainable(Build *b, BuildPlans *plans)
{
    const char *why = plans->train ? passes_untrainable(b->arena, b->graph) : NULL;
    if (!why) {
        return BUILD_OK;
    }
    if (!plans->infer || !plans->train_optional) {
        return build_fail(b, BUILD_MODEL, "%s cannot be trained: %s", b->request.model, why);
    }
    build_tell(b, "resnetc: warning: %s has no training code: %s\n", b->request.model, why);
    plans->train = false;
    return BUILD_OK;
}

BuildStatus build_make_plans(Build *b)
{
    static const uint32_t one = 1;
    const BuildRequest *r = &b->request;
    BuildPlans plans = r->plans;
    if (plans.batch_count == 0) {
        plans.batches = &one;
        plans.batch_count = 1;
    }
    if (plans.batch_count > BUILD_MAX_BATCHES) {
        return build_fail(b, BUILD_USAGE, "at most %d batches have plans", BUILD_MAX_BATCHES);
    }
    BuildStatus status = check_trainable(b, &plans);
    LowerTarget target = codegen_lower_target(b->codegen);
    PassOptions opt = {.target = &target,
                       .both_modes = plans.infer && plans.train,
                       .recompute = r->recompute,
                       .label_smoothing = r->label_smoothing,
                       .packed = packed_pool_create(b->arena),
                       .dump_after = r->dump_after,
                       .stop_after = r->stop_after,
                       .verify_each = r->verify_each,
                       .time_passes = r->time_passes};
    for (uint32_t i = 0; plans.infer && status == BUILD_OK && i < plans.batch_count; i++) {
        status = run_passes(b, MODE_INFER, plans.batches[i], &opt);
    }
    uint32_t first = plans.train_each_batch ? 0 : plans.batch_count - 1;
    for (uint32_t i = first; plans.train && status == BUILD_OK && i < plans.batch_count; i++) {
        status = run_passes(b, MODE_TRAIN, plans.batches[i], &opt);
    }
    return status;
}
