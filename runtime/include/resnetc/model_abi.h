/* model_abi.h: the interface between a compiled model and whoever runs it.
 *
 * The one header that compiler and runtime share. An object written by resnetc exports one
 * constant, `const RnModel rn_model_<name>`, made of the structs below and nothing else. Every
 * table carries its element stride, so that elements can grow at their end without breaking old
 * readers: walk a table with RN_AT, never with [].
 * Not here: sessions, threads, files (resnetc/runtime.h).
 *
 * Letters: n c h w = batch, channels, height, width. All sizes are bytes unless said.
 */
#ifndef RESNETC_MODEL_ABI_H
#define RESNETC_MODEL_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RN_MAGIC 0x31434E52u /* "RNC1", little endian */
#define RN_ABI_VERSION 1u

/* Element i of a table whose elements are `stride` bytes apart. */
#define RN_AT(type, table, stride, i)                                                              \
    ((const type *)(const void *)((const char *)(const void *)(table) +                            \
                                  (size_t)(stride) * (size_t)(i)))

/* What a region holds. Region 0..RN_REGION_ARENA exist in every model, then inputs and outputs. */
enum {
    RN_REGION_PARAMS = 0, /* trainable parameters, framework layout (OIHW, [C]), f32 */
    RN_REGION_STATE = 1,  /* running statistics, framework layout, f32 */
    RN_REGION_GRADS = 2,  /* one gradient per parameter, in the order backward completes them */
    RN_REGION_PACKED = 3, /* weights folded, packed, transformed by the prepare steps */
    RN_REGION_ARENA = 4,  /* everything that lives only while a call runs */
    RN_REGION_FIRST_IO = 5
};

/* RnRegion.flags */
enum {
    RN_REGION_ZEROED = 1u,     /* must be zero when the session opens */
    RN_REGION_PERSISTENT = 2u, /* keeps its content between calls */
    RN_REGION_SHAREABLE = 4u,  /* sessions of one model may share it (read-only while they run) */
    RN_REGION_INPUT = 8u,      /* the caller fills it before the call */
    RN_REGION_OUTPUT = 16u     /* the caller reads it after the call */
};

/* One block of caller-owned memory: fixed + batch * per_image + workers * per_worker bytes.
 * The figures are those of the plan with the largest need. */
typedef struct RnRegion {
    const char *name;
    uint64_t fixed_bytes;
    uint64_t per_image_bytes;
    uint64_t per_worker_bytes;
    uint32_t align;
    uint32_t flags;      /* RN_REGION_* flags */
    const void *initial; /* NULL, or fixed_bytes of initial content (embedded weights) */
} RnRegion;

typedef enum RnDType { RN_F32 = 0, RN_F64 = 1, RN_I32 = 2, RN_U32 = 3, RN_U8 = 4 } RnDType;

/* How elements lie. Plain is C order. Blocked is [n][ceil(c/block)][h][w][block], zero padded. */
typedef enum RnLayout { RN_LAYOUT_PLAIN = 0, RN_LAYOUT_BLOCKED = 1, RN_LAYOUT_OPAQUE = 2 } RnLayout;

typedef enum RnRole {
    RN_ROLE_TEMP = 0,
    RN_ROLE_INPUT = 1,
    RN_ROLE_OUTPUT = 2, /* e.g. logits, f32 [n, classes] plain */
    RN_ROLE_LABELS = 3, /* u32 [n], each below the class count */
    RN_ROLE_LOSS = 4,   /* f32 [n], each image's loss in nats */
    RN_ROLE_PARAM = 5,
    RN_ROLE_STATE = 6,
    RN_ROLE_GRAD = 7
} RnRole;

/* How a parameter or state starts. `arg` is the constant, or the gain factor. */
typedef enum RnInit {
    RN_INIT_CONST = 0,          /* every element = arg */
    RN_INIT_HE_FAN_OUT = 1,     /* normal, std = arg * sqrt(2 / fan_out)  (He et al. 2015) */
    RN_INIT_XAVIER_UNIFORM = 2, /* uniform in +-arg * sqrt(6 / (fan_in + fan_out))  (Glorot 2010) */
    RN_INIT_UNIFORM_FAN_IN = 3, /* uniform in +-arg / sqrt(fan_in) */
    RN_INIT_NORMAL = 4          /* normal, std = arg */
} RnInit;

/* RnTensor.flags */
enum {
    RN_TENSOR_DECAY = 1u,      /* weight decay applies by the usual rule (rank > 1) */
    RN_TENSOR_ZERO_GAMMA = 2u, /* the last BN scale of a residual branch (zero-gamma option) */
    RN_TENSOR_BATCHED = 4u     /* dim[0] is the batch */
};

#define RN_MAX_RANK 6
#define RN_PICTURE_CHANNELS 3 /* at most: grey, or red, green, blue */

/* How the model wants pictures (8 bits per channel) to become an input, in this order: resize, crop
 * to the input's height and width, (v / 255 - mean) / std per channel. Zero: the step is not
 * stated. It describes only; the caller prepares its inputs, and arrays of numbers are taken as
 * they are. */
typedef struct RnPreprocess {
    uint32_t resize_shorter;              /* the shorter side; the other follows in proportion */
    uint32_t resize_height, resize_width; /* or both sides */
    uint32_t centre_crop;                 /* 1: to the input's size; black beyond the picture */
    uint32_t normalize;                   /* 1: mean and std are stated; else they are 0 and 1 */
    uint32_t reserved;
    double mean[RN_PICTURE_CHANNELS], std[RN_PICTURE_CHANNELS];
} RnPreprocess;

/* A named tensor: at base[region] + offset + batch * slope. */
typedef struct RnTensor {
    const char *name; /* parameter path ("layer1.0.conv1.weight") or layer name */
    uint64_t offset;
    uint64_t slope;
    uint32_t region;
    uint32_t dtype;  /* RnDType */
    uint32_t layout; /* RnLayout */
    uint32_t block;  /* channels per block when blocked */
    uint32_t role;   /* RnRole */
    uint32_t flags;  /* RN_TENSOR_* */
    uint32_t rank;
    uint32_t init; /* RnInit */
    double init_arg;
    int64_t dim[RN_MAX_RANK]; /* dim[0] = 0 for the batch of a batched tensor */
    int32_t grad;             /* index of the gradient's tensor, or -1 */
    int32_t grad_step; /* train step that completes the gradient (largest over plans), or -1 */
    const RnPreprocess *preprocess; /* of an input, where the model states it; else NULL */
} RnTensor;

/* What one call hands to every step. */
typedef struct RnCall {
    uint32_t struct_bytes;
    uint32_t batch;       /* images in this call, 1 or more */
    void *const *base;    /* one pointer per region, aligned as the region says */
    uint64_t seed;        /* for dropout and stochastic depth; counter-based */
    uint64_t step;        /* optimiser step number, mixed into the seed */
    uint64_t first_image; /* index of image 0 in the data set, mixed into the seed */
    float loss_scale;     /* factor on each image's loss gradient; 1/batch gives the batch mean */
    uint32_t accumulate;  /* 0: gradients are overwritten; 1: added to */
} RnCall;

/* Runs tasks [task_lo, task_hi). Tasks of a step are independent: any split, any order, any thread
 * gives the same bits. scratch: scratch_bytes of this step, 64-byte aligned, the thread's own. */
typedef void (*RnStepFn)(const RnCall *call, uint32_t task_lo, uint32_t task_hi, void *scratch);

enum { RN_STEP_CPU = 0 };

/* RnStep.flags */
enum { RN_STEP_IMAGE_LOCAL = 1u /* task t of image i reads only image i of the step before */ };

#define RN_DIV_ALL UINT32_MAX /* task count does not depend on the batch */

/* One step of a plan. Task count = tasks_mul * ceil(batch / tasks_div). */
typedef struct RnStep {
    const char *name;   /* layer path and what is done: "layer1.0.conv1 backward weights" */
    const char *kernel; /* name of the algorithm that serves it */
    RnStepFn fn;
    uint32_t kind;
    uint32_t flags;
    uint32_t tasks_mul;
    uint32_t tasks_div;
    int32_t wait;   /* index of the last step that must be complete before this one, -1: none */
    int32_t output; /* index of the tensor it writes, or -1 */
    uint32_t line;  /* line in the .rn file, 0: none */
    int32_t grad_lo, grad_hi; /* gradients [lo,hi), in completion order, that it completes */
    uint32_t prefetch_region;
    uint64_t scratch_bytes; /* per thread */
    uint64_t flops_fixed, flops_per_image;
    uint64_t bytes_fixed, bytes_per_image;    /* memory traffic if nothing stays in cache */
    uint64_t prefetch_offset, prefetch_bytes; /* worth prefetching while this runs; 0: nothing */
    double predicted_ns; /* cost model, one thread, at the plan's batch; 0: none */
} RnStep;

typedef enum RnPlanKind { RN_PLAN_INFER = 0, RN_PLAN_TRAIN = 1 } RnPlanKind;

/* A step table made for one batch. It is right for every batch and fastest near its own. */
typedef struct RnPlan {
    uint32_t kind;  /* RnPlanKind */
    uint32_t batch; /* the batch it was planned for */
    uint32_t step_count, step_stride;
    const RnStep *steps;
    uint64_t arena_fixed_bytes, arena_per_image_bytes;
    uint64_t scratch_bytes; /* largest of its steps, per worker */
} RnPlan;

/* RnModel.flags: weights that the object holds (RnRegion.initial). */
enum {
    RN_MODEL_WEIGHTS_PLAIN = 1u, /* parameters and state, which other weights may replace */
    RN_MODEL_WEIGHTS_PACKED = 2u /* prepared, in place: no parameters, no state, no prepare steps */
};

/* A compiled model. Read-only; may be shared by any number of threads. */
typedef struct RnModel {
    uint32_t magic;        /* RN_MAGIC */
    uint32_t abi_version;  /* RN_ABI_VERSION */
    uint32_t struct_bytes; /* sizeof(RnModel) when it was written */
    uint32_t flags; /* RN_MODEL_* */
    const char *name;
    const char *source;   /* the .rn file as given */
    const char *compiler; /* "resnetc 0.1.0" */
    const char *isa;      /* what the machine must have: "x86-64-v4", "x86-64", "aarch64", ... */
    uint64_t source_hash; /* of the text with includes and -D values; checkpoints carry it */
    uint32_t region_count, region_stride;
    uint32_t tensor_count, tensor_stride;
    uint32_t plan_count, plan_stride;
    uint32_t prepare_count, prepare_stride;
    const RnRegion *regions;
    const RnTensor *tensors; /* parameters first, in source order; state, inputs, outputs, ... */
    const RnPlan *plans;     /* inference plans first, each kind by rising batch */
    const RnStep *prepare; /* params, state -> packed; run once after the weights change, batch 1 */
    uint32_t param_count, state_count;
    uint64_t param_elements; /* trainable parameters */
    uint64_t macs_per_image; /* convolutions and dense layers, forward */
} RnModel;

#ifdef __cplusplus
}
#endif
#endif
