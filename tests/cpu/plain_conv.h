// plain_conv.h: convolutions as plain loops in float64, forward and both gradients, and how plain
// tensors lie in the layouts that kernels want. For conv_run.c alone. Independent of the
// operators' references and of support/laid_tensor.c on purpose: these tests pin what kernels do.
#ifndef PLAIN_CONV_H
#define PLAIN_CONV_H

#include "ir/graph.h"

typedef struct Case {
    int64_t c, k, h, w, r, s, sh, sw, pad[4], groups;
    int64_t batch, plan_batch;
    bool bias, fused; // fused: an epilogue and a side
    bool image;       // x is the model's input
    bool streams;     // the output is stored around the caches, where the kernel can
} Case;

int64_t out_h(const Case *t);
int64_t out_w(const Case *t);

// Plain tensors

typedef struct Plain {
    Shape shape; // concrete
    double *at, *bound;
} Plain;

Plain plain_zero(Arena *a, Shape s, int64_t batch);
/// Numbers in [-1, 1) that floats hold.
Plain plain_random(Arena *a, Shape s, int64_t batch, uint64_t seed);
int64_t plain_count(const Plain *p);
/// 1 behind the last dimension.
int64_t plain_dim(const Plain *p, uint32_t i);
int64_t plain_index(const Plain *p, int64_t n, int64_t c, int64_t y, int64_t x);

// Calls fn for every product w[k,c,r,s] * x[n,c,iy,ix] that makes y[n,k,oy,ox].
typedef void (*ProductFn)(const Plain *t, const int64_t at[3]); // indices into x, w, y

void each_product(const Case *t, const Plain *v, ProductFn fn);

// A product and its absolute value are added to one of the three, and to its bound.
void add_y(const Plain *v, const int64_t at[3]);
void add_dx(const Plain *v, const int64_t at[3]);
void add_dw(const Plain *v, const int64_t at[3]);

// Layouts

// plain: NULL for padding.
typedef void (*MoveFn)(float *laid, double *plain);
void plain_lay(float *laid, double *plain);
void plain_fetch(float *laid, double *plain);

// Applies fn to each element of the laid tensor and its place in the plain one (NULL for padding).
void plain_each(const Layout *l, const Plain *p, float *laid, MoveFn fn);

size_t plain_bytes(const Layout *l, const Plain *p);

#endif
