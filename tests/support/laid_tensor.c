// laid_tensor.c: layouts spelled out element by element, slowly.
#include "support/laid_tensor.h"

#include <check.h>
#include <math.h>
#include <string.h>

static int64_t images(const Value *v, int64_t batch)
{
    return shape_is_batched(&v->shape) ? batch : 1;
}

static int64_t plain_count(const Value *v, int64_t batch)
{
    return images(v, batch) * shape_elements(&v->shape);
}

static int64_t parts_of(const Value *v, int64_t batch)
{
    if (v->parts_div == RN_DIV_ALL) {
        return v->parts_mul;
    }
    return v->parts_mul * ((batch + v->parts_div - 1) / v->parts_div);
}

static int64_t padded(int64_t c, uint32_t block)
{
    return (c + block - 1) / block * block;
}

// The plain element that element i of the layout holds; -1: padding.
static int64_t blocked_source(const Value *v, int64_t i)
{
    int64_t c = shape_channels(&v->shape), block = v->layout.block,
            blocks = padded(c, v->layout.block) / block;
    int64_t pixels = shape_elements(&v->shape) / c;
    int64_t lane = i % block, pixel = i / block % pixels, plane = i / block / pixels;
    int64_t channel = plane % blocks * block + lane;
    return channel < c ? (plane / blocks * c + channel) * pixels + pixel : -1;
}

static int64_t packed_source(const Packing *p, const Shape *s, int64_t i)
{
    int64_t at[SHAPE_MAX_RANK], source = 0;
    for (uint32_t j = 0; j < SHAPE_MAX_RANK; j++) {
        at[j] = p->base[j];
    }
    for (uint32_t d = p->dims; d-- > 0;) {
        at[p->dim[d].coord] += i % p->dim[d].extent * p->dim[d].coef;
        i /= p->dim[d].extent;
    }
    if (p->fold[1]) {
        if (at[0] >= p->fold[0]) {
            return -1;
        }
        at[0] += at[1] / p->fold[1] * p->fold[0];
        at[1] %= p->fold[1];
    }
    for (uint32_t j = 0; j < s->rank; j++) {
        if (at[j] < 0 || at[j] >= s->dim[j]) {
            return -1;
        }
        source = source * s->dim[j] + at[j];
    }
    return source;
}

static int64_t own_elements(const Packing *p)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < p->dims; d++) {
        n *= p->dim[d].extent;
    }
    return n;
}

static int64_t source_of(const Value *v, int64_t i)
{
    switch (v->layout.kind) {
    case LAYOUT_PLAIN:
        return i;
    case LAYOUT_BLOCKED:
        return blocked_source(v, i);
    case LAYOUT_PACKED: {
        const Packing *p = v->layout.packing;
        for (; p && i >= own_elements(p); p = p->next) {
            i -= own_elements(p);
        }
        return p ? packed_source(p, &v->shape, i) : -1;
    }
    case LAYOUT_PARTIALS:
    case LAYOUT_OPAQUE:
        break;
    }
    ck_abort_msg("partial sums and opaque layouts have no elements");
    return -1;
}

static int64_t laid_count(const Value *v, int64_t batch)
{
    return (int64_t)(laid_bytes(v, batch) / sizeof(float));
}

size_t laid_bytes(const Value *v, int64_t batch)
{
    uint64_t fixed, per_image;
    layout_bytes(&v->shape, &v->layout, &fixed, &per_image);
    if (v->layout.kind == LAYOUT_PARTIALS) {
        fixed *= (uint64_t)parts_of(v, batch);
    }
    return fixed + per_image * (uint64_t)batch;
}

// Where channel c of row `term` of a part stands, in doubles.
static int64_t partial_index(const Value *v, int64_t part, int64_t term, int64_t c)
{
    return (part * v->shape.dim[0] + term) * padded(v->shape.dim[1], v->layout.block) + c;
}

// The centre's row has, for V channels, V floats and V more that count: where the former, in floats.
static int64_t centre_index(const Value *v, int64_t part, int64_t c)
{
    int64_t lane = c % v->layout.block;
    return 2 * partial_index(v, part, 0, c - lane) + lane;
}

typedef struct Moments {
    double centre, count, s1, s2;
} Moments;

// Of channel c in all parts, around the centre of the first that has elements.
static Moments read_moments(const Value *v, int64_t batch, const void *from, int64_t c)
{
    Moments all = {0};
    for (int64_t p = 0; p < parts_of(v, batch); p++) {
        const float *centre = (const float *)from + centre_index(v, p, c);
        double count = (double)centre[v->layout.block];
        if (all.count == 0) {
            all.centre = (double)centre[0];
        }
        double d = (double)centre[0] - all.centre;
        double s1 = ((const double *)from)[partial_index(v, p, 1, c)];
        all.count += count;
        all.s1 += s1 + count * d;
        all.s2 += ((const double *)from)[partial_index(v, p, 2, c)] + d * (2 * s1 + count * d);
    }
    return all;
}

// The first of several parts is empty; each after the second has a centre of its own.
static void write_moments(const Value *v, int64_t batch, const RefTensor *t, void *to)
{
    int64_t parts = parts_of(v, batch), filled = parts > 1 ? parts - 1 : 1;
    int64_t channels = v->shape.dim[1];
    for (int64_t i = 0; i < parts * channels; i++) {
        int64_t p = i / channels, c = i % channels, nth = p - (parts - filled);
        float *centre = (float *)to + centre_index(v, p, c);
        if (nth < 0) {
            centre[0] = 7.0F;
            continue;
        }
        centre[0] = (float)(t->at[c] + 0.25 * (double)nth);
        double d = (double)centre[0] - t->at[c], count = (double)(nth + 1);
        double s1 = t->at[channels + c] / (double)filled - count * d;
        double s2 = t->at[2 * channels + c] / (double)filled - d * (2 * s1 + count * d);
        centre[v->layout.block] = (float)count;
        ((double *)to)[partial_index(v, p, 1, c)] = s1;
        ((double *)to)[partial_index(v, p, 2, c)] = s2;
    }
}

static void write_partials(const Value *v, int64_t batch, const RefTensor *t, void *to)
{
    memset(to, 0, laid_bytes(v, batch));
    if (v->terms == MOMENT_TERMS) {
        write_moments(v, batch, t, to);
        return;
    }
    int64_t parts = parts_of(v, batch), channels = v->shape.dim[1];
    for (int64_t i = 0; i < parts * v->terms * channels; i++) {
        int64_t p = i / channels / v->terms, term = i / channels % v->terms, c = i % channels;
        double share = t->at[term * channels + c] / (double)parts;
        ((double *)to)[partial_index(v, p, term, c)] = share;
    }
}

static void read_partials(const Value *v, int64_t batch, const void *from, double *at)
{
    int64_t channels = v->shape.dim[1];
    for (int64_t i = 0; i < v->terms * channels; i++) {
        int64_t term = i / channels, c = i % channels;
        if (v->terms == MOMENT_TERMS) {
            Moments m = read_moments(v, batch, from, c);
            at[i] = term == 0 ? m.centre : term == 1 ? m.s1 : m.s2;
            continue;
        }
        at[i] = 0;
        for (int64_t p = 0; p < parts_of(v, batch); p++) {
            at[i] += ((const double *)from)[partial_index(v, p, term, c)];
        }
    }
}

void laid_write(const Value *v, int64_t batch, const RefTensor *t, void *to)
{
    if (v->layout.kind == LAYOUT_PARTIALS) {
        write_partials(v, batch, t, to);
        return;
    }
    for (int64_t i = 0; i < laid_count(v, batch); i++) {
        int64_t source = source_of(v, i);
        if (v->elem == ELEM_U32) {
            ((uint32_t *)to)[i] = (uint32_t)t->at[i];
        } else {
            ((float *)to)[i] = source < 0 ? 0.0F : (float)t->at[source];
        }
    }
}

void laid_read(const Value *v, int64_t batch, const void *from, double *at)
{
    if (v->layout.kind == LAYOUT_PARTIALS) {
        read_partials(v, batch, from, at);
        return;
    }
    const float *laid = from;
    for (int64_t i = 0; i < plain_count(v, batch); i++) {
        at[i] = (double)NAN;
    }
    for (int64_t i = 0; i < laid_count(v, batch); i++) {
        int64_t source = source_of(v, i);
        if (source >= 0) {
            at[source] = (double)laid[i];
        }
    }
}

bool laid_pads_are_zero(const Value *v, int64_t batch, const void *from)
{
    if (v->layout.kind != LAYOUT_BLOCKED) {
        return true;
    }
    for (int64_t i = 0; i < laid_count(v, batch); i++) {
        if (source_of(v, i) < 0 && ((const float *)from)[i] != 0.0F) {
            return false;
        }
    }
    return true;
}
