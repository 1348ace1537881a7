// winograd_input.c: tiles of a blocked activation transformed to points.
// Rows are transformed first, column by column of the picture, into a strip that the tiles of a row
// share: tiles overlap, so each column is transformed once instead of up to twice. Then the strip's
// columns are transformed tile by tile. Rows outside of the picture are read from a row of zeros;
// the strip's columns outside are zero and never written again.
#include "cpu/kernels/winograd/winograd_input.h"

int64_t winograd_input_place(WinogradInput *in, int64_t offset, int64_t blocks, int64_t slots,
                             uint32_t width)
{
    int64_t columns = (in->tile_columns - 1) * in->step[1] + in->read[1];
    in->zeros = offset;
    in->strip = in->zeros + in->size[1] * width;
    in->strip_row = columns * width;
    in->result = in->strip + in->points[0] * in->strip_row;
    in->block_step = slots * width;
    in->plane_step = blocks * in->block_step + width;
    return in->result + in->points[0] * in->points[1] * in->plane_step;
}

Access winograd_scratch(Emit *e, int64_t offset)
{
    Access scratch = emit_scratch(e);
    return access_ati(e->vb, scratch, access_bytes(scratch, offset));
}

WinogradRow winograd_rows_begin(Vb *b, const WinogradRange *range, int64_t tile_rows,
                                int64_t tile_columns)
{
    Val last = vb_addi(b, vb_add(b, range->first, range->count), -1);
    Val lo = vb_divi(b, range->first, tile_columns);
    Val hi = vb_addi(b, vb_divi(b, last, tile_columns), 1);
    WinogradRow r = {.loop = vb_loop(b, lo, hi, 1, NULL, 0)};
    Val row = r.loop.index, start = vb_muli(b, row, tile_columns);
    r.image = vb_add(b, range->image, vb_divi(b, row, tile_rows));
    r.y = vb_remi(b, row, tile_rows);
    r.slot = vb_sub(b, start, range->first);
    r.lo = vb_max(b, vb_sub(b, range->first, start), vb_int(b, 0));
    r.hi = vb_min(b, vb_addi(b, vb_sub(b, last, start), 1), vb_int(b, tile_columns));
    return r;
}

void winograd_rows_end(Vb *b, WinogradRow *r)
{
    vb_loop_end(b, &r->loop, NULL);
}

void winograd_clear(Emit *e, int64_t offset, int64_t elements)
{
    Vb *b = e->vb;
    Access scratch = emit_scratch(e);
    Val bytes = vb_int(b, access_bytes(scratch, elements));
    VbLoop loop = vb_loop(b, vb_int(b, 0), bytes, access_bytes(scratch, b->width), NULL, 0);
    access_store(b, vb_zero(b), access_at(b, winograd_scratch(e, offset), loop.index));
    vb_loop_end(b, &loop, NULL);
}

void winograd_input_clear(Emit *e, const WinogradInput *in)
{
    Vb *b = e->vb;
    int64_t width = b->width, columns = in->strip_row / width;
    int64_t left = in->pad[1], right = left + in->size[1];
    winograd_clear(e, in->zeros, in->size[1] * width);
    for (int64_t x = 0; x < columns; x++) {
        for (int64_t r = 0; (x < left || x >= right) && r < in->points[0]; r++) {
            int64_t at = in->strip + r * in->strip_row + x * width;
            access_store(b, vb_zero(b), winograd_scratch(e, at));
        }
    }
}

// The strip's columns of tiles [lo, hi). Zeros are zeros whatever the type of elements.
static void fill_strip(Emit *e, const WinogradTransform *t, const WinogradRow *r, Access plane)
{
    const WinogradInput *in = t->in;
    Vb *b = e->vb;
    int64_t vector = access_bytes(plane, b->width);
    Access row[WINOGRAD_MAX_POINTS];
    Val d[WINOGRAD_MAX_POINTS], out[WINOGRAD_MAX_POINTS];
    for (int64_t i = 0; i < in->read[0]; i++) {
        Val y = vb_addi(b, vb_muli(b, r->y, in->step[0]), i - in->pad[0]);
        Val inside = vb_icmp(b, LLVMIntULT, y, vb_int(b, in->size[0]));
        Val safe = vb_select(b, inside, y, vb_int(b, 0));
        Access at = access_at(b, plane, vb_muli(b, safe, in->size[1] * vector));
        Access zeros = winograd_scratch(e, in->zeros);
        row[i] = access_as(at, vb_select(b, inside, at.at, zeros.at));
    }
    Val lo = vb_addi(b, vb_muli(b, r->lo, in->step[1]), -in->pad[1]);
    Val hi = vb_muli(b, r->hi, in->step[1]);
    hi = vb_addi(b, hi, in->read[1] - in->step[1] - in->pad[1]);
    lo = vb_muli(b, vb_max(b, lo, vb_int(b, 0)), vector);
    hi = vb_muli(b, vb_min(b, hi, vb_int(b, in->size[1])), vector);
    VbLoop loop = vb_loop(b, lo, hi, vector, NULL, 0);
    for (int64_t i = 0; i < in->read[0]; i++) {
        d[i] = access_load(b, access_at(b, row[i], loop.index));
    }
    winograd_emit(b, &t->row, d, out);
    Access strip = winograd_scratch(e, in->strip + in->pad[1] * b->width);
    Access to = access_at(b, strip, access_rescale(b, loop.index, plane.elem, strip.elem));
    for (int64_t i = 0; i < in->points[0]; i++) {
        access_store(b, out[i], access_ati(b, to, access_bytes(to, i * in->strip_row)));
    }
    vb_loop_end(b, &loop, NULL);
}

// Results of tiles [lo, hi) from the strip, one row of points after the other. to: slot 0, point 0.
static void spread_strip(Emit *e, const WinogradTransform *t, const WinogradRow *r, Access to)
{
    const WinogradInput *in = t->in;
    Vb *b = e->vb;
    int64_t points = in->points[1];
    int64_t vector = access_bytes(to, b->width), plane = access_bytes(to, in->plane_step);
    Val d[WINOGRAD_MAX_POINTS], out[WINOGRAD_MAX_POINTS];
    VbLoop rows = vb_loop(b, vb_int(b, 0), vb_int(b, in->points[0]), 1, NULL, 0);
    Val across = vb_muli(b, r->lo, in->step[1] * vector);
    Val from = vb_add(b, vb_muli(b, rows.index, access_bytes(to, in->strip_row)), across);
    Val slot = vb_muli(b, vb_add(b, r->slot, r->lo), vector);
    slot = vb_add(b, slot, vb_muli(b, rows.index, points * plane));
    Access strip = winograd_scratch(e, in->strip);
    Val carried[2] = {vb_at(b, strip.at, from), vb_at(b, to.at, slot)};
    VbLoop tiles = vb_loop(b, r->lo, r->hi, 1, carried, 2);
    for (int64_t i = 0; i < in->read[1]; i++) {
        d[i] = access_load(b, access_as(to, vb_ati(b, tiles.carried[0], i * vector)));
    }
    winograd_emit(b, &t->column, d, out);
    for (int64_t i = 0; i < points; i++) {
        access_store(b, out[i], access_as(to, vb_ati(b, tiles.carried[1], i * plane)));
    }
    carried[0] = vb_ati(b, tiles.carried[0], in->step[1] * vector);
    carried[1] = vb_ati(b, tiles.carried[1], vector);
    vb_loop_end(b, &tiles, carried);
    vb_loop_end(b, &rows, NULL);
}

void winograd_input_emit(Emit *e, const WinogradTransform *t, Access x, const WinogradRange *range,
                         Val lo, Val hi)
{
    const WinogradInput *in = t->in;
    Vb *b = e->vb;
    VbLoop blocks = vb_loop(b, lo, hi, 1, NULL, 0);
    Access points = emit_scratch(e);
    Val own = vb_muli(b, vb_sub(b, blocks.index, lo), access_bytes(points, in->block_step));
    Access to = access_at(b, winograd_scratch(e, in->result), own);
    WinogradRow r = winograd_rows_begin(b, range, in->tile_rows, in->tile_columns);
    Val index = vb_add(b, vb_muli(b, r.image, in->blocks), blocks.index);
    fill_strip(e, t, &r, access_index(b, x, index, in->size[0] * in->size[1] * b->width));
    spread_strip(e, t, &r, to);
    winograd_rows_end(b, &r);
    vb_loop_end(b, &blocks, NULL);
}
