// sink.c: a map goes into the `store` of the node that makes one of its operands, when nobody else
// reads that raw result and the node's kernel takes an epilogue. Of several such nodes the latest
// serves: the merged node must stand where all operands are made, and the latest moves least. Not
// here: maps into maps (fuse.c).
#include "passes/expr.h"
#include "passes/pass.h"

static bool takes(PassCtx *ctx, const Node *p)
{
    const LowerTarget *target = ctx->opt->target;
    return p->op->accepts_store && p->outputs.count == 1 && p->side_count == 0 &&
           p->op->updates == 0 && target->takes(target, p).store;
}

// Whether map m may go into the node that makes its input v.
static bool fits(PassCtx *ctx, const Node *m, const Value *v)
{
    const Node *p = v->def;
    if (!p || p->phase != m->phase || p->op->role == OP_ROLE_MAP) {
        return false;
    }
    if (!shape_equal(&v->shape, &m->outputs.at[0]->shape) || uses_only(&ctx->uses, v) != m) {
        return false;
    }
    uint32_t steps = (p->store ? p->store->steps.count : 0) + m->store->steps.count;
    uint32_t operands = p->inputs.count - p->own_inputs + m->inputs.count - 1;
    return steps <= EXPR_MAX_STEPS && operands <= EXPR_MAX_OPERANDS && takes(ctx, p);
}

static Value *choose_operand(PassCtx *ctx, const Node *m)
{
    Value *best = NULL;
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        Value *v = m->inputs.at[i];
        if (fits(ctx, m, v) && (!best || v->def->mark > best->def->mark)) {
            best = v;
        }
    }
    return best;
}

static bool ready_at(const Node *m, const Node *p)
{
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        const Node *def = m->inputs.at[i]->def;
        if (def && def != p && def->mark > p->mark) {
            return false;
        }
    }
    return true;
}

// Whether somebody between p and m reads what p reads: p may wait until then at no cost, and its
// result does not stand in memory meanwhile (backward data behind backward weights of the same dy).
static bool may_wait(PassCtx *ctx, const Node *p, const Node *m)
{
    if (!p->own_inputs) {
        return false;
    }
    const UseList *list = uses_of(&ctx->uses, p->inputs.at[0]);
    for (uint32_t i = 0; i < list->nodes.count; i++) {
        if (list->nodes.at[i]->mark > p->mark && list->nodes.at[i]->mark < m->mark) {
            return true;
        }
    }
    return false;
}

static void sink(PassCtx *ctx, Node *m, Value *v)
{
    Graph *g = ctx->g;
    Node *p = v->def;
    if (!ready_at(m, p) || may_wait(ctx, p, m)) {
        graph_move_before(g, p, m);
        p->mark = m->mark;
    }
    Expr *e = p->store;
    if (!e) {
        e = p->store = ARENA_NEW(g->arena, Expr);
        e->result = (ExprRef){EXPR_RESULT, 0};
    }
    const ExprSource source = {
        .steps = m->store, .inputs = m->inputs.at, .replaced = v, .by = e->result};
    e->result = expr_inline(g, p, e, &source);
    // p gives m's output now; the raw result is nowhere any more.
    Value *out = m->outputs.at[0];
    out->def = p;
    out->def_out = 0;
    p->outputs.at[0] = out;
    uses_drop_node(&ctx->uses, m);
    m->outputs.count = 0;
    graph_remove_node(g, m);
    for (uint32_t i = p->own_inputs; i < p->inputs.count; i++) {
        uses_add(&ctx->uses, p->inputs.at[i], p);
    }
}

bool pass_sink(PassCtx *ctx)
{
    Graph *g = ctx->g;
    graph_number_nodes(g);
    uses_build(&ctx->uses, ctx->scratch, g);
    for (Node *n = g->first, *next; n; n = next) {
        next = n->next;
        if (n->op->role != OP_ROLE_MAP) {
            continue;
        }
        Value *v = choose_operand(ctx, n);
        if (v) {
            sink(ctx, n, v);
        }
    }
    return true;
}
