// codegen.h: the code generator as the driver sees it: a target to lower for, graphs in, a native
// object (or its assembly, LLVM text, C header) out, and a way to load an object into this process.
// Not here: kernels and the vector builder (kernel.h, vb.h), which only this folder uses.
#ifndef CODEGEN_CODEGEN_H
#define CODEGEN_CODEGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/source.h"
#include "codegen/kernel_options.h"
#include "codegen/target.h"
#include "ir/graph.h"
#include "ir/lowering.h"
#include "resnetc/model_abi.h"

typedef struct Codegen Codegen;

/// A code generator for one target. Cheap: LLVM starts at the first codegen_emit. Lives in the
/// arena.
Codegen *codegen_create(Arena *a, const TargetDef *target, const KernelOptions *options);
/// What the layout and lowering passes ask. Borrows the code generator.
LowerTarget codegen_lower_target(const Codegen *c);

typedef enum CodegenFormat { CODEGEN_OBJECT, CODEGEN_ASSEMBLY, CODEGEN_LLVM } CodegenFormat;

/// Weights that the object is to hold: either the content of the regions of parameters and state,
/// or that of the packed region, which is then all that the plans read (passes/embed.h).
typedef struct EmbeddedWeights {
    const void *params, *state; // NULL: the region is empty, or packed holds the weights
    const void *packed;         // NULL: params and state hold the weights
} EmbeddedWeights;

/// How much of a model is written: its weights are prepared in this process before the whole is.
typedef enum CodegenPart {
    CODEGEN_WHOLE,
    CODEGEN_PREPARE, // no steps of plans
    CODEGEN_TABLES   // no code at all: whatever the target of the plans is, any will do
} CodegenPart;

/// A model to be written: its plans are graphs at STAGE_PLANNED that agree on parameters, state,
/// inputs and regions. Inference plans first, each mode by rising plan batch. Everything is
/// borrowed.
typedef struct ModelSpec {
    const char *name;     // the object exports rn_model_<name>: a C identifier
    const char *compiler; // "resnetc 0.1.0"
    const char *source;   // text of the .rn file
    const char *path;     // of the .rn file
    const SourceSet *sources;
    uint32_t main_file; // number in `sources` of the file whose lines steps have; 0: none
    uint64_t source_hash;
    const Graph *const *plans;
    uint32_t plan_count;
    CodegenPart part;
    const EmbeddedWeights *weights; // NULL: none
} ModelSpec;

typedef struct CodegenStats {
    uint32_t kernels;         // distinct kernel functions
    uint32_t steps;           // of all plans and of prepare
    double build_ms, emit_ms; // building LLVM's modules; LLVM's code generation
} CodegenStats;

/// Writes the model's code. The bytes live in the arena. stats may be NULL. Never fails on a
/// verified graph: what LLVM refuses is an internal error.
const void *codegen_emit(Codegen *c, Arena *a, const ModelSpec *spec, CodegenFormat format,
                         size_t *bytes, CodegenStats *stats);

/// The C header that goes with the object: self-contained C99 and C++.
const char *codegen_header(Arena *a, const ModelSpec *spec, const TargetDef *target);

/// An object of codegen_emit in this process.
typedef struct LoadedObject LoadedObject;
/// The object's bytes are copied. NULL with *error (in the arena) on failure.
LoadedObject *codegen_load(Arena *a, const void *object, size_t bytes, const char *name,
                           const RnModel **model, const char **error);
void codegen_unload(LoadedObject *o); // accepts NULL; the model is gone afterwards

#endif
