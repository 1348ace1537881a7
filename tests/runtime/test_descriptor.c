// test_descriptor.c: descriptors that this runtime reads, older and newer ones too, and those that it
// refuses; which variant and which plan run; what a runtime is told when steps are complete.
#include "support/check_main.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/runtime.h"
#include "runtime/toy_model.h"

// What objects of version 4 have at least never changes: a reader of today refuses less.
_Static_assert(RN_ABI_VERSION == 4, "the sizes below are those of version 4");
_Static_assert(RN_FROZEN_BYTES_SET == 40 && sizeof(RnModelSet) >= 40, "RnModelSet");
_Static_assert(RN_FROZEN_BYTES_MODEL == 272 && offsetof(RnModel, quants) == 272, "RnModel");
_Static_assert(RN_FROZEN_BYTES_REGION == 56 && offsetof(RnRegion, pixels) == 56, "RnRegion");
_Static_assert(RN_FROZEN_BYTES_TENSOR == 64 && offsetof(RnTensor, layout) == 64, "RnTensor");
_Static_assert(RN_FROZEN_BYTES_QUANT == 24 && sizeof(RnQuant) >= 24, "RnQuant");
_Static_assert(RN_FROZEN_BYTES_PLACE == 24 && sizeof(RnPlace) >= 24, "RnPlace");
_Static_assert(RN_FROZEN_BYTES_KERNEL == 96 && sizeof(RnKernel) >= 96, "RnKernel");
_Static_assert(RN_FROZEN_BYTES_LAYER == 16 && sizeof(RnLayer) >= 16, "RnLayer");
_Static_assert(RN_FROZEN_BYTES_STEP == 12 && sizeof(RnStep) >= 12, "RnStep");
_Static_assert(RN_FROZEN_BYTES_GRAD == 8 && sizeof(RnGradStep) >= 8, "RnGradStep");
_Static_assert(RN_FROZEN_BYTES_PLAN == 64 && offsetof(RnPlan, grads) == 64, "RnPlan");

static void check_good(const RnModel *m)
{
    RnError err = {0};
    RnStatus status = rn_model_check(m, &err);
    ck_assert_msg(status == RN_OK, "%s", err.text);
}

static void check_bad(const RnModel *m, const char *text)
{
    RnError err = {0};
    ck_assert_int_eq(rn_model_check(m, &err), RN_ERR_MODEL);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

// The first `bytes` bytes of each element, one after the other.
static void *shorten(const void *table, size_t count, size_t bytes, size_t stride)
{
    char *shorter = malloc(count * bytes);
    ck_assert_ptr_nonnull(shorter);
    for (size_t i = 0; i < count; i++) {
        memcpy(shorter + i * bytes, (const char *)table + i * stride, bytes);
    }
    return shorter;
}

// Behind each element of an older object lies the next one, not the fields that it lacks.
START_TEST(older_objects_run)
{
    const RnModel today = toy_model();
    RnModel m = today;
    RnTensor *tensors = shorten(m.tensors, m.tensor_count, RN_FROZEN_BYTES_TENSOR, sizeof *tensors);
    RnRegion *regions = shorten(m.regions, m.region_count, RN_FROZEN_BYTES_REGION, sizeof *regions);
    RnPlan *plans = shorten(m.plans, m.plan_count, RN_FROZEN_BYTES_PLAN, sizeof *plans);
    m.struct_bytes = RN_FROZEN_BYTES_MODEL;
    memset(&m.quants, 0xFF, sizeof m - RN_FROZEN_BYTES_MODEL);
    m.tensors = tensors;
    m.tensor_stride = RN_FROZEN_BYTES_TENSOR;
    m.regions = regions;
    m.region_stride = RN_FROZEN_BYTES_REGION;
    m.plans = plans;
    m.plan_stride = RN_FROZEN_BYTES_PLAN;
    check_good(&m);
    RnSession *of[2];
    float x[5 * TOY_D], y[2][5 * TOY_K];
    for (uint32_t i = 0; i < 5 * TOY_D; i++) {
        x[i] = toy_value(i);
    }
    for (int i = 0; i < 2; i++) {
        const float *in = x;
        float *out = y[i];
        uint32_t labels[5] = {0, 1, 2, 3, 4};
        RnTrainBatch batch = {.inputs = &in, .labels = labels, .batch = 5};
        ck_assert_int_eq(rn_session_open(i ? &m : &today, NULL, &of[i], NULL), RN_OK);
        rn_init_params(of[i], 3, 0);
        ck_assert_int_eq(rn_forward_backward(of[i], &batch, NULL, NULL), RN_OK);
        ck_assert_int_eq(rn_infer(of[i], &in, 5, &out, NULL), RN_OK);
    }
    ck_assert_int_eq(memcmp(y[0], y[1], sizeof y[0]), 0);
    rn_session_close(of[0]);
    rn_session_close(of[1]);
    m.tensor_stride -= 8;
    check_bad(&m, "sizes this runtime cannot read");
    free(tensors);
    free(regions);
    free(plans);
}
END_TEST

// A table's count and stride in RnModel, by their places.
START_TEST(absurd_tables_are_refused)
{
    static const size_t count[] = {
        offsetof(RnModel, region_count), offsetof(RnModel, tensor_count),
        offsetof(RnModel, plan_count),   offsetof(RnModel, prepare_count),
        offsetof(RnModel, layer_count),  offsetof(RnModel, kernel_count),
        offsetof(RnModel, place_count),  offsetof(RnModel, quant_count),
    };
    static const uint32_t absurd[] = {4, 1 << 20, UINT32_MAX, 4096 + 8, 66, 0};
    for (size_t i = 0; i < sizeof count / sizeof count[0]; i++) {
        RnModel m = toy_model();
        m.quants = &(const RnQuant){.count = 1};
        m.quant_count = 1;
        m.quant_stride = sizeof(RnQuant);
        check_good(&m);
        uint32_t *number = (uint32_t *)(void *)((char *)&m + count[i]);
        uint32_t good = *number;
        *number = UINT32_MAX;
        check_bad(&m, i == 3 ? "prepare table" : "sizes this runtime cannot read");
        *number = good;
        for (size_t k = 0; k < sizeof absurd / sizeof absurd[0]; k++) {
            number[1] = absurd[k]; // the stride stands behind the count
            check_bad(&m, i == 3 ? "prepare table" : "sizes this runtime cannot read");
        }
    }
    RnModel m = toy_model();
    m.operand_count = UINT32_MAX;
    check_bad(&m, "sizes this runtime cannot read");
    m = toy_model();
    m.param_count = UINT32_MAX;
    check_bad(&m, "sizes this runtime cannot read");
    m = toy_model();
    m.struct_bytes = 1 << 20;
    check_bad(&m, "sizes this runtime cannot read");
    m = toy_model();
    m.kernels = NULL;
    check_bad(&m, "sizes this runtime cannot read");
    RnPlan plans[3];
    memcpy(plans, toy_plans, sizeof plans);
    m = toy_model();
    m.plans = plans;
    plans[0].step_stride = 1 << 30;
    check_bad(&m, "plan 0");
    plans[0].step_stride = sizeof(RnStep);
    plans[0].step_count = UINT32_MAX;
    check_bad(&m, "plan 0");
}
END_TEST

START_TEST(wrong_gradient_tables_are_refused)
{
    RnPlan plans[3];
    RnGradStep grads[2];
    memcpy(plans, toy_plans, sizeof plans);
    plans[2].grads = grads;
    RnModel m = toy_model();
    m.plans = plans;
    static const RnGradStep wrong[][2] = {{{5, TOY_T_GW}, {4, TOY_T_GB}},   // falling
                                          {{4, TOY_T_GW}, {6, TOY_T_GB}},   // no such step
                                          {{4, TOY_T_GW}, {5, TOY_T_BIAS}}, // no gradient
                                          {{4, TOY_T_GW}, {5, TOY_TENSORS}}};
    memcpy(grads, toy_grads, sizeof grads);
    check_good(&m);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(grads, wrong[i], sizeof grads);
        check_bad(&m, "plan 2");
    }
}
END_TEST

START_TEST(quantization_is_checked)
{
    static const float scales[] = {0.5f, 0.25f, 1}, wrong_scales[] = {0.5f, 0, 1},
                       huge[] = {0.5f, 1, INFINITY};
    static const int32_t zeros[] = {0, 255, 128}, wrong_zeros[] = {0, 256, 1};
    RnTensor tensors[TOY_TENSORS];
    RnQuant quant = {.axis = 1, .count = 3, .scales = scales, .zero_points = zeros};
    memcpy(tensors, toy_tensors, sizeof tensors);
    tensors[TOY_T_X].elem = RN_U8;
    tensors[TOY_T_X].quant = 1;
    RnModel m = toy_model();
    m.tensors = tensors;
    m.quants = &quant;
    m.quant_count = 1;
    m.quant_stride = sizeof quant;
    check_good(&m);
    // It is right, but the functions that pass inputs take floats.
    RnSession *s = NULL;
    RnError err;
    ck_assert_int_eq(rn_session_open(&m, NULL, &s, &err), RN_ERR_MODEL);
    ck_assert_ptr_nonnull(strstr(err.text, "image is not f32"));
    const RnQuant good = quant,
                  wrong[] = {
                      {.axis = -1, .count = 3, .scales = scales},
                      {.axis = -2, .count = 1, .scales = scales},
                      {.axis = 4, .count = 3, .scales = scales},
                      {.axis = 2, .count = 3, .scales = scales},
                      {.axis = 1, .count = 3},
                      {.axis = 1, .count = 3, .scales = wrong_scales},
                      {.axis = 1, .count = 3, .scales = huge},
                      {.axis = 1, .count = 3, .scales = scales, .zero_points = wrong_zeros},
                  };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        quant = wrong[i];
        check_bad(&m, "tensor 3");
    }
    quant = (RnQuant){.axis = -1, .count = 1, .scales = scales};
    check_good(&m);
    quant = good;
    tensors[TOY_T_X].quant = 2;
    check_bad(&m, "tensor 3");
    tensors[TOY_T_X].quant = 1;
    tensors[TOY_T_X].elem = RN_F32;
    check_bad(&m, "tensor 3");
    tensors[TOY_T_X].quant = 0;
    tensors[TOY_T_X].layout = RN_NHWC;
    check_good(&m);
    tensors[TOY_T_X].layout = 2;
    check_bad(&m, "tensor 3");
    tensors[TOY_T_X].layout = 0;
    tensors[TOY_T_X].elem = 77;
    check_bad(&m, "tensor 3");
}
END_TEST

START_TEST(pixels_are_checked)
{
    static float table[3 * 256];
    for (int i = 0; i < 3 * 256; i++) {
        table[i] = (float)(i % 256) / 255.0f;
    }
    RnTensor tensors[TOY_TENSORS];
    RnRegion regions[TOY_REGIONS];
    memcpy(tensors, toy_tensors, sizeof tensors);
    memcpy(regions, toy_regions, sizeof regions);
    tensors[TOY_T_X].elem = RN_U8;
    regions[TOY_REGION_X].pixels = table;
    RnModel m = toy_model();
    m.tensors = tensors;
    m.regions = regions;
    check_good(&m);
    table[700] = NAN;
    check_bad(&m, "tensor 3");
    table[700] = 0;
    tensors[TOY_T_X].elem = RN_F32;
    check_bad(&m, "tensor 3");
    tensors[TOY_T_X].elem = RN_U8;
    tensors[TOY_T_X].dim[1] = 4;
    check_bad(&m, "tensor 3");
    tensors[TOY_T_X].dim[1] = 3;
    regions[TOY_REGION_LOGITS].pixels = table;
    check_bad(&m, "tensor 4");
    regions[TOY_REGION_LOGITS].pixels = NULL;
    regions[TOY_REGION_X].memory = 1; // no such kind
    check_bad(&m, "region 5");
}
END_TEST

static RnModelSet set_of(const RnModel *variants, uint32_t count)
{
    return (RnModelSet){.magic = RN_SET_MAGIC,
                        .abi_version = RN_ABI_VERSION,
                        .struct_bytes = sizeof(RnModelSet),
                        .variant_count = count,
                        .variant_stride = sizeof(RnModel),
                        .variants = variants,
                        .name = "toy"};
}

static void check_choice(const RnModelSet *set, const RnModel *want, RnStatus status,
                         const char *text)
{
    const RnModel *m = NULL;
    const RnModel *known = NULL;
    RnError err = {0};
    ck_assert_int_eq(rn_model_choose(set, &m, &err), status);
    ck_assert_ptr_eq(m, want);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
    if (set) { // the header's way
        for (int i = 0; i < 2; i++) {
            m = rn_model_here(set, &known);
            ck_assert_ptr_eq(m, want);
        }
        ck_assert_int_eq(rn_model_status(set, m), status);
    }
}

START_TEST(the_first_variant_that_runs_is_chosen)
{
    RnModel v[4] = {toy_model(), toy_model(), toy_model(), toy_model()};
    v[0].needs.features[RN_FEATURE_WORDS - 1] = 1; // no machine has it yet
    v[1].needs.permissions = RN_PERMISSION_AMX_TILES;
    v[2].isa = "plain";
    RnModelSet set = set_of(v, 4);
    check_choice(&set, &v[2], RN_OK, "");
    set.variant_count = 2;
    check_choice(&set, NULL, RN_ERR_ISA, "model toy was compiled for any");
    set.abi_version = 3;
    check_choice(&set, NULL, RN_ERR_MODEL, "interface version 3, this runtime has 4");
    set = set_of(v, 4);
    set.magic = RN_MAGIC; // an older object
    check_choice(&set, NULL, RN_ERR_MODEL, "not a compiled model");
    set = set_of(v, 4);
    set.variant_stride = 8;
    check_choice(&set, NULL, RN_ERR_MODEL, "sizes this runtime cannot read");
    set = set_of(v, 0);
    const RnModel *m = NULL;
    ck_assert_int_eq(rn_model_choose(&set, &m, NULL), RN_ERR_MODEL);
    check_choice(NULL, NULL, RN_ERR_MODEL, "not a compiled model");
    // A machine that has been granted the permission runs what needs it.
    RnMachine here = rn_machine_here();
    here.permissions = RN_PERMISSION_AMX_TILES;
    set = set_of(v, 4);
    ck_assert_ptr_eq(rn_model_select(&set, &here), &v[1]);
}
END_TEST

START_TEST(machines_have_what_they_need)
{
    const RnMachine here = rn_machine_here(), again = rn_machine_here();
    ck_assert_mem_eq(&here, &again, sizeof here);
    ck_assert(rn_machine_has(&here, &here));
    ck_assert_uint_ne(here.kind, 0);
    RnMachine needs = here;
    needs.kind = here.kind == RN_MACHINE_AARCH64 ? RN_MACHINE_X86_64 : RN_MACHINE_AARCH64;
    ck_assert(!rn_machine_has(&here, &needs));
    for (uint32_t bit = 0; bit < 32 * RN_FEATURE_WORDS; bit++) {
        RnMachine lacks = here;
        needs = (RnMachine){.kind = here.kind};
        needs.features[bit / 32] = 1u << bit % 32;
        lacks.features[bit / 32] &= ~(1u << bit % 32);
        ck_assert(!rn_machine_has(&lacks, &needs));
        lacks.features[bit / 32] |= 1u << bit % 32;
        ck_assert(rn_machine_has(&lacks, &needs));
    }
#if defined(__x86_64__)
    __builtin_cpu_init();
    RnMachine avx2 = {.kind = RN_MACHINE_X86_64, .features = {[RN_X86_7_0_EBX] = 1u << 5}},
              avx512 = {.kind = RN_MACHINE_X86_64, .features = {[RN_X86_7_0_EBX] = 1u << 16}};
    avx2.features[RN_X86_XCR0] = 6;
    avx512.features[RN_X86_XCR0] = 0xE6;
    ck_assert_int_eq(rn_machine_has(&here, &avx2), __builtin_cpu_supports("avx2") != 0);
    ck_assert_int_eq(rn_machine_has(&here, &avx512), __builtin_cpu_supports("avx512f") != 0);
#endif
}
END_TEST

// What the done hook is told, and by whom.
typedef struct Told {
    const RnModel *model;
    const RnPlan *plan;
    uint32_t steps, grads;
    pthread_mutex_t lock; // calls must not overlap
} Told;

static void tell(void *context, const RnModel *model, const RnPlan *plan, uint32_t step)
{
    Told *told = context;
    ck_assert_int_eq(pthread_mutex_trylock(&told->lock), 0);
    ck_assert_ptr_eq(model, told->model);
    ck_assert_uint_eq(step, plan == told->plan ? told->steps : 0);
    told->plan = plan;
    told->steps = step + 1;
    for (uint32_t i = 0; plan && i < plan->grad_count; i++) {
        told->grads += RN_AT(RnGradStep, plan->grads, plan->grad_stride, i)->step == step;
    }
    pthread_mutex_unlock(&told->lock);
}

START_TEST(complete_steps_are_told_once_and_in_order)
{
    enum { BATCH = 37 };
    const RnModel m = toy_model();
    static float x[BATCH * TOY_D];
    uint32_t labels[BATCH];
    float want[TOY_D * TOY_K];
    const float *in = x;
    for (uint32_t i = 0; i < BATCH * TOY_D; i++) {
        x[i] = toy_value(i);
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        labels[i] = i % TOY_K;
    }
    for (unsigned threads = 1; threads <= 5; threads++) {
        RnSession *s = NULL;
        Told told = {.model = &m, .lock = PTHREAD_MUTEX_INITIALIZER};
        RnTrainBatch batch = {.inputs = &in, .labels = labels, .batch = BATCH};
        ck_assert_int_eq(
            rn_session_open(&m, &(RnOptions){.threads = threads, .max_batch = BATCH}, &s, NULL),
            RN_OK);
        rn_init_params(s, 3, 0);
        for (int round = 0; round < 200; round++) {
            bool listens = threads > 1 || round > 0; // the same bits without
            rn_session_set_done(s, listens ? tell : NULL, &told);
            told.plan = NULL;
            told.steps = told.grads = 0;
            rn_init_params(s, 3, 0); // running statistics too
            ck_assert_int_eq(rn_forward_backward(s, &batch, NULL, NULL), RN_OK);
            ck_assert_uint_eq(told.steps, listens ? 6 : 0);
            ck_assert_uint_eq(told.grads, listens ? 2 : 0);
            if (!listens) {
                memcpy(want, rn_tensor_data(s, TOY_T_GW), sizeof want);
            }
            ck_assert_mem_eq(want, rn_tensor_data(s, TOY_T_GW), sizeof want);
        }
        rn_session_close(s);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("descriptor");
    TCase *tc = tcase_create("descriptor");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, older_objects_run);
    tcase_add_test(tc, absurd_tables_are_refused);
    tcase_add_test(tc, wrong_gradient_tables_are_refused);
    tcase_add_test(tc, quantization_is_checked);
    tcase_add_test(tc, pixels_are_checked);
    tcase_add_test(tc, the_first_variant_that_runs_is_chosen);
    tcase_add_test(tc, machines_have_what_they_need);
    tcase_add_test(tc, complete_steps_are_told_once_and_in_order);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
