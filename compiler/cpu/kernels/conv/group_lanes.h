// group_lanes.h: groups of any size as lanes. A vector of results of a grouped convolution may hold
// several groups, or parts of some; for each channel i of a group, lane l needs channel i of the
// group that result l belongs to. Shared by conv_expanded.c, conv_permuted.c and the backward
// weights.
#ifndef CPU_KERNELS_CONV_GROUP_LANES_H
#define CPU_KERNELS_CONV_GROUP_LANES_H

#include "cpu/kernel.h"

typedef struct GroupLanes {
    int64_t groups;
    int64_t reduced, made;     // channels per group: of the input, of the results
    int64_t blocks, in_blocks; // vectors of results; blocks of the input
    int64_t variants;          // vectors b and b + variants take the same lanes ...
    int64_t in_step;           // ... so many input blocks apart
    int64_t most;              // groups that a vector of results meets
} GroupLanes;

GroupLanes group_lanes(int64_t groups, int64_t reduced, int64_t made, uint32_t width);

/// Those of a grouped convolution or its backward data.
GroupLanes group_lanes_of(const Node *n, bool backward, uint32_t width);

/// Cycles to spread so many pixels for all vectors of results.
double group_lanes_cycles(const GroupLanes *g, double pixels);

/// Pixels [lo, hi), at least one, for vector `block` of the results.
typedef struct LanePixels {
    Val block, lo, hi;
    Access from;   // pixel 0 of input block 0
    int64_t plane; // bytes of an input block
    Access to;     // place of pixel 0 in [pixel][reduced][V]
} LanePixels;

/// Lane l of to[pixel][i] becomes channel i of the group of result block * V + l. Lanes of results
/// that do not exist become some channel of the input.
void emit_group_lanes(Vb *b, const GroupLanes *g, const LanePixels *p);

#endif
