// codegen.h: the code generator as others see it: a target to lower for, graphs in, a native object
// (or its assembly or LLVM text) out. Not here: kernels and the vector builder (kernel.h, vb.h),
// which only this folder uses; the C header (object/header.h); loading an object into this process
// (build/loaded_object.h).
#ifndef CPU_CODEGEN_H
#define CPU_CODEGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "cpu/format.h"
#include "cpu/kernel_options.h"
#include "cpu/target.h"
#include "ir/graph.h"
#include "ir/lowering.h"
#include "object/model_spec.h"

typedef struct Codegen Codegen;

/// A code generator for one target. Cheap: LLVM starts at the first codegen_emit. Lives in the
/// arena.
Codegen *codegen_create(Arena *a, const TargetDef *target, const KernelOptions *options);
/// What the layout and lowering passes ask. Borrows the code generator.
LowerTarget codegen_lower_target(const Codegen *c);

typedef struct CodegenStats {
    uint32_t kernels;         // distinct kernel functions
    uint32_t steps;           // of all plans and of prepare
    double build_ms, emit_ms; // building LLVM's modules; LLVM's code generation
} CodegenStats;

/// Writes the model's code. The bytes live in the arena. stats may be NULL. Never fails on a
/// verified graph: what LLVM refuses is an internal error.
const void *codegen_emit(Codegen *c, Arena *a, const ModelSpec *spec, CodegenFormat format,
                         size_t *bytes, CodegenStats *stats);

/// Writes one kernel alone, as a function that others see (RnKernelFn). The node has its lowering,
/// its values their layouts and places. For tests.
const void *codegen_emit_kernel(const Codegen *c, Arena *a, const Node *n, const char *name,
                                CodegenFormat format, size_t *bytes);

#endif
