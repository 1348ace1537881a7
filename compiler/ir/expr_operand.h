// expr_operand.h: how the expressions of a node read its inputs: what layouts must provide and what
// kernels load.
#ifndef IR_EXPR_OPERAND_H
#define IR_EXPR_OPERAND_H

#include "ir/graph.h"

typedef enum OperandKind {
    OPERAND_ELEMENT,       // the element at the same place
    OPERAND_CHANNEL,       // [c]
    OPERAND_IMAGE_CHANNEL, // [N,c] or [N,c,1,1]
    OPERAND_IMAGE,         // [N]
    OPERAND_ONE,           // [1], where the tensor has several channels
} OperandKind;

/// The shape that the node's expressions run over: its output 0; of a channel reduction, which
/// stores nothing, its first input.
const Shape *expr_shape(const Node *n);
/// By the input's shape against expr_shape. A shape that fits nowhere is an internal error.
OperandKind expr_operand_kind(const Node *n, uint32_t input);

#endif
