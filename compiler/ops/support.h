// support.h: what the operators' files share: checks for shape rules, windows, element addresses.
// Not here: any operator.
#ifndef OPS_SUPPORT_H
#define OPS_SUPPORT_H

#include "ir/opdef.h"

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

// Shape rules: each complains and returns false where the claim does not hold.
bool need_image(const ShapeCtx *ctx, uint32_t i);             // f32 [N,c,h,w]
bool need_features(const ShapeCtx *ctx, uint32_t i);          // f32 [N,c] or [N,c,1,1]
bool need_channels(const ShapeCtx *ctx, uint32_t i);          // f32 [N,c] or [N,c,h,w]
bool need_vector(const ShapeCtx *ctx, uint32_t i, int64_t c); // f32 [c]
bool need_same_shape(const ShapeCtx *ctx, uint32_t i, uint32_t j);
bool need_shape(const ShapeCtx *ctx, uint32_t i, Shape expected);

/// Output 0 is like input 0.
bool shape_like_input(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS]);
/// The same for [N,c] and [N,c,1,1] only.
bool shape_like_features(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS]);
/// `identity` of operators that change nothing but the extent.
bool identity_by_shape(const Node *n);
static inline OutSpec out_f32(Shape s)
{
    return (OutSpec){s, ELEM_F32};
}
/// Partial sums: so many terms of c channels.
static inline OutSpec out_partials(int64_t terms, int64_t c)
{
    return (OutSpec){(Shape){.rank = 2, .dim = {terms, c}}, ELEM_F64};
}

/// A window that slides over an image: sizes and strides by axis (rows, columns).
typedef struct SlidingWindow {
    const int64_t *kernel, *stride; // [2]
    int64_t *pad;                   // [4] top, left, bottom, right; "same" is replaced
    bool ceil;                      // output size rounds up
} SlidingWindow;

/// The output's height and width for an input of in[2]; completes pad. False after a complaint.
bool window_output(const ShapeCtx *ctx, const SlidingWindow *w, const int64_t in[2],
                   int64_t out[2]);

/// Element (n,c,y,x) of a plain [n,c,h,w] tensor; h = w = 1 where the shape has none.
static inline double *ref_at(const RefTensor *t, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const int64_t *d = t->shape.dim;
    int64_t h = t->shape.rank > 2 ? d[2] : 1, w = t->shape.rank > 3 ? d[3] : 1;
    return &t->at[((n * d[1] + c) * h + y) * w + x];
}

/// Copies input 0 to output 0: the meaning of layout changes on plain tensors.
void reference_copy(const RefCtx *ctx);

/// One gradient node whose only output is added to the gradient of the node's input i.
void grad_add_node(GradCtx *g, const Node *node, uint32_t i, const char *op, const void *attrs,
                   Value *const *in, uint32_t in_count);

// An attribute that gradients share.
#define IN_SIZE_ATTR(T)                                                                            \
    {                                                                                              \
        .name = "in_size", .type = ATTR_SIZE2, .offset = offsetof(T, in_size), .required = true,   \
        .min = 1, .max = 1e12, .doc = "height and width of the forward operator's input"           \
    }

#endif
