// layout.c: asks the code generator for a kernel for each node, in execution order, and gives every
// value its layout: what its maker writes. Where a reader wants another one a conversion is put
// before it (pack, to_blocked, to_plain, or the operator that the lowering names), shared among
// readers. lower() sees the layouts of a node's inputs as they were made, and says what it wants
// instead. Not here: what kernels want (the code generator).
#include <string.h>

#include "base/internal_error.h"
#include "ir/expr_operand.h"
#include "ir/lowering.h"
#include "ops/layout/layout_attrs.h"
#include "passes/pass.h"

typedef struct Converted {
    Value *value;
    Phase phase;
    struct Converted *next;
} Converted;

typedef struct LayoutPass {
    PassCtx *ctx;
    Converted **of; // by id of the source
    uint32_t count;
} LayoutPass;

static const Layout PLAIN = {.kind = LAYOUT_PLAIN};

// A vector packed to a padded length begins with the plain vector.
static bool is_padded_vector(const Shape *s, const Layout *l)
{
    if (l->kind != LAYOUT_PACKED || s->rank != 1 || shape_is_batched(s)) {
        return false;
    }
    const Packing *p = l->packing;
    return p->dims == 1 && p->dim[0].coord == 0 && p->dim[0].coef == 1 && p->base[0] == 0 &&
           !p->next && p->dim[0].extent >= s->dim[0];
}

static bool serves(const Value *v, const Layout *want)
{
    if (layout_equal(&v->layout, want)) {
        return true;
    }
    if (want->kind == LAYOUT_PLAIN) {
        return is_padded_vector(&v->shape, &v->layout);
    }
    return v->layout.kind == LAYOUT_PLAIN && is_padded_vector(&v->shape, want) &&
           want->packing->dim[0].extent == v->shape.dim[0];
}

static Converted **conversions(LayoutPass *p, const Value *v)
{
    if (v->id >= p->count) {
        uint32_t count = v->id + v->id / 2 + 16;
        Converted **of = ARENA_ARRAY(p->ctx->scratch, Converted *, count);
        if (p->count) {
            memcpy(of, p->of, p->count * sizeof *of);
        }
        p->of = of;
        p->count = count;
    }
    return &p->of[v->id];
}

static void set_output_layouts(LayoutPass *p, Node *n)
{
    const Lowering *low = n->lowering;
    uint32_t own = n->op->output_count ? n->op->output_count : 1;
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        Value *v = n->outputs.at[i];
        if (i < own && !v->terms) {
            v->layout = low->out_layout[i];
            continue;
        }
        v->layout = (Layout){
            .kind = LAYOUT_PARTIALS, .elem = v->elem, .block = p->ctx->opt->target->vector_floats};
        v->parts_mul = low->parts_mul;
        v->parts_div = low->parts_div;
        if (!v->parts_mul || !v->parts_div) {
            INTERNAL_ERROR("layout: %s (%s) does not say how many partial sums it writes", n->name,
                           n->op->name);
        }
    }
}

static void lower_node(LayoutPass *p, Node *n)
{
    const LowerTarget *target = p->ctx->opt->target;
    n->lowering = target->lower(target, p->ctx->g, n);
}

// Where a conversion goes.
typedef struct Spot {
    Node *before;
    Phase phase;
} Spot;

static Value *insert_conversion(LayoutPass *p, const char *op, const void *attrs, Value *v,
                                const Layout *to, Spot at)
{
    Graph *g = p->ctx->g;
    Node *n = build_node(g, &(NodeSpec){
                                .op = pass_op(op),
                                .attrs = attrs,
                                .in = &v,
                                .in_count = 1,
                                .name = v->name,
                                .loc = v->loc,
                                .phase = at.phase,
                                .before = at.before,
                            });
    bind_node(n, g->mode);
    Value *out = n->outputs.at[0];
    out->layout = *to;
    lower_node(p, n);
    return out;
}

static Value *find_converted(LayoutPass *p, const Value *v, const Layout *want, Phase phase)
{
    for (const Converted *c = *conversions(p, v); c; c = c->next) {
        if (c->phase == phase && serves(c->value, want)) {
            return c->value;
        }
    }
    return NULL;
}

static void remember(LayoutPass *p, const Value *from, Value *to, Phase phase)
{
    if (from->kind == VALUE_STATE && p->ctx->g->mode == MODE_TRAIN) {
        return; // its content changes within the step
    }
    Converted *c = ARENA_NEW(p->ctx->scratch, Converted);
    Converted **list = conversions(p, from);
    *c = (Converted){.value = to, .phase = phase, .next = *list};
    *list = c;
}

typedef struct Want {
    Layout layout;
    const char *op; // that makes an opaque layout
    const void *attrs;
} Want;

// v as node `reader` wants it.
static Value *convert(LayoutPass *p, Value *v, const Want *want, Node *reader)
{
    const Layout *to = &want->layout;
    if (serves(v, to)) {
        return v;
    }
    Value *made = find_converted(p, v, to, reader->phase);
    if (made) {
        return made;
    }
    bool from_plain = serves(v, &PLAIN);
    if (!from_plain && (v->layout.kind != LAYOUT_BLOCKED || to->kind == LAYOUT_PACKED ||
                        to->kind == LAYOUT_OPAQUE)) {
        INTERNAL_ERROR("layout: %s (%s) wants another layout of value %u (%s) than its maker gives",
                       reader->name, reader->op->name, v->id, v->name);
    }
    Spot at = {reader, reader->phase};
    switch (to->kind) {
    case LAYOUT_PLAIN:
        made = insert_conversion(p, "to_plain", NULL, v, to, at);
        break;
    case LAYOUT_BLOCKED:
        if (!from_plain) {
            return convert(p, convert(p, v, &(Want){.layout = PLAIN}, reader), want, reader);
        }
        made = insert_conversion(p, "to_blocked", &(BlockAttrs){.block = to->block}, v, to, at);
        break;
    case LAYOUT_PACKED:
        made = insert_conversion(p, "pack", &(PackAttrs){.packing = to->packing}, v, to, at);
        break;
    case LAYOUT_OPAQUE:
        if (!want->op) {
            INTERNAL_ERROR("layout: %s (%s) wants %s and names no operator that makes it",
                           reader->name, reader->op->name, to->tag);
        }
        made = insert_conversion(p, want->op, want->attrs, v, to, at);
        break;
    case LAYOUT_PARTIALS:
        INTERNAL_ERROR("layout: %s (%s) wants partial sums of value %u", reader->name,
                       reader->op->name, v->id);
    }
    remember(p, v, made, reader->phase);
    return made;
}

// The layout in which the expressions of n read operand i.
static Layout operand_layout(LayoutPass *p, const Node *n, uint32_t i)
{
    const Shape *s = &n->inputs.at[i]->shape;
    uint32_t width = p->ctx->opt->target->vector_floats;
    switch (expr_operand_kind(n, i)) {
    case OPERAND_ELEMENT:
    case OPERAND_IMAGE_CHANNEL:
        return (Layout){.kind = LAYOUT_BLOCKED, .block = width};
    case OPERAND_IMAGE:
    case OPERAND_ONE:
        return PLAIN;
    case OPERAND_CHANNEL:
        break;
    }
    Packing *packing = ARENA_NEW(p->ctx->g->arena, Packing);
    int64_t extent = (s->dim[0] + width - 1) / width * width;
    packing->dims = 1;
    packing->dim[0] = (PackDim){.extent = (int32_t)extent, .coord = 0, .coef = 1};
    return (Layout){.kind = LAYOUT_PACKED, .packing = packing};
}

static void convert_inputs(LayoutPass *p, Node *n)
{
    const Lowering *low = n->lowering;
    if (n->own_inputs > NODE_MAX_OWN_INPUTS) {
        INTERNAL_ERROR("layout: %s (%s) has %u inputs", n->name, n->op->name, n->own_inputs);
    }
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        Value *v = n->inputs.at[i];
        Want want = {.layout = PLAIN};
        if (v->terms || v->elem != ELEM_F32) {
            continue; // partial sums and labels are read as they are
        }
        if (i >= n->own_inputs) {
            want.layout = operand_layout(p, n, i);
        } else {
            want = (Want){low->in_layout[i], low->prepare_op[i], low->prepare_attrs[i]};
            if (n->op->updates >> i & 1 && want.layout.kind != LAYOUT_PLAIN) {
                INTERNAL_ERROR("layout: %s (%s) updates state in another layout", n->name,
                               n->op->name);
            }
        }
        // grad_store reads any layout: the one its input has.
        if (n->op->role != OP_ROLE_GRAD_STORE) {
            n->inputs.at[i] = convert(p, v, &want, n);
        }
    }
}

// Outputs of the model are plain and lie in regions of their own.
static Value *make_output(LayoutPass *p, Value *v)
{
    if (v->kind == VALUE_TEMP && v->layout.kind == LAYOUT_PLAIN) {
        v->kind = VALUE_OUTPUT;
        return v;
    }
    Spot behind = {p->ctx->g->first, PHASE_FORWARD};
    if (v->def) {
        behind = (Spot){v->def->next, v->def->phase};
    }
    uint32_t width = p->ctx->opt->target->vector_floats;
    const Layout blocked = {.kind = LAYOUT_BLOCKED, .block = width};
    if (v->layout.kind == LAYOUT_PLAIN) { // an input, or named twice: a copy, by way of blocks
        v = insert_conversion(p, "to_blocked", &(BlockAttrs){.block = width}, v, &blocked, behind);
    }
    Value *out = insert_conversion(p, "to_plain", NULL, v, &PLAIN, behind);
    out->kind = VALUE_OUTPUT;
    return out;
}

bool pass_layout(PassCtx *ctx)
{
    Graph *g = ctx->g;
    LayoutPass p = {.ctx = ctx};
    for (Node *n = g->first; n; n = n->next) {
        lower_node(&p, n);
        convert_inputs(&p, n);
        set_output_layouts(&p, n);
    }
    for (uint32_t i = 0; i < g->outputs.count; i++) {
        g->outputs.at[i] = make_output(&p, g->outputs.at[i]);
    }
    if (g->loss) {
        if (g->loss->layout.kind != LAYOUT_PLAIN) {
            INTERNAL_ERROR("layout: the loss is not plain");
        }
        g->loss->kind = VALUE_OUTPUT;
    }
    return true;
}
