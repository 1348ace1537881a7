// conv_lanes.h: products lane by lane, which grouped convolutions share: one row of taps of one
// channel of the groups, of which every lane has its own group's. Not here: how channels come into
// the lanes (conv_grouped.c, conv_permuted.c, group_lanes.h).
#ifndef CPU_KERNELS_CONV_CONV_LANES_H
#define CPU_KERNELS_CONV_CONV_LANES_H

#include "cpu/kernels/conv/conv_walk.h"

/// The pass of a node for kernels that take weights of conv_pack_lanes; why they do not serve it,
/// or NULL.
const char *conv_lanes_pass(const Node *n, uint32_t width, ConvPass *p);

/// One row of taps, in lanes.
typedef struct LaneRow {
    Val input;       // the row's: a vector per pixel, of every lane's channel; or
    Val next, index; // lane l is element index[l] of the vectors at input and next; NULL: as above
    Val third, index_third; // then of that result and the vector at third; NULL: it is final
    Val weights;            // of the row's first tap
    int64_t channels;       // of a group; a tap's weights are [channels][V]
    bool shuffled; // the vector holds whole groups: a shuffle puts each channel into its lanes
} LaneRow;
/// Adds channels [first, first + count) of the groups to acc. Each pixel is loaded once, and
/// shuffled once per channel.
void conv_reduce_lanes(ConvWalk *w, const ConvTile *t, const LaneRow *row, int64_t first,
                       int64_t count, Val *acc);
/// Cycles of the tiles of one image; `more` operations per pixel share ports with multiply-adds.
double conv_lane_cycles(const TargetDef *g, const ConvPass *p, int64_t columns, double more);
/// Columns of a tile of such lanes.
int64_t conv_lane_columns(const TargetDef *g, const ConvPass *p);

#endif
