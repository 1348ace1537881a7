// opdef.h: the record of an operator. One file in compiler/ops per operator, one record per file;
// everything else (binding of attributes, manual, dump, hash, conformance tests) is generic over
// it.
#ifndef IR_OPDEF_H
#define IR_OPDEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "ir/graph.h"
#include "ir/scalar.h"

typedef enum AttrType {
    ATTR_INT,    // int64_t
    ATTR_FLOAT,  // double
    ATTR_BOOL,   // bool
    ATTR_SIZE2,  // int64_t[2], from an int (both) or a size 3x3
    ATTR_PAD4,   // int64_t[4] top, left, bottom, right; from an int, a size, [t,l,b,r], or "same"
    ATTR_ENUM,   // int32_t index into `choices`
    ATTR_INTS,   // IntList
    ATTR_PACKING // const Packing *, internal operators only
} AttrType;

#define ATTR_PAD_SAME INT64_C(-1) // in pad[0]: TensorFlow's 'same'; the shape rule replaces it

typedef struct IntList {
    const int64_t *at;
    uint32_t count;
} IntList;

typedef struct AttrDef {
    const char *name;
    AttrType type;
    size_t offset;    // in the operator's attribute struct
    bool required;    // no default
    bool weight_only; // says how the weight begins, not what the operator computes
    int32_t position; // 1, 2, ...: its place after the tensors if given without its name; 0: never
    double fallback;  // default of numbers, booleans, sizes (both), enums
    double min, max;  // allowed range of numbers, inclusive; min == max: any
    const char *choices; // ATTR_ENUM: "max|zero"
    const char *doc;
} AttrDef;

typedef enum OpKind {
    OP_TENSOR,         // anything
    OP_ELEMENTWISE,    // scalar() says everything; output has input 0's shape (or the larger, see
                       // below)
    OP_CHANNEL_REDUCE, // sums of terms() over n, h, w per channel, as partial sums
    OP_PARAM_ONLY,     // works on parameters and vectors: folding, packing
} OpKind;

/// What an operator is to passes and kernels that treat it in a way of its own. They ask for the
/// role and never for the name.
typedef enum OpRole {
    OP_ROLE_NONE, // none does
    OP_ROLE_CONV,
    OP_ROLE_CONV_BWD_DATA,
    OP_ROLE_CONV_BWD_WEIGHTS,
    OP_ROLE_DENSE,
    OP_ROLE_DENSE_BWD_DATA,
    OP_ROLE_DENSE_BWD_WEIGHTS,
    OP_ROLE_BATCHNORM,
    OP_ROLE_BN_FINISH, // statistics of a batch, scale and shift that follow
    OP_ROLE_ADD,       // a sum of any number of operands
    OP_ROLE_JOIN,      // several tensors become one in another way
    OP_ROLE_POOL,
    OP_ROLE_SOFTMAX,
    OP_ROLE_DROPOUT,
    OP_ROLE_DROP_PATH,
    OP_ROLE_DROP_MASK,  // random, depends on no parameter
    OP_ROLE_MAP,        // its store expression says all
    OP_ROLE_GRAD_STORE, // a gradient reaches its place; reads any layout
} OpRole;

/// A parameter or state that an operator owns, in the order of its inputs after the tensors.
typedef struct ParamSlot {
    const char *suffix; // "weight"
    Shape shape;
    bool state;
    RnInit init;
    double init_arg;
    uint32_t flags; // RN_TENSOR_*
} ParamSlot;

#define OP_MAX_PARAMS 5
#define OP_MAX_OUTPUTS 6

typedef struct OutSpec {
    Shape shape;
    Elem elem;
} OutSpec;

/// What a shape rule sees and how it complains (each complaint is a diagnostic at the node's
/// place).
typedef struct ShapeCtx {
    Diag *diag; // NULL: internal use, a failure is an internal error
    Loc loc;
    const OpDef *op;
    void *attrs; // may be completed (pad=same)
    Value *const *in;
    uint32_t in_count; // tensors, then parameters when they exist already
    Arena *arena;
    uint32_t node_id; // of the node that will be made
} ShapeCtx;

/// How shape rules refuse: reports "NAME: text" at the node's place (an internal error where there
/// is no diag), with an optional help, and returns false.
bool shape_fail(const ShapeCtx *ctx, const char *help, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/// "f32[N,3,8,8]" of input i, for such texts.
const char *shape_text(const ShapeCtx *ctx, uint32_t i);

/// A tensor of the reference interpreter: plain C order, double.
typedef struct RefTensor {
    Shape shape; // concrete: dim[0] is the batch where batched
    double *at;
} RefTensor;

typedef struct RefCtx {
    const Node *node;
    int64_t batch;
    const RefTensor *in;
    uint32_t in_count;
    RefTensor *out;
    uint32_t out_count;
    bool training; // the graph's mode: batchnorm uses batch statistics, dropout drops
    double loss_scale;
    uint64_t seed, step, first_image;
} RefCtx;

/// The gradient rule's hands: see grad_add, grad_needed and grad_node below. Who differentiates
/// fills it and makes it the first member of its own state, which the functions get back.
typedef struct GradCtx GradCtx;
struct GradCtx {
    void (*add)(GradCtx *g, Value *v, Value *d);
    bool (*needed)(const GradCtx *g, const Value *v);
    Value *(*node)(GradCtx *g, const char *op, const void *attrs, Value *const *in,
                   uint32_t in_count);
};

/// A test case as data: input shapes and attributes in the language's syntax, run by the
/// conformance suite: shape rule, reference, gradient against finite differences, every kernel on
/// every target against the reference. expect_error: the case must be refused with a text that
/// contains this.
typedef struct OpCase {
    // Tensors separated by ";": "3,9,11" [N,3,9,11]; "7" [N,7]; "N" [N]; "=7", "=4,3,2,2"
    // unbatched;
    // "~2,7" partial sums of 2 terms; "#" labels; a leading "+": positive values.
    const char *inputs;
    const char *attrs; // "3x3, c=5, stride=2"
    int batch;
    const char *expect_error;
} OpCase;

struct OpDef {
    const char *name;    // "conv2d"
    const char *aliases; // "conv", space separated, or NULL
    const char *doc;     // one paragraph for the manual; first sentence stands alone
    OpKind kind;
    OpRole role;
    bool internal; // not part of the language
    size_t attr_bytes;
    const AttrDef *attrs;
    uint32_t attr_count;
    uint32_t min_inputs, max_inputs; // tensors, without parameters
    uint32_t output_count;           // 0 means 1
    bool accepts_store;              // its kernels take an epilogue
    bool accepts_sides;              // its kernels take channel reductions of what they store
    bool centred;     // OP_CHANNEL_REDUCE: partials are MOMENT_TERMS; terms() gets the centre last
    uint32_t updates; // bit i: own input i (a state) is updated in place
    bool train_only_effect; // identity in inference (dropout, drop_path)

    /// Parameter slots for these inputs and attributes; returns how many. NULL: none.
    uint32_t (*params)(const ShapeCtx *ctx, ParamSlot slots[OP_MAX_PARAMS]);
    /// Output shapes; false after a complaint. Elementwise: NULL means input 0's shape.
    bool (*shape)(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS]);
    /// Emits the gradients of the inputs given those of the outputs (NULL where none flows).
    /// NULL: not differentiable (internal), an error in training if reached.
    void (*grad)(GradCtx *g, const Node *node, Value *const *dout);
    /// OP_ELEMENTWISE: the one definition.
    ScalarVal (*scalar)(ScalarBuilder *b, const void *attrs, const ScalarVal *arg, uint32_t count);
    /// OP_CHANNEL_REDUCE: the terms to be summed; returns how many (1 or 2).
    uint32_t (*terms)(ScalarBuilder *b, const void *attrs, const ScalarVal *arg, uint32_t count,
                      ScalarVal term[2]);
    /// Whether this node computes nothing: its output is its input 0, in training too. NULL: never.
    bool (*identity)(const Node *node);
    /// Plain loops in double. NULL for elementwise operators and reductions: generic.
    void (*reference)(const RefCtx *ctx);
    /// Multiply-adds of one image (the field's MACs), 0 if NULL.
    uint64_t (*macs)(const Node *node);

    const OpCase *cases;
    uint32_t case_count;
};

extern const OpDef *const op_table[];
extern const size_t op_table_count;
const OpDef *op_find(const char *name_or_alias); // NULL if none

/// Attributes: defaults; generic print ("3x3, c=64, stride=2", only what differs from the defaults
/// unless all), hash and equality.
void attrs_set_defaults(const OpDef *op, void *attrs);
void attrs_print(const OpDef *op, const void *attrs, StrBuf *out);
bool attrs_equal(const OpDef *op, const void *a, const void *b);
uint64_t attrs_hash(uint64_t h, const OpDef *op, const void *attrs);
/// Whether every attribute is in its range (defaults always are); if not, *why gets
/// "stride must be between 1 and 1024, not 0".
bool attrs_check(const OpDef *op, const void *attrs, StrBuf *why);
/// Number of choices of an ATTR_ENUM, and choice i as text (static or in the arena).
uint32_t attr_choice_count(const AttrDef *def);
const char *attr_choice_text(Arena *a, const AttrDef *def, uint32_t i);

/// The operator's page of the manual, in Markdown: all from its record.
void op_print_manual(const OpDef *op, StrBuf *out);

// For gradient rules.
/// Adds d to the gradient of input value v. Does nothing where v needs no gradient.
static inline void grad_add(GradCtx *g, Value *v, Value *d)
{
    g->add(g, v, d);
}
static inline bool grad_needed(const GradCtx *g, const Value *v)
{
    return g->needed(g, v);
}
/// Makes a node in the backward phase, named after the forward node; returns its first output, the
/// others through node->outputs.
static inline Value *grad_node(GradCtx *g, const char *op, const void *attrs, Value *const *in,
                               uint32_t in_count)
{
    return g->node(g, op, attrs, in, in_count);
}

#endif
