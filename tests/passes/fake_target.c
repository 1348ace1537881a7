// fake_target.c: the layouts of the made-up machine.
#include "passes/fake_target.h"

#include <string.h>

#include "ir/opdef.h"

static Layout fake_packed(Arena *a, const Shape *s)
{
    Packing *p = ARENA_NEW(a, Packing);
    p->dims = s->rank;
    for (uint32_t i = 0; i < s->rank; i++) {
        p->dim[i] = (PackDim){.extent = (int32_t)s->dim[i], .coord = (int32_t)i, .coef = 1};
    }
    p->dim[0].extent = (p->dim[0].extent + FAKE_WIDTH - 1) / FAKE_WIDTH * FAKE_WIDTH;
    return (Layout){.kind = LAYOUT_PACKED, .packing = p};
}

static Layout fake_layout(Arena *a, const Node *n, const Value *v, bool input)
{
    if (v->elem != ELEM_F32 || v->terms) {
        return (Layout){.kind = LAYOUT_PLAIN};
    }
    if (shape_is_batched(&v->shape)) {
        if (v->shape.rank == 1) {
            return (Layout){.kind = LAYOUT_PLAIN};
        }
        bool small = input && v->kind == VALUE_INPUT && shape_channels(&v->shape) < FAKE_WIDTH;
        return (Layout){.kind = LAYOUT_BLOCKED,
                        .block = small ? (uint32_t)shape_channels(&v->shape) : FAKE_WIDTH};
    }
    bool plain = n->op->kind == OP_PARAM_ONLY || n->op->role == OP_ROLE_GRAD_STORE;
    return plain ? (Layout){.kind = LAYOUT_PLAIN} : fake_packed(a, &v->shape);
}

Lowering *fake_lower(const Graph *g, const Node *n)
{
    Arena *a = g->arena;
    Lowering *low = ARENA_NEW(a, Lowering);
    low->kernel = "fake";
    low->tasks_mul = low->tasks_div = 1;
    low->parts_mul = low->parts_div = 1;
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        if (!(n->op->updates >> i & 1)) { // else plain
            low->in_layout[i] = fake_layout(a, n, n->inputs.at[i], true);
        }
    }
    uint32_t outputs = n->op->output_count ? n->op->output_count : 1;
    for (uint32_t i = 0; i < outputs; i++) {
        low->out_layout[i] = fake_layout(a, n, n->outputs.at[i], false);
    }
    return low;
}

static const Lowering *lower(const LowerTarget *t, const Graph *g, const Node *n)
{
    (void)t;
    return fake_lower(g, n);
}

static KernelTakes fake_takes(const LowerTarget *t, const Node *n)
{
    (void)t, (void)n;
    return (KernelTakes){.store = true, .sides = true};
}

const LowerTarget fake_target = {
    .vector_floats = FAKE_WIDTH,
    .lower = lower,
    .takes = fake_takes,
};
