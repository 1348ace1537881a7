// check.c: what every later pass takes for granted: the graph has outputs, and in training exactly
// one that can serve as logits, and no parameter that several layers share (their gradients could
// only be summed in a layout that they have in common). Not here: shapes (the operators' own
// rules).
#include "passes/pass.h"
#include "passes/pipeline.h"

static bool is_logits(const Shape *s)
{
    return shape_is_batched(s) && s->rank >= 2 && shape_height(s) * shape_width(s) == 1;
}

const char *passes_untrainable(Arena *a, const Graph *g)
{
    if (g->outputs.count != 1) {
        return arena_printf(a, "it has %u outputs and training needs exactly one, the logits",
                            g->outputs.count);
    }
    const Value *out = g->outputs.at[0];
    if (!is_logits(&out->shape)) {
        StrBuf text = {.arena = a};
        strbuf_add(&text, "its output is ");
        shape_print(&text, &out->shape, out->elem);
        strbuf_add(&text, " and training needs logits f32[N,classes]");
        return strbuf_text(&text);
    }
    if (out->def && out->def->op->role == OP_ROLE_SOFTMAX) {
        return "it ends with softmax, which the training loss applies itself";
    }
    if (g->params.count == 0) {
        return "it has no parameters";
    }
    return NULL;
}

static bool check_shared_params(PassCtx *ctx)
{
    bool ok = true;
    uses_build(&ctx->uses, ctx->scratch, ctx->g);
    for (uint32_t i = 0; i < ctx->g->params.count; i++) {
        const Value *v = ctx->g->params.at[i];
        uint32_t readers = uses_of(&ctx->uses, v)->nodes.count;
        if (readers <= 1) {
            continue;
        }
        ok = false;
        (void)diag_error(ctx->diag, v->loc, "parameter %s cannot be trained: %u layers share it",
                         v->name, readers);
    }
    return ok;
}

bool pass_check(PassCtx *ctx)
{
    Graph *g = ctx->g;
    if (g->outputs.count == 0) {
        (void)diag_error(ctx->diag, (Loc){0}, "model %s has no output", g->name);
        return false;
    }
    if (g->mode == MODE_INFER) {
        return true;
    }
    const char *why = passes_untrainable(ctx->scratch, g);
    if (!why) {
        return check_shared_params(ctx);
    }
    DiagItem *item = diag_error(ctx->diag, g->outputs.at[0]->loc, "model %s cannot be trained: %s",
                                g->name, why);
    diag_help(ctx->diag, item,
              "end the model with dense(classes), or compile it with --mode infer");
    return false;
}
