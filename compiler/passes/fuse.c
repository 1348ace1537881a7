// fuse.c: every elementwise node becomes a `map` with an expression, and maps merge into the maps
// that read them, so that what lies between is never stored. A map with one reader goes into it.
// One with several goes into a reader only where that costs no more memory traffic: its steps are
// cheap, what it reads is alive there anyway, and the reader does not read more tensors than
// before. Not here: maps into the epilogue of other operators (sink.c), reductions (sides.c).
#include <string.h>

#include "base/internal_error.h"
#include "passes/cost.h"
#include "passes/expr.h"
#include "passes/pass.h"

// add(a, ..., h) has more operands than one step takes: sums of sums, from left to right.
static void add_wide_sum(Graph *g, Node *n, Expr *e)
{
    ExprRef sum = {EXPR_INPUT, 0};
    for (uint32_t i = 1; i < n->inputs.count;) {
        ExprStep step = {.op = n->op, .attrs = n->attrs, .arg_count = 1, .arg = {sum}};
        while (step.arg_count < EXPR_MAX_ARGS && i < n->inputs.count) {
            step.arg[step.arg_count++] = (ExprRef){EXPR_INPUT, i++};
        }
        VEC_PUSH(g->arena, &e->steps, step);
        sum = (ExprRef){EXPR_STEP, e->steps.count - 1};
    }
    e->result = sum;
}

static void make_map(Graph *g, Node *n)
{
    Expr *e = ARENA_NEW(g->arena, Expr);
    if (n->inputs.count > EXPR_MAX_ARGS) {
        if (n->op->role != OP_ROLE_ADD) {
            INTERNAL_ERROR("fuse: %s (%s) has %u operands", n->name, n->op->name, n->inputs.count);
        }
        add_wide_sum(g, n, e);
    } else {
        ExprStep step = {.op = n->op, .attrs = n->attrs, .arg_count = n->inputs.count};
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            step.arg[i] = (ExprRef){EXPR_INPUT, i};
        }
        VEC_PUSH(g->arena, &e->steps, step);
        e->result = (ExprRef){EXPR_STEP, 0};
    }
    n->op = pass_op("map");
    n->attrs = NULL;
    n->own_inputs = 0;
    n->store = e;
}

static bool is_map(const Node *n)
{
    return n->own_inputs == 0 && n->store && n->op->role == OP_ROLE_MAP;
}

static bool is_cheap(const Expr *e)
{
    for (uint32_t i = 0; i < e->steps.count; i++) {
        if (!op_is_cheap(e->steps.at[i].op, e->steps.at[i].attrs, e->steps.at[i].arg_count)) {
            return false;
        }
    }
    return true;
}

// Whether v is in memory at node `at` even if `without` did not read it. Nodes are numbered.
static bool alive_at(PassCtx *ctx, const Value *v, const Node *at, const Node *without)
{
    if (!v->def || !value_is_large(v)) {
        return true;
    }
    const UseList *list = uses_of(&ctx->uses, v);
    for (uint32_t i = 0; i < list->nodes.count; i++) {
        const Node *reader = list->nodes.at[i];
        if (reader != without && reader->mark >= at->mark) {
            return true;
        }
    }
    return list->outputs > 0;
}

static bool reads(const Node *n, const Value *v)
{
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        if (n->inputs.at[i] == v) {
            return true;
        }
    }
    return false;
}

// How many tensors map `m` reads, leaving out v and those that map `known` (may be NULL) reads.
static uint32_t count_large(const Node *m, const Value *v, const Node *known)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        const Value *in = m->inputs.at[i];
        count += in != v && value_is_large(in) && !(known && reads(known, in));
    }
    return count;
}

// The only reader c takes over what m reads: at most one tensor may have to live longer for it.
static bool single_pays(PassCtx *ctx, const Node *m, const Node *c)
{
    if (m->phase == c->phase) {
        return true;
    }
    uint32_t longer = 0;
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        longer += !alive_at(ctx, m->inputs.at[i], c, m);
    }
    return longer <= 1;
}

static bool copy_pays(PassCtx *ctx, const Node *m, const Node *c)
{
    if (!is_cheap(m->store)) {
        return false;
    }
    for (uint32_t i = 0; i < m->inputs.count; i++) {
        if (!alive_at(ctx, m->inputs.at[i], c, m)) {
            return false;
        }
    }
    return count_large(m, NULL, c) <= 1;
}

static bool merges(PassCtx *ctx, const Node *m, const Node *c)
{
    const Value *v = m->outputs.at[0];
    if (!is_map(c) || !shape_equal(&v->shape, &c->outputs.at[0]->shape)) {
        return false;
    }
    if (m->store->steps.count + c->store->steps.count > EXPR_MAX_STEPS ||
        m->inputs.count + c->inputs.count - 1 > EXPR_MAX_OPERANDS) {
        return false;
    }
    return uses_only(&ctx->uses, v) == c ? single_pays(ctx, m, c) : copy_pays(ctx, m, c);
}

static void merge(PassCtx *ctx, const Node *m, Node *c)
{
    Graph *g = ctx->g;
    Value *v = m->outputs.at[0];
    uses_drop_node(&ctx->uses, c);
    const ExprSource producer = {.steps = m->store, .inputs = m->inputs.at};
    ExprSource consumer = {.steps = c->store, .inputs = c->inputs.at, .replaced = v};
    Expr *e = ARENA_NEW(g->arena, Expr);
    memset(&c->inputs, 0, sizeof c->inputs);
    consumer.by = expr_inline(g, c, e, &producer);
    e->result = expr_inline(g, c, e, &consumer);
    c->store = e;
    for (uint32_t i = 0; i < c->inputs.count; i++) {
        uses_add(&ctx->uses, c->inputs.at[i], c);
    }
}

static void merge_into_readers(PassCtx *ctx, Node *m)
{
    const Value *v = m->outputs.at[0];
    const UseList *list = uses_of(&ctx->uses, v);
    // Merging takes the reader out of the list, so from the last to the first.
    for (uint32_t i = list->nodes.count; i-- > 0;) {
        Node *c = list->nodes.at[i];
        if (merges(ctx, m, c)) {
            merge(ctx, m, c);
            list = uses_of(&ctx->uses, v); // the table may have moved
        }
    }
    if (!list->nodes.count && !list->outputs) {
        pass_remove(ctx, m);
    }
}

bool pass_fuse(PassCtx *ctx)
{
    Graph *g = ctx->g;
    for (Node *n = g->first; n; n = n->next) {
        if (n->op->kind == OP_ELEMENTWISE) {
            make_map(g, n);
        }
    }
    graph_number_nodes(g);
    uses_build(&ctx->uses, ctx->scratch, g);
    for (Node *n = g->first, *next; n; n = next) {
        next = n->next;
        if (is_map(n)) {
            merge_into_readers(ctx, n);
        }
    }
    return true;
}
