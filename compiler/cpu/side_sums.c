// side_sums.c: partial sums of a node's sides, [part][term][padded c] for each: cleared once, then
// added to from registers. Not here: the terms (expr_emit.c), who sums up the parts.
#include "cpu/kernel.h"

static uint32_t side_terms(const Node *n, uint32_t side)
{
    return n->outputs.at[n->sides[side].output]->terms;
}

static Access partial_at(Emit *e, uint32_t side, uint32_t term, const SumPlace *p)
{
    Vb *b = e->vb;
    const Node *n = e->node;
    Access sums = emit_output(e, n->sides[side].output);
    int64_t row = access_bytes(sums, channel_blocks(n->outputs.at[0], b->width) * b->width);
    Val at = vb_muli(b, p->part, row * side_terms(n, side));
    at = vb_add(b, at, vb_muli(b, p->block, access_bytes(sums, b->width)));
    return access_at(b, sums, vb_addi(b, at, row * term));
}

uint32_t emit_sum_count(const Node *n)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < n->side_count; s++) {
        count += side_terms(n, s);
    }
    return count;
}

void emit_clear_sums(Emit *e, const SumPlace *p)
{
    for (uint32_t s = 0; s < e->node->side_count; s++) {
        for (uint32_t t = 0; t < side_terms(e->node, s); t++) {
            access_store(e->vb, vb_zero(e->vb), partial_at(e, s, t, p));
        }
    }
}

void emit_add_sums(Emit *e, Val stored, const ExprPlace *at, Val sum[EMIT_MAX_SUMS])
{
    for (uint32_t s = 0; s < e->node->side_count; s++) {
        Val term[2];
        uint32_t terms = emit_side_terms(e, s, stored, at, term);
        for (uint32_t t = 0; t < terms; t++, sum++) {
            *sum = *sum ? vb_fadd(e->vb, *sum, term[t]) : term[t];
        }
    }
}

void emit_flush_sums(Emit *e, const SumPlace *p, const Val *sum)
{
    for (uint32_t s = 0; s < e->node->side_count; s++) {
        for (uint32_t t = 0; t < side_terms(e->node, s); t++) {
            Access to = partial_at(e, s, t, p);
            access_store(e->vb, vb_fadd(e->vb, access_load(e->vb, to), *sum++), to);
        }
    }
}
