// plan_print.c: the buffer plan as text: --emit=plan.
#include <inttypes.h>

#include "base/internal_error.h"
#include "ir/opdef.h"
#include "passes/pass.h"
#include "passes/pipeline.h"
#include "passes/plan.h"

static const char *region_text(uint32_t region)
{
    switch (region) {
    case RN_REGION_PARAMS:
        return "params";
    case RN_REGION_STATE:
        return "state";
    case RN_REGION_GRADS:
        return "grads";
    case RN_REGION_PACKED:
        return "packed";
    case RN_REGION_ARENA:
        return "arena";
    default:
        return "io";
    }
}

static void print_value(StrBuf *out, const Value *v, const PlanLives *lives)
{
    PlanBytes bytes = plan_bytes(v);
    bool batched = v->place.slope || bytes.per_image;
    if (plan_is_step(v->def)) {
        strbuf_printf(out, "%5u..%-5u", lives->first[v->id], lives->last[v->id]);
    } else {
        strbuf_add(out, "     prepare");
    }
    strbuf_printf(out, " %-6s %12" PRIu64 " %12" PRIu64 " %s  ", region_text(v->place.region),
                  batched ? v->place.slope : v->place.offset,
                  batched ? bytes.per_image : bytes.fixed, batched ? "per image" : "         ");
    strbuf_printf(out, "%s %s ", v->def->name, v->def->op->name);
    shape_print(out, &v->shape, v->elem);
    strbuf_add(out, "\n");
}

static void print_totals(StrBuf *out, Arena *a, const Graph *g, const PlanLives *lives)
{
    PlanBound bound = plan_bound(a, g, lives);
    uint64_t batch = g->plan_batch, total = plan_total(g);
    uint64_t least = bound.fixed + batch * bound.per_image + bound.scratch;
    strbuf_printf(out, "steps            %u\n", lives->steps);
    strbuf_printf(out, "arena            %" PRIu64 " fixed + %" PRIu64 " per image\n",
                  g->arena_fixed, g->arena_per_image);
    strbuf_printf(out, "scratch          %" PRIu64 " per worker", plan_scratch(g));
    if (g->scratch_placed && g->scratch_beside) {
        strbuf_printf(out, "; the first's in the arena and %" PRIu64 " beyond", g->scratch_beside);
    } else if (g->scratch_placed) {
        strbuf_add(out, "; the first's in the arena");
    }
    strbuf_add(out, "\n");
    strbuf_printf(out, "packed weights   %" PRIu64 "\n", g->packed_bytes);
    strbuf_printf(out, "total            %" PRIu64 " at batch %" PRIu64 ", one worker\n", total,
                  batch);
    strbuf_printf(out,
                  "lower bound      %" PRIu64 " (step %u: %" PRIu64 " fixed + %" PRIu64
                  " per image live, %" PRIu64 " scratch)\n",
                  least, bound.step, bound.fixed, bound.per_image, bound.scratch);
    strbuf_printf(out, "total / bound    %.3f\n", least ? (double)total / (double)least : 1.0);
}

char *plan_print(Arena *a, const Graph *g)
{
    if (!(g->facts & FACT_PLANNED)) {
        INTERNAL_ERROR("plan_print: graph %s is not planned", g->name);
    }
    PlanLives lives;
    plan_lives(a, g, &lives);
    StrBuf out = {.arena = a};
    strbuf_printf(&out, "plan of %s, %s, batch %u\n", g->name,
                  g->mode == MODE_TRAIN ? "training" : "inference", g->plan_batch);
    strbuf_add(&out, "first..last  region       offset        bytes            buffer\n");
    for (const Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->outputs.count && !n->prepared; i++) {
            print_value(&out, n->outputs.at[i], &lives);
        }
    }
    print_totals(&out, a, g, &lives);
    return out.text;
}
