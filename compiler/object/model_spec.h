// model_spec.h: a model that is to be written: what the code generator, the header and the tables of
// tensors are all made from. Not here: how code is written (cpu/codegen.h).
#ifndef OBJECT_MODEL_SPEC_H
#define OBJECT_MODEL_SPEC_H

#include <stdint.h>

#include "base/source.h"
#include "ir/graph.h"

/// Weights that the object is to hold: either the content of the regions of parameters and state,
/// or that of the packed region, which is then all that the plans read (passes/move_weights.h).
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

/// A model to be written: its plans are planned graphs that agree on parameters, state,
/// inputs and regions. Inference plans first, each mode by rising plan batch. Everything is
/// borrowed.
typedef struct ModelSpec {
    const char *name;     // the object exports rn_model_<name>: a C identifier
    const char *compiler; // "resnetc 0.2.0"
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

#endif
