// select.c: asks every kernel that serves a node's operator and takes the one of least predicted
// time.
#include "base/internal_error.h"
#include "base/strbuf.h"
#include "cpu/codegen_internal.h"
#include "cpu/kernel.h"

#define STREAM_FRACTION 0.75
#define MAX_CANDIDATES 16 // for explanations; all kernels are asked

static const char *why_slots(const KernelDef *k, const Node *n)
{
    if (n->store && !k->takes_store) {
        return "takes no store expression";
    }
    return n->side_count > 0 && !k->takes_sides ? "takes no sides" : NULL;
}

// What the kernels that serve an operator answered.
typedef struct Candidates {
    const Lowering *low[MAX_CANDIDATES]; // its kernel_def tells whose answer it is
    const char *why[MAX_CANDIDATES];     // it cannot, or NULL
    uint32_t count;
} Candidates;

// One line per candidate; the chosen one is marked.
static const char *explain(Arena *a, const Candidates *all, const Lowering *best)
{
    StrBuf text = {.arena = a};
    for (uint32_t i = 0; i < all->count; i++) {
        const Lowering *low = all->low[i];
        const KernelDef *k = low->kernel_def;
        strbuf_printf(&text, "    %c %-16s ", low == best ? '*' : ' ', k->name);
        if (all->why[i]) {
            strbuf_printf(&text, "cannot: %s\n", all->why[i]);
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
    double bytes = 4.0 * (double)shape_elements(&v->shape) * images;
    return bytes > STREAM_FRACTION * (double)t->l3_bytes;
}

// The cheapest kernel's plan, or NULL. g: NULL where only the kind of kernel matters.
static Lowering *choose(const Codegen *c, Arena *a, const Graph *g, const Node *n, Candidates *all)
{
    PlanCtx ctx = {.arena = a,
                   .target = c->target,
                   .options = &c->options,
                   .plan_batch = g ? g->plan_batch : 1,
                   .training = g && g->mode == MODE_TRAIN};
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
        if (all->count < MAX_CANDIDATES) {
            all->low[all->count] = low;
            all->why[all->count++] = why;
        }
        if (!why && (!best || best->predicted_ns > low->predicted_ns)) {
            best = low;
        }
    }
    return best;
}

static Lowering *target_lower(const LowerTarget *t, Arena *a, const Graph *g, const Node *n)
{
    Candidates all = {0};
    Lowering *low = choose(t->impl, a, g, n, &all);
    const char *text = explain(a, &all, low);
    if (!low) {
        INTERNAL_ERROR("no kernel serves %s (%s):\n%s", n->op->name, n->name, text);
    }
    low->explain = text;
    return low;
}

// Whether the kernel that a node would get takes store expressions or sides.
static const KernelDef *chosen(const LowerTarget *t, const Node *n)
{
    Arena *scratch = arena_create();
    Candidates all = {0};
    const Lowering *low = choose(t->impl, scratch, NULL, n, &all);
    const KernelDef *k = low ? low->kernel_def : NULL;
    arena_destroy(scratch);
    return k;
}

static bool target_takes_store(const LowerTarget *t, const Node *n)
{
    const KernelDef *k = chosen(t, n);
    return k && k->takes_store;
}

static bool target_takes_sides(const LowerTarget *t, const Node *n)
{
    const KernelDef *k = chosen(t, n);
    return k && k->takes_sides;
}

LowerTarget codegen_lower_target(const Codegen *c)
{
    return (LowerTarget){.vector_floats = c->target->vector_floats,
                         .impl = c,
                         .lower = target_lower,
                         .takes_store = target_takes_store,
                         .takes_sides = target_takes_sides};
}
