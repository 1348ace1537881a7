// winograd_limits.c: which nodes Winograd's tile sizes may serve: by rounding, filter and padding.
#include "cpu/kernels/winograd/winograd_limits.h"

#include <math.h>

#include "cpu/kernels/conv/conv_pass.h"
#include "cpu/kernels/conv/conv_size.h"

// An algorithm may round so many times as much as F(2x2). Gradients move more by a ReLU
// that flips than by any tile size here, so training may round more.
#define MOST_ERROR 3.0
#define MOST_TRAINING_ERROR 14.4

// Error of a tile size relative to F(2x2)'s, which rounds about as much as direct convolution
// (docs/kernels.md).
static double relative_error(const KernelDef *k)
{
    static const double known[][7] = {
        [1] = {[2] = 1.0, [3] = 1.7, [4] = 2.8, [5] = 5.9, [6] = 13.0},
        [2] = {[2] = 0.7, [3] = 1.1, [4] = 1.9},
    };
    return sqrt(known[k->stride][k->tile[0]] * known[k->stride][k->tile[1]]);
}

const char *winograd_why_not(const PlanCtx *ctx, const Node *n)
{
    const KernelDef *k = ctx->kernel;
    if (ctx->options->exact) {
        return "not exact";
    }
    if (relative_error(k) > (ctx->training ? MOST_TRAINING_ERROR : MOST_ERROR)) {
        return "rounds too much";
    }
    ConvSize z = conv_size(n);
    if (z.r != 3 || z.s != 3 || z.stride[0] != k->stride || z.stride[1] != k->stride ||
        z.groups != 1) {
        return k->stride == 1 ? "not 3x3 of stride 1 without groups"
                              : "not 3x3 of stride 2 without groups";
    }
    for (int i = 0; i < 4; i++) {
        if (z.pad[i] > 2) {
            return "padding over 2";
        }
    }
    uint32_t width = ctx->target->vector_floats;
    return conv_input_block(n->inputs.at[0], width) < width ? "image of few channels" : NULL;
}
