// conv_pass.h: a direct convolution, forward or backward data, as one pass over its input.
// Not here: sizes of the node (conv_size.h), the packing of weights (conv_pack.h), the choice of
// tiles (conv_plan.h), emission (conv_walk.h).
#ifndef CPU_KERNELS_CONV_CONV_PASS_H
#define CPU_KERNELS_CONV_CONV_PASS_H

#include "cpu/kernel.h"

#define CONV_MAX_PHASES 16
#define CONV_MAX_TAPS 64 // filter columns of the unrolled kernels

/// The output pixels (first + i * spread) of one phase, i < count, and their taps: output (y, x) of
/// the phase reads input row y * stride - pad + t at filter row kernel + t * kernel_step, t < taps.
typedef struct ConvPhase {
    int64_t first[2], count[2];
    int64_t taps[2];
    int64_t pad[2]; // may be negative
    int64_t kernel[2];
    // elements, once conv_place_weights has been at work
    int64_t weights; // before its weights in the packed tensor
    int64_t slice;   // its weights of one tile of output channels
} ConvPhase;

/// One pass over an input that makes an output. Forward has one phase. Backward data has stride_h *
/// stride_w of them: the pixels of dx that meet the same filter taps (conv_bwd_data.c). A plan keeps
/// it as it is walked, flattened, joined or expanded, so it has neither pointers nor padding.
typedef struct ConvPass {
    int32_t backward, dense, bias; // booleans, as is:
    int32_t flat;                  // the picture is one long row (conv_flatten)
    int64_t groups, in_c, out_c;   // channels of one group
    int64_t in_block;              // channels per block of the input's layout
    int64_t image_blocks;          // blocks of an image in the node's input
    int64_t joined; // input channels per group where conv_join_groups has joined them, else 0
    int64_t in_h, in_w, out_h, out_w;
    int64_t stride[2], spread[2], kernel_step[2];
    int64_t phase_count;
    ConvPhase phase[CONV_MAX_PHASES];
} ConvPass;

/// The pass of a forward or backward-data node; NULL in *why, or why it has none.
ConvPass conv_pass(const Node *n, int64_t in_block, const char **why);
bool conv_has_taps(const ConvPass *p);
int64_t conv_most_taps(const ConvPass *p, int dim); // of a phase
/// Makes a picture one long row where the pass has one tap of stride 1 and no padding.
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
    if (p->joined) {
        return p->joined;
    }
    return p->in_block < p->in_c ? p->in_block : p->in_c;
}

/// Fills phase[].weights and slice: a phase's weights are [group][tile of output channels][slice].
void conv_place_weights(ConvPass *p, int64_t blocks, uint32_t width);
/// One phase's weights for a tile of so many blocks of output channels.
int64_t conv_slice(const ConvPass *p, const ConvPhase *f, int64_t blocks, uint32_t width);

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

/// Of a sum over `blocks` blocks of `terms` products: how many blocks make one chain of additions,
/// about `wanted` products; all, if two chains would be shorter. What chains make is added to a
/// total, so that rounding hardly grows with the number of blocks.
int64_t conv_chain_blocks(int64_t blocks, int64_t terms, int64_t wanted);

#endif
