// remat.c: recomputes in backward what is cheaper to recompute than to keep. A forward value that
// backward reads and that follows from kept tensors by cheap steps is cloned to just before its
// first reader in backward, and forward forgets it (Chen et al. 2016, "Training deep nets with
// sublinear memory cost", with the cheapest possible segments). Cheap are elementwise steps (BN's
// x*scale + shift, ReLU); then joins, in segments of a few blocks, from the convolutions' outputs z
// of their branch and the join before; then convolutions that reduce few values: their products
// cost about as much as reading and writing. All other z are kept: BN's gradient reads them.
// Not here: how a clone then merges into its readers (fuse.c).
#include "passes/cost.h"
#include "passes/pass.h"

typedef enum Keep {
    KEEP_UNKNOWN,
    KEEP_YES,      // in memory in backward anyway, or small
    KEEP_REDONE,   // follows cheaply from one such value
    KEEP_REJOINED, // from several
    KEEP_NO,       // its memory ends in forward
} Keep;

typedef struct Remat {
    PassCtx *ctx;
    uint8_t *keep;  // Keep by value id
    Value **clone;  // by value id
    uint32_t count; // values before the pass
} Remat;

static bool read_in_backward(Remat *r, const Value *v)
{
    const UseList *list = uses_of(&r->ctx->uses, v);
    for (uint32_t i = 0; i < list->nodes.count; i++) {
        if (list->nodes.at[i]->phase == PHASE_BACKWARD) {
            return true;
        }
    }
    return false;
}

// Whether it multiplies so little for each value it gives that this costs little beside its
// traffic. Groups are not: the fewer channels they have, the more their kernels do beside.
static bool is_light(const Node *n)
{
    enum { LIGHT_MACS = 64 };
    if (!n->op->macs || n->inputs.at[1]->shape.dim[1] != shape_channels(&n->inputs.at[0]->shape)) {
        return false;
    }
    return n->op->macs(n) <= LIGHT_MACS * (uint64_t)shape_elements(&n->outputs.at[0]->shape);
}

// Operands are defined earlier, so their answers are known when nodes are visited in order.
static Keep classify(Remat *r, const Node *n, const Value *v)
{
    const UseList *list = uses_of(&r->ctx->uses, v);
    if (!value_is_large(v) || list->outputs) {
        return KEEP_YES;
    }
    Keep from = KEEP_YES;
    uint32_t large = 0;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        Keep in = (Keep)r->keep[n->inputs.at[i]->id];
        large += value_is_large(n->inputs.at[i]);
        from = in > from ? in : from;
    }
    Recompute level = r->ctx->opt->recompute;
    if (n->op->kind == OP_ELEMENTWISE && op_is_cheap(n->op, n->attrs, n->inputs.count)) {
        if (large == 1 && from < KEEP_NO) {
            return from == KEEP_REJOINED ? KEEP_REJOINED : KEEP_REDONE;
        }
        if (large > 1 && from < KEEP_NO && level <= RECOMPUTE_JOINS) {
            return KEEP_REJOINED;
        }
    }
    // Behind a join it would make that join's segment longer, and all of it live at once.
    if (level == RECOMPUTE_CONVS && from < KEEP_REJOINED && is_light(n)) {
        return KEEP_REDONE;
    }
    return read_in_backward(r, v) ? KEEP_YES : KEEP_NO;
}

static void classify_all(Remat *r)
{
    const Graph *g = r->ctx->g;
    for (uint32_t i = 0; i < r->count; i++) {
        r->keep[i] = KEEP_YES; // inputs, parameters, state
    }
    for (const Node *n = g->first; n && n->phase != PHASE_BACKWARD; n = n->next) {
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            Value *v = n->outputs.at[i];
            r->keep[v->id] = (uint8_t)classify(r, n, v);
        }
    }
}

// The value as backward has it before node `before`. A chain longer than `limit` steps is cut by
// keeping its middle.
static Value *redo(Remat *r, Value *v, Node *before, int limit)
{
    if (r->clone[v->id]) {
        return r->clone[v->id];
    }
    if (limit == 0) {
        r->keep[v->id] = KEEP_YES;
    }
    if (r->keep[v->id] != KEEP_REDONE && r->keep[v->id] != KEEP_REJOINED) {
        return v;
    }
    const Node *n = v->def;
    Value **in = ARENA_ARRAY(r->ctx->scratch, Value *, n->inputs.count + 1);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        in[i] = redo(r, n->inputs.at[i], before, limit - 1);
    }
    Graph *g = r->ctx->g;
    const Node *copy = build_node(g, &(NodeSpec){
                                         .op = n->op,
                                         .attrs = n->attrs,
                                         .in = in,
                                         .in_count = n->inputs.count,
                                         .name = n->name,
                                         .loc = n->loc,
                                         .phase = PHASE_BACKWARD,
                                         .before = before,
                                     });
    r->clone[v->id] = copy->outputs.at[0];
    return r->clone[v->id];
}

bool pass_remat(PassCtx *ctx)
{
    enum { LONGEST_CHAIN = 8 }; // a join and its ReLU are two steps
    if (ctx->opt->recompute == RECOMPUTE_NONE) {
        return true;
    }
    Graph *g = ctx->g;
    uses_build(&ctx->uses, ctx->scratch, g);
    Remat r = {.ctx = ctx, .count = g->next_value};
    r.keep = ARENA_ARRAY(ctx->scratch, uint8_t, r.count);
    r.clone = ARENA_ARRAY(ctx->scratch, Value *, r.count);
    classify_all(&r);
    for (Node *n = g->first; n; n = n->next) {
        if (n->phase != PHASE_BACKWARD) {
            continue;
        }
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            Value *v = n->inputs.at[i];
            if (v->id < r.count && v->def && v->def->phase != PHASE_BACKWARD) {
                n->inputs.at[i] = redo(&r, v, n, LONGEST_CHAIN);
            }
        }
    }
    return true;
}
