// plain_conv.c: the loops over products, and elements in their layouts.
#include "cpu/plain_conv.h"

#include <math.h>

#include "support/check_main.h"

int64_t out_h(const Case *t)
{
    return (t->h + t->pad[0] + t->pad[2] - t->r) / t->sh + 1;
}

int64_t out_w(const Case *t)
{
    return (t->w + t->pad[1] + t->pad[3] - t->s) / t->sw + 1;
}

static double random_value(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(float)((double)(*state >> 40) / (1 << 23) - 1.0);
}

Plain plain_zero(Arena *a, Shape s, int64_t batch)
{
    if (s.dim[0] == DIM_BATCH) {
        s.dim[0] = batch;
    }
    int64_t n = 1;
    for (uint32_t i = 0; i < s.rank; i++) {
        n *= s.dim[i];
    }
    return (Plain){s, ARENA_ARRAY(a, double, n), ARENA_ARRAY(a, double, n)};
}

int64_t plain_count(const Plain *p)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < p->shape.rank; i++) {
        n *= p->shape.dim[i];
    }
    return n;
}

Plain plain_random(Arena *a, Shape s, int64_t batch, uint64_t seed)
{
    Plain p = plain_zero(a, s, batch);
    for (int64_t i = 0, n = plain_count(&p); i < n; i++) {
        p.at[i] = random_value(&seed);
    }
    return p;
}

int64_t plain_dim(const Plain *p, uint32_t i)
{
    return i < p->shape.rank ? p->shape.dim[i] : 1;
}

int64_t plain_index(const Plain *p, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return ((n * plain_dim(p, 1) + c) * plain_dim(p, 2) + y) * plain_dim(p, 3) + x;
}

// The products of w[k,c,r,s] with one channel of one picture.
static void tap_products(const Case *t, const Plain *v, ProductFn fn, const int64_t nkcrs[5])
{
    int64_t cg = t->c / t->groups, kg = t->k / t->groups, n = nkcrs[0], k = nkcrs[1];
    int64_t c = k / kg * cg + nkcrs[2], r = nkcrs[3], s = nkcrs[4];
    int64_t at[3] = {0, plain_index(&v[1], k, nkcrs[2], r, s), 0};
    for (int64_t oy = 0, oh = out_h(t), ow = out_w(t); oy < oh; oy++) {
        int64_t iy = oy * t->sh + r - t->pad[0];
        for (int64_t ox = 0; iy >= 0 && iy < t->h && ox < ow; ox++) {
            int64_t ix = ox * t->sw + s - t->pad[1];
            if (ix >= 0 && ix < t->w) {
                at[0] = plain_index(&v[0], n, c, iy, ix);
                at[2] = plain_index(&v[2], n, k, oy, ox);
                fn(v, at);
            }
        }
    }
}

void each_product(const Case *t, const Plain *v, ProductFn fn)
{
    int64_t taps = t->c / t->groups * t->r * t->s;
    for (int64_t i = 0; i < t->batch * t->k * taps; i++) {
        int64_t q = i % taps;
        int64_t nkcrs[5] = {i / taps / t->k, i / taps % t->k, q / (t->r * t->s), q / t->s % t->r,
                            q % t->s};
        tap_products(t, v, fn, nkcrs);
    }
}

static void add_product(const Plain *v, int to, const int64_t at[3], int f, int g)
{
    double product = v[f].at[at[f]] * v[g].at[at[g]];
    v[to].at[at[to]] += product;
    v[to].bound[at[to]] += fabs(product);
}

void add_y(const Plain *v, const int64_t at[3])
{
    add_product(v, 2, at, 0, 1);
}

void add_dx(const Plain *v, const int64_t at[3])
{
    add_product(v, 0, at, 1, 2);
}

void add_dw(const Plain *v, const int64_t at[3])
{
    add_product(v, 1, at, 0, 2);
}

static bool packed_source(const Packing *p, const Shape *s, int64_t element, int64_t *source)
{
    int64_t at[SHAPE_MAX_RANK];
    for (uint32_t j = 0; j < SHAPE_MAX_RANK; j++) {
        at[j] = p->base[j];
    }
    for (uint32_t d = p->dims; d-- > 0;) {
        at[p->dim[d].coord] += element % p->dim[d].extent * p->dim[d].coef;
        element /= p->dim[d].extent;
    }
    if (p->fold[1]) {
        if (at[0] >= p->fold[0]) {
            return false;
        }
        at[0] += at[1] / p->fold[1] * p->fold[0];
        at[1] %= p->fold[1];
    }
    *source = 0;
    for (uint32_t j = 0; j < s->rank; j++) {
        if (at[j] < 0 || at[j] >= s->dim[j]) {
            return false;
        }
        *source = *source * s->dim[j] + at[j];
    }
    return true;
}

static int64_t own_elements(const Packing *p)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < p->dims; d++) {
        n *= p->dim[d].extent;
    }
    return n;
}

void plain_lay(float *laid, double *plain)
{
    *laid = plain ? (float)*plain : 0;
}

void plain_fetch(float *laid, double *plain)
{
    if (plain) {
        if (!isnan(*plain)) { // an assertion alone writes a message for each element
            ck_abort_msg("an element has two places");
        }
        *plain = (double)*laid;
    }
}

void plain_each(const Layout *l, const Plain *p, float *laid, MoveFn fn)
{
    int64_t n = plain_count(p);
    if (l->kind == LAYOUT_PLAIN) {
        for (int64_t i = 0; i < n; i++) {
            fn(laid + i, p->at + i);
        }
    } else if (l->kind == LAYOUT_PACKED) {
        for (const Packing *k = l->packing; k; k = k->next) {
            int64_t count = own_elements(k), source;
            for (int64_t i = 0; i < count; i++) {
                fn(laid++, packed_source(k, &p->shape, i, &source) ? p->at + source : NULL);
            }
        }
    } else {
        ck_assert_int_eq(l->kind, LAYOUT_BLOCKED);
        int64_t block = l->block, c = plain_dim(p, 1), pixels = plain_dim(p, 2) * plain_dim(p, 3);
        int64_t rows = plain_dim(p, 0) * ((c + block - 1) / block);
        for (int64_t i = 0; i < rows * pixels * block; i++) {
            int64_t lane = i % block, pixel = i / block % pixels, row = i / block / pixels;
            int64_t per = (c + block - 1) / block, channel = row % per * block + lane;
            int64_t at = ((row / per) * c + channel) * pixels + pixel;
            fn(laid + i, channel < c ? p->at + at : NULL);
        }
    }
}

size_t plain_bytes(const Layout *l, const Plain *p)
{
    if (l->kind == LAYOUT_PACKED) {
        return (size_t)packing_elements(l->packing) * 4;
    }
    int64_t n = plain_count(p);
    if (l->kind == LAYOUT_BLOCKED) {
        n = n / plain_dim(p, 1) * ((plain_dim(p, 1) + l->block - 1) / l->block * l->block);
    }
    return (size_t)n * 4;
}
