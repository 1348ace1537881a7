// codegen_internal.h: what the files that write a module share (codegen.c, emit.c, request.c,
// descriptor.c). Not for kernels.
#ifndef CPU_CODEGEN_INTERNAL_H
#define CPU_CODEGEN_INTERNAL_H

#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>

#include "base/intern.h"
#include "base/vec.h"
#include "cpu/codegen.h"
#include "cpu/kernel.h"

struct Codegen {
    Arena *arena;
    const TargetDef *target;
    KernelOptions options;
    const OpDef **serves; // by index in kernel_table: the operator that KernelDef.op names
};

/// A kernel function that stands in the module already.
typedef struct KernelUse {
    const char *request; // interned
    Val function;
} KernelUse;

typedef struct ModuleCtx {
    const Codegen *codegen;
    const ModelSpec *spec;
    Arena *arena;
    Vb vb;
    LLVMTargetDataRef layout;
    LLVMDIBuilderRef debug;
    LLVMMetadataRef debug_file, debug_type;
    Intern *requests;
    VEC(KernelUse) kernels;
    uint32_t steps;
} ModuleCtx;

/// Everything that a node's kernel function depends on, as text: equal texts, equal code.
const char *request_text(Arena *a, const Node *n);

/// Whether output 0 is stored around the caches: it is large, and no input lies in its place (whose
/// lines the caches would hold already).
bool streams_output(const Node *n);

/// The kernel function (RnKernelFn) that serves a node; emitted at its first use.
Val emit_kernel(ModuleCtx *m, const Node *n);
/// The function of a layer (RnLayerFn).
Val emit_layer(ModuleCtx *m, const char *name, uint32_t line);
/// Line of a node in the .rn file, 0 if it has none.
uint32_t node_line(const ModelSpec *spec, const Node *n);

/// The constant rn_model_<name> with all its tables; emits kernels and layers on the way.
void emit_descriptor(ModuleCtx *m);

#endif
