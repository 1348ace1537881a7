// side_sums.c: partial sums of a node's sides, [part][term][padded c] for each: cleared once, then
// added to from registers, in double: a part is many register tiles, and their sums in float32
// would round as often. A centred side has the first vector that its part stores for its centre.
// Not here: the terms (expr_emit.c), who sums up the parts.
#include "cpu/kernel.h"

static const Value *side_output(const Node *n, uint32_t side)
{
    return n->outputs.at[n->sides[side].output];
}

static uint32_t side_sums(const Node *n, uint32_t side)
{
    return side_output(n, side)->terms - n->sides[side].op->centred;
}

static uint32_t all_sums(const Node *n)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < n->side_count; s++) {
        count += side_sums(n, s);
    }
    return count;
}

// A centred side, or side_count. All have the same centre: that of what is stored.
static uint32_t centred_side(const Node *n)
{
    uint32_t s = 0;
    while (s < n->side_count && !n->sides[s].op->centred) {
        s++;
    }
    return s;
}

uint32_t emit_sum_count(const Node *n)
{
    return all_sums(n) + (centred_side(n) < n->side_count ? 2 : 0);
}

Val emit_partial_at(Emit *e, const Value *partials, uint32_t term, const SumPlace *at)
{
    Vb *b = e->vb;
    int64_t vector = elem_size(ELEM_F64, b->width);
    int64_t row = div_up(partials->shape.dim[1], b->width) * vector;
    Val offset = vb_muli(b, at->part, row * partials->terms);
    return vb_addi(b, vb_add(b, offset, vb_muli(b, at->block, vector)), row * term);
}

static Access side_at(Emit *e, uint32_t side, uint32_t term, const SumPlace *at)
{
    const Node *n = e->node;
    Val offset = emit_partial_at(e, side_output(n, side), term, at);
    return access_at(e->vb, emit_output(e, n->sides[side].output), offset);
}

void emit_clear_sums(Emit *e, const SumPlace *at)
{
    for (uint32_t s = 0; s < e->node->side_count; s++) {
        for (uint32_t t = 0; t < side_output(e->node, s)->terms; t++) {
            access_store_double(e->vb, vb_const64(e->vb, 0), side_at(e, s, t, at));
        }
    }
}

// A part's centre and, behind it, its count are f32 in a row of doubles.
static Access centre_at(Access row)
{
    return (Access){row.at, ELEM_F32};
}

static Access count_at(Vb *b, Access row)
{
    Access centre = centre_at(row);
    return access_ati(b, centre, access_bytes(centre, b->width));
}

void emit_store_centre(Emit *e, Val centre, Val count, Access row)
{
    access_store(e->vb, centre, centre_at(row));
    access_store(e->vb, count, count_at(e->vb, row));
}

void emit_open_sums(Emit *e, const SumPlace *at, Val sum[EMIT_MAX_SUMS])
{
    Vb *b = e->vb;
    uint32_t count = all_sums(e->node), centred = centred_side(e->node);
    for (uint32_t i = 0; i < count; i++) {
        sum[i] = NULL;
    }
    if (centred < e->node->side_count) {
        Access row = side_at(e, centred, 0, at);
        sum[count] = access_load(b, centre_at(row));
        sum[count + 1] = access_load(b, count_at(b, row));
    }
}

void emit_count_sums(Emit *e, Val first, int64_t count, Val sum[EMIT_MAX_SUMS])
{
    if (centred_side(e->node) == e->node->side_count) {
        return;
    }
    Vb *b = e->vb;
    Val *centre = &sum[all_sums(e->node)], *counted = centre + 1;
    Val none = LLVMBuildFCmp(b->builder, LLVMRealOEQ, *counted, vb_zero(b), "");
    *centre = vb_select(b, none, first, *centre);
    *counted = vb_fadd(b, *counted, vb_const(b, (double)count));
}

void emit_add_sums(Emit *e, Val stored, const ExprPlace *at, Val sum[EMIT_MAX_SUMS])
{
    e->centre = sum[all_sums(e->node)];
    for (uint32_t s = 0; s < e->node->side_count; s++) {
        Val term[2];
        uint32_t terms = emit_side_terms(e, s, stored, at, term);
        for (uint32_t t = 0; t < terms; t++, sum++) {
            *sum = *sum ? vb_fadd(e->vb, *sum, term[t]) : term[t];
        }
    }
}

void emit_split_sums(Emit *e, const Val *sum, Val part[EMIT_MAX_SUMS])
{
    uint32_t sums = all_sums(e->node), count = emit_sum_count(e->node);
    for (uint32_t i = 0; i < count; i++) {
        part[i] = i < sums ? NULL : sum[i];
    }
}

void emit_join_sums(Emit *e, const Val *part, Val sum[EMIT_MAX_SUMS])
{
    uint32_t sums = all_sums(e->node), count = emit_sum_count(e->node);
    for (uint32_t i = 0; i < count; i++) {
        sum[i] = i < sums ? vb_fadd(e->vb, sum[i], part[i]) : part[i];
    }
}

void emit_flush_sums(Emit *e, const SumPlace *at, const Val *sum)
{
    Vb *b = e->vb;
    const Val *head = &sum[all_sums(e->node)];
    for (uint32_t s = 0; s < e->node->side_count; s++) {
        uint32_t before = e->node->sides[s].op->centred;
        if (before) {
            emit_store_centre(e, head[0], head[1], side_at(e, s, 0, at));
        }
        for (uint32_t t = 0; t < side_sums(e->node, s); t++) {
            Access to = side_at(e, s, before + t, at);
            Val old = access_load_double(b, to);
            access_store_double(b, vb_fadd(b, old, vb_widen(b, *sum++)), to);
        }
    }
}
