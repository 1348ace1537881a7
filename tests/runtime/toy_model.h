// toy_model.h: a compiled model written by hand, so that the runtime can be tested without the
// compiler.
//
//     x [n, 12] -> z = x - mean -> logits [n, 5] = z W^T + b -> loss
//
// In training `mean` is the batch's, summed in groups of 4 images, and running_mean follows it; in
// inference running_mean is folded into a packed bias by the prepare steps. Two inference plans
// (batch 1 and 8), one training plan.
#ifndef TOY_MODEL_H
#define TOY_MODEL_H

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/model_abi.h"

enum {
    TOY_D = 12,
    TOY_K = 5,
    TOY_GROUP = 4,
    TOY_REGION_X = RN_REGION_FIRST_IO,
    TOY_REGION_LABELS,
    TOY_REGION_LOSS,
    TOY_REGION_LOGITS,
    TOY_REGIONS
};

// Places in the arena: mean [12] f32 in 64 bytes, then per image a partial sum f64 [12] and
// dlogits f32 [5] padded to 8: 128 bytes.
enum { TOY_MEAN_BYTES = 64, TOY_IMAGE_BYTES = 128, TOY_PACKED_BIAS = TOY_D * TOY_K };

static inline float *toy_floats(const RnCall *c, int region)
{
    return (float *)c->base[region];
}

static inline double *toy_partial(const RnCall *c, uint32_t group)
{
    char *arena = (char *)c->base[RN_REGION_ARENA] + TOY_MEAN_BYTES;
    return (double *)(void *)(arena + (size_t)group * TOY_IMAGE_BYTES);
}

static inline float *toy_dlogits(const RnCall *c, uint32_t image)
{
    char *arena = (char *)c->base[RN_REGION_ARENA] + TOY_MEAN_BYTES;
    return (float *)(void *)(arena + (size_t)image * TOY_IMAGE_BYTES + 96);
}

// packed[d * 5 + k] = W[k, d]; task k.
static void toy_pack(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    (void)scratch;
    for (uint32_t k = lo; k < hi; k++) {
        for (uint32_t d = 0; d < TOY_D; d++) {
            toy_floats(c, RN_REGION_PACKED)[d * TOY_K + k] =
                toy_floats(c, RN_REGION_PARAMS)[k * TOY_D + d];
        }
    }
}

// packed bias[k] = b[k] - sum over d of W[k, d] * running_mean[d], from the packed weights.
static void toy_fold(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    (void)scratch;
    const float *packed = toy_floats(c, RN_REGION_PACKED);
    for (uint32_t k = lo; k < hi; k++) {
        float sum = toy_floats(c, RN_REGION_PARAMS)[TOY_D * TOY_K + 4 + k]; // bias is aligned to 64
        for (uint32_t d = 0; d < TOY_D; d++) {
            sum -= packed[d * TOY_K + k] * toy_floats(c, RN_REGION_STATE)[d];
        }
        toy_floats(c, RN_REGION_PACKED)[TOY_PACKED_BIAS + k] = sum;
    }
}

static void toy_infer_images(const RnCall *c, uint32_t first, uint32_t last, void *scratch)
{
    float *row = scratch;
    const float *packed = toy_floats(c, RN_REGION_PACKED);
    for (uint32_t i = first; i < last && i < c->batch; i++) {
        memcpy(row, packed + TOY_PACKED_BIAS, TOY_K * sizeof *row);
        for (uint32_t d = 0; d < TOY_D; d++) {
            for (uint32_t k = 0; k < TOY_K; k++) {
                row[k] += toy_floats(c, TOY_REGION_X)[i * TOY_D + d] * packed[d * TOY_K + k];
            }
        }
        memcpy(toy_floats(c, TOY_REGION_LOGITS) + (size_t)i * TOY_K, row, TOY_K * sizeof *row);
    }
}

static void toy_infer_1(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    toy_infer_images(c, lo, hi, scratch);
}

static void toy_infer_8(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    toy_infer_images(c, lo * TOY_GROUP, hi * TOY_GROUP, scratch);
}

static void toy_sums(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    (void)scratch;
    for (uint32_t g = lo; g < hi; g++) {
        double *sum = toy_partial(c, g);
        for (uint32_t d = 0; d < TOY_D; d++) {
            sum[d] = 0;
        }
        for (uint32_t i = g * TOY_GROUP; i < (g + 1) * TOY_GROUP && i < c->batch; i++) {
            for (uint32_t d = 0; d < TOY_D; d++) {
                sum[d] += (double)toy_floats(c, TOY_REGION_X)[i * TOY_D + d];
            }
        }
    }
}

static void toy_finish(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    (void)scratch;
    for (uint32_t task = lo; task < hi; task++) {
        for (uint32_t d = 0; d < TOY_D; d++) {
            double sum = 0;
            for (uint32_t g = 0; g * TOY_GROUP < c->batch; g++) {
                sum += toy_partial(c, g)[d];
            }
            float mean = (float)(sum / c->batch);
            float *running = toy_floats(c, RN_REGION_STATE) + d;
            toy_floats(c, RN_REGION_ARENA)[d] = mean;
            *running = 0.9f * *running + 0.1f * mean;
        }
    }
}

// Two images per task.
static void toy_forward(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    float *z = scratch;
    const float *w = toy_floats(c, RN_REGION_PARAMS), *b = w + TOY_D * TOY_K + 4;
    for (uint32_t i = lo * 2; i < hi * 2 && i < c->batch; i++) {
        for (uint32_t d = 0; d < TOY_D; d++) {
            z[d] = toy_floats(c, TOY_REGION_X)[i * TOY_D + d] - toy_floats(c, RN_REGION_ARENA)[d];
        }
        for (uint32_t k = 0; k < TOY_K; k++) {
            float sum = b[k];
            for (uint32_t d = 0; d < TOY_D; d++) {
                sum += z[d] * w[k * TOY_D + d];
            }
            toy_floats(c, TOY_REGION_LOGITS)[i * TOY_K + k] = sum;
        }
    }
}

static void toy_loss(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    (void)at;
    (void)scratch;
    const uint32_t *labels = (const uint32_t *)c->base[TOY_REGION_LABELS];
    for (uint32_t i = lo; i < hi; i++) {
        const float *logits = toy_floats(c, TOY_REGION_LOGITS) + (size_t)i * TOY_K;
        float largest = logits[0], sum = 0;
        for (uint32_t k = 1; k < TOY_K; k++) {
            largest = logits[k] > largest ? logits[k] : largest;
        }
        for (uint32_t k = 0; k < TOY_K; k++) {
            sum += expf(logits[k] - largest);
        }
        toy_floats(c, TOY_REGION_LOSS)[i] = logf(sum) + largest - logits[labels[i]];
        for (uint32_t k = 0; k < TOY_K; k++) {
            toy_dlogits(c, i)[k] =
                c->loss_scale * (expf(logits[k] - largest) / sum - (k == labels[i] ? 1.0f : 0.0f));
        }
    }
}

// Task k: dW[k, d] = sum over i of dlogits[i, k] * (x[i, d] - mean[d]).
static void toy_backward_weight(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch,
                                void *const *at)
{
    (void)at;
    (void)scratch;
    for (uint32_t k = lo; k < hi; k++) {
        for (uint32_t d = 0; d < TOY_D; d++) {
            float *g = toy_floats(c, RN_REGION_GRADS) + 16 + k * TOY_D + d;
            float sum = c->accumulate ? *g : 0.0f;
            for (uint32_t i = 0; i < c->batch; i++) {
                sum += toy_dlogits(c, i)[k] * (toy_floats(c, TOY_REGION_X)[i * TOY_D + d] -
                                               toy_floats(c, RN_REGION_ARENA)[d]);
            }
            *g = sum;
        }
    }
}

static void toy_backward_bias(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch,
                              void *const *at)
{
    (void)at;
    (void)scratch;
    for (uint32_t k = lo; k < hi; k++) {
        float *g = toy_floats(c, RN_REGION_GRADS) + k;
        float sum = c->accumulate ? *g : 0.0f;
        for (uint32_t i = 0; i < c->batch; i++) {
            sum += toy_dlogits(c, i)[k];
        }
        *g = sum;
    }
}

// The model's strings. TOY_TEXT gives an offset.
typedef struct ToyTexts {
    char image[sizeof "image"];
    char logits[sizeof "logits"];
    char labels[sizeof "labels"];
    char loss[sizeof "loss"];
    char fc_weight[sizeof "fc.weight"];
    char fc_bias[sizeof "fc.bias"];
    char running_mean[sizeof "bn.running_mean"];
    char gb[sizeof "fc.bias gradient"];
    char gw[sizeof "fc.weight gradient"];
    char fc[sizeof "fc"];
    char bn[sizeof "bn"];
    char pack[sizeof "pack"];
    char fold[sizeof "fold"];
    char infer_1[sizeof "by one"];
    char infer_8[sizeof "by eight"];
    char sums[sizeof "sums"];
    char finish[sizeof "finish"];
    char forward[sizeof "forward"];
    char picks[sizeof "cross entropy"];
    char backward_weight[sizeof "backward weight"];
    char backward_bias[sizeof "backward bias"];
    char by_hand[sizeof "by hand"];
} ToyTexts;

static const ToyTexts toy_texts = {
    .image = "image",
    .logits = "logits",
    .labels = "labels",
    .loss = "loss",
    .fc_weight = "fc.weight",
    .fc_bias = "fc.bias",
    .running_mean = "bn.running_mean",
    .gb = "fc.bias gradient",
    .gw = "fc.weight gradient",
    .fc = "fc",
    .bn = "bn",
    .pack = "pack",
    .fold = "fold",
    .infer_1 = "by one",
    .infer_8 = "by eight",
    .sums = "sums",
    .finish = "finish",
    .forward = "forward",
    .picks = "cross entropy",
    .backward_weight = "backward weight",
    .backward_bias = "backward bias",
    .by_hand = "by hand",
};
#define TOY_TEXT(t) ((uint32_t)offsetof(ToyTexts, t))

static const RnRegion toy_regions[TOY_REGIONS] = {
    [RN_REGION_PARAMS] = {.name = "params", .fixed_bytes = 276, .align = 64},
    [RN_REGION_STATE] = {.name = "state", .fixed_bytes = 48, .align = 64},
    [RN_REGION_GRADS] = {.name = "grads", .fixed_bytes = 304, .align = 64},
    [RN_REGION_PACKED] = {.name = "packed", .fixed_bytes = 260, .align = 64},
    [RN_REGION_ARENA] = {.name = "arena",
                         .fixed_bytes = 64,
                         .per_image_bytes = TOY_IMAGE_BYTES,
                         .align = 64},
    [TOY_REGION_X] = {.name = "x", .per_image_bytes = 4 * TOY_D, .align = 64},
    [TOY_REGION_LABELS] = {.name = "labels", .per_image_bytes = 4, .align = 64},
    [TOY_REGION_LOSS] = {.name = "loss", .per_image_bytes = 4, .align = 64},
    [TOY_REGION_LOGITS] = {.name = "logits", .per_image_bytes = 4 * TOY_K, .align = 64},
};

enum {
    TOY_T_WEIGHT,
    TOY_T_BIAS,
    TOY_T_MEAN,
    TOY_T_X,
    TOY_T_LOGITS,
    TOY_T_LABELS,
    TOY_T_LOSS,
    TOY_T_GB,
    TOY_T_GW,
    TOY_TENSORS
};

static const RnTensor toy_tensors[TOY_TENSORS] = {
    [TOY_T_WEIGHT] = {.name = TOY_TEXT(fc_weight),
                      .region = RN_REGION_PARAMS,
                      .role = RN_ROLE_PARAM,
                      .flags = RN_TENSOR_DECAY,
                      .rank = 2,
                      .dim = {TOY_K, TOY_D},
                      .init = RN_INIT_XAVIER_UNIFORM,
                      .init_arg = 1,
                      .grad = TOY_T_GW},
    [TOY_T_BIAS] = {.name = TOY_TEXT(fc_bias),
                    .region = RN_REGION_PARAMS,
                    .offset = 256,
                    .role = RN_ROLE_PARAM,
                    .rank = 1,
                    .dim = {TOY_K},
                    .init = RN_INIT_UNIFORM_FAN_IN,
                    .init_arg = 1,
                    .grad = TOY_T_GB},
    [TOY_T_MEAN] = {.name = TOY_TEXT(running_mean),
                    .region = RN_REGION_STATE,
                    .role = RN_ROLE_STATE,
                    .rank = 1,
                    .dim = {TOY_D},
                    .grad = -1},
    [TOY_T_X] = {.name = TOY_TEXT(image),
                 .region = TOY_REGION_X,
                 .role = RN_ROLE_INPUT,
                 .flags = RN_TENSOR_BATCHED,
                 .rank = 4,
                 .dim = {0, 3, 2, 2},
                 .grad = -1},
    [TOY_T_LOGITS] = {.name = TOY_TEXT(logits),
                      .region = TOY_REGION_LOGITS,
                      .role = RN_ROLE_OUTPUT,
                      .flags = RN_TENSOR_BATCHED,
                      .rank = 2,
                      .dim = {0, TOY_K},
                      .grad = -1},
    [TOY_T_LABELS] = {.name = TOY_TEXT(labels),
                      .region = TOY_REGION_LABELS,
                      .role = RN_ROLE_LABELS,
                      .elem = RN_U32,
                      .flags = RN_TENSOR_BATCHED,
                      .rank = 1,
                      .grad = -1},
    [TOY_T_LOSS] = {.name = TOY_TEXT(loss),
                    .region = TOY_REGION_LOSS,
                    .role = RN_ROLE_LOSS,
                    .flags = RN_TENSOR_BATCHED,
                    .rank = 1,
                    .grad = -1},
    [TOY_T_GB] = {.name = TOY_TEXT(gb),
                  .region = RN_REGION_GRADS,
                  .role = RN_ROLE_GRAD,
                  .rank = 1,
                  .dim = {TOY_K},
                  .grad = -1},
    [TOY_T_GW] = {.name = TOY_TEXT(gw),
                  .region = RN_REGION_GRADS,
                  .offset = 64,
                  .role = RN_ROLE_GRAD,
                  .rank = 2,
                  .dim = {TOY_K, TOY_D},
                  .grad = -1},
};

// Kernels find their memory by themselves: steps have no operands, but the output whose numbers are
// looked at when the loss is not finite.
enum {
    TOY_PACK,
    TOY_FOLD,
    TOY_INFER_1,
    TOY_INFER_8,
    TOY_SUMS,
    TOY_FINISH,
    TOY_FORWARD,
    TOY_LOSS,
    TOY_BACKWARD_WEIGHT,
    TOY_BACKWARD_BIAS,
    TOY_KERNELS
};

static const RnKernel toy_kernels[TOY_KERNELS] = {
    [TOY_PACK] = {.fn = toy_pack,
                  .work = TOY_TEXT(pack),
                  .algorithm = TOY_TEXT(by_hand),
                  .tasks_mul = TOY_K,
                  .tasks_div = RN_DIV_ALL},
    [TOY_FOLD] = {.fn = toy_fold,
                  .work = TOY_TEXT(fold),
                  .algorithm = TOY_TEXT(by_hand),
                  .tasks_mul = TOY_K,
                  .tasks_div = RN_DIV_ALL},
    [TOY_INFER_1] = {.fn = toy_infer_1,
                     .scratch_bytes = 64,
                     .work = TOY_TEXT(infer_1),
                     .algorithm = TOY_TEXT(by_hand),
                     .tasks_mul = 1,
                     .tasks_div = 1},
    [TOY_INFER_8] = {.fn = toy_infer_8,
                     .scratch_bytes = 64,
                     .work = TOY_TEXT(infer_8),
                     .algorithm = TOY_TEXT(by_hand),
                     .tasks_mul = 1,
                     .tasks_div = TOY_GROUP},
    [TOY_SUMS] = {.fn = toy_sums,
                  .work = TOY_TEXT(sums),
                  .algorithm = TOY_TEXT(by_hand),
                  .tasks_mul = 1,
                  .tasks_div = TOY_GROUP},
    [TOY_FINISH] = {.fn = toy_finish,
                    .work = TOY_TEXT(finish),
                    .algorithm = TOY_TEXT(by_hand),
                    .tasks_mul = 1,
                    .tasks_div = RN_DIV_ALL},
    [TOY_FORWARD] = {.fn = toy_forward,
                     .scratch_bytes = 64,
                     .elements_per_image = TOY_K,
                     .work = TOY_TEXT(forward),
                     .algorithm = TOY_TEXT(by_hand),
                     .tasks_mul = 1,
                     .tasks_div = 2,
                     .outputs = 1},
    [TOY_LOSS] = {.fn = toy_loss,
                  .elements_per_image = 1,
                  .work = TOY_TEXT(picks),
                  .algorithm = TOY_TEXT(by_hand),
                  .tasks_mul = 1,
                  .tasks_div = 1,
                  .outputs = 1},
    [TOY_BACKWARD_WEIGHT] = {.fn = toy_backward_weight,
                             .elements_fixed = TOY_D * TOY_K,
                             .work = TOY_TEXT(backward_weight),
                             .algorithm = TOY_TEXT(by_hand),
                             .tasks_mul = TOY_K,
                             .tasks_div = RN_DIV_ALL,
                             .outputs = 1},
    [TOY_BACKWARD_BIAS] = {.fn = toy_backward_bias,
                           .elements_fixed = TOY_K,
                           .work = TOY_TEXT(backward_bias),
                           .algorithm = TOY_TEXT(by_hand),
                           .tasks_mul = TOY_K,
                           .tasks_div = RN_DIV_ALL,
                           .outputs = 1},
};

enum { TOY_P_LOGITS, TOY_P_LOSS, TOY_P_GW, TOY_P_GB, TOY_PLACES };

static const RnPlace toy_places[TOY_PLACES] = {
    [TOY_P_LOGITS] = {.region = TOY_REGION_LOGITS},
    [TOY_P_LOSS] = {.region = TOY_REGION_LOSS},
    [TOY_P_GW] = {.offset = 64, .region = RN_REGION_GRADS},
    [TOY_P_GB] = {.region = RN_REGION_GRADS},
};

static const uint32_t toy_operands[] = {TOY_P_LOGITS, TOY_P_LOSS, TOY_P_GW, TOY_P_GB};

static void toy_layer(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at,
                      RnKernelFn kernel)
{
    kernel(c, lo, hi, scratch, at);
}

enum { TOY_L_BN, TOY_L_FC, TOY_L_LOSS, TOY_LAYERS };

static const RnLayer toy_layers[TOY_LAYERS] = {
    [TOY_L_BN] = {.fn = toy_layer, .name = TOY_TEXT(bn), .line = 3},
    [TOY_L_FC] = {.fn = toy_layer, .name = TOY_TEXT(fc), .line = 4},
    [TOY_L_LOSS] = {.fn = toy_layer, .name = TOY_TEXT(loss), .line = 5},
};

static const RnStep toy_prepare[] = {
    {.layer = TOY_L_FC, .kernel = TOY_PACK},
    {.layer = TOY_L_FC, .kernel = TOY_FOLD},
};
static const RnStep toy_steps_1[] = {{.layer = TOY_L_FC, .kernel = TOY_INFER_1}};
static const RnStep toy_steps_8[] = {{.layer = TOY_L_FC, .kernel = TOY_INFER_8}};
static const RnStep toy_steps_train[] = {
    {.layer = TOY_L_BN, .kernel = TOY_SUMS},
    {.layer = TOY_L_BN, .kernel = TOY_FINISH},
    {.layer = TOY_L_FC, .kernel = TOY_FORWARD, .operands = TOY_P_LOGITS},
    {.layer = TOY_L_LOSS, .kernel = TOY_LOSS, .operands = TOY_P_LOSS},
    {.layer = TOY_L_FC, .kernel = TOY_BACKWARD_WEIGHT, .operands = TOY_P_GW},
    {.layer = TOY_L_FC, .kernel = TOY_BACKWARD_BIAS, .operands = TOY_P_GB},
};

static const RnGradStep toy_grads[] = {{4, TOY_T_GW}, {5, TOY_T_GB}};

static const RnPlan toy_plans[] = {
    {.kind = RN_PLAN_INFER,
     .batch = 1,
     .step_count = 1,
     .step_stride = sizeof(RnStep),
     .steps = toy_steps_1,
     .scratch_bytes = 64},
    {.kind = RN_PLAN_INFER,
     .batch = 8,
     .step_count = 1,
     .step_stride = sizeof(RnStep),
     .steps = toy_steps_8,
     .scratch_bytes = 64},
    {.kind = RN_PLAN_TRAIN,
     .batch = 16,
     .step_count = 6,
     .step_stride = sizeof(RnStep),
     .steps = toy_steps_train,
     .arena_fixed_bytes = 64,
     .arena_per_image_bytes = TOY_IMAGE_BYTES,
     .scratch_bytes = 64,
     .grads = toy_grads,
     .grad_count = 2,
     .grad_stride = sizeof(RnGradStep)},
};

static inline RnModel toy_model(void)
{
    return (RnModel){
        .magic = RN_MAGIC,
        .abi_version = RN_ABI_VERSION,
        .struct_bytes = sizeof(RnModel),
        .name = "toy",
        .source = "toy.rn",
        .compiler = "by hand",
        .isa = "any",
        .needs = {.kind = rn_machine_here().kind},
        .source_hash = UINT64_C(0xFEDCBA9876543210),
        .region_count = TOY_REGIONS,
        .region_stride = sizeof(RnRegion),
        .regions = toy_regions,
        .tensor_count = TOY_TENSORS,
        .tensor_stride = sizeof(RnTensor),
        .tensors = toy_tensors,
        .plan_count = 3,
        .plan_stride = sizeof(RnPlan),
        .plans = toy_plans,
        .prepare_count = 2,
        .prepare_stride = sizeof(RnStep),
        .prepare = toy_prepare,
        .layer_count = TOY_LAYERS,
        .layer_stride = sizeof(RnLayer),
        .layers = toy_layers,
        .kernel_count = TOY_KERNELS,
        .kernel_stride = sizeof(RnKernel),
        .kernels = toy_kernels,
        .place_count = TOY_PLACES,
        .place_stride = sizeof(RnPlace),
        .places = toy_places,
        .operand_count = sizeof toy_operands / sizeof toy_operands[0],
        .operands = toy_operands,
        .text_bytes = sizeof toy_texts,
        .texts = (const char *)&toy_texts,
        .param_count = 2,
        .state_count = 1,
        .param_elements = TOY_D * TOY_K + TOY_K,
    };
}

// Deterministic numbers in [-1, 1).
static inline float toy_value(uint32_t i)
{
    uint32_t h = (i + 1) * 2654435761u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    return (float)(h >> 8) / 8388608.0f - 1.0f;
}

#endif
