// conv_common.h: what the convolution kernels share: sizes of a node, a pass of a direct
// convolution (forward or backward data) as phases, the packing of its weights, the search for a
// register tile and the cost model. Not here: emission (conv_walk.h), backward weights
// (conv_bwd_weights.c). Letters: n c h w (batch, channels, height, width), k r s (filters, filter
// rows, filter columns).
#ifndef CPU_KERNELS_CONV_CONV_COMMON_H
#define CPU_KERNELS_CONV_CONV_COMMON_H

#include "cpu/kernel.h"

/// Sizes of the forward convolution behind a node of conv2d, its gradients, dense or its gradients.
/// A dense layer is a 1x1 convolution of 1x1 pictures.
typedef struct ConvSize {
    int64_t c, k, groups;
    int64_t h, w, oh, ow;
    int64_t r, s;
    int64_t stride[2];
    int64_t pad[4]; // top, left, bottom, right
    bool bias;
    bool dense; // weights are [k,c]
} ConvSize;

ConvSize conv_size(const Node *n);
int64_t conv_macs(const ConvSize *z); // of one image

#define CONV_MAX_PHASES 16
#define CONV_MAX_TAPS 64 // filter columns of the unrolled kernels

/// The output pixels (first + i * spread) of one phase, i < count, and their taps: output (y, x) of
/// the phase reads input row y * stride - pad + t at filter row kernel + t * kernel_step, t < taps.
typedef struct ConvPhase {
    int64_t first[2], count[2];
    int64_t taps[2];
    int64_t pad[2]; // may be negative
    int64_t kernel[2];
    int64_t weights; // bytes before its weights in the packed tensor
} ConvPhase;

/// One pass over an input that makes an output. Forward has one phase. Backward data has stride_h *
/// stride_w of them: the pixels of dx that meet the same filter taps (conv_bwd_data.c).
typedef struct ConvPass {
    bool backward, dense, bias;
    int64_t groups, in_c, out_c; // channels of one group
    int64_t in_block;            // channels per block of the input's layout
    int64_t shuffled; // input channels per group where conv_join_groups has joined them, else 0
    int64_t in_h, in_w, out_h, out_w;
    int64_t stride[2], spread[2], kernel_step[2];
    uint32_t phase_count;
    ConvPhase phase[CONV_MAX_PHASES];
} ConvPass;

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

/// The pass of a forward or backward-data node; NULL in *why, or why it has none.
ConvPass conv_pass(const Node *n, int64_t in_block, const char **why);
/// Channels per block that a kernel wants of activation v: V, or all of an image's if they are
/// fewer.
int64_t conv_input_block(const Value *v, uint32_t width);
bool conv_has_taps(const ConvPass *p);
int64_t conv_most_taps(const ConvPass *p, int dim); // of a phase
bool conv_is_flat(const ConvPass *p);               // 1x1, stride 1, no padding
void conv_flatten(ConvPass *p);
/// Groups that are no whole vectors: from here on a group of the pass is a vector of its output.
void conv_join_groups(ConvPass *p, uint32_t width);
/// Groups of any size: from here on a group of the pass is a vector of its output, and its input
/// has a vector for each channel of the node's groups in every pixel (group_lanes.h).
void conv_expand_groups(ConvPass *p, uint32_t width);

static inline int64_t conv_in_blocks(const ConvPass *p) // of one group
{
    return div_up(p->in_c, p->in_block);
}
static inline int64_t conv_out_blocks(const ConvPass *p, uint32_t width) // of one group
{
    return div_up(p->out_c, width);
}
static inline int64_t conv_in_step(const ConvPass *p) // input channels per packed block
{
    if (p->shuffled) {
        return p->shuffled;
    }
    return p->in_block < p->in_c ? p->in_block : p->in_c;
}

/// Fills phase[].weights: a phase's weights are [group][tile of output channels][slice].
void conv_place_weights(ConvPass *p, int64_t blocks, uint32_t width);
/// Packed weights [phase][group][tile][icb][kh][kw][ic][blocks*V]; NULL if no phase has taps.
const Packing *conv_pack_weights(Arena *a, const ConvPass *p, int64_t blocks, uint32_t width);
/// The same for groups whose vectors of output each meet all channels of their lanes' groups:
/// [phase][block][kh][kw][i][V], i < channels of a group. p: before its groups are joined.
const Packing *conv_pack_lanes(Arena *a, const ConvPass *p, uint32_t width);
/// The pass of a node for kernels that take such weights; why they do not serve it, or NULL.
const char *conv_lanes_pass(const Node *n, uint32_t width, ConvPass *p);
void conv_add_dim(Packing *k, int64_t extent, int32_t coord, int64_t coef);
/// Bytes of one phase's weights for one tile of output channels.
int64_t conv_slice_bytes(const ConvPass *p, const ConvPhase *f, int64_t blocks, uint32_t width);

/// A row of `total` columns cut into tiles of at most `most`, widths differing by at most one, the
/// wider ones first.
typedef struct ConvSplit {
    int64_t tiles, width, wide; // the first `wide` tiles are `width` wide, the others width - 1
} ConvSplit;
ConvSplit conv_split(int64_t total, int64_t most);
int64_t conv_split_start(const ConvSplit *s, int64_t tile);

/// Rows of taps [lo, hi) of the phase's row y that lie inside the picture (dim 0), or columns (dim
/// 1).
void conv_tap_range(const ConvPass *p, const ConvPhase *f, int dim, int64_t y, int64_t *lo,
                    int64_t *hi);
/// Bit c: tap t of column first + c of the phase lies inside the picture.
uint64_t conv_column_mask(const ConvPass *p, const ConvPhase *f, int64_t first, int64_t columns,
                          int64_t t);

/// Finds register tile, tasks and layouts for a direct pass and fills `out`. The weights are
/// input 1.
void conv_plan_direct(const PlanCtx *ctx, const Node *n, ConvPass *p, Lowering *out);
/// The register tile of least time, and that time at plan_batch, ns. Sets blocks, columns, images
/// and tails.
double conv_choose_tile(const PlanCtx *ctx, const ConvPass *p, ConvTiles *best);
/// Tasks: at least a few per worker, yet long enough to use what they load of the weights.
void conv_plan_tasks(const PlanCtx *ctx, const ConvPass *p, double image_ns, ConvTiles *t);
/// Layouts of activations, task counts, flops and bytes; `weights` is input 1's layout.
void conv_fill_lowering(const PlanCtx *ctx, const Node *n, const ConvPass *p, const ConvTiles *t,
                        Layout weights, Lowering *out);
/// Of a sum over `blocks` blocks of `terms` products: how many blocks make one chain of additions,
/// about `wanted` products; all, if two chains would be shorter. What chains make is added to a
/// total, so that rounding hardly grows with the number of blocks.
int64_t conv_chain_blocks(int64_t blocks, int64_t terms, int64_t wanted);
/// The same for a phase of a direct convolution.
int64_t conv_sum_blocks(const ConvPass *p, const ConvPhase *f);
/// Cycles of one step of a register tile: pixels * blocks multiply-adds, one load of each.
double conv_step_cycles(const TargetDef *t, int64_t pixels, int64_t blocks);
/// Vectors that accumulators may take beside `blocks` weight vectors.
int64_t conv_accumulators(const TargetDef *t, int64_t blocks);
/// Bandwidth of the cache that holds so many bytes.
double conv_stream_gbps(const TargetDef *t, double bytes);
/// Time to move the operands at plan_batch, ns.
double conv_memory_ns(const TargetDef *t, const Lowering *l, uint32_t batch);

#endif
