// row.h: one image's features [c], blocked: contiguous, padded with zeros to whole vectors.
#ifndef CPU_KERNELS_SOFTMAX_ROW_H
#define CPU_KERNELS_SOFTMAX_ROW_H

#include "cpu/kernel.h"

/// Plans tasks over images, `tensors` rows of c floats read or written each.
void plan_images(const PlanCtx *ctx, int64_t c, uint32_t tensors, double flops, Lowering *out);

/// for each image of the task { ... }: image's index.
typedef struct ImageLoop {
    TaskLoop tasks;
    VbLoop images;
    Val image;
} ImageLoop;
ImageLoop emit_images(Emit *e);
void emit_images_end(Emit *e, ImageLoop *l);

/// Bytes of a row of c f32, padded.
int64_t row_bytes(Emit *e, int64_t c);

/// The place in any row of what stands `offset` bytes into a row of f32.
Access row_at(Emit *e, Access row, Val offset);

/// Runs `body` on every vector of a row: first channel (i64), byte offset in a row of f32, and how
/// many lanes exist. It takes and gives a running vector. arg: the body's own context.
typedef Val (*RowBody)(Emit *e, const void *arg, Val channel, Val offset, uint32_t lanes,
                       Val running);
Val emit_row(Emit *e, int64_t c, RowBody body, const void *arg, Val init);

/// Largest of a row's c elements, in all lanes (NaN loses).
Val row_max(Emit *e, Access row, int64_t c);
/// Sum of exp(x - max), in all lanes. Stores the terms to `store` unless its pointer is NULL.
Val row_exp_sum(Emit *e, Access row, int64_t c, Val max, Access store);

#endif
