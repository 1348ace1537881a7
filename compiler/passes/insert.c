// insert.c: how passes make and remove nodes.
#include "base/internal_error.h"
#include "passes/pass.h"

const OpDef *pass_op(const char *name)
{
    const OpDef *op = op_find(name);
    if (!op) {
        INTERNAL_ERROR("operator %s does not exist", name);
    }
    return op;
}

Node *pass_insert(PassCtx *ctx, const Node *like, Node *before, const PassNode *what)
{
    Node *n = build_node(ctx->g, &(NodeSpec){
                                     .op = pass_op(what->op),
                                     .attrs = what->attrs,
                                     .in = what->in,
                                     .in_count = what->in_count,
                                     .name = like->name,
                                     .loc = like->loc,
                                     .phase = like->phase,
                                     .before = before,
                                 });
    for (uint32_t i = 0; ctx->uses.g && i < n->inputs.count; i++) {
        uses_add(&ctx->uses, n->inputs.at[i], n);
    }
    return n;
}

void pass_remove(PassCtx *ctx, Node *n)
{
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        const UseList *list = uses_of(&ctx->uses, n->outputs.at[i]);
        if (list->nodes.count || list->outputs) {
            INTERNAL_ERROR("removing node %s (%s), whose output %u is used", n->name, n->op->name,
                           i);
        }
    }
    uses_drop_node(&ctx->uses, n);
    n->outputs.count = 0; // checked above, so that graph_remove_node need not walk the graph
    graph_remove_node(ctx->g, n);
}
