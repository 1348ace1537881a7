// pack.c: a weight or vector in a packed layout (ir/shape.h, Packing).
//   pack(source)  ->  the same shape, LAYOUT_PACKED
// On plain tensors a copy.
#include "ops/layout/layout_attrs.h"
#include "ops/support.h"

static const AttrDef pack_attrs[] = {
    {.name = "packing",
     .type = ATTR_PACKING,
     .offset = offsetof(PackAttrs, packing),
     .doc = "where each element comes from"},
};

static const OpCase pack_cases[] = {
    {"=5,3,3,3", "", 1, NULL},
    {"=33", "", 1, NULL},
};

const OpDef op_pack = {
    .name = "pack",
    .doc = "Copies a weight or a vector into a packed layout.",
    .kind = OP_PARAM_ONLY,
    .attr_bytes = sizeof(PackAttrs),
    .attrs = pack_attrs,
    .attr_count = COUNT_OF(pack_attrs),
    .internal = true,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape_like_input,
    .reference = reference_copy,
    .cases = pack_cases,
    .case_count = COUNT_OF(pack_cases),
};
