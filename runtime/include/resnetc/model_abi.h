/* model_abi.h: the interface between a compiled model and whoever runs it.
 *
 * The one header that compiler and runtime share. An object written by resnetc exports one
 * constant, `const RnModelSet rn_model_<name>`: the variants of one model, each a whole RnModel for
 * the machines that have certain features. It is made of the structs below and nothing else.
 * All of it is read-only, may be shared by any number of threads, and belongs to the object: a
 * pointer out of it is valid while the object is loaded.
 *
 * How the structs grow. RN_ABI_VERSION changes when a reader must change. Otherwise a struct grows
 * at its end alone, and every table carries its element stride:
 * - Walk a table with RN_AT or the functions at the end, never with []. So a reader skips fields
 *   that it does not know.
 * - The first bytes of each struct are frozen (RN_FROZEN_BYTES_*): every object has them, and a
 *   reader refuses a smaller stride. A field behind them may be missing. It is read with RN_TAIL,
 *   which gives 0 then; so 0 in such a field always means what an object without the field means.
 *
 * Deep networks have thousands of steps. So a step is four numbers that point into tables of what
 * steps share (layers, kernels, places), and the strings of tables that grow with depth are offsets
 * into one text: an address would cost the object 32 bytes, its relocation included.
 * Not here: sessions, threads, files (resnetc/runtime.h).
 *
 * Letters: n c h w = batch, channels, height, width. All sizes are bytes unless said.
 */
#if defined(RN_ABI_VERSION) && RN_ABI_VERSION != 4u
#error "headers of two RN_ABI_VERSIONs in one file: make both with the same resnetc"
#endif

#ifndef RESNETC_MODEL_ABI_H
#define RESNETC_MODEL_ABI_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define RN_MAGIC 0x31434E52u     /* of RnModel: "RNC1", little endian */
#define RN_SET_MAGIC 0x31534E52u /* of RnModelSet: "RNS1" */
#define RN_ABI_VERSION 4u

/* Bytes that an element of each table has at least; see "How the structs grow". */
#define RN_FROZEN_BYTES_SET 40u
#define RN_FROZEN_BYTES_MODEL 272u
#define RN_FROZEN_BYTES_REGION 56u
#define RN_FROZEN_BYTES_TENSOR 64u
#define RN_FROZEN_BYTES_QUANT 24u
#define RN_FROZEN_BYTES_PLACE 24u
#define RN_FROZEN_BYTES_KERNEL 96u
#define RN_FROZEN_BYTES_LAYER 16u
#define RN_FROZEN_BYTES_STEP 12u
#define RN_FROZEN_BYTES_GRAD 8u
#define RN_FROZEN_BYTES_PLAN 64u

/* A cast, and the number of an address, that neither C nor C++ compilers warn of. */
#ifdef __cplusplus
#define RN_CAST(type, x) static_cast<type>(x)
#define RN_ADDRESS(pointer) reinterpret_cast<uintptr_t>(pointer)
#else
#define RN_CAST(type, x) ((type)(x))
#define RN_ADDRESS(pointer) ((uintptr_t)(pointer))
#endif

static inline const void *rn_table_at(const void *table, uint32_t stride, uint32_t i)
{
    return RN_CAST(const char *, table) + RN_CAST(size_t, stride) * i;
}

/* Element i of a table whose elements are `stride` bytes apart. */
#define RN_AT(type, table, stride, i) RN_CAST(const type *, rn_table_at(table, stride, i))

/* A field that an element of `bytes` bytes may be too short for: 0 then. */
#define RN_TAIL(type, element, field, bytes)                                                       \
    (offsetof(type, field) + sizeof((element)->field) <= (bytes) ? (element)->field : 0)

/* What a function of the runtime, or of a generated header, says of its call. */
typedef enum RnStatus {
    RN_OK = 0,
    RN_ERR_INPUT = 1,  /* a file or tensor given by the user is wrong */
    RN_ERR_USAGE = 2,  /* the call itself makes no sense (a NULL, an option out of range) */
    RN_ERR_IO = 3,     /* the system refused: missing file, full disk, no permission */
    RN_ERR_MEMORY = 4, /* out of memory, or a size that no memory can hold */
    RN_ERR_ISA = 5,    /* this machine lacks the instructions the model was compiled for */
    RN_ERR_BATCH = 6,  /* a batch of 0, or above the largest that memory was made for */
    RN_ERR_NAN = 7,    /* the loss, an input or a parameter is infinite or not a number */
    RN_ERR_MODEL = 8,  /* the model's descriptor is not one this program can run */
    RN_ERR_MISSING = 9 /* there is no such thing */
} RnStatus;

/* ---- Machines ---- */

/* RnMachine.kind: ELF's number of the architecture. */
enum { RN_MACHINE_X86_64 = 62, RN_MACHINE_AARCH64 = 183 };

/* Words of RnMachine.features, as the machine gives them: the manuals' bit numbers hold.
 * x86: cpuid's registers by leaf and subleaf, and the low half of xgetbv(0), the registers that the
 * system keeps (0 where there is no xgetbv).
 * aarch64: Linux's AT_HWCAP and AT_HWCAP2, low halves first.
 * A word that this header has no meaning for is 0 in every machine that it describes. So a model
 * that needs a feature unknown to its reader is not run. */
enum {
    RN_X86_1_ECX = 0,
    RN_X86_1_EDX = 1,
    RN_X86_7_0_EBX = 2,
    RN_X86_7_0_ECX = 3,
    RN_X86_7_0_EDX = 4,
    RN_X86_7_1_EAX = 5,
    RN_X86_7_1_EDX = 6,
    RN_X86_80000001_ECX = 7,
    RN_X86_XCR0 = 8,
    RN_ARM_HWCAP = 0,  /* and 1 */
    RN_ARM_HWCAP2 = 2, /* and 3 */
    RN_FEATURE_WORDS = 12
};

/* RnMachine.permissions: what a process must ask the system for before such code runs. */
enum {
    /* x86 on Linux, once in a process, before its threads start:
     * syscall(SYS_arch_prctl, 0x1023, 18), ARCH_REQ_XCOMP_PERM for XTILEDATA. */
    RN_PERMISSION_AMX_TILES = 1u
};

/* What a machine has, or what code needs. */
typedef struct RnMachine {
    uint32_t kind;                       /* RN_MACHINE_*; 0: unknown */
    uint32_t permissions;                /* RN_PERMISSION_*: granted to this process, or needed */
    uint32_t features[RN_FEATURE_WORDS]; /* bits that are there, or needed */
} RnMachine;

#if defined(__x86_64__) && defined(__GNUC__)
/* Registers eax, ebx, ecx, edx of a leaf; zeros if the machine has no such leaf. */
static inline void rn_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4])
{
    uint32_t i;
    for (i = 0; i < 4; i++) {
        registers[i] = 0;
    }
    (void)__get_cpuid_count(leaf, subleaf, &registers[0], &registers[1], &registers[2],
                            &registers[3]);
}
#endif

/* This machine, with no permission granted. It costs some microseconds where a hypervisor answers
 * cpuid: ask once. */
static inline RnMachine rn_machine_here(void)
{
    RnMachine here = {0, 0, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
#if defined(__x86_64__) && defined(__GNUC__)
    uint32_t r[4], high;
    here.kind = RN_MACHINE_X86_64;
    rn_cpuid(1, 0, r);
    here.features[RN_X86_1_ECX] = r[2];
    here.features[RN_X86_1_EDX] = r[3];
    rn_cpuid(7, 0, r);
    here.features[RN_X86_7_0_EBX] = r[1];
    here.features[RN_X86_7_0_ECX] = r[2];
    here.features[RN_X86_7_0_EDX] = r[3];
    if (r[0] >= 1) { /* subleafs */
        rn_cpuid(7, 1, r);
        here.features[RN_X86_7_1_EAX] = r[0];
        here.features[RN_X86_7_1_EDX] = r[3];
    }
    rn_cpuid(0x80000001u, 0, r);
    here.features[RN_X86_80000001_ECX] = r[2];
    if (here.features[RN_X86_1_ECX] & (1u << 27)) { /* OSXSAVE */
        __asm__ volatile("xgetbv" : "=a"(here.features[RN_X86_XCR0]), "=d"(high) : "c"(0));
        (void)high;
    }
#elif defined(__aarch64__) && defined(__linux__)
    uint64_t hwcap = getauxval(16), hwcap2 = getauxval(26); /* AT_HWCAP, AT_HWCAP2 */
    here.kind = RN_MACHINE_AARCH64;
    here.features[RN_ARM_HWCAP] = RN_CAST(uint32_t, hwcap);
    here.features[RN_ARM_HWCAP + 1] = RN_CAST(uint32_t, hwcap >> 32);
    here.features[RN_ARM_HWCAP2] = RN_CAST(uint32_t, hwcap2);
    here.features[RN_ARM_HWCAP2 + 1] = RN_CAST(uint32_t, hwcap2 >> 32);
#endif
    return here;
}

/* Whether a machine has everything that is needed: 1 or 0. */
static inline int rn_machine_has(const RnMachine *machine, const RnMachine *needs)
{
    uint32_t i;
    if (machine->kind != needs->kind || (needs->permissions & ~machine->permissions)) {
        return 0;
    }
    for (i = 0; i < RN_FEATURE_WORDS; i++) {
        if (needs->features[i] & ~machine->features[i]) {
            return 0;
        }
    }
    return 1;
}

/* ---- Memory ---- */

/* What a region holds. Region 0..RN_REGION_ARENA exist in every model, then inputs and outputs. */
enum {
    RN_REGION_PARAMS = 0, /* trainable parameters, framework layout (OIHW, [C]), f32 */
    RN_REGION_STATE = 1,  /* running statistics, framework layout, f32 */
    RN_REGION_GRADS = 2,  /* one gradient per parameter, in the order backward completes them */
    RN_REGION_PACKED = 3, /* weights folded, packed, transformed by the prepare steps */
    RN_REGION_ARENA = 4,  /* everything that lives only while a call runs */
    RN_REGION_FIRST_IO = 5
};

/* Which memory a region is in. */
typedef enum RnMemory { RN_MEMORY_HOST = 0 /* the process's own */ } RnMemory;

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
    uint32_t align;                 /* bytes, a power of two */
    uint32_t memory;                /* RnMemory */
    const void *initial;            /* NULL, or fixed_bytes of initial content (embedded weights) */
    const RnPreprocess *preprocess; /* of an input, where the model states it; else NULL */
    /* Of an input of pixels (u8), else NULL: f32 [channels][256], the number that each value of a
     * pixel stands for, so that steps that read pixels compute what they would from floats. */
    const float *pixels;
} RnRegion;

/* ---- Tensors ---- */

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
    RN_INIT_UNIFORM_FAN_IN = 3  /* uniform in +-arg / sqrt(fan_in) */
} RnInit;

/* RnTensor.flags */
enum {
    RN_TENSOR_DECAY = 1u,      /* weight decay applies by the usual rule (rank > 1) */
    RN_TENSOR_ZERO_GAMMA = 2u, /* the last BN scale of a residual branch (zero-gamma option) */
    RN_TENSOR_BATCHED = 4u     /* dim[0] is the batch */
};

/* In which order the elements of a tensor lie; RnTensor.dim names them n c h w in any case. */
typedef enum RnLayout {
    RN_NCHW = 0, /* the order of dim, for tensors of any rank */
    RN_NHWC = 1  /* channels innermost; rank 4 */
} RnLayout;

/* What integers stand for: scale * (q - zero_point), with one pair for the whole tensor, or one for
 * each index of a dimension. */
typedef struct RnQuant {
    int32_t axis;               /* dimension of the tensor, as in RnTensor.dim; -1: one pair */
    uint32_t count;             /* of pairs: dim[axis], or 1 */
    const float *scales;        /* [count], above 0 */
    const int32_t *zero_points; /* [count], in the range of the tensor's elements; NULL: all 0 */
} RnQuant;

#define RN_MAX_RANK 6

/* A parameter, state, input, output or gradient: at base[region] + offset + batch * slope. */
typedef struct RnTensor {
    uint64_t offset; /* bytes */
    uint64_t slope;  /* bytes per image of the batch */
    double init_arg;
    uint32_t name;             /* text: parameter path ("layer1.0.conv1.weight") or layer name */
    uint32_t dim[RN_MAX_RANK]; /* dim[0] = 0 for the batch of a batched tensor */
    int32_t grad;              /* index of the gradient's tensor, or -1 */
    uint16_t region;
    uint8_t elem;   /* RnElem */
    uint8_t role;   /* RnRole */
    uint16_t flags; /* RN_TENSOR_* */
    uint8_t rank;
    uint8_t init;    /* RnInit */
    uint16_t layout; /* RnLayout */
    uint16_t reserved;
    uint32_t quant; /* 0: its numbers are what they are; else 1 + index in RnModel.quants */
} RnTensor;

/* ---- Steps ---- */

/* What one call hands to every step. */
typedef struct RnCall {
    uint32_t struct_bytes; /* sizeof(RnCall) of the caller */
    uint32_t batch;        /* images in this call, 1 or more */
    void *const *base;     /* one pointer per region, aligned as the region says */
    uint64_t seed;         /* for dropout and stochastic depth; counter-based */
    uint64_t step;         /* optimiser step number, mixed into the seed */
    uint64_t first_image;  /* index of image 0 in the data set, mixed into the seed */
    float loss_scale;      /* factor on each image's loss gradient; 1/batch gives the batch mean */
    uint32_t accumulate;   /* 0: gradients are overwritten; 1: added to */
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

/* What the products of a kernel are computed in, and summed in. It tells what to expect of its
 * speed and of its bits: integer classes give the same on every machine. */
typedef enum RnArith {
    RN_ARITH_F32 = 0,  /* f32, summed in f32; also for kernels that multiply nothing */
    RN_ARITH_BF16 = 1, /* bf16, summed in f32 */
    RN_ARITH_F16 = 2,  /* f16, summed in f32 */
    RN_ARITH_S8 = 3,   /* u8 or s8 by s8, summed in s32, exact */
    RN_ARITH_S16 = 4   /* s16 by s16, summed in s32, exact */
} RnArith;

/* What equal steps share: their code and its figures. Task count = tasks_mul * ceil(batch /
 * tasks_div). */
typedef struct RnKernel {
    RnKernelFn fn;
    uint64_t scratch_bytes; /* per thread */
    uint64_t flops_fixed, flops_per_image;
    uint64_t bytes_fixed, bytes_per_image; /* memory traffic if nothing stays in cache */
    /* Of its first output, from its place on without gaps; 0: they are not to be read one by one. */
    uint64_t elements_fixed, elements_per_image;
    double predicted_ns;      /* cost model, one thread, at the plan's batch; 0: none */
    uint32_t work;            /* text: what is done, "conv2d bwd weights" */
    uint32_t algorithm;       /* text: "winograd_4x4" */
    uint32_t tasks_mul;       /* 1 or more */
    uint32_t tasks_div;       /* 1 or more, or RN_DIV_ALL */
    uint16_t inputs, outputs; /* operands of a step, RN_MAX_OPERANDS at most */
    uint16_t elem;            /* RnElem of those elements */
    uint16_t arith;           /* RnArith */
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

/* One step of a plan; see rn_step_run. It may run when the step before it in the table is complete,
 * that is all of its tasks. */
typedef struct RnStep {
    uint32_t layer;    /* index of its layer */
    uint32_t kernel;   /* index of its kernel */
    uint32_t operands; /* index of its first operand: inputs, outputs, then scratch if placed */
} RnStep;

/* A gradient and the step of a plan that completes it: no later step of the plan writes it. */
typedef struct RnGradStep {
    uint32_t step;   /* index in the plan */
    uint32_t tensor; /* index of the gradient's tensor */
} RnGradStep;

typedef enum RnPlanKind { RN_PLAN_INFER = 0, RN_PLAN_TRAIN = 1 } RnPlanKind;

/* RnPlan.flags */
enum {
    /* A step whose kernel has scratch has one operand more: where one thread's scratch may lie, a
     * place in the arena that is free while the step runs. */
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
    const RnGradStep *grads; /* every gradient once, in the order in which they are complete */
    uint32_t grad_count, grad_stride;
} RnPlan;

/* ---- Models ---- */

/* RnModel.flags: weights that the object holds (RnRegion.initial). */
enum {
    RN_MODEL_WEIGHTS_PLAIN = 1u, /* parameters and state, which other weights may replace */
    RN_MODEL_WEIGHTS_PACKED = 2u /* prepared, in place: no parameters, no state, no prepare steps */
};

/* A model compiled for machines of one kind: one variant of an RnModelSet. Tables have a count of
 * elements and their stride in bytes. */
typedef struct RnModel {
    uint32_t magic;        /* RN_MAGIC */
    uint32_t abi_version;  /* RN_ABI_VERSION */
    uint32_t struct_bytes; /* sizeof(RnModel) when it was written */
    uint32_t flags;        /* RN_MODEL_* */
    const char *name;
    const char *source;   /* the .rn file as given */
    const char *compiler; /* "resnetc 0.2.0" */
    const char *isa;      /* name of what the machine must have: "x86-64-v4", "aarch64", ... */
    RnMachine needs;      /* what it must have: this alone decides */
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
    const RnQuant *quants;
    uint32_t quant_count, quant_stride;
} RnModel;

/* What an object exports: the variants of one model, best first. They have the same tensors but
 * regions, plans and packed weights of their own. */
typedef struct RnModelSet {
    uint32_t magic;        /* RN_SET_MAGIC */
    uint32_t abi_version;  /* RN_ABI_VERSION */
    uint32_t struct_bytes; /* sizeof(RnModelSet) when it was written */
    uint32_t variant_count, variant_stride;
    uint32_t reserved;
    const RnModel *variants;
    const char *name;
} RnModelSet;

/* Whether the object was written for this RN_ABI_VERSION. */
static inline int rn_set_readable(const RnModelSet *set)
{
    return set->magic == RN_SET_MAGIC && set->abi_version == RN_ABI_VERSION &&
           set->struct_bytes >= RN_FROZEN_BYTES_SET && set->variant_stride >= RN_FROZEN_BYTES_MODEL;
}

/* The variant to run on a machine: the first that needs nothing else. NULL: there is none, or the
 * object was written for another RN_ABI_VERSION. */
static inline const RnModel *rn_model_select(const RnModelSet *set, const RnMachine *machine)
{
    uint32_t i;
    if (!rn_set_readable(set)) {
        return NULL;
    }
    for (i = 0; i < set->variant_count; i++) {
        const RnModel *m = RN_AT(RnModel, set->variants, set->variant_stride, i);
        if (rn_machine_has(machine, &m->needs)) {
            return m;
        }
    }
    return NULL;
}

/* rn_model_select for this machine. *known: NULL at first, then what was found; any number of threads
 * may share it. */
static inline const RnModel *rn_model_here(const RnModelSet *set, const RnModel **known)
{
    const RnModel *m = NULL;
#if defined(__GNUC__)
    m = __atomic_load_n(known, __ATOMIC_RELAXED);
#endif
    if (!m) {
        RnMachine here = rn_machine_here();
        m = rn_model_select(set, &here);
#if defined(__GNUC__)
        __atomic_store_n(known, m, __ATOMIC_RELAXED);
#else
        (void)known;
#endif
    }
    return m;
}

/* Why there is no variant, or RN_OK. */
static inline RnStatus rn_model_status(const RnModelSet *set, const RnModel *here)
{
    return here ? RN_OK : rn_set_readable(set) ? RN_ERR_ISA : RN_ERR_MODEL;
}

/* The plan that runs a batch: of those of its kind the one whose batch is nearest by ratio, the
 * smaller of equals. NULL: the model has no plan of the kind. */
static inline const RnPlan *rn_model_plan(const RnModel *m, RnPlanKind kind, uint32_t batch)
{
    const RnPlan *best = NULL;
    uint64_t best_far = 0, best_near = 1; /* the ratio far / near, 1 or more */
    uint32_t i;
    for (i = 0; i < m->plan_count; i++) {
        const RnPlan *plan = RN_AT(RnPlan, m->plans, m->plan_stride, i);
        uint64_t far_batch = plan->batch > batch ? plan->batch : batch;
        uint64_t near_batch = plan->batch > batch ? batch : plan->batch;
        if (plan->kind == RN_CAST(uint32_t, kind) &&
            (!best || far_batch * best_near < best_far * near_batch)) {
            best = plan;
            best_far = far_batch;
            best_near = near_batch;
        }
    }
    return best;
}

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
    return RN_CAST(char *, call->base[place->region]) + place->offset + call->batch * place->slope;
}

/* Inputs and outputs of its steps; scratch with a place comes behind them. */
static inline uint32_t rn_kernel_operands(const RnKernel *k)
{
    return RN_CAST(uint32_t, k->inputs) + k->outputs;
}

/* Where one thread's scratch may lie, in a plan with RN_PLAN_SCRATCH_PLACED; NULL: it has none. */
static inline void *rn_step_scratch(const RnModel *m, const RnStep *step, const RnCall *call)
{
    const RnKernel *k = rn_step_kernel(m, step);
    return k->scratch_bytes == 0
               ? NULL
               : rn_place_address(rn_step_place(m, step, rn_kernel_operands(k)), call);
}

/* Tasks of a step for a batch; UINT32_MAX when there are too many. */
static inline uint32_t rn_step_tasks(const RnModel *m, const RnStep *step, uint32_t batch)
{
    const RnKernel *k = rn_step_kernel(m, step);
    uint64_t groups = k->tasks_div == RN_DIV_ALL
                          ? 1
                          : (RN_CAST(uint64_t, batch) + k->tasks_div - 1) / k->tasks_div;
    uint64_t count = groups * k->tasks_mul;
    return count < UINT32_MAX ? RN_CAST(uint32_t, count) : UINT32_MAX;
}

/* Runs tasks [lo, hi) of a step; see RnKernelFn. */
static inline void rn_step_run(const RnModel *m, const RnStep *step, const RnCall *call,
                               uint32_t lo, uint32_t hi, void *scratch)
{
    const RnKernel *k = rn_step_kernel(m, step);
    void *at[RN_MAX_OPERANDS];
    uint32_t i;
    for (i = 0; i < rn_kernel_operands(k); i++) {
        at[i] = rn_place_address(rn_step_place(m, step, i), call);
    }
    rn_step_layer(m, step)->fn(call, lo, hi, scratch, at, k->fn);
}

#ifdef __cplusplus
}
#endif
#endif
