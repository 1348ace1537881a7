// window.h: sliding windows over a plane of a blocked tensor, for pooling and its gradients.
#ifndef CPU_KERNELS_POOL_WINDOW_H
#define CPU_KERNELS_POOL_WINDOW_H

#include "cpu/kernels/pool/spatial.h"
#include "ops/pool/pool_attrs.h"

/// One dimension of a window: rows (0) or columns (1).
typedef struct WindowDim {
    int64_t kernel, stride, pad, pad_after;
    int64_t in, out;
} WindowDim;

/// pooled: the small side's shape; full: the large side's.
WindowDim window_dim(const PoolAttrs *a, const Shape *full, const Shape *pooled, int dim);

/// First input coordinate of output o's window; may lie in the padding.
Val window_start(Vb *b, const WindowDim *d, Val o);
/// Input coordinates [lo, hi) of output o's window that lie inside the picture.
void window_range(Vb *b, const WindowDim *d, Val o, Val *lo, Val *hi);
/// Outputs [lo, hi) whose windows hold input coordinate i.
void window_outputs(Vb *b, const WindowDim *d, Val i, Val *lo, Val *hi);
/// How many coordinates of output o's window count in an average.
Val window_count(Vb *b, const WindowDim *d, Val o, bool count_pad);

/// Plans tasks over rows of `out_shape` for a kernel that reads `reads` vectors per vector it
/// writes.
void plan_rows(const PlanCtx *ctx, const Shape *out_shape, double reads, double flops,
               Lowering *out);
/// The same with whole planes only.
void plan_planes(const PlanCtx *ctx, const Shape *shape, double vectors, double flops,
                 Lowering *out);

#endif
