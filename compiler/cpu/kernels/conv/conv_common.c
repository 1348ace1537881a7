// conv_common.c: sizes, phases and packing of the direct convolutions.
// Not here: the choice of tiles and tasks (conv_plan.c), emission (conv_walk.c).
#include "cpu/kernels/conv/conv_common.h"

#include <string.h>

#include "base/diag.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"

static ConvSize dense_size(const Node *n)
{
    const Value *x = n->inputs.at[0], *y = n->outputs.at[0];
    ConvSize z = {.groups = 1, .h = 1, .w = 1, .oh = 1, .ow = 1, .r = 1, .s = 1, .dense = true};
    z.stride[0] = z.stride[1] = 1;
    if (n->op->role == OP_ROLE_DENSE) {
        const DenseAttrs *a = n->attrs;
        z.c = shape_channels(&x->shape);
        z.k = shape_channels(&y->shape);
        z.bias = a->bias;
    } else if (n->op->role == OP_ROLE_DENSE_BWD_DATA) {
        z.k = shape_channels(&x->shape);
        z.c = shape_channels(&y->shape);
    } else { // dense_bwd_weights: x, dy
        z.c = shape_channels(&x->shape);
        z.k = shape_channels(&n->inputs.at[1]->shape);
    }
    return z;
}

static bool is_dense(const Node *n)
{
    OpRole role = n->op->role;
    return role == OP_ROLE_DENSE || role == OP_ROLE_DENSE_BWD_DATA ||
           role == OP_ROLE_DENSE_BWD_WEIGHTS;
}

ConvSize conv_size(const Node *n)
{
    if (is_dense(n)) {
        return dense_size(n);
    }
    const ConvAttrs *a = n->attrs;
    const Shape *x = &n->inputs.at[0]->shape, *y = &n->outputs.at[0]->shape;
    ConvSize z = {.groups = a->groups, .r = a->kernel[0], .s = a->kernel[1]};
    memcpy(z.stride, a->stride, sizeof z.stride);
    memcpy(z.pad, a->pad, sizeof z.pad);
    if (n->op->role == OP_ROLE_CONV) {
        z.c = shape_channels(x);
        z.h = shape_height(x);
        z.w = shape_width(x);
        z.k = shape_channels(y);
        z.bias = a->bias;
    } else {
        z.h = a->in_size[0];
        z.w = a->in_size[1];
        if (n->op->role == OP_ROLE_CONV_BWD_DATA) {
            z.k = shape_channels(x);
            z.c = shape_channels(y);
        } else { // conv2d_bwd_weights: x, dy
            z.c = shape_channels(x);
            z.k = shape_channels(&n->inputs.at[1]->shape);
        }
    }
    z.oh = (z.h + z.pad[0] + z.pad[2] - z.r) / z.stride[0] + 1;
    z.ow = (z.w + z.pad[1] + z.pad[3] - z.s) / z.stride[1] + 1;
    return z;
}

int64_t conv_macs(const ConvSize *z)
{
    return z->k * (z->c / z->groups) * z->r * z->s * z->oh * z->ow;
}

int64_t conv_input_block(const Value *v, uint32_t width)
{
    int64_t c = shape_channels(&v->shape);
    return v->kind == VALUE_INPUT && c < width ? c : width;
}

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

bool conv_is_flat(const ConvPass *p)
{
    const ConvPhase *f = &p->phase[0];
    return p->phase_count == 1 && f->taps[0] == 1 && f->taps[1] == 1 && p->stride[0] == 1 &&
           p->stride[1] == 1 && f->pad[0] == 0 && f->pad[1] == 0 && p->in_h == p->out_h &&
           p->in_w == p->out_w;
}

void conv_flatten(ConvPass *p)
{
    p->in_w *= p->in_h;
    p->out_w *= p->out_h;
    p->in_h = p->out_h = 1;
    p->phase[0].count[0] = 1;
    p->phase[0].count[1] = p->out_w;
}

void conv_join_groups(ConvPass *p, uint32_t width)
{
    p->shuffled = p->in_c;
    p->groups = div_up(p->groups * p->out_c, width);
    p->in_c = p->out_c = width;
}

void conv_expand_groups(ConvPass *p, uint32_t width)
{
    p->in_block = p->in_c * width;
    p->groups = div_up(p->groups * p->out_c, width);
    p->out_c = width;
}

void conv_add_dim(Packing *k, int64_t extent, int32_t coord, int64_t coef)
{
    k->dim[k->dims++] = (PackDim){(int32_t)extent, coord, (int32_t)coef};
}

void conv_place_weights(ConvPass *p, int64_t blocks, uint32_t width)
{
    int64_t tiles = p->groups * div_up(conv_out_blocks(p, width), blocks), offset = 0;
    for (uint32_t i = 0; i < p->phase_count; i++) {
        p->phase[i].weights = offset;
        offset += tiles * conv_slice_bytes(p, &p->phase[i], blocks, width);
    }
}

static void add_taps(Packing *k, const ConvPass *p, const ConvPhase *f)
{
    conv_add_dim(k, f->taps[0], 2, p->kernel_step[0]);
    conv_add_dim(k, f->taps[1], 3, p->kernel_step[1]);
    k->base[2] = (int32_t)f->kernel[0];
    k->base[3] = (int32_t)f->kernel[1];
}

// The coordinate of outputs in [k,c,r,s]; the other is that of inputs.
static int32_t out_coordinate(const ConvPass *p)
{
    return p->backward ? 1 : 0;
}

static void pack_tiles(Packing *k, const ConvPass *p, const ConvPhase *f, int64_t blocks,
                       uint32_t width)
{
    int32_t out = out_coordinate(p), in = 1 - out;
    if (p->groups > 1) {
        conv_add_dim(k, p->groups, 0, p->backward ? p->in_c : p->out_c);
    }
    conv_add_dim(k, div_up(conv_out_blocks(p, width), blocks), out, blocks * width);
    conv_add_dim(k, conv_in_blocks(p), in, p->in_block);
    if (!p->dense) {
        add_taps(k, p, f);
    }
    conv_add_dim(k, conv_in_step(p), in, 1);
    conv_add_dim(k, blocks * width, out, 1);
}

static void pack_lanes(Packing *k, const ConvPass *p, const ConvPhase *f, int64_t blocks,
                       uint32_t width)
{
    int32_t out = out_coordinate(p), in = 1 - out;
    conv_add_dim(k, div_up(p->groups * p->out_c, blocks * width), out, blocks * width);
    add_taps(k, p, f);
    conv_add_dim(k, p->in_c, in, 1);
    conv_add_dim(k, blocks * width, out, 1);
    if (p->backward) {
        k->fold[0] = (int32_t)p->in_c;
        k->fold[1] = (int32_t)p->out_c;
    }
}

typedef void (*PackFn)(Packing *k, const ConvPass *p, const ConvPhase *f, int64_t blocks,
                       uint32_t width);

// One packing after the other, of the phases that have taps.
static const Packing *pack_phases(Arena *a, const ConvPass *p, int64_t blocks, uint32_t width,
                                  PackFn pack)
{
    const Packing *next = NULL;
    for (uint32_t i = p->phase_count; i-- > 0;) {
        const ConvPhase *f = &p->phase[i];
        if (f->taps[0] * f->taps[1] == 0) {
            continue;
        }
        Packing *k = ARENA_NEW(a, Packing);
        pack(k, p, f, blocks, width);
        k->next = next;
        next = k;
    }
    return next;
}

const Packing *conv_pack_weights(Arena *a, const ConvPass *p, int64_t blocks, uint32_t width)
{
    return pack_phases(a, p, blocks, width, pack_tiles);
}

const Packing *conv_pack_lanes(Arena *a, const ConvPass *p, uint32_t width)
{
    return pack_phases(a, p, 1, width, pack_lanes);
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

int64_t conv_slice_bytes(const ConvPass *p, const ConvPhase *f, int64_t blocks, uint32_t width)
{
    return conv_in_blocks(p) * f->taps[0] * f->taps[1] * conv_in_step(p) * blocks * width * 4;
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
