// cost.h: what an elementwise operator costs per element, found by running its scalar definition
// over a builder that counts.
#ifndef PASSES_COST_H
#define PASSES_COST_H

#include <stdbool.h>

#include "ir/opdef.h"

/// Whether it is made of additions, products and selections only: cheap enough to be computed
/// twice.
bool op_is_cheap(const OpDef *op, const void *attrs, uint32_t arg_count);

#endif
