// pass.h: what every pass gets and the list of passes. One pass per file, named after it.
// Not here: their order (pipeline.c), the driver's view (pipeline.h).
#ifndef PASSES_PASS_H
#define PASSES_PASS_H

#include "base/diag.h"
#include "ir/builder.h"
#include "ir/graph.h"
#include "ir/opdef.h"
#include "passes/options.h"
#include "passes/uses.h"

typedef struct PassCtx {
    Graph *g;
    Arena *scratch; // emptied after each pass
    const PassOptions *opt;
    Diag *diag;
    // Of passes that called uses_build(&ctx->uses, ...): kept up to date by the two below.
    Uses uses;
} PassCtx;

// Each gives false after a diagnostic.
bool pass_check(PassCtx *ctx);
bool pass_simplify(PassCtx *ctx);
bool pass_fold_bn(PassCtx *ctx);
bool pass_decompose_bn(PassCtx *ctx);
bool pass_loss(PassCtx *ctx);
bool pass_autodiff(PassCtx *ctx);
bool pass_remat(PassCtx *ctx);
bool pass_cse(PassCtx *ctx);
bool pass_dce(PassCtx *ctx);
bool pass_fuse(PassCtx *ctx);
bool pass_sink(PassCtx *ctx);
bool pass_sides(PassCtx *ctx);
bool pass_bind(PassCtx *ctx);
bool pass_layout(PassCtx *ctx);
bool pass_plan_buffers(PassCtx *ctx);

/// A value with one element per channel and pixel of every image, not a vector of channels.
static inline bool value_is_large(const Value *v)
{
    return shape_is_batched(&v->shape) && shape_height(&v->shape) * shape_width(&v->shape) > 1;
}

/// An operator that must exist; its absence is an internal error.
const OpDef *pass_op(const char *name);

typedef struct PassNode {
    const char *op;
    const void *attrs;
    Value *in[6];
    uint32_t in_count;
} PassNode;

/// Makes a node before `before`, with the name, source place and phase of `like`.
Node *pass_insert(PassCtx *ctx, const Node *like, Node *before, const PassNode *what);

/// Takes a node without readers out of the graph. Needs ctx->uses.
void pass_remove(PassCtx *ctx, Node *n);

/// Sets the binding time of a node and its outputs from its inputs' (bind.c); for nodes made later.
void bind_node(Node *n, Mode mode);

#endif
