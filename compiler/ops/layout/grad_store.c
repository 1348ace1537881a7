// grad_store.c: the gradient of a parameter reaches its place.
//   grad_store(d)  ->  the VALUE_GRAD, in the framework's layout
// Overwrites what is there, or adds to it when the call accumulates (call.accumulate).
#include "ops/support.h"

static const OpCase grad_store_cases[] = {
    {"=5,3,3,3", "", 1, NULL},
    {"=33", "", 1, NULL},
};

const OpDef op_grad_store = {
    .name = "grad_store",
    .doc = "Stores a gradient in the framework layout; adds to it when the call accumulates.",
    .kind = OP_TENSOR,
    .role = OP_ROLE_GRAD_STORE,
    .internal = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape_like_input,
    .reference = reference_copy,
    .cases = grad_store_cases,
    .case_count = COUNT_OF(grad_store_cases),
};
