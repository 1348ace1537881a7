// dce.c: takes out nodes whose results nobody reads. Gradients and updates of state count as read.
#include "passes/pass.h"

static bool must_stay(const Node *n)
{
    if (n->op->updates) {
        return true;
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        if (n->outputs.at[i]->kind == VALUE_GRAD || n->outputs.at[i]->kind == VALUE_OUTPUT) {
            return true;
        }
    }
    return false;
}

static bool is_read(PassCtx *ctx, const Node *n)
{
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        const UseList *list = uses_of(&ctx->uses, n->outputs.at[i]);
        if (list->nodes.count || list->outputs) {
            return true;
        }
    }
    return false;
}

bool pass_dce(PassCtx *ctx)
{
    Graph *g = ctx->g;
    uses_build(&ctx->uses, ctx->scratch, g);
    for (Node *n = g->last, *prev; n; n = prev) {
        prev = n->prev;
        if (!must_stay(n) && !is_read(ctx, n)) {
            pass_remove(ctx, n);
        }
    }
    return true;
}
