// cse.c: nodes that work on parameters alone and compute the same are one node.
// Not here: packing, which the layout pass shares itself.
#include "base/intern.h"
#include "passes/pass.h"

static uint64_t hash_node(const Node *n)
{
    uint64_t h = hash_u64(HASH_START, (uint64_t)(uintptr_t)n->op);
    h = n->op->attr_bytes ? attrs_hash(h, n->op, n->attrs) : h;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        h = hash_u64(h, n->inputs.at[i]->id);
    }
    return h;
}

static bool same_node(const Node *a, const Node *b)
{
    if (a->op != b->op || a->inputs.count != b->inputs.count || a->phase != b->phase) {
        return false;
    }
    for (uint32_t i = 0; i < a->inputs.count; i++) {
        if (a->inputs.at[i] != b->inputs.at[i]) {
            return false;
        }
    }
    return !a->op->attr_bytes || attrs_equal(a->op, a->attrs, b->attrs);
}

static bool shareable(const Node *n)
{
    if (n->op->kind != OP_PARAM_ONLY || n->op->updates || n->outputs.count == 0) {
        return false;
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        if (n->outputs.at[i]->kind != VALUE_TEMP) {
            return false;
        }
    }
    return true;
}

bool pass_cse(PassCtx *ctx)
{
    Graph *g = ctx->g;
    uses_build(&ctx->uses, ctx->scratch, g);
    size_t slots = 16;
    while (slots < 2 * (size_t)g->node_count) {
        slots *= 2;
    }
    Node **table = ARENA_ARRAY(ctx->scratch, Node *, slots);
    for (Node *n = g->first, *next; n; n = next) {
        next = n->next;
        if (!shareable(n)) {
            continue;
        }
        size_t i = (size_t)hash_node(n) & (slots - 1);
        while (table[i] && !same_node(table[i], n)) {
            i = (i + 1) & (slots - 1);
        }
        if (!table[i]) {
            table[i] = n;
            continue;
        }
        for (uint32_t k = 0; k < n->outputs.count; k++) {
            uses_replace(&ctx->uses, n->outputs.at[k], table[i]->outputs.at[k]);
        }
        pass_remove(ctx, n);
    }
    return true;
}
