// resize.c: Pillow's 8-bit bilinear resize, bit for bit (Pillow's src/libImaging/Resample.c).
//
// Per output place: a triangle of half width max(1, scale) around its centre in the input, weights
// normalised in double, then rounded to fixed point with PRECISION bits. First rows, then columns;
// each pass rounds to 8 bits. A pass whose size does not change is left out. Of rows, columns and
// places only those are computed that the wanted part needs.
#include "resnetc/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum { PRECISION = 32 - 8 - 2, SIZE_MAX_RESIZE = RN_PICTURE_MAX_SIDE, BLOCK = 32 };

// Weights of one direction: place o of the part reads in[first[o] .. first[o] + count[o]) with
// weights at o * taps.
typedef struct Filter {
    uint32_t in, out, taps; // out: places of the part
    bool resizes;
    uint32_t *first, *count;
    int32_t *weights;
} Filter;

struct RnResizer {
    Filter across, down;
    uint32_t left, first_row, rows; // columns to skip when none are resized; rows that are read
};

static double triangle(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static void filter_free(Filter *f)
{
    free(f->first);
    free(f->count);
    free(f->weights);
}

// Weights of one place of the part, which begins at `start`.
static void filter_place(Filter *f, uint32_t start, uint32_t place, double scale, double *row)
{
    double center = ((double)start + place + 0.5) * scale;
    double support = scale < 1.0 ? 1.0 : scale;
    double narrow = 1.0 / (scale < 1.0 ? 1.0 : scale);
    int lo = (int)(center - support + 0.5);
    int hi = (int)(center + support + 0.5);
    if (lo < 0) {
        lo = 0;
    }
    if (hi > (int)f->in) {
        hi = (int)f->in;
    }
    double total = 0;
    for (int i = lo; i < hi; i++) {
        row[i - lo] = triangle((i - center + 0.5) * narrow);
        total += row[i - lo];
    }
    f->first[place] = (uint32_t)lo;
    f->count[place] = (uint32_t)(hi - lo);
    for (int i = 0; i < hi - lo; i++) {
        double w = total != 0.0 ? row[i] / total : row[i];
        f->weights[(size_t)place * f->taps + (size_t)i] = (int32_t)(0.5 + w * (1 << PRECISION));
    }
}

// The places from `start` on, `out` of them, when `in` becomes `whole`.
static bool filter_make(Filter *f, uint32_t in, uint32_t whole, uint32_t start, uint32_t out)
{
    double scale = (double)in / whole;
    *f = (Filter){.in = in, .out = out, .resizes = in != whole};
    f->taps = (uint32_t)ceil(scale < 1.0 ? 1.0 : scale) * 2 + 1;
    f->first = calloc(out, sizeof *f->first);
    f->count = calloc(out, sizeof *f->count);
    f->weights = calloc((size_t)out * f->taps, sizeof *f->weights);
    double *row = calloc(f->taps, sizeof *row);
    bool ok = f->first && f->count && f->weights && row;
    for (uint32_t place = 0; ok && place < out; place++) {
        filter_place(f, start, place, scale, row);
    }
    free(row);
    return ok;
}

static bool part_fits(uint32_t in, uint32_t out, uint32_t start, uint32_t part)
{
    return in >= 1 && in <= SIZE_MAX_RESIZE && part >= 1 && part <= SIZE_MAX_RESIZE &&
           part <= out && start <= out - part;
}

RnStatus rn_resizer_create(const RnResize *z, RnResizer **out, RnError *err)
{
    *out = NULL;
    if (!part_fits(z->in_h, z->out_h, z->top, z->height) ||
        !part_fits(z->in_w, z->out_w, z->left, z->width)) {
        return rn_fail(err, RN_ERR_USAGE,
                       "cannot resize %ux%u to %ux%u of %ux%u: sizes are 1 to %d", z->in_h, z->in_w,
                       z->height, z->width, z->out_h, z->out_w, SIZE_MAX_RESIZE);
    }
    RnResizer *r = calloc(1, sizeof *r);
    if (r == NULL || !filter_make(&r->across, z->in_w, z->out_w, z->left, z->width) ||
        !filter_make(&r->down, z->in_h, z->out_h, z->top, z->height)) {
        rn_resizer_destroy(r);
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for resizing");
    }
    uint32_t last = z->height - 1;
    r->left = z->left;
    r->first_row = r->down.first[0];
    r->rows = r->down.first[last] + r->down.count[last] - r->first_row;
    *out = r;
    return RN_OK;
}

void rn_resizer_destroy(RnResizer *r)
{
    if (r == NULL) {
        return;
    }
    filter_free(&r->across);
    filter_free(&r->down);
    free(r);
}

size_t rn_resizer_scratch_bytes(const RnResizer *r)
{
    return (size_t)r->rows * r->across.out;
}

static uint8_t clip8(int32_t sum)
{
    int32_t v = sum >> PRECISION;
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

// Four rows at once share the weights. A row may be given several times.
static void rows_across(const Filter *f, const uint8_t *const in[4], uint8_t *const out[4])
{
    for (uint32_t x = 0; x < f->out; x++) {
        const int32_t *w = f->weights + (size_t)x * f->taps;
        uint32_t from = f->first[x], to = from + f->count[x];
        int32_t s0 = 1 << (PRECISION - 1), s1 = s0, s2 = s0, s3 = s0;
        for (uint32_t i = from; i < to; i++, w++) {
            s0 += in[0][i] * *w;
            s1 += in[1][i] * *w;
            s2 += in[2][i] * *w;
            s3 += in[3][i] * *w;
        }
        out[0][x] = clip8(s0);
        out[1][x] = clip8(s1);
        out[2][x] = clip8(s2);
        out[3][x] = clip8(s3);
    }
}

// in: u8 [rows, f->in] -> out: u8 [rows, f->out]
static void pass_across(const Filter *f, const uint8_t *in, uint32_t rows, uint8_t *out)
{
    for (uint32_t y = 0; y < rows; y += 4) {
        const uint8_t *from[4];
        uint8_t *to[4];
        for (uint32_t k = 0; k < 4; k++) {
            size_t row = y + k < rows ? y + k : rows - 1;
            from[k] = in + row * f->in;
            to[k] = out + row * f->out;
        }
        rows_across(f, from, to);
    }
}

// `columns` columns of one output row, at most BLOCK: out[x] = sum over i of w[i] * in[i, x].
static void block_down(const int32_t *w, uint32_t taps, const uint8_t *in, uint32_t width,
                       uint32_t columns, uint8_t *out)
{
    int32_t sum[BLOCK];
    for (uint32_t x = 0; x < BLOCK; x++) {
        sum[x] = 1 << (PRECISION - 1);
    }
    for (uint32_t i = 0; i < taps; i++, in += width) {
        if (columns == BLOCK) { // a number the compiler knows, for vectors
            for (uint32_t x = 0; x < BLOCK; x++) {
                sum[x] += in[x] * w[i];
            }
        } else {
            for (uint32_t x = 0; x < columns; x++) {
                sum[x] += in[x] * w[i];
            }
        }
    }
    for (uint32_t x = 0; x < columns; x++) {
        out[x] = clip8(sum[x]);
    }
}

// Rows of `width` bytes that lie `stride` bytes apart.
typedef struct Rows {
    const uint8_t *first;
    uint32_t width, stride;
} Rows;

// in: u8 [rows, in.width] from row first[0] on -> out: u8 [f->out, in.width]
static void pass_down(const Filter *f, Rows in, uint8_t *out)
{
    for (uint32_t y = 0; y < f->out; y++, out += in.width) {
        const int32_t *w = f->weights + (size_t)y * f->taps;
        const uint8_t *from = in.first + (size_t)(f->first[y] - f->first[0]) * in.stride;
        for (uint32_t x = 0; x < in.width; x += BLOCK) {
            block_down(w, f->count[y], from + x, in.stride,
                       in.width - x < BLOCK ? in.width - x : BLOCK, out + x);
        }
    }
}

void rn_resizer_run(const RnResizer *r, const uint8_t *in, uint8_t *out, uint8_t *scratch)
{
    const uint8_t *first = in + (size_t)r->first_row * r->across.in;
    Rows rows = {first + r->left, r->across.out, r->across.in};
    if (r->across.resizes) {
        uint32_t count = r->down.resizes ? r->rows : r->down.out;
        uint8_t *to = r->down.resizes ? scratch : out;
        pass_across(&r->across, first, count, to);
        rows = (Rows){to, r->across.out, r->across.out};
    }
    if (r->down.resizes) {
        pass_down(&r->down, rows, out);
    } else if (!r->across.resizes) {
        for (uint32_t y = 0; y < r->down.out; y++) {
            memcpy(out + (size_t)y * rows.width, rows.first + (size_t)y * rows.stride, rows.width);
        }
    }
}
