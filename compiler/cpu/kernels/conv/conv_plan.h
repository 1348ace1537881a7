// conv_plan.h: register tiles and tasks of the direct convolutions.
#ifndef CPU_KERNELS_CONV_CONV_PLAN_H
#define CPU_KERNELS_CONV_CONV_PLAN_H

#include "cpu/kernels/conv/conv_pass.h"

/// The kernel's plan: becomes Lowering.plan, so it has neither pointers nor padding.
typedef struct ConvTiles {
    int32_t blocks, columns, images;   // register tile: output-channel blocks x columns x images
    int32_t tail_blocks, tail_columns; // of a group's last output channels; 0: it divides
    int32_t chunks;                    // tasks along the rows of an image
    int32_t across;    // tasks of one chunk follow each other, not those of one tile of channels
    int32_t image_div; // images per task
    int32_t flat;      // the picture is one long row (1x1, stride 1)
    int32_t in_block;  // ConvPass.in_block
    int32_t step;      // input channels per trip of the inner loop; grouped: per turn
    int32_t shuffled;  // ConvPass.shuffled
    int32_t expanded;  // conv_expand_groups has been at work
    int32_t spanned;   // tiles find their groups' input themselves
    int32_t prefetch;  // a task's tiles prefetch the weights of the next output channels
} ConvTiles;

/// The register tile of least time, and that time at plan_batch, ns. Sets blocks, columns, images
/// and tails.
double conv_choose_tile(const PlanCtx *ctx, const ConvPass *p, ConvTiles *best);
/// Tasks: at least a few per worker, yet long enough to use what they load of the weights.
void conv_plan_tasks(const PlanCtx *ctx, const ConvPass *p, double image_ns, ConvTiles *t);
/// Layouts of activations, task counts, flops and bytes; `weights` is input 1's layout.
void conv_fill_lowering(const PlanCtx *ctx, const Node *n, const ConvPass *p, const ConvTiles *t,
                        Layout weights, Lowering *out);

#endif
