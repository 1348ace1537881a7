// expr.c: moving expression steps between nodes.
#include "passes/expr.h"

#include "ir/opdef.h"

uint32_t expr_operand(Graph *g, Node *n, Value *v)
{
    for (uint32_t i = n->own_inputs; i < n->inputs.count; i++) {
        if (n->inputs.at[i] == v) {
            return i;
        }
    }
    VEC_PUSH(g->arena, &n->inputs, v);
    return n->inputs.count - 1;
}

static bool same_ref(ExprRef a, ExprRef b)
{
    return a.kind == b.kind && a.index == b.index;
}

static bool same_step(const ExprStep *a, const ExprStep *b)
{
    if (a->op != b->op || a->arg_count != b->arg_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->arg_count; i++) {
        if (!same_ref(a->arg[i], b->arg[i])) {
            return false;
        }
    }
    return a->op->attr_bytes == 0 || attrs_equal(a->op, a->attrs, b->attrs);
}

// A step that the expression has already is not computed again.
static uint32_t add_step(Graph *g, Expr *into, const ExprStep *step)
{
    for (uint32_t i = 0; i < into->steps.count; i++) {
        if (same_step(&into->steps.at[i], step)) {
            return i;
        }
    }
    VEC_PUSH(g->arena, &into->steps, *step);
    return into->steps.count - 1;
}

typedef struct Mapping {
    Graph *g;
    Node *n;
    const ExprSource *from;
    ExprRef step[EXPR_MAX_STEPS]; // what the source's steps became
} Mapping;

static ExprRef map_ref(Mapping *m, ExprRef ref)
{
    switch (ref.kind) {
    case EXPR_RESULT:
        return m->from->by;
    case EXPR_INPUT: {
        Value *v = m->from->inputs[ref.index];
        return v == m->from->replaced ? m->from->by
                                      : (ExprRef){EXPR_INPUT, expr_operand(m->g, m->n, v)};
    }
    case EXPR_STEP:
        return m->step[ref.index];
    }
    return ref;
}

ExprRef expr_inline(Graph *g, Node *n, Expr *into, const ExprSource *from)
{
    Mapping m = {.g = g, .n = n, .from = from};
    for (uint32_t i = 0; i < from->steps->steps.count; i++) {
        ExprStep step = from->steps->steps.at[i];
        for (uint32_t k = 0; k < step.arg_count; k++) {
            step.arg[k] = map_ref(&m, step.arg[k]);
        }
        m.step[i] = (ExprRef){EXPR_STEP, add_step(g, into, &step)};
    }
    return map_ref(&m, from->steps->result);
}
