// select.c: asks every kernel that serves a node's operator and takes the one of least predicted
// time.
#include <string.h>

#include "base/diag.h"
#include "base/strbuf.h"
#include "codegen/codegen_internal.h"
#include "codegen/kernel.h"

static bool serves(const KernelDef *k, const Node *n)
{
    return strcmp(k->op, n->op->name) == 0;
}

static const char *why_slots(const KernelDef *k, const Node *n)
{
    if (n->store && !k->takes_store) {
        return "takes no store expression";
    }
    return n->side_count > 0 && !k->takes_sides ? "takes no sides" : NULL;
}

static void explain(StrBuf *text, const KernelDef *k, const Lowering *low, const char *why)
{
    if (why) {
        strbuf_printf(text, "%s: %s\n", k->name, why);
        return;
    }
    strbuf_printf(text, "%s: %.3f ms predicted, %u tasks", k->name, low->predicted_ns * 1e-6,
                  low->tasks_mul);
    if (low->tasks_div != RN_DIV_ALL) {
        strbuf_printf(text, " per %u images", low->tasks_div);
    }
    strbuf_printf(text, ", scratch %llu bytes\n", (unsigned long long)low->scratch_bytes);
}

// The cheapest kernel's plan, or NULL. g: NULL where only the kind of kernel matters.
static Lowering *choose(const Codegen *c, Arena *a, const Graph *g, const Node *n, StrBuf *text)
{
    PlanCtx ctx = {.arena = a,
                   .target = c->target,
                   .options = &c->options,
                   .plan_batch = g ? g->plan_batch : 1,
                   .training = g && g->mode == MODE_TRAIN};
    Lowering *best = NULL;
    for (size_t i = 0; i < kernel_table_count; i++) {
        const KernelDef *k = kernel_table[i];
        if (!serves(k, n)) {
            continue;
        }
        Lowering *low = ARENA_NEW(a, Lowering);
        const char *why = why_slots(k, n);
        why = why ? why : k->plan(&ctx, n, low);
        explain(text, k, low, why);
        if (why || (best && best->predicted_ns <= low->predicted_ns)) {
            continue;
        }
        low->kernel = k->name;
        low->kernel_def = k;
        best = low;
    }
    return best;
}

static Lowering *target_lower(const LowerTarget *t, Arena *a, const Graph *g, const Node *n)
{
    StrBuf text = {.arena = a};
    Lowering *low = choose(t->impl, a, g, n, &text);
    if (!low) {
        INTERNAL_ERROR("no kernel serves %s (%s):\n%s", n->op->name, n->name, strbuf_text(&text));
    }
    low->explain = strbuf_text(&text);
    return low;
}

// Whether the kernel that a node would get takes store expressions or sides.
static const KernelDef *chosen(const LowerTarget *t, const Node *n)
{
    Arena *scratch = arena_create();
    StrBuf text = {.arena = scratch};
    const Lowering *low = choose(t->impl, scratch, NULL, n, &text);
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
