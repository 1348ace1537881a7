// map.c: a fused elementwise computation that stands alone.
//   map()  ->  y [N,c,h,w] or [N,c]
// It has no inputs of its own: all its operands are its store expression's, which says everything.
// A pass makes it of elementwise nodes, in place; so it has no shape rule.
#include "ops/support.h"

const OpDef op_map = {
    .name = "map",
    .doc = "A fused elementwise computation: what its expression says.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_MAP,
    .internal = true,
    .min_inputs = 0,
    .max_inputs = 0,
    .accepts_store = true,
    .accepts_sides = true,
};
