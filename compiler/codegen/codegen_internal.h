// codegen_internal.h: what the files that write a module share (codegen.c, emit.c, request.c,
// descriptor.c). Not for kernels.
#ifndef CODEGEN_CODEGEN_INTERNAL_H
#define CODEGEN_CODEGEN_INTERNAL_H

#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>

#include "base/intern.h"
#include "base/vec.h"
#include "codegen/codegen.h"
#include "codegen/kernel.h"

struct Codegen {
    Arena *arena;
    const TargetDef *target;
    KernelOptions options;
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

/// The step function of a node: void (const RnCall *, u32, u32, void *). `plan` makes its name
/// unique.
Val emit_step(ModuleCtx *m, const Node *n, const char *plan);
/// Line of a node in the .rn file, 0 if it has none.
uint32_t node_line(const ModelSpec *spec, const Node *n);

/// The constant rn_model_<name> with all its tables; emits the steps on the way.
void emit_descriptor(ModuleCtx *m);

#endif
