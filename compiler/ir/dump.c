// dump.c: the graph as text, one node per line:
//   %7 layer1.0.conv1: f32[N,64,56,56] = conv2d(%5, %6) 3x3, c=64, pad=1 store { relu(result) }
// Not here: reports for users (driver), the buffer plan's picture.
#include <inttypes.h>

#include "ir/lowering.h"
#include "ir/opdef.h"

static const char *phase_text(Phase p)
{
    switch (p) {
    case PHASE_FORWARD:
        return "forward";
    case PHASE_LOSS:
        return "loss";
    case PHASE_BACKWARD:
        return "backward";
    }
    return "?";
}

static void dump_value(const Graph *g, const Value *v, StrBuf *out)
{
    strbuf_printf(out, "%%%u %s: ", v->id, v->name ? v->name : "");
    shape_print(out, &v->shape, v->elem);
    if (v->terms) {
        strbuf_add(out, " partials");
    }
    if (g->facts & FACT_LAID) {
        strbuf_add(out, " ");
        layout_print(out, &v->layout);
    }
    if (v->place.placed) {
        strbuf_printf(out, " @%u+%" PRIu64 "+N*%" PRIu64, v->place.region, v->place.offset,
                      v->place.slope);
    }
}

static void dump_ref(const Node *n, const ExprRef *r, const char *result, StrBuf *out)
{
    switch (r->kind) {
    case EXPR_RESULT:
        strbuf_add(out, result);
        return;
    case EXPR_INPUT:
        strbuf_printf(out, "%%%u", n->inputs.at[r->index]->id);
        return;
    case EXPR_STEP:
        strbuf_printf(out, "t%u", r->index);
        return;
    }
}

static void dump_call(const Node *n, const OpDef *op, const void *attrs, const ExprRef *arg,
                      uint32_t count, StrBuf *out)
{
    strbuf_printf(out, "%s(", op->name);
    for (uint32_t i = 0; i < count; i++) {
        if (i) {
            strbuf_add(out, ", ");
        }
        dump_ref(n, &arg[i], "result", out);
    }
    strbuf_add(out, ")");
    StrBuf text = {.arena = out->arena};
    if (attrs) {
        attrs_print(op, attrs, &text);
    }
    if (text.count) {
        strbuf_printf(out, " %s", strbuf_text(&text));
    }
}

static void dump_expr(const Node *n, const Expr *e, StrBuf *out)
{
    strbuf_add(out, " store {");
    for (uint32_t i = 0; i < e->steps.count; i++) {
        const ExprStep *step = &e->steps.at[i];
        bool is_result =
            i + 1 == e->steps.count && e->result.kind == EXPR_STEP && e->result.index == i;
        if (is_result) {
            strbuf_add(out, " ");
        } else {
            strbuf_printf(out, " t%u = ", i);
        }
        dump_call(n, step->op, step->attrs, step->arg, step->arg_count, out);
        if (is_result) {
            strbuf_add(out, " }");
            return;
        }
        strbuf_add(out, ";");
    }
    strbuf_add(out, " ");
    dump_ref(n, &e->result, "result", out);
    strbuf_add(out, " }");
}

static void dump_lowering(const Lowering *l, StrBuf *out)
{
    strbuf_printf(out, " kernel=%s tasks=%u", l->kernel, l->tasks_mul);
    if (l->tasks_div != RN_DIV_ALL) {
        strbuf_printf(out, "*ceil(N/%u)", l->tasks_div);
    }
}

static void dump_node(const Graph *g, const Node *n, StrBuf *out)
{
    strbuf_add(out, "  ");
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        if (i) {
            strbuf_add(out, ", ");
        }
        dump_value(g, n->outputs.at[i], out);
    }
    strbuf_printf(out, " = %s(", n->op->name);
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        strbuf_printf(out, "%s%%%u", i ? ", " : "", n->inputs.at[i]->id);
    }
    strbuf_add(out, ")");
    StrBuf text = {.arena = out->arena};
    if (n->attrs) {
        attrs_print(n->op, n->attrs, &text);
    }
    if (text.count) {
        strbuf_printf(out, " %s", strbuf_text(&text));
    }
    if (n->store) {
        dump_expr(n, n->store, out);
    }
    for (uint32_t i = 0; i < n->side_count; i++) {
        const Side *side = &n->sides[i];
        strbuf_printf(out, " side %%%u = ", n->outputs.at[side->output]->id);
        dump_call(n, side->op, side->attrs, side->arg, side->arg_count, out);
    }
    if (n->phase != PHASE_FORWARD) {
        strbuf_printf(out, " [%s]", phase_text(n->phase));
    }
    if (n->bind != BIND_INPUTS) {
        strbuf_add(out, " [prepare]");
    }
    if (n->lowering) {
        dump_lowering(n->lowering, out);
    }
    strbuf_add(out, "\n");
}

void facts_print(StrBuf *out, uint32_t facts)
{
    static const char *const names[FACT_COUNT] = {
        "checked", "simple", "no-bn", "loss",  "gradients", "recomputed", "unique",
        "live",    "mapped", "sunk",  "sides", "bound",     "laid",       "planned"};
    const char *comma = "";
    for (uint32_t i = 0; i < FACT_COUNT; i++) {
        if (facts >> i & 1) {
            strbuf_printf(out, "%s%s", comma, names[i]);
            comma = ", ";
        }
    }
    strbuf_add(out, facts ? "" : "nothing");
}

static void dump_given(const Graph *g, const char *what, const Value *v, StrBuf *out)
{
    strbuf_printf(out, "  %s ", what);
    dump_value(g, v, out);
    if (v->preprocess) {
        strbuf_add(out, ": ");
        preprocess_print(out, v->preprocess, shape_channels(&v->shape));
    }
    strbuf_add(out, "\n");
}

void graph_dump(const Graph *g, StrBuf *out)
{
    strbuf_printf(out, "graph %s %s {\n  facts ", g->name,
                  g->mode == MODE_TRAIN ? "train" : "infer");
    facts_print(out, g->facts);
    strbuf_add(out, "\n");
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        dump_given(g, "input", g->inputs.at[i], out);
    }
    if (g->labels) {
        dump_given(g, "labels", g->labels, out);
    }
    for (uint32_t i = 0; i < g->params.count; i++) {
        dump_given(g, "param", g->params.at[i], out);
    }
    for (uint32_t i = 0; i < g->states.count; i++) {
        dump_given(g, "state", g->states.at[i], out);
    }
    for (const Node *n = g->first; n; n = n->next) {
        dump_node(g, n, out);
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        strbuf_printf(out, "  output %s = %%%u\n",
                      i < g->output_names.count ? g->output_names.at[i] : "", g->outputs.at[i]->id);
    }
    if (g->loss) {
        strbuf_printf(out, "  loss = %%%u\n", g->loss->id);
    }
    strbuf_add(out, "}\n");
}
