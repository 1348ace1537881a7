// codegen_internal.h: what the files that write a module share (codegen.c, emit.c, request.c,
// descriptor.c). Not for kernels.
#ifndef CPU_CODEGEN_INTERNAL_H
#define CPU_CODEGEN_INTERNAL_H

#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>

#include "base/distinct.h"
#include "base/intern.h"
#include "base/vec.h"
#include "cpu/kernel.h"
#include "cpu/kernel_options.h"
#include "object/model_spec.h"

/// What selection answered: low is NULL where no kernel serves the node.
typedef struct Plan {
    const Lowering *low;
    const char *explain;
} Plan;

/// Plans made so far, by the text of the work.
typedef struct PlanCache {
    Intern *keys;
    Distinct known; // const char *, interned
    VEC(Plan) plans;
} PlanCache;
PlanCache *plan_cache_create(Arena *a);

typedef struct Codegen {
    Arena *arena;
    const TargetDef *target;
    KernelOptions options;
    PlanCache *plans;
    const OpDef **serves; // by index in kernel_table: the operator that KernelDef.op names
} Codegen;

typedef struct ModuleCtx {
    const Codegen *codegen;
    const ModelSpec *spec;
    Arena *arena;
    Vb vb;
    LLVMTargetDataRef layout;
    LLVMDIBuilderRef debug;
    LLVMMetadataRef debug_file, debug_type;
    Intern *requests;
    Distinct kernels;   // const char *, interned requests
    VEC(Val) functions; // of kernels
    uint32_t steps;
} ModuleCtx;

/// What kernels are asked to do for a node, as text: equal texts, equal plans.
const char *work_text(Arena *a, const Node *n);
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
