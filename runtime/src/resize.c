// resize.c: Pillow's 8-bit bilinear resize, bit for bit (Pillow's src/libImaging/Resample.c).
//
// Per output place: a triangle of half width max(1, scale) around its centre in the input, weights
// normalised in double, then rounded to fixed point with PRECISION bits. First rows, then columns;
// each pass rounds to 8 bits. A pass whose size does not change is left out.
#include "resnetc/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { PRECISION = 32 - 8 - 2, SIZE_MAX_RESIZE = RN_PICTURE_MAX_SIDE, BLOCK = 32 };

// Weights of one direction: output place o reads in[first[o] .. first[o] + count[o]) with weights
// at o * taps.
typedef struct Filter {
    uint32_t in, out, taps;
    uint32_t *first, *count;
    int32_t *weights;
} Filter;

struct RnResizer {
    Filter across, down;
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

// Weights of one output place.
static void filter_place(Filter *f, uint32_t place, double scale, double support, double *row)
{
    double center = (place + 0.5) * scale;
    double narrow = 1.0 / (scale < 1.0 ? 1.0 : scale);
    int lo = (int)(center - support + 0.5);
    int hi = (int)(center + support + 0.5);
    if (lo < 0)
        lo = 0;
    if (hi > (int)f->in)
        hi = (int)f->in;
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

static bool filter_make(Filter *f, uint32_t in, uint32_t out)
{
    double scale = (double)in / out;
    double support = scale < 1.0 ? 1.0 : scale;
    *f = (Filter){.in = in, .out = out, .taps = (uint32_t)ceil(support) * 2 + 1};
    f->first = calloc(out, sizeof *f->first);
    f->count = calloc(out, sizeof *f->count);
    f->weights = calloc((size_t)out * f->taps, sizeof *f->weights);
    double *row = calloc(f->taps, sizeof *row);
    bool ok = f->first && f->count && f->weights && row;
    for (uint32_t place = 0; ok && place < out; place++)
        filter_place(f, place, scale, support, row);
    free(row);
    return ok;
}

RnStatus rn_resizer_create(uint32_t in_h, uint32_t in_w, uint32_t out_h, uint32_t out_w,
                           RnResizer **out, RnError *err)
{
    *out = NULL;
    const uint32_t sizes[] = {in_h, in_w, out_h, out_w};
    for (int i = 0; i < 4; i++) {
        if (sizes[i] == 0 || sizes[i] > SIZE_MAX_RESIZE)
            return rn_fail(err, RN_ERR_USAGE, "cannot resize %ux%u to %ux%u: sizes are 1 to %d",
                           in_h, in_w, out_h, out_w, SIZE_MAX_RESIZE);
    }
    RnResizer *r = calloc(1, sizeof *r);
    if (r == NULL || !filter_make(&r->across, in_w, out_w) || !filter_make(&r->down, in_h, out_h)) {
        rn_resizer_destroy(r);
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for resizing");
    }
    *out = r;
    return RN_OK;
}

void rn_resizer_destroy(RnResizer *r)
{
    if (r == NULL)
        return;
    filter_free(&r->across);
    filter_free(&r->down);
    free(r);
}

size_t rn_resizer_scratch_bytes(const RnResizer *r)
{
    return (size_t)r->down.in * r->across.out;
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
    for (uint32_t x = 0; x < BLOCK; x++)
        sum[x] = 1 << (PRECISION - 1);
    for (uint32_t i = 0; i < taps; i++, in += width) {
        if (columns == BLOCK) { // a number the compiler knows, for vectors
            for (uint32_t x = 0; x < BLOCK; x++)
                sum[x] += in[x] * w[i];
        } else {
            for (uint32_t x = 0; x < columns; x++)
                sum[x] += in[x] * w[i];
        }
    }
    for (uint32_t x = 0; x < columns; x++)
        out[x] = clip8(sum[x]);
}

// in: u8 [f->in, width] -> out: u8 [f->out, width]
static void pass_down(const Filter *f, const uint8_t *in, uint32_t width, uint8_t *out)
{
    for (uint32_t y = 0; y < f->out; y++, out += width) {
        const int32_t *w = f->weights + (size_t)y * f->taps;
        const uint8_t *from = in + (size_t)f->first[y] * width;
        for (uint32_t x = 0; x < width; x += BLOCK)
            block_down(w, f->count[y], from + x, width, width - x < BLOCK ? width - x : BLOCK,
                       out + x);
    }
}

void rn_resizer_run(const RnResizer *r, const uint8_t *in, uint8_t *out, uint8_t *scratch)
{
    bool across = r->across.in != r->across.out, down = r->down.in != r->down.out;
    if (across && down) {
        pass_across(&r->across, in, r->down.in, scratch);
        pass_down(&r->down, scratch, r->across.out, out);
    } else if (across) {
        pass_across(&r->across, in, r->down.in, out);
    } else if (down) {
        pass_down(&r->down, in, r->across.out, out);
    } else {
        memcpy(out, in, (size_t)r->down.in * r->across.in);
    }
}
