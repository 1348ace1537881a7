// verify.c: what must hold in every graph, and the facts that passes have made true of this one, as
// far as they can be seen. A broken rule is our mistake, never the user's. Not here: what the user
// may write (shape rules, front end).
#include <stdarg.h>
#include <string.h>

#include "ir/lowering.h"
#include "ir/opdef.h"

typedef struct Verifier {
    const Graph *g;
    const char *pass;
    uint8_t *defined; // by value id: 1 when something before here gives it
    uint8_t *read;    // by value id: 1 when something behind here reads it
    const char *error;
} Verifier;

static bool broken(Verifier *v, const Node *n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool broken(Verifier *v, const Node *n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *rule = arena_vprintf(v->g->arena, fmt, ap);
    va_end(ap);
    if (n) {
        v->error = arena_printf(v->g->arena, "after %s: node %u %s (%s): %s", v->pass, n->id,
                                n->name ? n->name : "", n->op->name, rule);
    } else {
        v->error = arena_printf(v->g->arena, "after %s: %s", v->pass, rule);
    }
    return false;
}

static bool define(Verifier *v, const Node *n, const Value *value, const char *what)
{
    if (!value) {
        return broken(v, n, "%s is missing", what);
    }
    if (value->id >= v->g->next_value) {
        return broken(v, n, "%s has id %u of %u", what, value->id, v->g->next_value);
    }
    if (v->defined[value->id]) {
        return broken(v, n, "value %u is defined twice", value->id);
    }
    v->defined[value->id] = 1;
    if (!shape_fits(&value->shape)) {
        return broken(v, n, "value %u has a wrong shape", value->id);
    }
    return true;
}

static bool check_given(Verifier *v)
{
    const Graph *g = v->g;
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        if (!define(v, NULL, g->inputs.at[i], "an input")) {
            return false;
        }
    }
    for (uint32_t i = 0; i < g->params.count; i++) {
        if (!define(v, NULL, g->params.at[i], "a parameter")) {
            return false;
        }
    }
    for (uint32_t i = 0; i < g->states.count; i++) {
        if (!define(v, NULL, g->states.at[i], "a state")) {
            return false;
        }
    }
    return !g->labels || define(v, NULL, g->labels, "labels");
}

static bool check_ref(Verifier *v, const Node *n, const ExprRef *r, uint32_t step)
{
    switch (r->kind) {
    case EXPR_RESULT:
        if (n->own_inputs == 0 && n->op->role == OP_ROLE_MAP) {
            return broken(v, n, "a map has no result of its own");
        }
        return r->index == 0 || broken(v, n, "expression uses result %u", r->index);
    case EXPR_INPUT:
        return r->index < n->inputs.count || broken(v, n, "expression uses input %u", r->index);
    case EXPR_STEP:
        return r->index < step ||
               broken(v, n, "expression uses step %u before it is computed", r->index);
    }
    return broken(v, n, "expression with an unknown reference");
}

static bool check_store(Verifier *v, const Node *n)
{
    const Expr *e = n->store;
    for (uint32_t i = 0; i < e->steps.count; i++) {
        const ExprStep *step = &e->steps.at[i];
        if (step->op->kind != OP_ELEMENTWISE || !step->op->scalar) {
            return broken(v, n, "%s in an expression is not elementwise", step->op->name);
        }
        if (step->arg_count > EXPR_MAX_ARGS) {
            return broken(v, n, "%u arguments in an expression", step->arg_count);
        }
        for (uint32_t k = 0; k < step->arg_count; k++) {
            if (!check_ref(v, n, &step->arg[k], i)) {
                return false;
            }
        }
    }
    return check_ref(v, n, &e->result, e->steps.count);
}

static bool check_sides(Verifier *v, const Node *n)
{
    if (n->side_count > NODE_MAX_SIDES) {
        return broken(v, n, "%u sides", n->side_count);
    }
    for (uint32_t i = 0; i < n->side_count; i++) {
        const Side *side = &n->sides[i];
        if (side->op->kind != OP_CHANNEL_REDUCE) {
            return broken(v, n, "side %s is not a reduction", side->op->name);
        }
        if (!side->arg_count || side->arg[0].kind != EXPR_RESULT || side->arg[0].index) {
            return broken(v, n, "a side's first argument must be what is stored");
        }
        for (uint32_t k = 1; k < side->arg_count; k++) {
            if (side->arg[k].kind != EXPR_INPUT || side->arg[k].index >= n->inputs.count) {
                return broken(v, n, "a side's argument %u must be an input", k);
            }
        }
        if (side->output >= n->outputs.count || !n->outputs.at[side->output]->terms) {
            return broken(v, n, "a side's output is no partial sum");
        }
    }
    return true;
}

// The shape rule again, on copies: what the pass left must be what the operator gives.
static bool check_shapes(Verifier *v, const Node *n)
{
    const OpDef *op = n->op;
    Arena *a = v->g->arena;
    uint32_t outputs = op->output_count ? op->output_count : 1;
    if (n->outputs.count != outputs + n->side_count) {
        return broken(v, n, "%u outputs instead of %u", n->outputs.count, outputs + n->side_count);
    }
    if (!op->shape) {
        return true;
    }
    void *attrs = op->attr_bytes ? arena_alloc(a, op->attr_bytes) : NULL;
    if (attrs) {
        memcpy(attrs, n->attrs, op->attr_bytes);
    }
    ShapeCtx ctx = {.diag = diag_create(a, NULL),
                    .op = op,
                    .attrs = attrs,
                    .in = n->inputs.at,
                    .in_count = n->own_inputs,
                    .arena = a};
    OutSpec out[OP_MAX_OUTPUTS] = {{{0}, ELEM_F32}};
    if (!op->shape(&ctx, out)) {
        return broken(v, n, "the operator refuses its inputs");
    }
    for (uint32_t i = 0; i < outputs; i++) {
        if (!shape_equal(&out[i].shape, &n->outputs.at[i]->shape) ||
            out[i].elem != n->outputs.at[i]->elem) {
            return broken(v, n, "output %u has another shape than the operator gives", i);
        }
    }
    return true;
}

static bool holds(const Verifier *v, Fact f)
{
    return v->g->facts & (uint32_t)f;
}

static bool check_operator(Verifier *v, const Node *n)
{
    const OpDef *op = n->op;
    if (holds(v, FACT_SIMPLE) && op->train_only_effect) {
        return broken(v, n, "an operator that training alone knows was left over");
    }
    if (holds(v, FACT_NO_BN) && op->role == OP_ROLE_BATCHNORM) {
        return broken(v, n, "a batch normalisation was left over");
    }
    if (holds(v, FACT_MAPPED) && op->kind == OP_ELEMENTWISE) {
        return broken(v, n, "an elementwise node was left over");
    }
    if (holds(v, FACT_MAPPED) && op->shape == NULL && !n->store) {
        return broken(v, n, "a map without an expression");
    }
    return true;
}

static bool check_bound(Verifier *v, const Node *n)
{
    if (!holds(v, FACT_BOUND)) {
        return true;
    }
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        const Value *in = n->inputs.at[i];
        if (in->def && in->bind > n->bind) {
            return broken(v, n, "input %u is known later than the node runs", i);
        }
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        if (n->outputs.at[i]->bind != n->bind) {
            return broken(v, n, "output %u has another binding time than the node", i);
        }
    }
    return true;
}

static bool check_laid(Verifier *v, const Node *n)
{
    if (!holds(v, FACT_LAID)) {
        return true;
    }
    if (!n->lowering) {
        return broken(v, n, "no kernel was chosen");
    }
    if (n->store && n->outputs.at[0]->layout.kind == LAYOUT_PARTIALS) {
        return broken(v, n, "an expression on partial sums");
    }
    return true;
}

static bool check_placed(Verifier *v, const Node *n)
{
    if (!holds(v, FACT_PLANNED)) {
        return true;
    }
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        if (!n->inputs.at[i]->place.placed) {
            return broken(v, n, "input %u has no place", i);
        }
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        if (!n->outputs.at[i]->place.placed) {
            return broken(v, n, "output %u has no place", i);
        }
    }
    return true;
}

static bool check_node(Verifier *v, const Node *n)
{
    if (n->own_inputs > n->inputs.count) {
        return broken(v, n, "%u own inputs of %u", n->own_inputs, n->inputs.count);
    }
    if (n->op->attr_bytes && !n->attrs) {
        return broken(v, n, "no attributes");
    }
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        const Value *in = n->inputs.at[i];
        if (!in) {
            return broken(v, n, "input %u is missing", i);
        }
        if (in->id >= v->g->next_value || !v->defined[in->id]) {
            return broken(v, n, "input %u (value %u %s) is used before it is made", i, in->id,
                          in->name ? in->name : "");
        }
    }
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        if ((n->op->updates >> i & 1) && n->inputs.at[i]->kind != VALUE_STATE) {
            return broken(v, n, "input %u is updated and is no state", i);
        }
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        const Value *out = n->outputs.at[i];
        if (!define(v, n, out, "an output")) {
            return false;
        }
        if (out->def != n || out->def_out != i) {
            return broken(v, n, "output %u does not know its node", i);
        }
    }
    if (!check_shapes(v, n) || !check_sides(v, n) || (n->store && !check_store(v, n))) {
        return false;
    }
    return check_operator(v, n) && check_bound(v, n) && check_laid(v, n) && check_placed(v, n);
}

static bool check_results(Verifier *v)
{
    const Graph *g = v->g;
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        if (!g->outputs.at[i] || !v->defined[g->outputs.at[i]->id]) {
            return broken(v, NULL, "output %u is never made", i);
        }
    }
    for (uint32_t i = 0; i < g->grads.count; i++) {
        if (!v->defined[g->grads.at[i]->id] || g->grads.at[i]->kind != VALUE_GRAD ||
            !g->grads.at[i]->param) {
            return broken(v, NULL, "gradient %u is never made, or of no parameter", i);
        }
    }
    if (g->loss && (!v->defined[g->loss->id] || g->loss->shape.rank != 1 ||
                    !shape_is_batched(&g->loss->shape))) {
        return broken(v, NULL, "the loss is never made, or not one number per image");
    }
    return true;
}

static bool is_result(const Verifier *v, const Value *out)
{
    return v->read[out->id] || out->kind == VALUE_GRAD || out->kind == VALUE_OUTPUT ||
           out == v->g->loss;
}

static bool check_live(Verifier *v)
{
    const Graph *g = v->g;
    v->read = arena_alloc(g->arena, (size_t)g->next_value + 1);
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        v->read[g->outputs.at[i]->id] = 1;
    }
    for (const Node *n = g->last; n; n = n->prev) {
        bool live = n->op->updates != 0;
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            live |= is_result(v, n->outputs.at[i]);
        }
        if (!live) {
            return broken(v, n, "nobody reads what it makes");
        }
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            v->read[n->inputs.at[i]->id] = 1;
        }
    }
    return true;
}

static bool check_results_of_facts(Verifier *v)
{
    const Graph *g = v->g;
    if (holds(v, FACT_CHECKED) && g->outputs.count == 0) {
        return broken(v, NULL, "there is no output");
    }
    if (holds(v, FACT_LOSS) && (!g->loss || !g->labels)) {
        return broken(v, NULL, "there is no loss, or there are no labels");
    }
    if (holds(v, FACT_GRADIENTS) && g->grads.count != g->params.count) {
        return broken(v, NULL, "%u gradients of %u parameters", g->grads.count, g->params.count);
    }
    return !holds(v, FACT_LIVE) || check_live(v);
}

const char *graph_verify(const Graph *g, const char *pass)
{
    Verifier v = {
        .g = g, .pass = pass, .defined = arena_alloc(g->arena, (size_t)g->next_value + 1)};
    uint32_t count = 0;
    if (!check_given(&v)) {
        return v.error;
    }
    const Node *prev = NULL;
    for (const Node *n = g->first; n; prev = n, n = n->next, count++) {
        if (n->prev != prev) {
            broken(&v, n, "the order's links are broken");
            return v.error;
        }
        if (!check_node(&v, n)) {
            return v.error;
        }
    }
    if (g->last != prev || count != g->node_count) {
        broken(&v, NULL, "%u nodes are linked, %u are counted", count, g->node_count);
        return v.error;
    }
    if (check_results(&v)) {
        check_results_of_facts(&v);
    }
    return v.error;
}
