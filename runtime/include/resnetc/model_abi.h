/* model_abi.h: the interface between a compiled model and whoever runs it.
 *
 * The one header that compiler and runtime share. An object written by resnetc exports one
 * constant, `const RnModel rn_model_<name>`, made of the structs below and nothing else. Every
 * table carries its element stride, so that elements can grow at their end without breaking old
 * readers: walk a table with RN_AT or the functions at the end, never with [].
 * Deep networks have thousands of steps. So a step is four numbers that point into tables of what
 * steps share (layers, kernels, places), and the strings of tables that grow with depth are offsets
 * into one text: an address would cost the object 32 bytes, its relocation included.
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
#define RN_ABI_VERSION 3u

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

/* One block of caller-owned memory: fixed + batch * per_image + workers * per_worker bytes.
 * The figures are those of the plan with the largest need. */
typedef struct RnRegion {
    const char *name;
    uint64_t fixed_bytes;
    uint64_t per_image_bytes;
    uint64_t per_worker_bytes;
    uint32_t align;
    uint32_t flags;                 /* RN_REGION_* flags */
    const void *initial;            /* NULL, or fixed_bytes of initial content (embedded weights) */
    const RnPreprocess *preprocess; /* of an input, where the model states it; else NULL */
} RnRegion;

/* What the elements of a tensor are stored as. */
typedef enum RnElem {
    RN_F32 = 0,
    RN_BF16 = 1, /* the upper half of an f32 */
    RN_F16 = 2,  /* IEEE 754 binary16 */
    RN_S8 = 3,
    RN_U8 = 4,
    RN_S16 = 5,
    RN_S32 = 6,
    RN_U32 = 7,
    RN_F64 = 8
} RnElem;

typedef enum RnRole {
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

/* A parameter, state, input, output or gradient: at base[region] + offset + batch * slope, in C
 * order. */
typedef struct RnTensor {
    uint64_t offset;
    uint64_t slope;
    double init_arg;
    uint32_t name;             /* text: parameter path ("layer1.0.conv1.weight") or layer name */
    uint32_t dim[RN_MAX_RANK]; /* dim[0] = 0 for the batch of a batched tensor */
    int32_t grad;              /* index of the gradient's tensor, or -1 */
    int32_t grad_step; /* train step that completes the gradient (largest over plans), or -1 */
    uint16_t region;
    uint16_t elem;  /* RnElem */
    uint16_t role;  /* RnRole */
    uint16_t flags; /* RN_TENSOR_* */
    uint16_t rank;
    uint16_t init; /* RnInit */
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

/* Where a step reads or writes: base[region] + offset + batch * slope. */
typedef struct RnPlace {
    uint64_t offset;
    uint64_t slope;
    uint32_t region;
    uint32_t reserved;
} RnPlace;

/* Runs tasks [task_lo, task_hi). Tasks of a step are independent: any split, any order, any thread
 * gives the same bits. scratch: scratch_bytes of the kernel, 64-byte aligned, the thread's own.
 * at: where the step's inputs lie, then its outputs. */
typedef void (*RnKernelFn)(const RnCall *call, uint32_t task_lo, uint32_t task_hi, void *scratch,
                           void *const *at);

#define RN_MAX_OPERANDS 32
#define RN_DIV_ALL UINT32_MAX /* task count does not depend on the batch */

/* What equal steps share: their code and its figures. Task count = tasks_mul * ceil(batch /
 * tasks_div). */
typedef struct RnKernel {
    RnKernelFn fn;
    uint64_t scratch_bytes; /* per thread */
    uint64_t flops_fixed, flops_per_image;
    uint64_t bytes_fixed, bytes_per_image;   /* memory traffic if nothing stays in cache */
    uint64_t floats_fixed, floats_per_image; /* of its first output; 0: those are no plain floats */
    double predicted_ns; /* cost model, one thread, at the plan's batch; 0: none */
    uint32_t work;       /* text: what is done, "conv2d bwd weights" */
    uint32_t algorithm;  /* text: "winograd_4x4" */
    uint32_t tasks_mul;
    uint32_t tasks_div;
    uint32_t inputs, outputs; /* operands of a step, RN_MAX_OPERANDS at most */
} RnKernel;

/* Calls `kernel` with the other arguments and does nothing else. Its name is the layer's, its line
 * that in the .rn file, so that backtraces and profiles tell the layer. */
typedef void (*RnLayerFn)(const RnCall *call, uint32_t task_lo, uint32_t task_hi, void *scratch,
                          void *const *at, RnKernelFn kernel);

typedef struct RnLayer {
    RnLayerFn fn;
    uint32_t name; /* text: its path, "layer1.0.conv1" */
    uint32_t line; /* line in the .rn file, 0: none */
} RnLayer;

/* One step of a plan; see rn_step_run. */
typedef struct RnStep {
    uint32_t layer;    /* index of its layer */
    uint32_t kernel;   /* index of its kernel */
    uint32_t operands; /* index of its first operand: inputs, outputs, then scratch if placed */
    int32_t wait;      /* the last step of the table that must be complete before it, -1: none */
} RnStep;

typedef enum RnPlanKind { RN_PLAN_INFER = 0, RN_PLAN_TRAIN = 1 } RnPlanKind;

/* RnPlan.flags */
enum {
    /* A step whose kernel has scratch has one operand more: where one thread's scratch may lie, a
     * place in the arena that is free while the step runs. Every step waits for the one before. */
    RN_PLAN_SCRATCH_PLACED = 1u
};

/* A step table made for one batch. It is right for every batch and fastest near its own. */
typedef struct RnPlan {
    uint32_t kind;  /* RnPlanKind */
    uint32_t batch; /* the batch it was planned for */
    uint32_t step_count, step_stride;
    const RnStep *steps;
    uint64_t arena_fixed_bytes, arena_per_image_bytes;
    uint64_t scratch_bytes; /* largest of its steps, per worker */
    /* What one thread's scratch takes beyond the arena's bytes: how far its places reach past the
     * end; scratch_bytes if it has no places. */
    uint64_t scratch_beside_bytes;
    uint32_t flags; /* RN_PLAN_* */
    uint32_t reserved;
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
    uint32_t flags;        /* RN_MODEL_* */
    const char *name;
    const char *source;   /* the .rn file as given */
    const char *compiler; /* "resnetc 0.1.0" */
    const char *isa;      /* what the machine must have: "x86-64-v4", "x86-64", "aarch64", ... */
    uint64_t source_hash; /* of the text with includes and -D values; checkpoints carry it */
    uint32_t region_count, region_stride;
    uint32_t tensor_count, tensor_stride;
    uint32_t plan_count, plan_stride;
    uint32_t prepare_count, prepare_stride;
    uint32_t layer_count, layer_stride;
    uint32_t kernel_count, kernel_stride;
    uint32_t place_count, place_stride;
    uint32_t operand_count, text_bytes;
    const RnRegion *regions;
    const RnTensor *tensors; /* parameters first, in source order; state, inputs, outputs, ... */
    const RnPlan *plans;     /* inference plans first, each kind by rising batch */
    const RnStep *prepare; /* params, state -> packed; run once after the weights change, batch 1 */
    const RnLayer *layers;
    const RnKernel *kernels;
    const RnPlace *places;
    const uint32_t *operands; /* of all steps: indices of places */
    const char *texts;        /* strings, each ended by a zero byte */
    uint32_t param_count, state_count;
    uint64_t param_elements; /* trainable parameters */
    uint64_t macs_per_image; /* convolutions and dense layers, forward */
} RnModel;

static inline const char *rn_text(const RnModel *m, uint32_t text)
{
    return m->texts + text;
}

static inline const RnLayer *rn_step_layer(const RnModel *m, const RnStep *step)
{
    return RN_AT(RnLayer, m->layers, m->layer_stride, step->layer);
}

static inline const RnKernel *rn_step_kernel(const RnModel *m, const RnStep *step)
{
    return RN_AT(RnKernel, m->kernels, m->kernel_stride, step->kernel);
}

/* Place of operand i of a step. */
static inline const RnPlace *rn_step_place(const RnModel *m, const RnStep *step, uint32_t i)
{
    return RN_AT(RnPlace, m->places, m->place_stride, m->operands[step->operands + i]);
}

static inline void *rn_place_address(const RnPlace *place, const RnCall *call)
{
    return (char *)call->base[place->region] + place->offset + call->batch * place->slope;
}

/* Where one thread's scratch may lie, in a plan with RN_PLAN_SCRATCH_PLACED; NULL: it has none. */
static inline void *rn_step_scratch(const RnModel *m, const RnStep *step, const RnCall *call)
{
    const RnKernel *k = rn_step_kernel(m, step);
    return k->scratch_bytes == 0
               ? NULL
               : rn_place_address(rn_step_place(m, step, k->inputs + k->outputs), call);
}

/* Tasks of a step for a batch; UINT32_MAX when there are too many. */
static inline uint32_t rn_step_tasks(const RnModel *m, const RnStep *step, uint32_t batch)
{
    const RnKernel *k = rn_step_kernel(m, step);
    uint64_t groups =
        k->tasks_div == RN_DIV_ALL ? 1 : ((uint64_t)batch + k->tasks_div - 1) / k->tasks_div;
    uint64_t count = groups * k->tasks_mul;
    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

/* Runs tasks [lo, hi) of a step; see RnKernelFn. */
static inline void rn_step_run(const RnModel *m, const RnStep *step, const RnCall *call,
                               uint32_t lo, uint32_t hi, void *scratch)
{
    const RnKernel *k = rn_step_kernel(m, step);
    void *at[RN_MAX_OPERANDS];
    uint32_t i;
    for (i = 0; i < k->inputs + k->outputs; i++) {
        at[i] = rn_place_address(rn_step_place(m, step, i), call);
    }
    rn_step_layer(m, step)->fn(call, lo, hi, scratch, at, k->fn);
}

#ifdef __cplusplus
}
#endif
#endif
