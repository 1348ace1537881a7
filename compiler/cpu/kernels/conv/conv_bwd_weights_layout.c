// conv_bwd_weights_layout.c: the layout of dw.
#include "cpu/kernels/conv/conv_bwd_weights_layout.h"

#include "cpu/kernels/conv/conv_pack.h"

Layout dw_layout(Arena *a, const DwTiles *t, uint32_t width)
{
    Packing *p = ARENA_NEW(a, Packing);
    if (t->groups > 1) {
        conv_add_dim(p, t->groups, 0, t->k);
    }
    conv_add_dim(p, t->tiles, 0, t->blocks * width);
    conv_add_dim(p, t->in_blocks, 1, t->in_block);
    if (!t->dense) {
        conv_add_dim(p, t->r, 2, 1);
    }
    conv_add_dim(p, t->extent, 1, 1);
    if (!t->dense) {
        conv_add_dim(p, t->s, 3, 1);
    }
    conv_add_dim(p, t->blocks * width, 0, 1);
    return (Layout){.kind = LAYOUT_PACKED, .packing = p};
}
