// decompose_bn.c: in training a batch normalisation becomes three plain nodes, so that no later
// pass knows it: sums of x-k and (x-k)^2 per channel (k is taken from x, never from the running
// statistics), bn_finish (mean, 1/std, scale, shift; updates the running statistics), and
// (x-mean)*scale + shift.
// Not here: inference (fold_bn.c), the gradient (the operators' own rules).
#include "ops/norm/bn_attrs.h"
#include "passes/pass.h"

enum { BN_X, BN_WEIGHT, BN_BIAS, BN_MEAN, BN_VAR };
enum { FINISH_MEAN, FINISH_RSTD, FINISH_SCALE, FINISH_SHIFT };

bool pass_decompose_bn(PassCtx *ctx)
{
    Graph *g = ctx->g;
    uses_build(&ctx->uses, ctx->scratch, g);
    for (Node *bn = g->first, *next; bn; bn = next) {
        next = bn->next;
        if (bn->op->role != OP_ROLE_BATCHNORM) {
            continue;
        }
        Value *const *in = bn->inputs.at;
        Value *x = in[BN_X];
        const Node *moments = pass_insert(
            ctx, bn, bn, &(PassNode){.op = "channel_moments", .in = {x}, .in_count = 1});
        BnAttrs attrs = *(const BnAttrs *)bn->attrs;
        attrs.pixels = shape_height(&x->shape) * shape_width(&x->shape);
        const Node *finish = pass_insert(ctx, bn, bn,
                                         &(PassNode){.op = "bn_finish",
                                                     .attrs = &attrs,
                                                     .in = {moments->outputs.at[0], in[BN_WEIGHT],
                                                            in[BN_BIAS], in[BN_MEAN], in[BN_VAR]},
                                                     .in_count = 5});
        Value *const *made = finish->outputs.at;
        const Node *norm = pass_insert(
            ctx, bn, bn,
            &(PassNode){.op = "channel_norm",
                        .in = {x, made[FINISH_MEAN], made[FINISH_SCALE], made[FINISH_SHIFT]},
                        .in_count = 4});
        uses_replace(&ctx->uses, bn->outputs.at[0], norm->outputs.at[0]);
        pass_remove(ctx, bn);
    }
    return true;
}
