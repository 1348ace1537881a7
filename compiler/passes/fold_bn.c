// fold_bn.c: in inference a batch normalisation is x*scale + shift with
//   scale = weight / sqrt(var + eps), shift = bias - mean * scale.
// Behind a convolution or dense layer that nobody else reads it goes into that layer's parameters:
//   w' = w * scale[k], bias' = bias * scale + shift; elsewhere it becomes a channel_affine.
// All of that depends on parameters only, so bind.c moves it to prepare.
// Not here: training (decompose_bn.c).
#include "base/internal_error.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "passes/pass.h"

enum { BN_X, BN_WEIGHT, BN_BIAS, BN_MEAN, BN_VAR };

static bool takes_fold(PassCtx *ctx, const Node *bn)
{
    const Value *x = bn->inputs.at[BN_X];
    return x->def && (x->def->op->role == OP_ROLE_CONV || x->def->op->role == OP_ROLE_DENSE) &&
           uses_only(&ctx->uses, x) == bn;
}

static void fold_into(PassCtx *ctx, Node *layer, Value *scale, Value *shift)
{
    Value *weight = layer->inputs.at[1];
    bool has_bias = layer->own_inputs == 3;
    uses_drop(&ctx->uses, weight, layer);
    const Node *w = pass_insert(
        ctx, layer, layer, &(PassNode){.op = "fold_weights", .in = {weight, scale}, .in_count = 2});
    layer->inputs.at[1] = w->outputs.at[0];
    uses_add(&ctx->uses, layer->inputs.at[1], layer);
    if (has_bias) {
        Value *bias = layer->inputs.at[2];
        uses_drop(&ctx->uses, bias, layer);
        const Node *b =
            pass_insert(ctx, layer, layer,
                        &(PassNode){.op = "fold_bias", .in = {scale, shift, bias}, .in_count = 3});
        layer->inputs.at[2] = b->outputs.at[0];
    } else {
        if (layer->inputs.count != 2) {
            INTERNAL_ERROR("fold_bn: %s has a fused expression already", layer->name);
        }
        VEC_PUSH(ctx->g->arena, &layer->inputs, shift);
        layer->own_inputs = 3;
        if (layer->op->role == OP_ROLE_CONV) {
            ((ConvAttrs *)layer->attrs)->bias = true;
        } else {
            ((DenseAttrs *)layer->attrs)->bias = true;
        }
    }
    uses_add(&ctx->uses, layer->inputs.at[2], layer);
}

bool pass_fold_bn(PassCtx *ctx)
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
        bool folds = takes_fold(ctx, bn);
        const Node *coef =
            pass_insert(ctx, bn, folds ? x->def : bn,
                        &(PassNode){.op = "bn_scale_shift",
                                    .attrs = bn->attrs,
                                    .in = {in[BN_WEIGHT], in[BN_BIAS], in[BN_MEAN], in[BN_VAR]},
                                    .in_count = 4});
        Value *scale = coef->outputs.at[0], *shift = coef->outputs.at[1], *by = x;
        if (folds) {
            fold_into(ctx, x->def, scale, shift);
        } else {
            const Node *affine = pass_insert(
                ctx, bn, bn,
                &(PassNode){.op = "channel_affine", .in = {x, scale, shift}, .in_count = 3});
            by = affine->outputs.at[0];
        }
        uses_replace(&ctx->uses, bn->outputs.at[0], by);
        pass_remove(ctx, bn);
    }
    return true;
}
