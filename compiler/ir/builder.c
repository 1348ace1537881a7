// builder.c: makes nodes with inferred shapes, and their parameters.
// Not here: what shapes operators give (their shape rules).
#include "ir/builder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/internal_error.h"

bool shape_fail(const ShapeCtx *ctx, const char *help, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(ctx->arena, fmt, ap);
    va_end(ap);
    if (!ctx->diag) {
        INTERNAL_ERROR("%s: %s", ctx->op->name, text);
    }
    DiagItem *item = diag_error(ctx->diag, ctx->loc, "%s: %s", ctx->op->name, text);
    if (help) {
        diag_help(ctx->diag, item, "%s", help);
    }
    return false;
}

const char *shape_text(const ShapeCtx *ctx, uint32_t i)
{
    StrBuf text = {.arena = ctx->arena};
    shape_print(&text, &ctx->in[i]->shape, ctx->in[i]->elem);
    return strbuf_text(&text);
}

static bool check_count(const ShapeCtx *ctx, uint32_t count)
{
    const OpDef *op = ctx->op;
    if (count >= op->min_inputs && count <= op->max_inputs) {
        return true;
    }
    if (op->min_inputs == op->max_inputs) {
        return shape_fail(ctx, NULL, "takes %u tensor%s, not %u", op->min_inputs,
                          op->min_inputs == 1 ? "" : "s", count);
    }
    return shape_fail(ctx, NULL, "takes %u to %u tensors, not %u", op->min_inputs, op->max_inputs,
                      count);
}

// An operand of an elementwise operator: same shape, [c], [N,c], [N,c,1,1], [N] or [1] (graph.h,
// Expr).
static bool reads_at_element(const Shape *in, const Shape *out)
{
    if (shape_equal(in, out)) {
        return true;
    }
    if (!shape_is_batched(in)) {
        return in->rank == 1 && (in->dim[0] == 1 || in->dim[0] == shape_channels(out));
    }
    if (!shape_is_batched(out)) {
        return false;
    }
    return in->rank == 1 || shape_elements(in) == shape_channels(out);
}

static bool check_operands(const ShapeCtx *ctx, const OutSpec *out)
{
    for (uint32_t i = 0; i < ctx->in_count; i++) {
        if (reads_at_element(&ctx->in[i]->shape, &out->shape)) {
            continue;
        }
        StrBuf shape = {.arena = ctx->arena};
        shape_print(&shape, &out->shape, out->elem);
        return shape_fail(ctx, NULL, "input %u is %s, which does not go with %s", i + 1,
                          shape_text(ctx, i), strbuf_text(&shape));
    }
    return true;
}

static bool check_fits(const ShapeCtx *ctx, const char *what, const Shape *s)
{
    if (shape_fits(s)) {
        return true;
    }
    StrBuf shape = {.arena = ctx->arena};
    shape_print(&shape, s, ELEM_F32);
    return shape_fail(ctx, NULL,
                      "%s would be %s: every dimension must be positive, and no tensor may have "
                      "more than 2^40 elements",
                      what, strbuf_text(&shape));
}

static bool infer_shapes(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS])
{
    const OpDef *op = ctx->op;
    uint32_t outputs = op->output_count ? op->output_count : 1;
    if (op->shape) {
        if (!op->shape(ctx, out)) {
            return false;
        }
    } else if (op->kind == OP_ELEMENTWISE && ctx->in_count) {
        out[0] = (OutSpec){ctx->in[0]->shape, ctx->in[0]->elem};
    } else {
        return shape_fail(ctx, NULL, "has no shape rule");
    }
    for (uint32_t i = 0; i < outputs; i++) {
        if (!check_fits(ctx, "the output", &out[i].shape)) {
            return false;
        }
    }
    return op->kind != OP_ELEMENTWISE || check_operands(ctx, &out[0]);
}

// Parameters that the caller brings must be as the operator would have made them.
static bool check_params(const ShapeCtx *ctx, const ParamSlot *slots, uint32_t slot_count,
                         uint32_t tensors)
{
    for (uint32_t i = 0; i < slot_count; i++) {
        if (!check_fits(ctx, slots[i].suffix, &slots[i].shape)) {
            return false;
        }
        if (tensors + i >= ctx->in_count) {
            continue;
        }
        if (shape_equal(&ctx->in[tensors + i]->shape, &slots[i].shape)) {
            continue;
        }
        StrBuf shape = {.arena = ctx->arena};
        shape_print(&shape, &slots[i].shape, ELEM_F32);
        return shape_fail(ctx, NULL, "%s is %s and should be %s", slots[i].suffix,
                          shape_text(ctx, tensors + i), strbuf_text(&shape));
    }
    return true;
}

static Value *make_param(Graph *g, const NodeSpec *spec, const ParamSlot *slot)
{
    const char *name = spec->name && *spec->name
                           ? arena_printf(g->arena, "%s.%s", spec->name, slot->suffix)
                           : slot->suffix;
    Value *v = graph_add_value(g, slot->state ? VALUE_STATE : VALUE_PARAM, ELEM_F32, slot->shape,
                               name, spec->loc);
    v->init = slot->init;
    v->init_arg = slot->init_arg;
    v->tensor_flags = slot->flags;
    return v;
}

static void *copy_attrs(Graph *g, const NodeSpec *spec)
{
    if (!spec->op->attr_bytes) {
        return NULL;
    }
    void *attrs = arena_alloc(g->arena, spec->op->attr_bytes);
    if (spec->attrs) {
        memcpy(attrs, spec->attrs, spec->op->attr_bytes);
    } else {
        attrs_set_defaults(spec->op, attrs);
    }
    return attrs;
}

static void add_outputs(Graph *g, Node *n, const OutSpec *out)
{
    uint32_t outputs = n->op->output_count ? n->op->output_count : 1;
    for (uint32_t i = 0; i < outputs; i++) {
        Value *v = graph_add_output(g, n, out[i].elem, out[i].shape);
        if (n->op->kind == OP_CHANNEL_REDUCE) {
            v->terms = (uint32_t)out[i].shape.dim[0];
            v->parts_mul = 1;
            v->parts_div = RN_DIV_ALL;
            v->layout.kind = LAYOUT_PARTIALS;
        }
    }
}

Node *build_node(Graph *g, const NodeSpec *spec)
{
    const OpDef *op = spec->op;
    ShapeCtx ctx = {.diag = spec->diag,
                    .loc = spec->loc,
                    .op = op,
                    .attrs = copy_attrs(g, spec),
                    .in = spec->in,
                    .in_count = spec->in_count,
                    .arena = g->arena,
                    .node_id = g->next_node};
    ParamSlot slots[OP_MAX_PARAMS] = {{0}};
    StrBuf why = {.arena = g->arena};
    if (!attrs_check(op, ctx.attrs, &why)) {
        shape_fail(&ctx, NULL, "%s", strbuf_text(&why));
        return NULL;
    }
    // The slots depend on the shapes only where the shape rule has accepted them; their number does
    // not.
    uint32_t slot_count = op->params && spec->in_count ? op->params(&ctx, slots) : 0;
    uint32_t brought = spec->make_params ? 0 : slot_count;
    uint32_t tensors = spec->in_count >= brought ? spec->in_count - brought : 0;
    OutSpec out[OP_MAX_OUTPUTS] = {{{0}, ELEM_F32}};
    if (!check_count(&ctx, tensors) || !infer_shapes(&ctx, out) ||
        !check_params(&ctx, slots, slot_count, tensors)) {
        return NULL;
    }

    Node *n = graph_add_node(g, op, spec->before);
    n->attrs = ctx.attrs;
    n->name = spec->name ? spec->name : "";
    n->loc = spec->loc;
    n->phase = spec->phase;
    for (uint32_t i = 0; i < spec->in_count; i++) {
        VEC_PUSH(g->arena, &n->inputs, spec->in[i]);
    }
    for (uint32_t i = 0; spec->make_params && i < slot_count; i++) {
        VEC_PUSH(g->arena, &n->inputs, make_param(g, spec, &slots[i]));
    }
    n->own_inputs = n->inputs.count;
    add_outputs(g, n, out);
    return n;
}
