// shape.c: shapes, packings and layouts.
#include "ir/shape.h"

#include <inttypes.h>
#include <string.h>

#include "base/diag.h"

Shape shape_vector(int64_t n)
{
    return (Shape){.rank = 1, .dim = {n}};
}

Shape shape_image(int64_t c, int64_t h, int64_t w)
{
    return (Shape){.rank = 4, .dim = {DIM_BATCH, c, h, w}};
}

Shape shape_features(int64_t c)
{
    return (Shape){.rank = 2, .dim = {DIM_BATCH, c}};
}

Shape shape_batch(void)
{
    return (Shape){.rank = 1, .dim = {DIM_BATCH}};
}

Shape shape_weights(int64_t k, int64_t c, int64_t r, int64_t s)
{
    return (Shape){.rank = 4, .dim = {k, c, r, s}};
}

bool shape_equal(const Shape *a, const Shape *b)
{
    if (a->rank != b->rank) {
        return false;
    }
    for (uint32_t i = 0; i < a->rank; i++) {
        if (a->dim[i] != b->dim[i]) {
            return false;
        }
    }
    return true;
}

bool shape_is_batched(const Shape *s)
{
    return s->rank > 0 && s->dim[0] == DIM_BATCH;
}

int64_t shape_elements(const Shape *s)
{
    int64_t product = 1;
    for (uint32_t i = shape_is_batched(s) ? 1 : 0; i < s->rank; i++) {
        if (__builtin_mul_overflow(product, s->dim[i], &product)) {
            return INT64_MAX;
        }
    }
    return product;
}

bool shape_fits(const Shape *s)
{
    int64_t product = 1;
    for (uint32_t i = shape_is_batched(s) ? 1 : 0; i < s->rank; i++) {
        if (s->dim[i] < 1 || s->dim[i] > SHAPE_MAX_ELEMENTS / product) {
            return false;
        }
        product *= s->dim[i];
    }
    return true;
}

int64_t shape_channels(const Shape *s)
{
    if (!shape_is_batched(s)) {
        return s->rank ? s->dim[0] : 1;
    }
    return s->rank > 1 ? s->dim[1] : 1;
}

int64_t shape_height(const Shape *s)
{
    return s->rank > 2 ? s->dim[2] : 1;
}

int64_t shape_width(const Shape *s)
{
    return s->rank > 3 ? s->dim[3] : 1;
}

void shape_print(StrBuf *out, const Shape *s, Elem elem)
{
    strbuf_printf(out, "%s[", elem_name(elem));
    for (uint32_t i = 0; i < s->rank; i++) {
        if (i) {
            strbuf_add(out, ",");
        }
        if (s->dim[i] == DIM_BATCH) {
            strbuf_add(out, "N");
        } else {
            strbuf_printf(out, "%" PRId64, s->dim[i]);
        }
    }
    strbuf_add(out, "]");
}

int64_t packing_elements(const Packing *p)
{
    int64_t total = 0;
    for (; p; p = p->next) {
        int64_t product = 1;
        for (uint32_t i = 0; i < p->dims; i++) {
            if (__builtin_mul_overflow(product, (int64_t)p->dim[i].extent, &product)) {
                return INT64_MAX;
            }
        }
        if (__builtin_add_overflow(total, product, &total)) {
            return INT64_MAX;
        }
    }
    return total;
}

bool packing_equal(const Packing *a, const Packing *b)
{
    for (; a && b; a = a->next, b = b->next) {
        if (a == b) {
            return true;
        }
        if (a->dims != b->dims || memcmp(a->base, b->base, sizeof a->base) != 0 ||
            memcmp(a->fold, b->fold, sizeof a->fold) != 0) {
            return false;
        }
        if (memcmp(a->dim, b->dim, a->dims * sizeof a->dim[0]) != 0) {
            return false;
        }
    }
    return a == b;
}

static bool tags_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool layout_equal(const Layout *a, const Layout *b)
{
    if (a->kind != b->kind || a->elem != b->elem) {
        return false;
    }
    switch (a->kind) {
    case LAYOUT_PLAIN:
        return true;
    case LAYOUT_BLOCKED:
    case LAYOUT_PARTIALS:
        return a->block == b->block;
    case LAYOUT_PACKED:
        return packing_equal(a->packing, b->packing);
    case LAYOUT_OPAQUE:
        return a->elements == b->elements && tags_equal(a->tag, b->tag);
    }
    return false;
}

static void print_packing(StrBuf *out, const Packing *p)
{
    strbuf_add(out, "packed");
    for (; p; p = p->next) {
        strbuf_add(out, "[");
        for (uint32_t i = 0; i < p->dims; i++) {
            strbuf_printf(out, "%s%d:%d*%d", i ? " " : "", p->dim[i].extent, p->dim[i].coord,
                          p->dim[i].coef);
        }
        if (p->fold[1]) {
            strbuf_printf(out, " fold %dx%d", p->fold[0], p->fold[1]);
        }
        strbuf_add(out, "]");
    }
}

static void print_extents(StrBuf *out, const Layout *l)
{
    switch (l->kind) {
    case LAYOUT_PLAIN:
        strbuf_add(out, "plain");
        return;
    case LAYOUT_BLOCKED:
        strbuf_printf(out, "blocked%u", l->block);
        return;
    case LAYOUT_PACKED:
        print_packing(out, l->packing);
        return;
    case LAYOUT_OPAQUE:
        strbuf_printf(out, "opaque:%s", l->tag ? l->tag : "");
        return;
    case LAYOUT_PARTIALS:
        strbuf_printf(out, "partials%u", l->block);
        return;
    }
}

void layout_print(StrBuf *out, const Layout *l)
{
    print_extents(out, l);
    if (l->kind != LAYOUT_PLAIN && l->elem != ELEM_F32) {
        strbuf_printf(out, ":%s", elem_name(l->elem));
    }
}

static int64_t round_up(int64_t x, uint32_t block)
{
    return block ? (x + block - 1) / block * block : x;
}

void layout_bytes(const Shape *s, const Layout *l, uint64_t *fixed, uint64_t *per_image)
{
    uint64_t element = elem_bytes(l->elem);
    *fixed = 0;
    *per_image = 0;
    switch (l->kind) {
    case LAYOUT_PLAIN:
    case LAYOUT_BLOCKED: {
        int64_t c = shape_channels(s);
        uint64_t count = (uint64_t)shape_elements(s);
        if (l->kind == LAYOUT_BLOCKED && c > 0) {
            count = count / (uint64_t)c * (uint64_t)round_up(c, l->block);
        }
        *(shape_is_batched(s) ? per_image : fixed) = count * element;
        return;
    }
    case LAYOUT_PACKED:
        *fixed = (uint64_t)packing_elements(l->packing) * element;
        return;
    case LAYOUT_OPAQUE:
        *fixed = l->elements * element;
        return;
    case LAYOUT_PARTIALS:
        *fixed = (uint64_t)(s->dim[0] * round_up(s->dim[1], l->block)) * element;
        return;
    }
}
