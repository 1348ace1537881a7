// group_lanes.c: spreads the channels of groups over the lanes that reduce them, by shuffles with
// constant masks: vectors of results fall into `variants` classes by where groups begin in them,
// and each class has a loop over pixels of its own. Where that would be too much code, by
// broadcasts that are blended: each group's channel i goes to the lanes of that group.
#include "cpu/kernels/conv/group_lanes.h"

#include "cpu/kernels/conv/conv_size.h"

#define MAX_LANES 64
#define LANE_CYCLES 1.5   // to spread one vector: a shuffle or two, a store
#define PIXEL_CYCLES 3.0  // of the loop around them
#define MAX_SHUFFLED 2048 // vectors of a pixel, all variants together

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

GroupLanes group_lanes(int64_t groups, int64_t reduced, int64_t made, uint32_t width)
{
    GroupLanes g = {.groups = groups, .reduced = reduced, .made = made};
    g.blocks = div_up(groups * made, width);
    g.in_blocks = div_up(groups * reduced, width);
    // the least number of vectors that hold whole groups whose channels fill whole input blocks
    g.variants = made / common_divisor(made, width);
    int64_t channels = g.variants * width / made * reduced;
    int64_t times = width / common_divisor(channels, width);
    g.variants *= times;
    g.in_step = channels * times / width;
    if (g.variants >= g.blocks) {
        g.variants = g.blocks;
        g.in_step = 0;
    }
    g.most = (width - 1) / made + 2;
    g.most = g.most < groups ? g.most : groups;
    return g;
}

GroupLanes group_lanes_of(const Node *n, bool backward, uint32_t width)
{
    ConvSize z = conv_size(n);
    int64_t c = z.c / z.groups, k = z.k / z.groups;
    return backward ? group_lanes(z.groups, k, c, width) : group_lanes(z.groups, c, k, width);
}

static bool is_blended(const GroupLanes *g)
{
    return g->variants * g->reduced > MAX_SHUFFLED;
}

double group_lanes_cycles(const GroupLanes *g, double pixels)
{
    double vectors = pixels * (double)(g->blocks * g->reduced);
    if (is_blended(g)) {
        return vectors * (LANE_CYCLES + (double)g->most);
    }
    return pixels * (double)g->blocks * (PIXEL_CYCLES + LANE_CYCLES * (double)g->reduced);
}

// Input channel that lane `lane` of the variant needs for channel i of its group.
static int64_t channel_at(const GroupLanes *g, int64_t variant, uint32_t width, uint32_t lane,
                          int64_t i)
{
    return (variant * width + lane) / g->made * g->reduced + i;
}

// x: the input blocks from `first` on.
static Val spread(Vb *b, const GroupLanes *g, int64_t variant, int64_t i, const Val *x,
                  int64_t first)
{
    uint32_t lane[MAX_LANES], mask[MAX_LANES];
    int64_t block[MAX_LANES];
    for (uint32_t l = 0; l < b->width; l++) {
        int64_t c = channel_at(g, variant, b->width, l, i);
        block[l] = c / b->width - first;
        lane[l] = (uint32_t)(c % b->width);
    }
    Val v = vb_shuffle(b, x[block[0]], lane);
    for (uint32_t l = 1; l < b->width; l++) {
        if (block[l] == block[l - 1]) {
            continue;
        }
        for (uint32_t k = 0; k < b->width; k++) {
            mask[k] = block[k] == block[l] ? b->width + lane[k] : k;
        }
        v = vb_shuffle2(b, v, x[block[l]], mask);
    }
    return v;
}

static void emit_variant(Vb *b, const GroupLanes *g, const LanePixels *p, int64_t variant,
                         Val period)
{
    int64_t vector = access_bytes(p->to, b->width);
    int64_t first = channel_at(g, variant, b->width, 0, 0) / b->width;
    int64_t last = channel_at(g, variant, b->width, b->width - 1, g->reduced - 1) / b->width;
    uint32_t sources = (uint32_t)(last - first + 1);
    Access *from = ARENA_ARRAY(b->arena, Access, sources);
    Val *x = ARENA_ARRAY(b->arena, Val, sources);
    for (uint32_t s = 0; s < sources; s++) { // the last vector's pad lanes may lie past the input
        Val block = vb_addi(b, vb_muli(b, period, g->in_step), first + s);
        block = vb_min(b, block, vb_int(b, g->in_blocks - 1));
        from[s] = access_at(b, p->from, vb_muli(b, block, p->plane));
    }
    VbLoop pixels = vb_loop(b, p->lo, p->hi, 1, NULL, 0);
    for (uint32_t s = 0; s < sources; s++) {
        x[s] = access_load(b, access_index(b, from[s], pixels.index, b->width));
    }
    Access to = access_at(b, p->to, vb_muli(b, pixels.index, g->reduced * vector));
    for (int64_t i = 0; i < g->reduced; i++) {
        access_store(b, spread(b, g, variant, i, x, first), access_ati(b, to, i * vector));
    }
    vb_loop_end(b, &pixels, NULL);
}

// The channels of all groups that the vector meets, one after the other over all pixels.
static void emit_blended(Vb *b, const GroupLanes *g, const LanePixels *p)
{
    int64_t vector = access_bytes(p->to, b->width);
    Access *from = ARENA_ARRAY(b->arena, Access, g->most);
    Val *before = ARENA_ARRAY(b->arena, Val, g->most);
    Val *group = ARENA_ARRAY(b->arena, Val, g->most);
    Val first = vb_muli(b, p->block, b->width), own = vb_divi(b, first, g->made);
    for (int64_t t = 0; t < g->most; t++) {
        Val begin = vb_sub(b, vb_muli(b, vb_addi(b, own, t), g->made), first);
        before[t] = t > 0 ? vb_lane_mask(b, begin) : NULL; // lanes of earlier groups
        group[t] = vb_min(b, vb_addi(b, own, t), vb_int(b, g->groups - 1));
    }
    VbLoop channels = vb_loop(b, vb_int(b, 0), vb_int(b, g->reduced), 1, NULL, 0);
    for (int64_t t = 0; t < g->most; t++) {
        Val c = vb_add(b, vb_muli(b, group[t], g->reduced), channels.index);
        Val plane = vb_muli(b, vb_divi(b, c, b->width), p->plane);
        Val lane = vb_muli(b, vb_remi(b, c, b->width), access_bytes(p->from, 1));
        from[t] = access_at(b, p->from, vb_add(b, plane, lane));
    }
    Access to = access_at(b, p->to, vb_muli(b, channels.index, vector));
    VbLoop pixels = vb_loop(b, p->lo, p->hi, 1, NULL, 0);
    Val at = vb_muli(b, pixels.index, vector);
    Val read = access_rescale(b, at, p->to.elem, p->from.elem);
    Val x = access_broadcast(b, access_at(b, from[0], read));
    for (int64_t t = 1; t < g->most; t++) {
        x = vb_select(b, before[t], x, access_broadcast(b, access_at(b, from[t], read)));
    }
    access_store(b, x, access_at(b, to, vb_muli(b, at, g->reduced)));
    vb_loop_end(b, &pixels, NULL);
    vb_loop_end(b, &channels, NULL);
}

void emit_group_lanes(Vb *b, const GroupLanes *g, const LanePixels *p)
{
    if (is_blended(g)) {
        emit_blended(b, g, p);
        return;
    }
    Val period = vb_divi(b, p->block, g->variants), own = vb_remi(b, p->block, g->variants);
    for (int64_t v = 0; v < g->variants; v++) {
        VbIf mine = vb_if(b, vb_icmp(b, LLVMIntEQ, own, vb_int(b, v)));
        emit_variant(b, g, p, v, period);
        vb_if_end(b, &mine);
    }
}
