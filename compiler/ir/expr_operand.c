// expr_operand.c: see expr_operand.h.
#include "ir/expr_operand.h"

#include "base/internal_error.h"
#include "ir/opdef.h"

const Shape *expr_shape(const Node *n)
{
    bool reduces = n->op->kind == OP_CHANNEL_REDUCE;
    return reduces ? &n->inputs.at[0]->shape : &n->outputs.at[0]->shape;
}

OperandKind expr_operand_kind(const Node *n, uint32_t input)
{
    const Shape *full = expr_shape(n), *s = &n->inputs.at[input]->shape;
    if (shape_equal(full, s)) {
        return OPERAND_ELEMENT;
    }
    if (!shape_is_batched(s)) {
        return shape_elements(s) == 1 && shape_channels(full) != 1 ? OPERAND_ONE : OPERAND_CHANNEL;
    }
    if (s->rank == 1) {
        return OPERAND_IMAGE;
    }
    if (shape_elements(s) == shape_channels(full)) {
        // [N,c,1,1] of a full [N,c] is the element itself: same bytes.
        return shape_elements(full) == shape_elements(s) ? OPERAND_ELEMENT : OPERAND_IMAGE_CHANNEL;
    }
    INTERNAL_ERROR("%s: operand %u fits no way of reading it", n->name, input);
}
