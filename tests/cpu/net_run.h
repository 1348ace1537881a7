// net_run.h: a model through all passes and the code generator, loaded, against the float64
// interpreter: its outputs; loss, gradients and running statistics of a training step.
//
// Tolerances, relative to a tensor's norm: logits err by a few float32 roundings per layer, 2e-5
// covers 50 layers. A gradient jumps by 1e-3 and more of its norm where a ReLU or a maximum turns at
// rounding level. So each case has a seed with which the float64 values keep a distance from every
// such place, NET_RUN_MARGIN of the tensor's root mean square, three times what float32 values err
// (logits: 1e-6 at most over 16 seeds). A test that fails for the margin wants another seed. Without
// flips gradients erred by 2.5e-5 at most over 12 cases and up to 16 seeds (batch norms over eight
// elements; 6e-6 else, 2e-4 of the floor for a bias that cancels), with kernels that err by 3e-7;
// Winograd's largest tiles err by 3e-6, which makes GRADIENT_TOLERANCE. Where no seed keeps the
// distance (50 layers of one network), FLIP_TOLERANCE still finds every wrong formula.
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
    uint64_t seed;        // of parameters and pictures
    bool flips;           // no seed keeps the distance from flips
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

/// How close the network comes to a ReLU or a maximum that another rounding would turn.
double net_run_margin(Net *n);
#define NET_RUN_MARGIN 3e-6

void net_run_check_infer(Net *n);
void net_run_check_train(Net *n);

#endif
