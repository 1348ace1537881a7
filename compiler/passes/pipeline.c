// pipeline.c: the passes in their order, and the one loop that runs, times, checks and dumps them.
#include "passes/pipeline.h"

#include <string.h>

#include "base/internal_error.h"
#include "base/clock.h"
#include "passes/pass.h"

enum { INFER = 1 << MODE_INFER, TRAIN = 1 << MODE_TRAIN, BOTH = INFER | TRAIN };

// Facts order the passes: what a pass needs holds before it runs, what it makes does not yet.
typedef struct PassDef {
    const char *name;
    const char *doc;
    unsigned modes;
    uint32_t needs, makes; // Fact; a needed one that no pass of the mode makes is not asked for
    bool (*run)(PassCtx *ctx);
} PassDef;

static const PassDef PASSES[] = {
    {.name = "check",
     .doc = "the model has outputs, and in training one that serves as logits",
     .modes = BOTH,
     .makes = FACT_CHECKED,
     .run = pass_check},
    {.name = "simplify",
     .doc = "takes out identities; dropout and stochastic depth become masks and products",
     .modes = BOTH,
     .needs = FACT_CHECKED,
     .makes = FACT_SIMPLE,
     .run = pass_simplify},
    {.name = "fold_bn",
     .doc = "batch normalisation goes into the layer before it, or becomes x*scale + shift",
     .modes = INFER,
     .needs = FACT_SIMPLE, // an identity between would hide the layer
     .makes = FACT_NO_BN,
     .run = pass_fold_bn},
    {.name = "decompose_bn",
     .doc = "batch normalisation becomes sums, a finish, and x*scale + shift",
     .modes = TRAIN,
     .needs = FACT_CHECKED,
     .makes = FACT_NO_BN,
     .run = pass_decompose_bn},
    {.name = "loss",
     .doc = "labels come in, the cross-entropy of the logits goes out",
     .modes = TRAIN,
     .needs = FACT_CHECKED, // there is one output, the logits
     .makes = FACT_LOSS,
     .run = pass_loss},
    {.name = "autodiff",
     .doc = "the backward graph, by reverse accumulation",
     .modes = TRAIN,
     .needs = FACT_SIMPLE | FACT_NO_BN | FACT_LOSS, // what has no rule for its gradient is gone
     .makes = FACT_GRADIENTS,
     .run = pass_autodiff},
    {.name = "remat",
     .doc = "activations that follow cheaply from what is kept are recomputed in backward",
     .modes = TRAIN,
     .needs = FACT_GRADIENTS,
     .makes = FACT_RECOMPUTED,
     .run = pass_remat},
    {.name = "cse",
     .doc = "equal work on parameters is done once",
     .modes = BOTH,
     .needs = FACT_NO_BN | FACT_GRADIENTS, // which make such work
     .makes = FACT_UNIQUE,
     .run = pass_cse},
    {.name = "dce",
     .doc = "takes out what nobody reads",
     .modes = BOTH,
     .needs = FACT_NO_BN | FACT_RECOMPUTED, // forward may forget what backward recomputes
     .makes = FACT_LIVE,
     .run = pass_dce},
    {.name = "fuse",
     .doc = "elementwise nodes become maps, maps merge",
     .modes = BOTH,
     .needs = FACT_UNIQUE | FACT_LIVE, // whether a map merges depends on its readers
     .makes = FACT_MAPPED,
     .run = pass_fuse},
    {.name = "sink",
     .doc = "maps go into the epilogue of the node that makes their operand",
     .modes = BOTH,
     .needs = FACT_MAPPED,
     .makes = FACT_SUNK,
     .run = pass_sink},
    {.name = "sides",
     .doc = "channel reductions go to the node that writes what they sum",
     .modes = BOTH,
     .needs = FACT_SUNK, // a side sums what is stored, and a node with sides takes no map
     .makes = FACT_SIDES,
     .run = pass_sides},
    {.name = "bind",
     .doc = "what depends on parameters alone is prepare's work",
     .modes = BOTH,
     .needs = FACT_SIDES, // a node's inputs are final
     .makes = FACT_BOUND,
     .run = pass_bind},
    {.name = "layout",
     .doc = "kernels are chosen, values get layouts, conversions are put between",
     .modes = BOTH,
     .needs = FACT_BOUND, // conversions get binding times of their own
     .makes = FACT_LAID,
     .run = pass_layout},
    {.name = "plan_buffers",
     .doc = "every value gets its place",
     .modes = BOTH,
     .needs = FACT_LAID,
     .makes = FACT_PLANNED,
     .run = pass_plan_buffers},
};
enum { PASS_COUNT = sizeof PASSES / sizeof PASSES[0] };
_Static_assert((int)PASS_COUNT <= (int)PASSES_MAX, "the names of all passes have room");

static bool serves(const PassDef *p, Mode mode)
{
    return p->modes & (1u << mode);
}

static uint32_t facts_of_mode(Mode mode)
{
    uint32_t facts = 0;
    for (size_t i = 0; i < PASS_COUNT; i++) {
        facts |= serves(&PASSES[i], mode) ? PASSES[i].makes : 0;
    }
    return facts;
}

// Why a pass may not run on a graph of these facts, or NULL.
static const char *refusal(Arena *a, const PassDef *p, Mode mode, uint32_t facts)
{
    StrBuf text = {.arena = a};
    uint32_t missing = p->needs & facts_of_mode(mode) & ~facts, made = p->makes & facts;
    if (!serves(p, mode)) {
        strbuf_printf(&text, "pass %s does not serve this mode", p->name);
    } else if (missing) {
        strbuf_printf(&text, "pass %s needs what does not hold: ", p->name);
        facts_print(&text, missing);
    } else if (made) {
        strbuf_printf(&text, "pass %s makes what holds already: ", p->name);
        facts_print(&text, made);
    }
    return text.count ? strbuf_text(&text) : NULL;
}

static const char *mode_text(Mode m)
{
    return m == MODE_TRAIN ? "train" : "infer";
}

static void list_facts(StrBuf *out, const char *what, uint32_t facts)
{
    if (facts) {
        strbuf_printf(out, "%20s %-6s", "", what);
        facts_print(out, facts);
        strbuf_add(out, "\n");
    }
}

void passes_list(StrBuf *out)
{
    for (size_t i = 0; i < PASS_COUNT; i++) {
        const PassDef *p = &PASSES[i];
        const char *modes = p->modes == BOTH ? "both" : p->modes == INFER ? "infer" : "train";
        strbuf_printf(out, "%-13s %-6s %s\n", p->name, modes, p->doc);
        list_facts(out, "needs", p->needs);
        list_facts(out, "makes", p->makes);
    }
}

static const PassDef *find_pass(const char *name)
{
    for (size_t i = 0; i < PASS_COUNT; i++) {
        if (strcmp(PASSES[i].name, name) == 0) {
            return &PASSES[i];
        }
    }
    return NULL;
}

bool passes_known(const char *name)
{
    return find_pass(name) != NULL;
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
    const char *why = refusal(ctx->scratch, p, g->mode, g->facts);
    if (why) {
        INTERNAL_ERROR("%s", why);
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
    g->facts |= p->makes;
    bool last = p->makes & FACT_PLANNED;
    const char *broken = ctx->opt->verify_each || last ? graph_verify(g, p->name) : NULL;
    if (broken) {
        INTERNAL_ERROR("%s", broken);
    }
    if (matches(ctx->opt->dump_after, p->name)) {
        dump(p, g, &report->dumps);
    }
    return true;
}

// The passes up to one of them (of this mode or not), or all.
static uint32_t order_until(Mode mode, const char *stop, const char *names[PASSES_MAX])
{
    uint32_t count = 0;
    for (size_t i = 0; i < PASS_COUNT; i++) {
        if (serves(&PASSES[i], mode)) {
            names[count++] = PASSES[i].name;
        }
        if (stop && strcmp(stop, PASSES[i].name) == 0) {
            break;
        }
    }
    return count;
}

uint32_t passes_order(Mode mode, const char *names[PASSES_MAX])
{
    return order_until(mode, NULL, names);
}

const char *passes_refusal(Arena *a, Mode mode, const char *const *names, uint32_t count)
{
    uint32_t facts = 0;
    for (uint32_t i = 0; i < count; i++) {
        const PassDef *p = find_pass(names[i]);
        const char *why = refusal(a, p, mode, facts);
        if (why) {
            return why;
        }
        facts |= p->makes;
    }
    return NULL;
}

bool passes_run_in_order(Graph *g, const PassOptions *opt, Diag *diag, PassReport *report,
                         const char *const *names, uint32_t count)
{
    PassCtx ctx = {.g = g, .scratch = arena_create(), .opt = opt, .diag = diag};
    bool ok = true;
    for (uint32_t i = 0; ok && i < count; i++) {
        ok = run_one(&ctx, find_pass(names[i]), report);
    }
    arena_destroy(ctx.scratch);
    return ok;
}

bool passes_run(Graph *g, const PassOptions *opt, Diag *diag, PassReport *report)
{
    const char *names[PASSES_MAX];
    uint32_t count = order_until(g->mode, opt->stop_after, names);
    return passes_run_in_order(g, opt, diag, report, names, count);
}
