// autodiff.c: the backward graph, by reverse accumulation (Linnainmaa 1970): nodes are visited last
// to first, each operator's rule turns the gradients of its outputs into contributions to its
// inputs, contributions to one value are summed. Only values on a way from a parameter to the loss
// get a gradient, so the first convolution has no backward data. A parameter's gradient is stored
// (grad_store) as soon as the last of its readers, in this order, has contributed; g->grads has
// that order. Not here: the rules (compiler/ops, OpDef.grad).
#include "base/internal_error.h"
#include "passes/pass.h"

enum { SUM_MAX = 6 }; // operands of one `add`: what an expression step takes

typedef VEC(Value *) ValueVec;

typedef struct Autodiff {
    GradCtx hands; // what the rules get; first, so that the rules' calls lead back here
    Graph *g;
    Arena *scratch;
    Diag *diag;
    const Node *current; // the forward node whose rule runs
    uint32_t count;      // forward values have ids below it
    bool *needed;        // by value id
    ValueVec *parts;     // by value id: contributions so far
    uint32_t *readers;   // by value id, of parameters: forward nodes that have not been visited
} Autodiff;

static bool hand_needed(const GradCtx *hands, const Value *v)
{
    const Autodiff *c = (const Autodiff *)hands;
    return v->id < c->count && c->needed[v->id];
}

static void hand_add(GradCtx *hands, Value *v, Value *d)
{
    Autodiff *c = (Autodiff *)hands;
    if (!hand_needed(hands, v)) {
        return;
    }
    if (!shape_equal(&v->shape, &d->shape)) {
        // [N,c] and [N,c,1,1] are the same numbers in the same order in every layout.
        if (shape_elements(&v->shape) != shape_elements(&d->shape)) {
            INTERNAL_ERROR("autodiff: gradient rule of %s (%s) gives a wrong shape",
                           c->current->name, c->current->op->name);
        }
        d->shape = v->shape;
    }
    VEC_PUSH(c->scratch, &c->parts[v->id], d);
}

static Node *add_node(Autodiff *c, const char *op, const void *attrs, Value *const *in,
                      uint32_t count)
{
    return build_node(c->g, &(NodeSpec){
                                .op = pass_op(op),
                                .attrs = attrs,
                                .in = in,
                                .in_count = count,
                                .name = c->current->name,
                                .loc = c->current->loc,
                                .phase = PHASE_BACKWARD,
                            });
}

static Value *hand_node(GradCtx *hands, const char *op, const void *attrs, Value *const *in,
                        uint32_t in_count)
{
    return add_node((Autodiff *)hands, op, attrs, in, in_count)->outputs.at[0];
}

// The sum of all contributions, NULL if there are none. Chains of `add`, in order of arrival.
static Value *total(Autodiff *c, const Value *v)
{
    const ValueVec *parts = &c->parts[v->id];
    if (!parts->count) {
        return NULL;
    }
    Value *sum = parts->at[0];
    for (uint32_t i = 1; i < parts->count;) {
        Value *in[SUM_MAX] = {sum};
        uint32_t count = 1;
        while (count < SUM_MAX && i < parts->count) {
            in[count++] = parts->at[i++];
        }
        sum = grad_node(&c->hands, "add", NULL, in, count);
    }
    return sum;
}

// Random masks depend on no parameter, though they are shaped like their input.
static bool carries_gradient(const Node *n)
{
    return n->op->role != OP_ROLE_DROP_MASK;
}

static void find_needed(Autodiff *c)
{
    for (uint32_t i = 0; i < c->g->params.count; i++) {
        c->needed[c->g->params.at[i]->id] = true;
        c->g->params.at[i]->mark = 0; // set when its gradient is stored
    }
    for (const Node *n = c->g->first; n; n = n->next) {
        bool needed = false;
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            needed |= c->needed[n->inputs.at[i]->id];
            c->readers[n->inputs.at[i]->id]++;
        }
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            c->needed[n->outputs.at[i]->id] = needed && carries_gradient(n);
        }
    }
}

static bool store_grad(Autodiff *c, Value *param)
{
    Value *sum = total(c, param);
    if (!sum) {
        DiagItem *item = diag_error(
            c->diag, param->loc, "parameter %s cannot be trained: the output does not depend on it",
            param->name);
        diag_help(c->diag, item, "take the layer out, or compile with --mode infer");
        return false;
    }
    const Node *store = add_node(c, "grad_store", NULL, &sum, 1);
    Value *grad = store->outputs.at[0];
    grad->kind = VALUE_GRAD;
    grad->param = param;
    grad->name = param->name;
    param->mark = 1;
    VEC_PUSH(c->g->arena, &c->g->grads, grad);
    return true;
}

// Runs the rule of one forward node.
static bool differentiate(Autodiff *c, const Node *n)
{
    Value *dout[OP_MAX_OUTPUTS] = {0};
    bool any = false, wanted = false;
    c->current = n;
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        dout[i] = total(c, n->outputs.at[i]);
        any |= dout[i] != NULL;
    }
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        wanted |= c->needed[n->inputs.at[i]->id];
    }
    if (any && wanted) {
        if (!n->op->grad) {
            (void)diag_error(c->diag, n->loc, "%s cannot be trained through: it has no gradient",
                             n->op->name);
            return false;
        }
        n->op->grad(&c->hands, n, dout);
    }
    return true;
}

// Parameters whose last reader was n have all their contributions now.
static bool finish_params(Autodiff *c, const Node *n)
{
    bool ok = true;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        Value *v = n->inputs.at[i];
        if (v->id < c->count && --c->readers[v->id] == 0 && v->kind == VALUE_PARAM) {
            ok &= store_grad(c, v);
        }
    }
    return ok;
}

bool pass_autodiff(PassCtx *ctx)
{
    Graph *g = ctx->g;
    Node *loss = g->last;
    Autodiff c = {.hands = {hand_add, hand_needed, hand_node},
                  .g = g,
                  .scratch = ctx->scratch,
                  .diag = ctx->diag,
                  .current = loss,
                  .count = g->next_value};
    c.needed = ARENA_ARRAY(ctx->scratch, bool, c.count);
    c.parts = ARENA_ARRAY(ctx->scratch, ValueVec, c.count);
    c.readers = ARENA_ARRAY(ctx->scratch, uint32_t, c.count);
    find_needed(&c);
    Value *logits = loss->inputs.at[0];
    Value *dlogits = grad_node(&c.hands, "softmax_xent_grad", loss->attrs, loss->inputs.at, 2);
    grad_add(&c.hands, logits, dlogits);
    bool ok = true;
    for (const Node *n = loss->prev; n; n = n->prev) {
        ok = differentiate(&c, n) && finish_params(&c, n) && ok;
    }
    for (uint32_t i = 0; ok && i < g->params.count; i++) {
        Value *param = g->params.at[i];
        if (!param->mark) { // nobody reads it
            ok = store_grad(&c, param);
        }
    }
    return ok;
}
