// expr_emit.c: emits fused expressions: operands by shape, store expressions, terms of sides, pad
// lanes.
#include <math.h>
#include <stdbool.h>

#include "base/internal_error.h"
#include "cpu/kernel.h"
#include "ir/expr_operand.h"

#define MAX_STEPS 64

static Val load_vector(Emit *e, Access from, Val offset, int64_t constant)
{
    return access_load(e->vb, access_ati(e->vb, access_at(e->vb, from, offset), constant));
}

// Byte offset of this block's first channel in a padded channel vector.
static Val channel_offset(Emit *e, Access from, const ExprPlace *at)
{
    return vb_muli(e->vb, at->block, access_bytes(from, e->vb->target->vector_floats));
}

Elem emit_place_elem(const Emit *e)
{
    bool reduces = e->node->op->kind == OP_CHANNEL_REDUCE;
    const Value *full = reduces ? e->node->inputs.at[0] : e->node->outputs.at[0];
    return full->layout.elem;
}

// Offsets count the bytes of the full tensor's elements; this operand's may have another size.
static Val load_element(Emit *e, Access from, const ExprPlace *at)
{
    Elem theirs = emit_place_elem(e);
    Val offset = access_rescale(e->vb, at->offset, theirs, from.elem);
    return load_vector(e, from, offset,
                       access_bytes(from, at->offset_const / elem_size(theirs, 1)));
}

Val emit_operand(Emit *e, uint32_t input, const ExprPlace *at)
{
    if (e->held && e->held[input]) {
        return e->held[input];
    }
    Vb *b = e->vb;
    const Value *v = e->node->inputs.at[input];
    Access from = emit_input(e, input);
    int64_t lane_bytes = access_bytes(from, at->lane);
    switch (expr_operand_kind(e->node, input)) {
    case OPERAND_ELEMENT:
        return load_element(e, from, at);
    case OPERAND_CHANNEL:
        if (v->layout.kind == LAYOUT_PLAIN &&
            shape_channels(&v->shape) % b->target->vector_floats != 0) {
            INTERNAL_ERROR("%s: channel operand %u is not padded", e->node->name, input);
        }
        from = access_at(b, from, channel_offset(e, from, at));
        return access_load_unaligned(b, access_ati(b, from, lane_bytes));
    case OPERAND_IMAGE_CHANNEL: {
        int64_t blocks = channel_blocks(v, b->target->vector_floats);
        Val image = vb_muli(b, at->image, access_bytes(from, blocks * b->target->vector_floats));
        Val channel = channel_offset(e, from, at);
        return load_vector(e, access_at(b, from, image), channel, lane_bytes);
    }
    case OPERAND_IMAGE:
        return access_broadcast(b, access_index(b, from, at->image, 1));
    case OPERAND_ONE:
        return access_broadcast(b, from);
    }
    INTERNAL_ERROR("unknown operand kind");
}

void emit_hold(Emit *e, const ExprPlace *at)
{
    uint32_t count = e->node->inputs.count;
    Val *held = ARENA_ARRAY(e->vb->arena, Val, count + 1);
    uint32_t first = e->node->op->kind == OP_CHANNEL_REDUCE ? 1 : e->node->own_inputs;
    for (uint32_t i = first; i < count; i++) {
        if (expr_operand_kind(e->node, i) != OPERAND_ELEMENT) {
            held[i] = emit_operand(e, i, at);
        }
    }
    e->held = held;
}

void emit_release(Emit *e)
{
    e->held = NULL;
}

// Runs an expression over any builder. results of inputs come from `input_value`.
static ScalarVal run_expr(ScalarBuilder *sb, const Expr *x, ScalarVal raw, const ScalarVal *inputs)
{
    ScalarVal step[MAX_STEPS];
    if (x->steps.count > MAX_STEPS) {
        INTERNAL_ERROR("an expression of %u steps, at most %d are possible", x->steps.count,
                       MAX_STEPS);
    }
    for (uint32_t i = 0; i < x->steps.count; i++) {
        const ExprStep *s = &x->steps.at[i];
        ScalarVal arg[EXPR_MAX_ARGS];
        for (uint32_t k = 0; k < s->arg_count; k++) {
            ExprRef r = s->arg[k];
            arg[k] = r.kind == EXPR_RESULT  ? raw
                     : r.kind == EXPR_INPUT ? inputs[r.index]
                                            : step[r.index];
        }
        step[i] = s->op->scalar(sb, s->attrs, arg, s->arg_count);
    }
    ExprRef r = x->result;
    return r.kind == EXPR_RESULT ? raw : r.kind == EXPR_INPUT ? inputs[r.index] : step[r.index];
}

static void mark_used(const ExprRef *arg, uint32_t count, bool *used)
{
    for (uint32_t k = 0; k < count; k++) {
        if (arg[k].kind == EXPR_INPUT) {
            used[arg[k].index] = true;
        }
    }
}

// Pad lanes hold 0 in elements and channel vectors; numbers per image or model are not known. A
// product of a pad and such a number counts as 0: were it infinite or NaN, no element of the image
// would be right either.
static bool keeps_zero(Arena *a, const Node *node)
{
    ScalarBuilder b = scalar_known;
    ScalarVal *in = ARENA_ARRAY(a, ScalarVal, node->inputs.count + 1);
    for (uint32_t i = node->own_inputs; i < node->inputs.count; i++) {
        OperandKind kind = expr_operand_kind(node, i);
        in[i].d = kind == OPERAND_IMAGE || kind == OPERAND_ONE ? (double)NAN : 0.0;
    }
    return run_expr(&b, node->store, (ScalarVal){.d = 0.0}, in).d == 0.0;
}

static Val zero_pads(Emit *e, Val x, const ExprPlace *at)
{
    Vb *b = e->vb;
    int64_t width = b->target->vector_floats;
    int64_t c = shape_channels(expr_shape(e->node));
    if (c % width == 0 || keeps_zero(b->arena, e->node)) {
        return x;
    }
    Val left = vb_sub(b, vb_int(b, c - at->lane), vb_muli(b, at->block, width));
    return vb_keep_first(b, x, left);
}

Val emit_store_expr(Emit *e, Val raw, const ExprPlace *at)
{
    const Expr *x = e->node->store;
    Elem stored = e->node->outputs.at[0]->layout.elem;
    if (!x) {
        return access_round(e->vb, raw, stored);
    }
    uint32_t count = e->node->inputs.count;
    bool *used = ARENA_ARRAY(e->vb->arena, bool, count + 1);
    ScalarVal *in = ARENA_ARRAY(e->vb->arena, ScalarVal, count + 1);
    for (uint32_t i = 0; i < x->steps.count; i++) {
        mark_used(x->steps.at[i].arg, x->steps.at[i].arg_count, used);
    }
    mark_used(&x->result, 1, used);
    for (uint32_t i = 0; i < count; i++) {
        if (used[i]) {
            in[i].ir = emit_operand(e, i, at);
        }
    }
    ScalarVal result = run_expr(&e->vb->scalar, x, (ScalarVal){.ir = raw}, in);
    return zero_pads(e, access_round(e->vb, (Val)result.ir, stored), at);
}

uint32_t emit_side_terms(Emit *e, uint32_t side, Val stored, const ExprPlace *at, Val term[2])
{
    const Side *s = &e->node->sides[side];
    ScalarVal arg[EXPR_MAX_ARGS + 1], out[2];
    for (uint32_t k = 0; k < s->arg_count; k++) {
        arg[k].ir = s->arg[k].kind == EXPR_INPUT ? emit_operand(e, s->arg[k].index, at) : stored;
    }
    arg[s->arg_count].ir = e->centre; // terms of others do not read it
    uint32_t args = s->arg_count + s->op->centred;
    uint32_t count = s->op->terms(&e->vb->scalar, s->attrs, arg, args, out);
    for (uint32_t t = 0; t < count; t++) {
        term[t] = (Val)out[t].ir;
    }
    return count;
}
