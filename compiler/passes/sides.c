// sides.c: a channel reduction (BN's sums, a bias gradient) of what a node stores is taken while it
// is stored, if the node's kernel can and the other arguments exist by then.
#include "passes/expr.h"
#include "passes/pass.h"

static bool defined_before(const Value *v, const Node *p)
{
    return !v->def || v->def->mark < p->mark;
}

static bool fits(PassCtx *ctx, const Node *r)
{
    const LowerTarget *target = ctx->opt->target;
    const Value *x = r->inputs.at[0];
    const Node *p = x->def;
    if (!p || x->def_out != 0 || p->phase != r->phase || !p->op->accepts_sides ||
        p->side_count == NODE_MAX_SIDES) {
        return false;
    }
    if (p->inputs.count - p->own_inputs + r->inputs.count - 1 > EXPR_MAX_OPERANDS) {
        return false;
    }
    for (uint32_t i = 1; i < r->inputs.count; i++) {
        if (!defined_before(r->inputs.at[i], p)) {
            return false;
        }
    }
    return target->takes(target, p).sides;
}

static void attach(PassCtx *ctx, Node *r)
{
    Graph *g = ctx->g;
    Node *p = r->inputs.at[0]->def;
    Side *side = &p->sides[p->side_count++];
    *side = (Side){
        .op = r->op, .attrs = r->attrs, .arg_count = r->inputs.count, .output = p->outputs.count};
    side->arg[0] = (ExprRef){EXPR_RESULT, 0};
    for (uint32_t i = 1; i < r->inputs.count; i++) {
        side->arg[i] = (ExprRef){EXPR_INPUT, expr_operand(g, p, r->inputs.at[i])};
    }
    Value *sums = r->outputs.at[0];
    sums->def = p;
    sums->def_out = p->outputs.count;
    VEC_PUSH(g->arena, &p->outputs, sums);
    r->outputs.count = 0;
    graph_remove_node(g, r);
}

bool pass_sides(PassCtx *ctx)
{
    Graph *g = ctx->g;
    graph_number_nodes(g);
    for (Node *n = g->first, *next; n; n = next) {
        next = n->next;
        if (n->op->kind == OP_CHANNEL_REDUCE && fits(ctx, n)) {
            attach(ctx, n);
        }
    }
    return true;
}
