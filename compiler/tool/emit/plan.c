// plan.c: --emit=plan: where each value lies in memory, as a table.
#include "tool/emit/emit.h"

#include "passes/pipeline.h"

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    StrBuf text = {.arena = a};
    for (uint32_t i = 0; i < build_plan_count(b); i++) {
        strbuf_add(&text, plan_print(a, build_plan(b, i)));
    }
    return emit_text(&text, bytes);
}

const EmitDef emit_plan = {
    .name = "plan",
    .doc = "where each value lies in memory, as a table",
    .needs = EMIT_NEEDS_PLANS,
    .make = make,
};
