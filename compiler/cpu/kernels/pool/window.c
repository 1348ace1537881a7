// window.c: sliding windows, for pooling and its gradients.
#include "cpu/kernels/pool/window.h"

WindowDim window_dim(const PoolAttrs *a, const Shape *full, const Shape *pooled, int dim)
{
    return (WindowDim){.kernel = a->kernel[dim],
                       .stride = a->stride[dim],
                       .pad = a->pad[dim],
                       .pad_after = a->pad[dim + 2],
                       .in = full->dim[2 + dim],
                       .out = pooled->dim[2 + dim]};
}

Val window_start(Vb *b, const WindowDim *d, Val o)
{
    return vb_addi(b, vb_muli(b, o, d->stride), -d->pad);
}

void window_range(Vb *b, const WindowDim *d, Val o, Val *lo, Val *hi)
{
    Val start = window_start(b, d, o);
    *lo = d->pad > 0 ? vb_max(b, start, vb_int(b, 0)) : start;
    *hi = vb_min(b, vb_addi(b, start, d->kernel), vb_int(b, d->in));
}

void window_outputs(Vb *b, const WindowDim *d, Val i, Val *lo, Val *hi)
{
    // o * stride - pad <= i < o * stride - pad + kernel
    Val reach = vb_addi(b, i, d->pad);
    Val above = vb_max(b, vb_addi(b, reach, d->stride - d->kernel), vb_int(b, 0));
    *lo = vb_divi(b, above, d->stride);
    *hi = vb_min(b, vb_addi(b, vb_divi(b, reach, d->stride), 1), vb_int(b, d->out));
}

Val window_count(Vb *b, const WindowDim *d, Val o, bool count_pad)
{
    Val start = window_start(b, d, o), end = vb_addi(b, start, d->kernel);
    if (count_pad) {
        return vb_sub(b, vb_min(b, end, vb_int(b, d->in + d->pad_after)), start);
    }
    Val lo, hi;
    window_range(b, d, o, &lo, &hi);
    return vb_sub(b, hi, lo);
}

void plan_rows(const PlanCtx *ctx, const Shape *out_shape, double reads, double flops,
               Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    int64_t blocks = div_up(shape_channels(out_shape), width);
    int64_t rows = shape_height(out_shape), columns = shape_width(out_shape);
    double row_bytes = (double)columns * (reads + 1) * width * elem_bytes(ELEM_F32);
    SpatialPlan p = spatial_plan(ctx, blocks, rows, row_bytes);
    double planes = (double)(blocks * rows);
    spatial_fill(ctx, &p, planes * (double)(columns * width) * flops, planes * row_bytes, out);
}

void plan_planes(const PlanCtx *ctx, const Shape *shape, double vectors, double flops,
                 Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    int64_t blocks = div_up(shape_channels(shape), width);
    double pixels = (double)(shape_height(shape) * shape_width(shape));
    double bytes = pixels * vectors * width * elem_bytes(ELEM_F32);
    SpatialPlan p = spatial_plan(ctx, blocks, 1, bytes);
    spatial_fill(ctx, &p, (double)blocks * pixels * width * flops, (double)blocks * bytes, out);
}
