// select.c: asks every kernel that serves a node's operator and takes the one of least predicted
// time. Nodes of equal work share one plan, so planners are asked once per distinct layer.
#include "base/internal_error.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "cpu/codegen.h"
#include "cpu/codegen_internal.h"
#include "cpu/kernel.h"

#define STREAM_FRACTION 0.75

// For which plan a node is asked about.
typedef struct Work {
    uint32_t plan_batch;
    bool training;
} Work;

static const char *why_slots(const KernelDef *k, const Node *n)
{
    if (n->store && !k->takes_store) {
        return "takes no store expression";
    }
    return n->side_count > 0 && !k->takes_sides ? "takes no sides" : NULL;
}

// What a kernel that serves an operator answered.
typedef struct Candidate {
    const Lowering *low; // its kernel_def tells whose answer it is
    const char *why;     // it cannot, or NULL
} Candidate;

typedef VEC(Candidate) Candidates;

// One line per candidate; the chosen one is marked.
static const char *explain(Arena *a, const Candidates *all, const Lowering *best)
{
    StrBuf text = {.arena = a};
    for (uint32_t i = 0; i < all->count; i++) {
        const Lowering *low = all->at[i].low;
        const KernelDef *k = low->kernel_def;
        strbuf_printf(&text, "    %c %-16s ", low == best ? '*' : ' ', k->name);
        if (all->at[i].why) {
            strbuf_printf(&text, "cannot: %s\n", all->at[i].why);
            continue;
        }
        strbuf_printf(&text, "%10.4f ms  %5u tasks", low->predicted_ns * 1e-6, low->tasks_mul);
        if (low->tasks_div != RN_DIV_ALL) {
            strbuf_printf(&text, " per %u images", low->tasks_div);
        }
        if (low->scratch_bytes > 0) {
            strbuf_printf(&text, ", scratch %llu bytes", (unsigned long long)low->scratch_bytes);
        }
        strbuf_printf(&text, "\n");
    }
    return strbuf_text(&text);
}

// An output that the last cache cannot hold until it is read would only push out what is needed.
static bool exceeds_cache(const TargetDef *t, const Node *n, uint32_t batch)
{
    const Value *v = n->outputs.at[0];
    double images = shape_is_batched(&v->shape) ? batch : 1;
    double bytes = (double)elem_size(v->layout.elem, shape_elements(&v->shape)) * images;
    return bytes > STREAM_FRACTION * (double)t->l3_bytes;
}

// Asks all kernels; gives the cheapest one's plan, or NULL.
static Lowering *choose(const Codegen *c, Arena *a, const Work *work, const Node *n,
                        Candidates *all)
{
    PlanCtx ctx = {.arena = a,
                   .target = c->target,
                   .options = &c->options,
                   .plan_batch = work->plan_batch,
                   .training = work->training};
    bool large = exceeds_cache(c->target, n, ctx.plan_batch);
    Lowering *best = NULL;
    for (size_t i = 0; i < kernel_table_count; i++) {
        const KernelDef *k = kernel_table[i];
        if (c->serves[i] != n->op) {
            continue;
        }
        Lowering *low = ARENA_NEW(a, Lowering);
        const char *why = why_slots(k, n);
        ctx.kernel = k;
        why = why ? why : k->plan(&ctx, n, low);
        low->kernel = k->name;
        low->kernel_def = k;
        low->streams = k->streams && large;
        VEC_PUSH(a, all, ((Candidate){.low = low, .why = why}));
        if (!why && (!best || best->predicted_ns > low->predicted_ns)) {
            best = low;
        }
    }
    return best;
}

// The plan of nodes of this work, made at the first question.
static const Plan *plan_of(const Codegen *c, const Work *work, const Node *n)
{
    PlanCache *cache = c->plans;
    Arena *scratch = arena_create();
    const char *key = intern_str(cache->keys, arena_printf(scratch, "%u %d %s", work->plan_batch,
                                                           work->training, work_text(scratch, n)));
    arena_destroy(scratch);
    uint32_t i = distinct_add(&cache->known, &key);
    if (i == cache->plans.count) {
        Candidates all = {0};
        Lowering *low = choose(c, c->arena, work, n, &all);
        const char *why = explain(c->arena, &all, low);
        if (low) {
            low->explain = why;
        }
        VEC_PUSH(c->arena, &cache->plans, ((Plan){.low = low, .explain = why}));
    }
    return &cache->plans.at[i];
}

static const Lowering *target_lower(const LowerTarget *t, const Graph *g, const Node *n)
{
    Work work = {.plan_batch = g->plan_batch, .training = g->mode == MODE_TRAIN};
    const Plan *plan = plan_of(t->impl, &work, n);
    if (!plan->low) {
        INTERNAL_ERROR("no kernel serves %s (%s):\n%s", n->op->name, n->name, plan->explain);
    }
    return plan->low;
}

// The kind of kernel matters, not its sizes: a plan for one image.
static KernelTakes target_takes(const LowerTarget *t, const Node *n)
{
    Work work = {.plan_batch = 1};
    const Lowering *low = plan_of(t->impl, &work, n)->low;
    const KernelDef *k = low ? low->kernel_def : NULL;
    return k ? (KernelTakes){.store = k->takes_store, .sides = k->takes_sides} : (KernelTakes){0};
}

PlanCache *plan_cache_create(Arena *a)
{
    PlanCache *cache = ARENA_NEW(a, PlanCache);
    cache->keys = intern_create(a);
    cache->known = distinct_create(a, sizeof(const char *));
    return cache;
}

LowerTarget codegen_lower_target(const Codegen *c)
{
    return (LowerTarget){.vector_floats = c->target->vector_floats,
                         .impl = c,
                         .lower = target_lower,
                         .takes = target_takes};
}
