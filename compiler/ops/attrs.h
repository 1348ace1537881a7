// attrs.h: the attribute structs of all operators, and the contract of the internal ones: what they
// take, give and mean. Passes, kernels and operators share this file.
//
// Tensors: x, y, dy, g, z f32 [N,c,h,w]. Vectors: f32 [c].
//
// Operators of the language
//   conv2d          x, weight [k,c/groups,r,s], bias [k] if attrs.bias       -> y
//   dense           x [N,c] or [N,c,1,1], weight [k,c] (attrs.conv_weight: [k,c,1,1]), bias [k] if
//   bias -> [N,k] batchnorm       x, weight, bias, running_mean, running_var               -> y
//   relu sigmoid add(2..8) mul(x, s: same shape, [N,c,1,1] or [N])           elementwise
//   concat(2..8) maxpool avgpool global_avgpool(-> [N,c,1,1]) softmax([N,c])
//   subsample (every stride-th row and column), pad_channels (zeros), dropout, drop_path
//
// Internal, elementwise
//   channel_affine  x, scale [c], shift [c]            x*scale + shift
//   relu_grad       dy, y                              y > 0 ? dy : 0     (y: relu's output)
//   sigmoid_grad    dy, y                              dy * y * (1 - y)
//   bn_input_grad   g, z, scale, mean, q, r ([c])      scale*g + q*(z-mean) + r
//   spread          s [N,c,1,1]; h, w, factor          s * factor at every pixel of [N,c,h,w]
// Internal, channel reductions (output: partial sums, LAYOUT_PARTIALS)
//   channel_moments x, k [c]                           terms x-k, (x-k)^2
//   channel_dot     g, z, mean [c]                     terms g, g*(z-mean)
//   channel_sum     g                                  term g
// Internal, vectors
//   bn_finish       partials of channel_moments with k = running_mean, weight, bias, running_mean,
//                   running_var (updated)              -> mean, rstd, scale, shift
//       m = N*pixels; mean = k + s1/m; var = s2/m - (s1/m)^2; rstd = 1/sqrt(var+eps);
//       scale = weight*rstd; shift = bias - mean*scale; running_mean += momentum*(mean -
//       running_mean); running_var += momentum*(var*m/(m-1) - running_var). Sums of parts in
//       double, in order. var is at least 0; m/(m-1) is 1 where m is 1.
//   bn_finish_bwd   partials of channel_dot, rstd, scale -> dweight, dbias, q, r
//       dweight = s2*rstd; dbias = s1; q = -scale*rstd^2*s2/m; r = -scale*s1/m
//   reduce_finish   partials of channel_sum            -> [c]
//   bn_scale_shift  weight, bias, mean, var            -> scale = weight/sqrt(var+eps), shift =
//   bias - mean*scale fold_weights    w, scale [k]                       -> w * scale[k]   (any
//   rank > 1, first dim k) fold_bias       scale, shift, bias (absent: 0)     -> bias*scale + shift
// Internal, tensors
//   map             no own inputs; its store expression says all
//   conv2d_bwd_data     dy, weight -> dx;   conv2d_bwd_weights  x, dy -> dw
//   dense_bwd_data      dy, weight -> dx;   dense_bwd_weights   x, dy -> dw
//   maxpool_bwd         x, dy -> dx (first maximum of the window, in row order, gets all)
//   avgpool_bwd         dy -> dx;           subsample_bwd       dy -> dx
//   slice_channels      x -> channels [begin, begin+count)
//   spatial_dot         g, x -> [N,c,1,1]: sum over pixels of g*x
//   dropout_mask        x -> mask like x, 0 or 1/(1-p); drop_path_mask x -> [N] likewise
//                       which elements drop: drop_hash.h
//   softmax_grad        dy, y -> dx
//   softmax_xent        logits [N,k] or [N,k,1,1], labels -> loss [N], nats; its gradient rule
//   takes the
//                       gradient of the loss to be loss_scale and ignores dout
//   softmax_xent_grad   logits, labels -> dlogits = loss_scale * (softmax - target)
//   grad_store          d -> VALUE_GRAD, framework layout; overwritten, or added to when
//   call.accumulate pack                source -> LAYOUT_PACKED copy; to_plain, to_blocked: layout
//   changes of activations
#ifndef OPS_ATTRS_H
#define OPS_ATTRS_H

#include <stdbool.h>
#include <stdint.h>

#include "ir/opdef.h"

typedef enum WeightInit {
    WEIGHT_INIT_USUAL = 0, // conv2d: RN_INIT_HE_FAN_OUT; dense: RN_INIT_UNIFORM_FAN_IN
    WEIGHT_INIT_XAVIER = 1 // RN_INIT_XAVIER_UNIFORM (Glorot and Bengio 2010)
} WeightInit;

// conv2d; conv2d_bwd_data and conv2d_bwd_weights carry the forward's attributes and sizes.
typedef struct ConvAttrs {
    int64_t kernel[2]; // r, s
    int64_t c;         // output channels k
    int64_t stride[2];
    int64_t pad[4]; // top, left, bottom, right
    int64_t groups;
    bool bias;
    int64_t in_size[2]; // h, w of the forward's input (backward operators)
    int32_t init;       // conv2d: of the weight; WeightInit
} ConvAttrs;

typedef struct DenseAttrs {
    int64_t c; // output features k
    bool bias;
    bool image;       // dense_bwd_data: dx is [N,c,1,1], as the forward's x was
    bool conv_weight; // weight is [k,c,1,1]
    int32_t init;     // dense: of the weight; WeightInit
} DenseAttrs;

typedef struct BnAttrs { // batchnorm, bn_finish, bn_finish_bwd, bn_scale_shift
    double eps;
    double momentum; // PyTorch's meaning: running += momentum * (batch - running)
    int64_t pixels;  // h*w of the normalised tensor (internal operators)
    bool zero_gamma; // last BN of a residual branch: the zero-gamma option applies to its weight
} BnAttrs;

typedef enum PoolPadValue { POOL_PAD_MINUS_INFINITY, POOL_PAD_ZERO } PoolPadValue;

typedef struct PoolAttrs { // maxpool, avgpool and their gradients
    int64_t kernel[2];
    int64_t stride[2]; // default: the kernel
    int64_t pad[4];
    bool ceil;      // output size rounds up (windows must start inside the input or left padding)
    bool count_pad; // avgpool: padding counts in the divisor
    int32_t pad_value;  // maxpool: PoolPadValue
    int64_t in_size[2]; // gradients
} PoolAttrs;

typedef struct SubsampleAttrs {
    int64_t stride[2];
    int64_t in_size[2]; // gradient
} SubsampleAttrs;

typedef struct PadChannelsAttrs {
    int64_t before, after;
} PadChannelsAttrs;

typedef struct SliceAttrs {
    int64_t begin, count;
} SliceAttrs;

typedef struct DropAttrs { // dropout, drop_path and their masks
    double p;              // probability to drop
    int64_t salt;          // distinguishes the nodes of a model
} DropAttrs;

typedef struct XentAttrs { // softmax_xent and its gradient
    double smoothing;      // part of each target spread over all classes, 0 .. 1
} XentAttrs;

typedef struct SpreadAttrs {
    int64_t h, w;
    double factor;
} SpreadAttrs;

typedef struct PackAttrs {
    const Packing *packing;
} PackAttrs;

typedef struct WinogradAttrs { // winograd_weights
    int64_t tile[2];           // outputs of a tile: rows, columns
    int64_t stride;            // of the convolution: 1 or 2
    int64_t blocks;            // output-channel vectors that lie together
    bool backward;             // for backward data: transposed and rotated
    int64_t mirrored[2];       // backward, rows and columns: 1: not rotated along these
} WinogradAttrs;

typedef struct BlockAttrs { // to_blocked
    int64_t block;
} BlockAttrs;

#endif
