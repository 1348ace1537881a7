// conv_pass.c: a convolution, forward or backward data, as phases of a direct pass.
// Not here: sizes of the node (conv_size.c), the packing of weights (conv_pack.c).
#include "cpu/kernels/conv/conv_pass.h"

#include "cpu/kernels/conv/conv_size.h"

// Backward data in one dimension, for output pixels y = a + stride*j. Forward filter row kh links
// dx row y to dy row (y + pad - kh) / stride where that divides, so kh = kh0 + stride*u with kh0 =
// (a + pad) mod stride, and the dy row is j + q - u with q = (a + pad - kh0) / stride. Reversing u
// = taps-1-t makes it a forward convolution of stride 1: row j - (taps-1-q) + t.
static void backward_phase(ConvPhase *f, int dim, int64_t a, const ConvSize *z)
{
    int64_t stride = z->stride[dim], pad = z->pad[dim];
    int64_t kernel = dim == 0 ? z->r : z->s, size = dim == 0 ? z->h : z->w;
    int64_t first = (a + pad) % stride;
    f->first[dim] = a;
    f->count[dim] = div_up(size - a, stride);
    f->taps[dim] = first < kernel ? div_up(kernel - first, stride) : 0;
    f->pad[dim] = f->taps[dim] - 1 - (a + pad - first) / stride;
    f->kernel[dim] = first + stride * (f->taps[dim] - 1);
}

static void backward_pass(ConvPass *p, const ConvSize *z)
{
    p->in_c = z->k / z->groups;
    p->out_c = z->c / z->groups;
    p->in_h = z->oh;
    p->in_w = z->ow;
    p->out_h = z->h;
    p->out_w = z->w;
    for (int d = 0; d < 2; d++) {
        p->stride[d] = 1;
        p->spread[d] = z->stride[d];
        p->kernel_step[d] = -z->stride[d];
    }
    for (int64_t a = 0; a < z->stride[0] && a < z->h; a++) {
        for (int64_t b = 0; b < z->stride[1] && b < z->w; b++) {
            ConvPhase *f = &p->phase[p->phase_count++];
            backward_phase(f, 0, a, z);
            backward_phase(f, 1, b, z);
        }
    }
}

static void forward_pass(ConvPass *p, const ConvSize *z)
{
    p->in_c = z->c / z->groups;
    p->out_c = z->k / z->groups;
    p->in_h = z->h;
    p->in_w = z->w;
    p->out_h = z->oh;
    p->out_w = z->ow;
    ConvPhase *f = &p->phase[0];
    p->phase_count = 1;
    for (int d = 0; d < 2; d++) {
        p->stride[d] = z->stride[d];
        p->spread[d] = 1;
        p->kernel_step[d] = 1;
        f->pad[d] = z->pad[d];
    }
    f->count[0] = z->oh;
    f->count[1] = z->ow;
    f->taps[0] = z->r;
    f->taps[1] = z->s;
}

ConvPass conv_pass(const Node *n, int64_t in_block, const char **why)
{
    ConvSize z = conv_size(n);
    ConvPass p = {.groups = z.groups, .in_block = in_block, .dense = z.dense, .bias = z.bias};
    OpRole role = n->op->role;
    p.backward = role == OP_ROLE_CONV_BWD_DATA || role == OP_ROLE_DENSE_BWD_DATA;
    *why = z.s > CONV_MAX_TAPS ? "filter wider than 64" : NULL;
    if (*why) {
        return p;
    }
    if (!p.backward) {
        forward_pass(&p, &z);
    } else if (z.stride[0] * z.stride[1] > CONV_MAX_PHASES) {
        *why = "more than 16 phases (stride height times width)";
    } else {
        backward_pass(&p, &z);
    }
    p.image_blocks = div_up(p.groups * p.in_c, in_block);
    return p;
}

bool conv_has_taps(const ConvPass *p)
{
    bool taps = false;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        taps |= p->phase[i].taps[0] * p->phase[i].taps[1] > 0;
    }
    return taps;
}

int64_t conv_most_taps(const ConvPass *p, int dim)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        most = p->phase[i].taps[dim] > most ? p->phase[i].taps[dim] : most;
    }
    return most;
}

static bool is_flat(const ConvPass *p)
{
    const ConvPhase *f = &p->phase[0];
    return p->phase_count == 1 && f->taps[0] == 1 && f->taps[1] == 1 && p->stride[0] == 1 &&
           p->stride[1] == 1 && f->pad[0] == 0 && f->pad[1] == 0 && p->in_h == p->out_h &&
           p->in_w == p->out_w;
}

void conv_flatten(ConvPass *p)
{
    if (!is_flat(p)) {
        return;
    }
    p->flat = 1;
    p->in_w *= p->in_h;
    p->out_w *= p->out_h;
    p->in_h = p->out_h = 1;
    p->phase[0].count[0] = 1;
    p->phase[0].count[1] = p->out_w;
}

void conv_join_groups(ConvPass *p, uint32_t width)
{
    p->joined = p->in_c;
    p->groups = div_up(p->groups * p->out_c, width);
    p->in_c = p->out_c = width;
}

void conv_expand_groups(ConvPass *p, uint32_t width)
{
    p->in_block = p->in_c * width;
    p->groups = div_up(p->groups * p->out_c, width);
    p->out_c = width;
}

int64_t conv_slice(const ConvPass *p, const ConvPhase *f, int64_t blocks, uint32_t width)
{
    return conv_in_blocks(p) * f->taps[0] * f->taps[1] * conv_in_step(p) * blocks * width;
}

void conv_place_weights(ConvPass *p, int64_t blocks, uint32_t width)
{
    int64_t tiles = p->groups * div_up(conv_out_blocks(p, width), blocks), offset = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        ConvPhase *f = &p->phase[i];
        f->weights = offset;
        f->slice = conv_slice(p, f, blocks, width);
        offset += tiles * f->slice;
    }
}

ConvSplit conv_split(int64_t total, int64_t most)
{
    ConvSplit s = {.tiles = div_up(total, most)};
    s.width = div_up(total, s.tiles);
    s.wide = total - (s.width - 1) * s.tiles;
    return s;
}

int64_t conv_split_start(const ConvSplit *s, int64_t tile)
{
    return tile <= s->wide ? tile * s->width
                           : s->wide * s->width + (tile - s->wide) * (s->width - 1);
}

void conv_tap_range(const ConvPass *p, const ConvPhase *f, int dim, int64_t y, int64_t *lo,
                    int64_t *hi)
{
    int64_t start = y * p->stride[dim] - f->pad[dim], size = dim == 0 ? p->in_h : p->in_w;
    *lo = start < 0 ? -start : 0;
    *hi = size - start < f->taps[dim] ? size - start : f->taps[dim];
}

uint64_t conv_column_mask(const ConvPass *p, const ConvPhase *f, int64_t first, int64_t columns,
                          int64_t t)
{
    uint64_t mask = 0;
    for (int64_t c = 0; c < columns; c++) {
        int64_t x = (first + c) * p->stride[1] - f->pad[1] + t;
        mask |= (uint64_t)(x >= 0 && x < p->in_w) << c;
    }
    return mask;
}

int64_t conv_chain_blocks(int64_t blocks, int64_t terms, int64_t wanted)
{
    if (blocks * terms < 2 * wanted) {
        return blocks;
    }
    return div_up(blocks, div_up(blocks, div_up(wanted, terms)));
}
