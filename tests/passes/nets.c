// nets.c: layers, blocks and classifiers as graphs; their numbers follow from names.
#include "passes/nets.h"

#include <string.h>

#include "base/intern.h"
#include "ir/builder.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "ops/drop/drop_attrs.h"
#include "ops/join/channel_attrs.h"
#include "ops/pool/pool_attrs.h"

Net net_create(Arena *a, uint64_t seed)
{
    return (Net){.g = graph_create(a, "net"), .random = hash_u64(HASH_START, seed)};
}

/// A number in [0, below).
static uint32_t net_random(Net *t, uint32_t below)
{
    t->random = t->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((t->random >> 33) % below);
}

Value *net_node(Net *t, const char *op, const void *attrs, Value *const *in, uint32_t count)
{
    const OpDef *def = op_find(op);
    Node *n =
        build_node(t->g, &(NodeSpec){.op = def,
                                     .attrs = attrs,
                                     .in = in,
                                     .in_count = count,
                                     .name = arena_printf(t->g->arena, "%s%u", op, ++t->layers),
                                     .make_params = true});
    return n->outputs.at[0];
}

Value *net_input(Net *t, int64_t c, int64_t h, int64_t w)
{
    return graph_add_value(t->g, VALUE_INPUT, ELEM_F32, shape_image(c, h, w), "image", (Loc){0});
}

Value *net_op(Net *t, const char *op, Value *x)
{
    return net_node(t, op, NULL, &x, 1);
}

Value *net_op2(Net *t, const char *op, Value *x, Value *y)
{
    return net_node(t, op, NULL, (Value *const[]){x, y}, 2);
}

Value *net_conv(Net *t, Value *x, int64_t size, int64_t c, int64_t stride, bool bias)
{
    ConvAttrs attrs;
    attrs_set_defaults(op_find("conv2d"), &attrs);
    attrs.kernel[0] = attrs.kernel[1] = size;
    attrs.stride[0] = attrs.stride[1] = stride;
    attrs.c = c;
    attrs.bias = bias;
    for (int i = 0; i < 4; i++) {
        attrs.pad[i] = size / 2;
    }
    return net_node(t, "conv2d", &attrs, &x, 1);
}

Value *net_bn(Net *t, Value *x)
{
    return net_op(t, "batchnorm", x);
}

Value *net_pool(Net *t, const char *op, Value *x, int64_t size, int64_t stride)
{
    PoolAttrs attrs;
    attrs_set_defaults(op_find(op), &attrs);
    attrs.kernel[0] = attrs.kernel[1] = size;
    attrs.stride[0] = attrs.stride[1] = stride;
    return net_node(t, op, &attrs, &x, 1);
}

static Value *net_drop(Net *t, const char *op, Value *x)
{
    DropAttrs attrs;
    attrs_set_defaults(op_find(op), &attrs);
    attrs.p = 0.4;
    attrs.salt = 7 + t->layers;
    return net_node(t, op, &attrs, &x, 1);
}

Value *net_dense(Net *t, Value *x, int64_t c)
{
    DenseAttrs attrs;
    attrs_set_defaults(op_find("dense"), &attrs);
    attrs.c = c;
    attrs.bias = true;
    return net_node(t, "dense", &attrs, &x, 1);
}

static int64_t net_channels(const Value *v)
{
    return shape_channels(&v->shape);
}

Value *net_basic(Net *t, Value *x, int64_t c, int64_t stride, bool bias)
{
    Value *y = net_op(t, "relu", net_bn(t, net_conv(t, x, 3, c, stride, bias)));
    y = net_bn(t, net_conv(t, y, 3, c, 1, bias));
    if (stride != 1 || c != net_channels(x)) {
        x = net_bn(t, net_conv(t, x, 1, c, stride, false));
    }
    return net_op(t, "relu", net_op2(t, "add", y, x));
}

/// BN-ReLU-conv twice; a projection reads the shared pre-activation.
static Value *net_preact(Net *t, Value *x, int64_t c, int64_t stride)
{
    Value *a = net_op(t, "relu", net_bn(t, x));
    if (stride != 1 || c != net_channels(x)) {
        x = net_conv(t, a, 1, c, stride, false);
    }
    Value *y = net_conv(t, a, 3, c, stride, false);
    y = net_conv(t, net_op(t, "relu", net_bn(t, y)), 3, c, 1, false);
    return net_op2(t, "add", y, x);
}

/// A basic block with squeeze and excite before the add.
static Value *net_se(Net *t, Value *x)
{
    int64_t c = net_channels(x);
    Value *y = net_bn(t, net_conv(t, x, 3, c, 1, false));
    Value *s = net_conv(t, net_op(t, "global_avgpool", y), 1, 2, 1, true);
    s = net_op(t, "sigmoid", net_conv(t, net_op(t, "relu", s), 1, c, 1, true));
    return net_op(t, "relu", net_op2(t, "add", net_op2(t, "mul", y, s), x));
}

/// Option A: every second row and column, zero channels at the end; drop_path on the branch.
static Value *net_option_a(Net *t, Value *x)
{
    int64_t c = net_channels(x);
    Value *y = net_bn(t, net_conv(t, x, 3, c + 3, 2, false));
    y = net_drop(t, "drop_path", y);
    SubsampleAttrs sub = {.stride = {2, 2}};
    PadChannelsAttrs pad = {.before = 1, .after = 2};
    Value *s = net_node(t, "subsample", &sub, &x, 1);
    s = net_node(t, "pad_channels", &pad, &s, 1);
    return net_op(t, "relu", net_op2(t, "add", y, s));
}

static Value *net_branches(Net *t, Value *x)
{
    Value *a = net_op(t, "relu", net_conv(t, x, 1, 3, 1, true));
    Value *b = net_op(t, "relu", net_bn(t, net_conv(t, x, 3, 4, 1, true)));
    Value *p = net_pool(t, "avgpool", x, 1, 1);
    return net_node(t, "concat", NULL, (Value *const[]){a, b, p}, 3);
}

static Value *net_random_block(Net *t, Value *x)
{
    int64_t c = net_channels(x);
    switch (net_random(t, 7)) {
    case 0:
        return net_basic(t, x, c, 1, true);
    case 1:
        return net_basic(t, x, c + 2, 2, false);
    case 2:
        return net_preact(t, x, c, 1);
    case 3:
        return net_preact(t, x, c + 1, 2);
    case 4:
        return net_se(t, x);
    case 5:
        return net_option_a(t, x);
    default:
        return net_branches(t, x);
    }
}

void net_output(Net *t, Value *v, const char *name)
{
    VEC_PUSH(t->g->arena, &t->g->outputs, v);
    VEC_PUSH(t->g->arena, &t->g->output_names, name);
}

Graph *net_classifier(Arena *a, uint64_t seed, uint32_t blocks)
{
    Net t = net_create(a, seed);
    Value *x = net_input(&t, 1 + net_random(&t, 3), 8 + net_random(&t, 3), 8);
    x = net_conv(&t, x, 3, 4, 1, net_random(&t, 2));
    if (net_random(&t, 4)) {
        x = net_bn(&t, x);
    }
    x = net_op(&t, "relu", x);
    if (net_random(&t, 2)) {
        x = net_pool(&t, "maxpool", x, 2, 2);
    }
    for (uint32_t i = 0; i < blocks; i++) {
        x = net_random_block(&t, x);
    }
    x = net_op(&t, "global_avgpool", x);
    if (net_random(&t, 2)) {
        x = net_drop(&t, "dropout", x);
    }
    net_output(&t, net_dense(&t, x, 3), "logits");
    return t.g;
}

Graph *net_of_kind(Arena *a, const char *kind)
{
    Net t = net_create(a, 1);
    t.g->name = kind;
    Value *x = net_input(&t, 3, 6, 6);
    bool basic = strcmp(kind, "basic") == 0;
    x = net_op(&t, "relu", net_bn(&t, net_conv(&t, x, 3, 8, 1, basic)));
    if (basic) {
        x = net_drop(&t, "dropout", net_basic(&t, x, 10, 2, false));
    } else if (strcmp(kind, "preact") == 0) {
        x = net_op(&t, "relu", net_bn(&t, net_preact(&t, net_preact(&t, x, 8, 1), 12, 2)));
    } else if (strcmp(kind, "se") == 0) {
        x = net_se(&t, x);
    } else {
        x = net_branches(&t, net_option_a(&t, x));
    }
    net_output(&t, net_dense(&t, net_op(&t, "global_avgpool", x), 5), "logits");
    return t.g;
}

/// A number in [-1, 1) from a name and an index.
static double net_number(const char *name, int64_t i)
{
    uint64_t h = hash_u64(hash_bytes(HASH_START, name, strlen(name)), (uint64_t)i);
    h ^= h >> 31;
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return (double)(h >> 11) / 4503599627370496.0 - 1.0;
}

static void net_fill(Arena *a, const Value *v, int64_t batch, RefTensor *t)
{
    int64_t count = shape_elements(&v->shape) * (shape_is_batched(&v->shape) ? batch : 1);
    t->shape = v->shape;
    if (shape_is_batched(&v->shape)) {
        t->shape.dim[0] = batch;
    }
    t->at = ARENA_ARRAY(a, double, count);
    size_t length = strlen(v->name);
    bool variance = length > 4 && strcmp(v->name + length - 4, "_var") == 0;
    bool vector = v->kind == VALUE_PARAM && v->shape.rank == 1;
    for (int64_t i = 0; i < count; i++) {
        double x = net_number(v->name, i);
        if (v->kind == VALUE_LABELS) {
            x = (double)(i % 3);
        } else if (variance) {
            x = 1.0 + 0.5 * x;
        } else if (vector) {
            x = 0.8 + 0.4 * x;
        } else if (v->kind == VALUE_PARAM) {
            x *= 0.5;
        }
        t->at[i] = x;
    }
}

RefTensor *net_values(Arena *a, const Graph *g, int64_t batch)
{
    RefTensor *values = ARENA_ARRAY(a, RefTensor, g->next_value);
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        net_fill(a, g->inputs.at[i], batch, &values[g->inputs.at[i]->id]);
    }
    for (uint32_t i = 0; i < g->params.count; i++) {
        net_fill(a, g->params.at[i], batch, &values[g->params.at[i]->id]);
    }
    for (uint32_t i = 0; i < g->states.count; i++) {
        net_fill(a, g->states.at[i], batch, &values[g->states.at[i]->id]);
    }
    if (g->labels) {
        net_fill(a, g->labels, batch, &values[g->labels->id]);
    }
    return values;
}
