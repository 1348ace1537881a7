// conv_lanes.c: products lane by lane of one row of taps.
// A tile holds `columns` outputs in accumulators. All filter columns' weights of some channels are
// loaded first; then each pixel is loaded, put in place and used by every filter column and output
// that meets it.
#include "cpu/kernels/conv/conv_lanes.h"

#include <math.h>

#define MAX_LANES 64
#define TILE_CYCLES 12.0 // set-up and epilogue of a tile
#define TURN_CYCLES 2.0  // of the loop over channels

typedef struct Lanes {
    ConvWalk *w;
    const ConvTile *t;
    const LaneRow *row;
} Lanes;

// Channel i of its group in every lane.
static Val in_place(const Lanes *g, Val x, int64_t i)
{
    uint32_t mask[MAX_LANES], size = (uint32_t)g->row->channels;
    for (uint32_t l = 0; l < g->w->b->width; l++) {
        mask[l] = l / size * size + (uint32_t)i;
    }
    return g->row->shuffled ? vb_shuffle(g->w->b, x, mask) : x;
}

// Whether input column `column` (relative to tap 0 of the tile's first column) lies in the picture.
static bool is_inside(const Lanes *g, int64_t column)
{
    const ConvPass *p = g->w->pass;
    int64_t x = g->t->first_column * p->stride[1] - g->t->phase->pad[1] + column;
    return g->t->first_column < 0 || (x >= 0 && x < p->in_w);
}

static Val load_pixel(Lanes *g, int64_t column)
{
    const ConvPass *p = g->w->pass;
    if (g->t->first_column >= 0) { // the input pointer stands at column 0 of the picture
        column += g->t->first_column * p->stride[1] - g->t->phase->pad[1];
    }
    Vb *b = g->w->b;
    const LaneRow *r = g->row;
    int64_t at = elem_size(g->w->in_elem, column * p->in_block);
    Val x = access_load(b, conv_input_at(g->w, vb_ati(b, r->input, at)));
    if (r->index) {
        x = vb_permute2(b, x, access_load(b, conv_input_at(g->w, vb_ati(b, r->next, at))),
                        r->index);
    }
    if (r->third) {
        Access third = conv_input_at(g->w, vb_ati(b, r->third, at));
        x = vb_permute2(b, x, access_load(b, third), r->index_third);
    }
    return x;
}

void conv_reduce_lanes(ConvWalk *w, const ConvTile *t, const LaneRow *row, int64_t first,
                       int64_t count, Val *acc)
{
    Vb *b = w->b;
    Lanes g = {w, t, row};
    int64_t stride = w->pass->stride[1], taps = t->phase->taps[1],
            bytes = elem_size(w->weight_elem, b->width);
    Val *weight = ARENA_ARRAY(b->arena, Val, taps * count);
    for (int64_t i = 0; i < taps * count; i++) {
        int64_t at = i / count * row->channels + first + i % count;
        weight[i] = access_load(b, conv_weights_at(w, vb_ati(b, row->weights, at * bytes)));
    }
    for (int64_t column = 0; column < (t->columns - 1) * stride + taps; column++) {
        if (!is_inside(&g, column)) {
            continue;
        }
        Val x = NULL;
        for (int64_t i = 0; i < count; i++) {
            Val lanes = NULL;
            for (int64_t tap = column % stride; tap < taps && tap <= column; tap += stride) {
                int64_t c = (column - tap) / stride;
                if (c >= t->columns) {
                    continue;
                }
                x = x ? x : load_pixel(&g, column);
                lanes = lanes ? lanes : in_place(&g, x, first + i);
                acc[c] = emit_dot(b, acc[c], weight[tap * count + i], lanes);
            }
        }
    }
}

double conv_lane_cycles(const TargetDef *g, const ConvPass *p, int64_t columns, double more)
{
    double cycles = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        const ConvPhase *f = &p->phase[i];
        ConvSplit split = conv_split(f->count[1], columns);
        double taps = (double)f->taps[1], fma = (double)split.width * taps;
        double pixels = (double)((split.width - 1) * p->stride[1]) + taps;
        pixels = pixels < fma ? pixels : fma;
        double loads = pixels * (more > 0 ? 2 : 1) + taps;
        double sums = (fma + pixels * more) / g->fma_per_cycle;
        double turn = fmax(sums, loads / g->loads_per_cycle) + TURN_CYCLES;
        double tiles = (double)(f->count[0] * split.tiles);
        cycles += tiles * (turn * (double)(f->taps[0] * p->in_c) + TILE_CYCLES);
    }
    return cycles * (double)p->groups;
}

// Accumulators take about half of the registers.
int64_t conv_lane_columns(const TargetDef *g, const ConvPass *p)
{
    int64_t row = 1, most = g->vector_registers >= 32 ? 14 : 6;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        row = p->phase[i].count[1] > row ? p->phase[i].count[1] : row;
    }
    return div_up(row, div_up(row, most));
}

const char *conv_lanes_pass(const Node *n, uint32_t width, ConvPass *p)
{
    const char *why;
    *p = conv_pass(n, width, &why);
    if (why) {
        return why;
    }
    if (p->groups == 1 || (p->in_c % width == 0 && p->out_c % width == 0)) {
        return "one group, or groups of whole vectors";
    }
    return conv_has_taps(p) ? NULL : "no filter tap meets the picture";
}
