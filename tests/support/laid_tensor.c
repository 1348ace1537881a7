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
    case LAYOUT_PARTIALS: {
        int64_t width = padded(v->shape.dim[1], v->layout.block),
                per_part = v->shape.dim[0] * width;
        int64_t term = i % per_part / width, c = i % width;
        return c < v->shape.dim[1] ? term * v->shape.dim[1] + c : -1;
    }
    case LAYOUT_OPAQUE:
        break;
    }
    ck_abort_msg("an opaque layout has no elements");
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

void laid_write(const Value *v, int64_t batch, const RefTensor *t, void *to)
{
    double share = v->layout.kind == LAYOUT_PARTIALS ? 1.0 / (double)parts_of(v, batch) : 1.0;
    for (int64_t i = 0; i < laid_count(v, batch); i++) {
        int64_t source = source_of(v, i);
        if (v->elem == ELEM_U32) {
            ((uint32_t *)to)[i] = (uint32_t)t->at[i];
        } else {
            ((float *)to)[i] = source < 0 ? 0.0F : (float)(t->at[source] * share);
        }
    }
}

void laid_read(const Value *v, int64_t batch, const void *from, double *at)
{
    const float *laid = from;
    bool adds = v->layout.kind == LAYOUT_PARTIALS;
    for (int64_t i = 0; i < plain_count(v, batch); i++) {
        at[i] = adds ? 0.0 : (double)NAN;
    }
    for (int64_t i = 0; i < laid_count(v, batch); i++) {
        int64_t source = source_of(v, i);
        if (source >= 0) {
            at[source] = (double)laid[i] + (adds ? at[source] : 0.0);
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
