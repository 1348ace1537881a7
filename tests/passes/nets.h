// nets.h: small networks for the passes' tests, built without the language, and numbers for them.
// Not here: the tests.
#ifndef TESTS_PASSES_NETS_H
#define TESTS_PASSES_NETS_H

#include "ir/builder.h"

typedef struct Net {
    Graph *g;
    uint64_t random;
    uint32_t layers;
} Net;

Net net_create(Arena *a, uint64_t seed);
Value *net_node(Net *t, const char *op, const void *attrs, Value *const *in, uint32_t count);
Value *net_input(Net *t, int64_t c, int64_t h, int64_t w);
Value *net_op(Net *t, const char *op, Value *x);
Value *net_op2(Net *t, const char *op, Value *x, Value *y);
Value *net_conv(Net *t, Value *x, int64_t size, int64_t c, int64_t stride, bool bias);
Value *net_bn(Net *t, Value *x);
Value *net_pool(Net *t, const char *op, Value *x, int64_t size, int64_t stride);
Value *net_dense(Net *t, Value *x, int64_t c);

/// conv-BN-ReLU-conv-BN, shortcut (projected where the shape changes), add, ReLU.
Value *net_basic(Net *t, Value *x, int64_t c, int64_t stride, bool bias);

void net_output(Net *t, Value *v, const char *name);

/// A whole classifier of `blocks` random blocks.
Graph *net_classifier(Arena *a, uint64_t seed, uint32_t blocks);

/// A network of one kind of block, for dumps.
Graph *net_of_kind(Arena *a, const char *kind);

/// Values of inputs, labels, parameters and state, the same for every graph with these names.
RefTensor *net_values(Arena *a, const Graph *g, int64_t batch);

#endif
