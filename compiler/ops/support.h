// support.h: what the operators' files share: checks for shape rules, windows, element addresses.
// Not here: any operator.
#ifndef OPS_SUPPORT_H
#define OPS_SUPPORT_H

#include "ir/opdef.h"
#include "ops/attrs.h"

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

/// A window that slides over an image: sizes and strides by axis (rows, columns).
typedef struct Window {
    const int64_t *kernel, *stride; // [2]
    int64_t *pad;                   // [4] top, left, bottom, right; "same" is replaced
    bool ceil;                      // output size rounds up (attrs.h, PoolAttrs)
} Window;

/// The output's height and width for an input of in[2]; completes pad. False after a complaint.
bool window_output(const ShapeCtx *ctx, const Window *w, const int64_t in[2], int64_t out[2]);

/// Pooling: completes stride (default: the kernel), checks pads, gives the output's size.
bool pool_output(const ShapeCtx *ctx, PoolAttrs *a, const int64_t in[2], int64_t out[2]);
/// The shape rule of the pooling operators.
bool pool_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS]);

/// `identity` of pooling: every window is one pixel.
bool pool_identity(const Node *n);

/// The shape rule of dropout and drop_path; gives a random stream of its own where none is named.
bool drop_shape(ShapeCtx *ctx, OutSpec out[OP_MAX_OUTPUTS]);

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

// Attribute tables that several operators share.
#define CONV_ATTRS                                                                                 \
    {.name = "kernel",                                                                             \
     .type = ATTR_SIZE2,                                                                           \
     .offset = offsetof(ConvAttrs, kernel),                                                        \
     .required = true,                                                                             \
     .position = 1,                                                                                \
     .min = 1,                                                                                     \
     .max = 1024,                                                                                  \
     .doc = "rows x columns of a filter"},                                                         \
        {.name = "c",                                                                              \
         .type = ATTR_INT,                                                                         \
         .offset = offsetof(ConvAttrs, c),                                                         \
         .required = true,                                                                         \
         .min = 1,                                                                                 \
         .max = 1 << 24,                                                                           \
         .doc = "output channels"},                                                                \
        {.name = "stride",                                                                         \
         .type = ATTR_SIZE2,                                                                       \
         .offset = offsetof(ConvAttrs, stride),                                                    \
         .fallback = 1,                                                                            \
         .min = 1,                                                                                 \
         .max = 1024,                                                                              \
         .doc = "step of the window"},                                                             \
        {.name = "pad",                                                                            \
         .type = ATTR_PAD4,                                                                        \
         .offset = offsetof(ConvAttrs, pad),                                                       \
         .min = 0,                                                                                 \
         .max = 4096,                                                                              \
         .doc = "zeros around the picture; `same` is TensorFlow's: the output has ceil(size / "    \
                "stride) "                                                                         \
                "rows and columns, the odd zero goes after"},                                      \
        {.name = "groups",                                                                         \
         .type = ATTR_INT,                                                                         \
         .offset = offsetof(ConvAttrs, groups),                                                    \
         .fallback = 1,                                                                            \
         .min = 1,                                                                                 \
         .max = 1 << 24,                                                                           \
         .doc = "independent groups of channels"},                                                 \
    {                                                                                              \
        .name = "bias", .type = ATTR_BOOL, .offset = offsetof(ConvAttrs, bias),                    \
        .doc = "adds a bias per output channel"                                                    \
    }

#define POOL_ATTRS                                                                                 \
    {.name = "kernel",                                                                             \
     .type = ATTR_SIZE2,                                                                           \
     .offset = offsetof(PoolAttrs, kernel),                                                        \
     .required = true,                                                                             \
     .position = 1,                                                                                \
     .min = 1,                                                                                     \
     .max = 1024,                                                                                  \
     .doc = "rows x columns of the window"},                                                       \
        {.name = "stride",                                                                         \
         .type = ATTR_SIZE2,                                                                       \
         .offset = offsetof(PoolAttrs, stride),                                                    \
         .min = 1,                                                                                 \
         .max = 1024,                                                                              \
         .doc = "step of the window; 0, the default, means the window's size"},                    \
        {.name = "pad",                                                                            \
         .type = ATTR_PAD4,                                                                        \
         .offset = offsetof(PoolAttrs, pad),                                                       \
         .min = 0,                                                                                 \
         .max = 1023,                                                                              \
         .doc = "padding around the picture, less than the window; `same` is TensorFlow's"},       \
    {                                                                                              \
        .name = "ceil", .type = ATTR_BOOL, .offset = offsetof(PoolAttrs, ceil),                    \
        .doc = "rounds the output's size up; the last windows may then hang over the edge"         \
    }

#define IN_SIZE_ATTR(T)                                                                            \
    {                                                                                              \
        .name = "in_size", .type = ATTR_SIZE2, .offset = offsetof(T, in_size), .required = true,   \
        .min = 1, .max = 1e12, .doc = "height and width of the forward operator's input"           \
    }

#define BN_ATTRS                                                                                   \
    {.name = "eps",                                                                                \
     .type = ATTR_FLOAT,                                                                           \
     .offset = offsetof(BnAttrs, eps),                                                             \
     .fallback = 1e-5,                                                                             \
     .min = 1e-12,                                                                                 \
     .max = 1,                                                                                     \
     .doc = "added to the variance"},                                                              \
        {.name = "momentum",                                                                       \
         .type = ATTR_FLOAT,                                                                       \
         .offset = offsetof(BnAttrs, momentum),                                                    \
         .fallback = 0.1,                                                                          \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .doc = "weight of the batch in the running statistics (1 minus TensorFlow's momentum)"},  \
    {                                                                                              \
        .name = "zero_gamma", .type = ATTR_BOOL, .offset = offsetof(BnAttrs, zero_gamma),          \
        .doc = "marks the last normalisation of a residual branch, whose weight may start at zero" \
    }

#define BN_PIXELS_ATTR                                                                             \
    {                                                                                              \
        .name = "pixels", .type = ATTR_INT, .offset = offsetof(BnAttrs, pixels), .required = true, \
        .min = 1, .max = 1e12, .doc = "h*w of the normalised tensor"                               \
    }

#define DROP_ATTRS                                                                                 \
    {.name = "p",                                                                                  \
     .type = ATTR_FLOAT,                                                                           \
     .offset = offsetof(DropAttrs, p),                                                             \
     .required = true,                                                                             \
     .position = 1,                                                                                \
     .min = 0,                                                                                     \
     .max = 0.999999,                                                                              \
     .doc = "probability to drop"},                                                                \
    {                                                                                              \
        .name = "salt", .type = ATTR_INT, .offset = offsetof(DropAttrs, salt), .min = 0,           \
        .max = 1e12, .doc = "names the random stream; 0, the default: one of its own"              \
    }

#endif
