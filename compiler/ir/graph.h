// graph.h: the one intermediate form: values and nodes in execution order, from the front end to
// the buffer plan. Passes and code generator never see each other: both speak through this. Not
// here: what operators mean (opdef.h), how nodes are made (builder.h), dumps and checks.
#ifndef IR_GRAPH_H
#define IR_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/source.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "ir/shape.h"

typedef struct Value Value;
typedef struct Node Node;
typedef struct OpDef OpDef;       // opdef.h
typedef struct Lowering Lowering; // lowering.h

typedef enum ValueKind {
    VALUE_TEMP,  // made by a node, lives in the arena (or in packed, when bound to parameters only)
    VALUE_INPUT, // f32 [N,c,h,w] plain, caller's
    VALUE_LABELS, // u32 [N], caller's
    VALUE_PARAM,  // trainable
    VALUE_STATE,  // running statistics; a node may update it in place (Node.updates)
    VALUE_GRAD,   // a parameter's gradient, framework layout, in the grads region
    VALUE_OUTPUT, // made by a node, in an output region, plain
} ValueKind;

/// What a value depends on; nodes of BIND_PARAMS are prepare's work.
typedef enum BindTime { BIND_PARAMS, BIND_INPUTS } BindTime;

/// Where a value lies: base[region] + offset + batch * slope bytes. Set by plan_buffers.
typedef struct Place {
    bool placed;
    uint32_t region; // RN_REGION_*
    uint64_t offset, slope;
} Place;

struct Value {
    uint32_t id;
    ValueKind kind;
    Elem elem;
    Shape shape;
    Layout layout;
    const char *name; // parameter path, input name, or layer path
    Loc loc;
    Node *def;        // NULL for inputs, parameters, state
    uint32_t def_out; // index among def's outputs
    BindTime bind;
    Place place;
    // parameters and state
    RnInit init;
    double init_arg;
    uint32_t tensor_flags;          // RN_TENSOR_DECAY | RN_TENSOR_ZERO_GAMMA
    Value *param;                   // VALUE_GRAD: whose gradient
    const RnPreprocess *preprocess; // VALUE_INPUT: how pictures become it, or NULL
    // partial channel sums: shape [terms,c], LAYOUT_PARTIALS; in memory [parts][terms][padded c]
    // f64, parts = parts_mul * ceil(batch / parts_div). terms is 0 for all other values.
    uint32_t parts_mul, parts_div, terms;
    uint32_t mark; // scratch for whoever walks the graph now
};

/// Terms of a centred reduction: the centre, then two sums. In memory the centre's row has, for
/// each V channels, V floats of centre and V floats that count the part's elements.
#define MOMENT_TERMS 3

/// Where an expression's operand comes from.
typedef enum ExprRefKind {
    EXPR_RESULT, // the kernel's own result number `index`, before the expression
    EXPR_INPUT,  // node->inputs[index], read at the element's place
    EXPR_STEP,   // what step `index` of this expression computed
} ExprRefKind;

typedef struct ExprRef {
    ExprRefKind kind;
    uint32_t index;
} ExprRef;

#define EXPR_MAX_ARGS 6

typedef struct ExprStep {
    const OpDef *op; // an elementwise operator
    const void *attrs;
    uint32_t arg_count;
    ExprRef arg[EXPR_MAX_ARGS];
} ExprStep;

/// A fused elementwise computation: steps in order; `result` is what is stored.
/// How an input is read follows from its shape against the output's [N,c,h,w]: same shape: the
/// element; [c]: per channel; [N,c] or [N,c,1,1]: per image and channel; [N]: per image; [1]: one
/// number.
typedef struct Expr {
    VEC(ExprStep) steps;
    ExprRef result;
} Expr;

/// A channel reduction taken of what a node stores: for each term t and channel c,
/// partial[part][t][c] = sum over the part's elements of term t of `op` (MOMENT_TERMS: of term t-1).
/// arg[0] is always the stored value; the other arguments are inputs of the node.
typedef struct Side {
    const OpDef *op; // an operator of kind OP_CHANNEL_REDUCE
    const void *attrs;
    uint32_t arg_count;
    ExprRef arg[EXPR_MAX_ARGS]; // arg[0] = {EXPR_RESULT, 0}: the stored value
    uint32_t output;            // index among node->outputs of the partial sums
} Side;

#define NODE_MAX_SIDES 2

typedef enum Phase { PHASE_FORWARD, PHASE_LOSS, PHASE_BACKWARD } Phase;

struct Node {
    uint32_t id;
    const OpDef *op;
    void *attrs; // op->attr_bytes, as op->attrs describes
    // The operator's own (data, then parameters) first, then operands of expressions.
    VEC(Value *) inputs;
    uint32_t own_inputs;
    VEC(Value *) outputs; // the operator's own first, then partial sums of sides
    const char *name;     // layer path: "layer1.0.conv1"
    Loc loc;
    Phase phase;
    BindTime bind;
    bool prepared; // BIND_PARAMS: another plan's prepare does this already
    Expr *store;   // epilogue on output 0; NULL: stored as computed
    Side sides[NODE_MAX_SIDES];
    uint32_t side_count;
    const Lowering *lowering; // set by layout
    Place scratch;            // where one worker's scratch may lie, if the plan has room for it
    Node *prev, *next;        // execution order
    uint32_t mark;
};

/// What passes have made true of a graph: bits of Graph.facts. Once made, a fact holds until the
/// end. The verifier checks those that can be seen in the graph.
typedef enum Fact {
    FACT_CHECKED = 1 << 0,    // the model has outputs; in training one, logits
    FACT_SIMPLE = 1 << 1,     // no identities were left, and no operators that training alone knows
    FACT_NO_BN = 1 << 2,      // no batchnorm
    FACT_LOSS = 1 << 3,       // labels come in, the last node of forward makes the loss
    FACT_GRADIENTS = 1 << 4,  // every parameter has a gradient
    FACT_RECOMPUTED = 1 << 5, // backward computes again what it is not to keep
    FACT_UNIQUE = 1 << 6,     // equal work on parameters is done once
    FACT_LIVE = 1 << 7,       // every node's work is read
    FACT_MAPPED = 1 << 8,     // every elementwise operator is in the expression of a map
    FACT_SUNK = 1 << 9,       // maps are in store expressions where they can
    FACT_SIDES = 1 << 10,     // channel reductions are sides where they can
    FACT_BOUND = 1 << 11,     // nodes and values know their binding times
    FACT_LAID = 1 << 12,      // every node has a lowering, every value a layout
    FACT_PLANNED = 1 << 13,   // every value has a place
} Fact;
enum { FACT_COUNT = 14 };

typedef enum Mode { MODE_INFER, MODE_TRAIN } Mode;

typedef struct Graph {
    Arena *arena;
    const char *name;
    Mode mode;
    uint32_t facts; // Fact
    uint32_t plan_batch;
    Node *first, *last;
    uint32_t node_count, next_node, next_value;
    VEC(Value *) inputs;  // VALUE_INPUT, in order
    VEC(Value *) params;  // source order
    VEC(Value *) states;  // source order
    VEC(Value *) grads;   // completion order (training)
    VEC(Value *) outputs; // the model's outputs: what the source names, later the plain copies
    VEC(const char *) output_names;
    Value *labels; // training with a loss, else NULL
    Value *loss;   // f32 [N]
    uint64_t source_hash;
    // buffer plan
    uint64_t arena_fixed, arena_per_image, packed_bytes;
    bool scratch_placed;     // every step with scratch has a place for one worker's
    uint64_t scratch_beside; // of one worker: what has no place, or reaches beyond the arena
    uint64_t bound_fixed, bound_per_image; // lower bound: largest sum of live bytes at plan_batch
} Graph;

Graph *graph_create(Arena *a, const char *name);
/// Makes a value. Inputs, parameters, states and labels join the graph's list (or g->labels) here;
/// outputs and gradients are listed by whoever makes them.
Value *graph_add_value(Graph *g, ValueKind kind, Elem elem, Shape shape, const char *name, Loc loc);
/// Appends to, or inserts before `before`, the execution order.
Node *graph_add_node(Graph *g, const OpDef *op, Node *before);
void graph_remove_node(Graph *g, Node *n); // its outputs must have no users left
void graph_move_before(Graph *g, Node *n, Node *before);
void graph_replace_uses(Graph *g, Value *from, Value *to); // in inputs of all nodes and in outputs
uint32_t graph_use_count(const Graph *g, const Value *v);  // walks the graph; outputs count too
/// Makes a VALUE_TEMP the next output of node n.
Value *graph_add_output(Graph *g, Node *n, Elem elem, Shape shape);
/// Numbers nodes 1.. in execution order in node->mark.
void graph_number_nodes(Graph *g);

/// "resize(256) centre_crop normalize(...)" for an input of so many channels.
void preprocess_print(StrBuf *out, const RnPreprocess *p, int64_t channels);

/// Adds "checked, simple, no-bn", or "nothing".
void facts_print(StrBuf *out, uint32_t facts);
/// One node per line, with shapes, attributes, expressions, layouts and places as far as known.
void graph_dump(const Graph *g, StrBuf *out);
/// Checks the rules of all graphs and g->facts; on a broken rule returns a text that names pass,
/// node and rule, else NULL.
const char *graph_verify(const Graph *g, const char *pass);

#endif
