// simplify.c: takes out what computes nothing, and brings the operators that only training knows
// (dropout, stochastic depth) into plain words: a mask and a product.
#include "ops/drop/drop_attrs.h"
#include "passes/pass.h"

static bool is_identity(const Node *n, Mode mode)
{
    if (n->op->train_only_effect) {
        const DropAttrs *drop = n->attrs;
        return mode == MODE_INFER || drop->p <= 0.0;
    }
    return n->op->identity && n->op->identity(n);
}

// dropout(x) = x * mask(x); drop_path(x) = x * mask [N]. A mask reads the shape of `like` alone.
static Value *expand_drop(PassCtx *ctx, Node *n, const char *mask_op, Value *like)
{
    Value *x = n->inputs.at[0];
    const Node *mask = pass_insert(
        ctx, n, n, &(PassNode){.op = mask_op, .attrs = n->attrs, .in = {like}, .in_count = 1});
    const Node *product = pass_insert(
        ctx, n, n, &(PassNode){.op = "mul", .in = {x, mask->outputs.at[0]}, .in_count = 2});
    return product->outputs.at[0];
}

bool pass_simplify(PassCtx *ctx)
{
    Graph *g = ctx->g;
    uses_build(&ctx->uses, ctx->scratch, g);
    for (Node *n = g->first, *next; n; n = next) {
        next = n->next;
        Value *by = NULL;
        if (is_identity(n, g->mode)) {
            by = n->inputs.at[0];
        } else if (n->op->role == OP_ROLE_DROPOUT) {
            by = expand_drop(ctx, n, "dropout_mask", n->inputs.at[0]);
        } else if (n->op->role == OP_ROLE_DROP_PATH) {
            // One number per image: the model's input tells their count, and x need not be stored.
            by = expand_drop(ctx, n, "drop_path_mask", g->inputs.at[0]);
        }
        if (!by) {
            continue;
        }
        uses_replace(&ctx->uses, n->outputs.at[0], by);
        pass_remove(ctx, n);
    }
    return true;
}
