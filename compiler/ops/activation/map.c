// map.c: a fused elementwise computation that stands alone: its store expression says all, it has
// no inputs of its own. Made of elementwise nodes by a pass, in place; so it has no shape rule.
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
