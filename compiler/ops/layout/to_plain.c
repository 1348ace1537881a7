// to_plain.c: an activation in the framework's order.
//   to_plain(x)  ->  the same shape, LAYOUT_PLAIN
// On plain tensors a copy.
#include "ops/support.h"

static const OpCase to_plain_cases[] = {
    {"5,7,9", "", 2, NULL},
    {"33,1,1", "", 3, NULL},
};

const OpDef op_to_plain = {
    .name = "to_plain",
    .doc = "Layout change of an activation to the framework's order.",
    .kind = OP_TENSOR,
    .internal = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape_like_input,
    .reference = reference_copy,
    .cases = to_plain_cases,
    .case_count = COUNT_OF(to_plain_cases),
};
