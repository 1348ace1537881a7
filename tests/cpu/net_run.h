// net_run.h: a model through all passes and the code generator, loaded, against the float64
// interpreter: its outputs; loss, gradients and running statistics of a training step.
//
// Tolerances, relative to a tensor's norm: logits err by a few float32 roundings per layer, 2e-5
// covers 50 layers. A gradient can differ by a ReLU that flips at rounding level, which moves it by
// about 1e-3 of its norm: 1e-2 still finds every wrong formula, the strict limits are those of
// single kernels (test_kernels.c) and of the golden files.
#ifndef TESTS_CPU_NET_RUN_H
#define TESTS_CPU_NET_RUN_H

#include "base/textfile.h"
#include "build/loaded_object.h"
#include "cpu/codegen.h"
#include "front/front.h"
#include "ir/opdef.h"
#include "passes/pipeline.h"
#include "resnetc/runtime.h"

typedef struct NetCase {
    const char *model;
    const char *defines[6];
    uint32_t batch, plan;
    const TextFile *text; // the model; NULL: a shipped one
} NetCase;

typedef struct Net {
    Arena *arena;
    const NetCase *c;
    const TargetDef *target;
    Graph *built;
    SourceSet sources;
    Diag *diag;
    LowerTarget lower;
    PackedPool *pool;
    LoadedObject *object;
    const RnModel *model;
    RnSession *session;
    const char *trainable; // NULL, or why not
} Net;

/// Compiled and loaded, with a session of random parameters. Failures end the test.
Net net_run_load(const NetCase *c, const TargetDef *target, unsigned threads);
void net_run_unload(Net *n);

// In parts: the graph of n->c; the object for n->target; another session.
void net_run_build(Net *n);
const void *net_run_emit(Net *n, size_t *bytes);
void net_run_open(Net *n, unsigned threads);

/// Elements of a value at this batch.
int64_t net_run_elements(const Value *v, uint32_t batch);
/// The interpreter's values with the session's parameters and state, and random inputs.
RefTensor *net_run_values(Net *n, const Graph *g, float *images, uint32_t *labels);

void net_run_check_infer(Net *n);
void net_run_check_train(Net *n);

#endif
