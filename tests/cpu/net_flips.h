// net_flips.h: how far a network's values are from where its gradient jumps: zeros of ReLUs, windows
// of maximum pooling with two largest values.
#ifndef TESTS_CPU_NET_FLIPS_H
#define TESTS_CPU_NET_FLIPS_H

#include "ir/opdef.h"

/// The smallest distance, relative to the root mean square of the tensor that has it. The graph's
/// relu and maxpool nodes are not yet fused; values are the interpreter's.
double net_flips_margin(const Graph *g, const RefTensor *values);

#endif
