// winograd_limits.h: which nodes Winograd's tile sizes may serve.
#ifndef CPU_KERNELS_WINOGRAD_WINOGRAD_LIMITS_H
#define CPU_KERNELS_WINOGRAD_WINOGRAD_LIMITS_H

#include "cpu/kernel.h"

/// NULL, or why the kernel's tile size and stride cannot serve a node or may not.
const char *winograd_why_not(const PlanCtx *ctx, const Node *n);

#endif
