// conv_pack.c: the packings of weights that the kernels of a ConvPass read.
#include "cpu/kernels/conv/conv_pack.h"

void conv_add_dim(Packing *k, int64_t extent, int32_t coord, int64_t coef)
{
    k->dim[k->dims++] = (PackDim){(int32_t)extent, coord, (int32_t)coef};
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
    for (int64_t i = p->phase_count; i-- > 0;) {
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
