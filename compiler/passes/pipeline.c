// pipeline.c: the passes in their order, and the one loop that runs, times, checks and dumps them.
#include "passes/pipeline.h"

#include <string.h>

#include "base/internal_error.h"
#include "base/clock.h"
#include "passes/pass.h"

enum { INFER = 1 << MODE_INFER, TRAIN = 1 << MODE_TRAIN, BOTH = INFER | TRAIN };

typedef struct PassDef {
    const char *name;
    const char *doc;
    unsigned modes;
    Stage needs, gives;
    bool (*run)(PassCtx *ctx);
} PassDef;

static const PassDef PASSES[] = {
    {"check", "the model has outputs, and in training one that serves as logits", BOTH, STAGE_BUILT,
     STAGE_BUILT, pass_check},
    {"simplify", "takes out identities; dropout and stochastic depth become masks and products",
     BOTH, STAGE_BUILT, STAGE_BUILT, pass_simplify},
    {"fold_bn", "batch normalisation goes into the layer before it, or becomes x*scale + shift",
     INFER, STAGE_BUILT, STAGE_BUILT, pass_fold_bn},
    {"decompose_bn", "batch normalisation becomes sums, a finish, and x*scale + shift", TRAIN,
     STAGE_BUILT, STAGE_BUILT, pass_decompose_bn},
    {"loss", "labels come in, the cross-entropy of the logits goes out", TRAIN, STAGE_BUILT,
     STAGE_BUILT, pass_loss},
    {"autodiff", "the backward graph, by reverse accumulation", TRAIN, STAGE_BUILT, STAGE_BUILT,
     pass_autodiff},
    {"remat", "activations that follow cheaply from what is kept are recomputed in backward", TRAIN,
     STAGE_BUILT, STAGE_BUILT, pass_remat},
    {"cse", "equal work on parameters is done once", BOTH, STAGE_BUILT, STAGE_BUILT, pass_cse},
    {"dce", "takes out what nobody reads", BOTH, STAGE_BUILT, STAGE_BUILT, pass_dce},
    {"fuse", "elementwise nodes become maps, maps merge", BOTH, STAGE_BUILT, STAGE_BUILT,
     pass_fuse},
    {"sink", "maps go into the epilogue of the node that makes their operand", BOTH, STAGE_BUILT,
     STAGE_BUILT, pass_sink},
    {"sides", "channel reductions go to the node that writes what they sum", BOTH, STAGE_BUILT,
     STAGE_LOWERED, pass_sides},
    {"bind", "what depends on parameters alone is prepare's work", BOTH, STAGE_LOWERED,
     STAGE_LOWERED, pass_bind},
    {"layout", "kernels are chosen, values get layouts, conversions are put between", BOTH,
     STAGE_LOWERED, STAGE_LAID, pass_layout},
    {"plan_buffers", "every value gets its place", BOTH, STAGE_LAID, STAGE_PLANNED,
     pass_plan_buffers},
};
enum { PASS_COUNT = sizeof PASSES / sizeof PASSES[0] };

static const char *mode_text(Mode m)
{
    return m == MODE_TRAIN ? "train" : "infer";
}

void passes_list(StrBuf *out)
{
    for (size_t i = 0; i < PASS_COUNT; i++) {
        const PassDef *p = &PASSES[i];
        const char *modes = p->modes == BOTH ? "both" : p->modes == INFER ? "infer" : "train";
        strbuf_printf(out, "%-13s %-6s %-8s -> %-8s  %s\n", p->name, modes, stage_name(p->needs),
                      stage_name(p->gives), p->doc);
    }
}

bool passes_known(const char *name)
{
    for (size_t i = 0; i < PASS_COUNT; i++) {
        if (strcmp(PASSES[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool matches(const char *option, const char *name)
{
    return option && (strcmp(option, name) == 0 || strcmp(option, "all") == 0);
}

static void dump(const PassDef *p, const Graph *g, StrBuf *out)
{
    strbuf_printf(out, "== %s (%s, batch %u)\n", p->name, mode_text(g->mode), g->plan_batch);
    graph_dump(g, out);
}

static bool run_one(PassCtx *ctx, const PassDef *p, PassReport *report)
{
    Graph *g = ctx->g;
    if (g->stage != p->needs) {
        INTERNAL_ERROR("pass %s needs a graph that is %s, not %s", p->name, stage_name(p->needs),
                       stage_name(g->stage));
    }
    double start = clock_seconds();
    ctx->uses = (Uses){0};
    bool ok = p->run(ctx);
    arena_reset(ctx->scratch);
    if (ctx->opt->time_passes) {
        strbuf_printf(&report->times, "%-5s %5u %-13s %8.3f ms %7u nodes\n", mode_text(g->mode),
                      g->plan_batch, p->name, 1e3 * (clock_seconds() - start), g->node_count);
    }
    if (!ok) {
        return false;
    }
    const char *broken =
        ctx->opt->verify_each || p->gives == STAGE_PLANNED ? graph_verify(g, p->name) : NULL;
    if (broken) {
        INTERNAL_ERROR("%s", broken);
    }
    if (matches(ctx->opt->dump_after, p->name)) {
        dump(p, g, &report->dumps);
    }
    return true;
}

bool passes_run(Graph *g, const PassOptions *opt, Diag *diag, PassReport *report)
{
    PassCtx ctx = {.g = g, .scratch = arena_create(), .opt = opt, .diag = diag};
    bool ok = true;
    for (size_t i = 0; ok && i < PASS_COUNT; i++) {
        const PassDef *p = &PASSES[i];
        if (p->modes & (1u << g->mode)) {
            ok = run_one(&ctx, p, report);
        }
        if (opt->stop_after && strcmp(opt->stop_after, p->name) == 0) {
            break;
        }
    }
    arena_destroy(ctx.scratch);
    return ok;
}
