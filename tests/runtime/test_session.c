// test_session.c: opening sessions, and inference through them.
#include "support/check_main.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "resnetc/runtime.h"
#include "runtime/toy_model.h"

enum { IMAGES = 21 };

typedef struct Toy {
    RnModel model;
    float x[IMAGES * TOY_D];
    float w[TOY_D * TOY_K], b[TOY_K], mean[TOY_D];
} Toy;

static Toy make_toy(void)
{
    Toy t = {.model = toy_model()};
    for (uint32_t i = 0; i < IMAGES * TOY_D; i++) {
        t.x[i] = toy_value(i);
    }
    for (uint32_t i = 0; i < TOY_D * TOY_K; i++) {
        t.w[i] = toy_value(1000 + i);
    }
    for (uint32_t i = 0; i < TOY_K; i++) {
        t.b[i] = toy_value(2000 + i);
    }
    for (uint32_t i = 0; i < TOY_D; i++) {
        t.mean[i] = toy_value(3000 + i);
    }
    return t;
}

static RnSession *open_toy(const Toy *t, const RnOptions *options)
{
    RnSession *s = NULL;
    RnError err = {0};
    RnStatus status = rn_session_open(&t->model, options, &s, &err);
    ck_assert_msg(status == RN_OK, "%s", err.text);
    memcpy(rn_tensor_data(s, TOY_T_WEIGHT), t->w, sizeof t->w);
    memcpy(rn_tensor_data(s, TOY_T_BIAS), t->b, sizeof t->b);
    memcpy(rn_tensor_data(s, TOY_T_MEAN), t->mean, sizeof t->mean);
    rn_params_changed(s);
    return s;
}

// logits[i, k] = b[k] + sum over d of (x[i, d] - mean[d]) * w[k, d], in double.
static double expected(const Toy *t, uint32_t i, uint32_t k)
{
    double sum = (double)t->b[k];
    for (uint32_t d = 0; d < TOY_D; d++) {
        sum += ((double)t->x[i * TOY_D + d] - (double)t->mean[d]) * (double)t->w[k * TOY_D + d];
    }
    return sum;
}

static void check_logits(const Toy *t, const float *y, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < TOY_K; k++) {
            // 25 roundings of values below 16: 25 * 16 * 6e-8.
            ck_assert_double_eq_tol((double)y[i * TOY_K + k], expected(t, i, k), 2.4e-5);
        }
    }
}

START_TEST(infers_any_batch_in_chunks)
{
    const Toy t = make_toy();
    for (uint32_t max = 1; max <= 9; max += 2) {
        RnSession *s = open_toy(&t, &(RnOptions){.max_batch = max, .threads = 2});
        ck_assert_uint_eq(rn_session_max_batch(s), max);
        for (uint32_t n = 1; n <= IMAGES; n++) {
            float y[(IMAGES + 1) * TOY_K];
            y[n * TOY_K] = 12345;
            const float *in = t.x;
            float *out = y;
            ck_assert_int_eq(rn_infer(s, &in, n, &out, NULL), RN_OK);
            check_logits(&t, y, n);
            ck_assert(y[n * TOY_K] == 12345);
        }
        rn_session_close(s);
    }
}
END_TEST

START_TEST(alignment_does_not_matter)
{
    const Toy t = make_toy();
    RnSession *s = open_toy(&t, &(RnOptions){.modes = RN_MODE_INFER, .max_batch = IMAGES});
    _Alignas(64) float x[IMAGES * TOY_D + 16];
    _Alignas(64) float y[IMAGES * TOY_K + 16], z[IMAGES * TOY_K];
    for (int shift = 0; shift <= 16; shift++) {
        memcpy(x + shift, t.x, sizeof t.x);
        const float *in = x + shift;
        float *out = y + shift;
        ck_assert_int_eq(rn_infer(s, &in, IMAGES, &out, NULL), RN_OK);
        ck_assert_int_eq(memcmp(x + shift, t.x, sizeof t.x), 0);
        if (shift == 0) {
            memcpy(z, y, sizeof z);
        }
        ck_assert_int_eq(memcmp(y + shift, z, sizeof z), 0);
    }
    check_logits(&t, z, IMAGES);
    rn_session_close(s);
}
END_TEST

START_TEST(prepares_again_after_changes)
{
    Toy t = make_toy();
    RnSession *s = open_toy(&t, &(RnOptions){.modes = RN_MODE_INFER, .threads = 3});
    float y[IMAGES * TOY_K];
    const float *in = t.x;
    float *out = y;
    ck_assert_int_eq(rn_prepare(s, NULL), RN_OK);
    ck_assert_int_eq(rn_infer(s, &in, IMAGES, &out, NULL), RN_OK);
    check_logits(&t, y, IMAGES);
    for (uint32_t i = 0; i < TOY_D * TOY_K; i++) {
        rn_tensor_data(s, TOY_T_WEIGHT)[i] = t.w[i] = toy_value(7000 + i);
    }
    rn_params_changed(s);
    ck_assert_int_eq(rn_infer(s, &in, IMAGES, &out, NULL), RN_OK);
    check_logits(&t, y, IMAGES);
    rn_session_close(s);
}
END_TEST

typedef struct Trace {
    char names[400];
    uint32_t batch;
} Trace;

static void trace_step(void *context, const RnModel *m, const RnStep *step, uint32_t batch,
                       uint64_t ns)
{
    Trace *trace = context;
    size_t used = strlen(trace->names);
    (void)ns;
    snprintf(trace->names + used, sizeof trace->names - used, "%s %s;",
             rn_text(m, rn_step_layer(m, step)->name), rn_text(m, rn_step_kernel(m, step)->work));
    trace->batch = batch;
}

START_TEST(takes_the_nearest_plan)
{
    // Nearest by ratio: 2 is twice 1 and a quarter of 8; 3 is thrice 1 and 3/8 of 8.
    static const char *const names[] = {"", "fc by one;", "fc by one;", "fc by eight;",
                                        "fc by eight;"};
    const Toy t = make_toy();
    Trace trace = {0};
    RnSession *s = open_toy(
        &t, &(RnOptions){.max_batch = 20, .on_step = trace_step, .on_step_context = &trace});
    const float *in = t.x;
    float y[IMAGES * TOY_K], *out = y;
    ck_assert_int_eq(rn_prepare(s, NULL), RN_OK);
    ck_assert_str_eq(trace.names, "fc pack;fc fold;");
    for (uint32_t n = 1; n <= 4; n++) {
        trace.names[0] = 0;
        ck_assert_int_eq(rn_infer(s, &in, n, &out, NULL), RN_OK);
        ck_assert_str_eq(trace.names, names[n]);
        ck_assert_uint_eq(trace.batch, n);
        check_logits(&t, y, n);
    }
    trace.names[0] = 0;
    ck_assert_int_eq(rn_infer(s, &in, 21, &out, NULL), RN_OK);
    ck_assert_str_eq(trace.names, "fc by eight;fc by one;"); // 20 images, then 1
    rn_session_set_hook(s, NULL, NULL);
    trace.names[0] = 0;
    ck_assert_int_eq(rn_infer(s, &in, 21, &out, NULL), RN_OK);
    ck_assert_str_eq(trace.names, "");
    rn_session_close(s);
}
END_TEST

START_TEST(same_bits_for_any_threads)
{
    const Toy t = make_toy();
    float first[IMAGES * TOY_K], y[IMAGES * TOY_K], *out = y;
    const float *in = t.x;
    for (unsigned threads = 1; threads <= 5; threads++) {
        RnSession *s = open_toy(&t, &(RnOptions){.threads = threads, .max_batch = IMAGES});
        for (int r = 0; r < 50; r++) {
            ck_assert_int_eq(rn_infer(s, &in, IMAGES, &out, NULL), RN_OK);
            if (threads == 1 && r == 0) {
                memcpy(first, y, sizeof y);
            }
            ck_assert_int_eq(memcmp(first, y, sizeof y), 0);
        }
        rn_session_close(s);
    }
}
END_TEST

static void *scratch_seen;

static void sees_scratch(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    scratch_seen = scratch;
    toy_infer_1(c, lo, hi, scratch, at);
}

// A toy whose plan for batch 1 has a place for scratch, 128 bytes per image behind 64, of which 64
// are beyond the arena.
typedef struct Placed {
    Toy toy;
    RnKernel kernels[TOY_KERNELS];
    RnPlace places[TOY_PLACES + 1];
    uint32_t operands[TOY_PLACES + 1];
    RnStep steps[2];
    RnPlan plans[3];
} Placed;

static void make_placed(Placed *p)
{
    p->toy = make_toy();
    memcpy(p->kernels, toy_kernels, sizeof toy_kernels);
    memcpy(p->places, toy_places, sizeof toy_places);
    memcpy(p->operands, toy_operands, sizeof toy_operands);
    memcpy(p->plans, toy_plans, sizeof toy_plans);
    p->kernels[TOY_INFER_1].fn = sees_scratch;
    p->places[TOY_PLACES] = (RnPlace){.region = RN_REGION_ARENA, .offset = 64, .slope = 128};
    p->operands[TOY_PLACES] = TOY_PLACES;
    p->steps[0] = toy_steps_1[0];
    p->steps[0].operands = TOY_PLACES;
    p->steps[1] = p->steps[0];
    p->plans[0].steps = p->steps;
    p->plans[0].step_count = 2;
    p->plans[0].arena_fixed_bytes = 64;
    p->plans[0].arena_per_image_bytes = 128;
    p->plans[0].scratch_beside_bytes = 64;
    p->plans[0].flags = RN_PLAN_SCRATCH_PLACED;
    RnModel *m = &p->toy.model;
    m->kernels = p->kernels;
    m->places = p->places;
    m->place_count++;
    m->operands = p->operands;
    m->operand_count++;
    m->plans = p->plans;
}

START_TEST(scratch_lies_where_the_plan_says)
{
    Placed p;
    make_placed(&p);
    // Up to batch 2 the first plan is the nearest: the other needs nothing then.
    RnSession *s = open_toy(&p.toy, &(RnOptions){.threads = 1, .max_batch = 2, .modes = 1});
    uint64_t bytes = 0;
    char *arena = rn_session_region(s, RN_REGION_ARENA, &bytes);
    ck_assert_uint_eq(bytes, 64 + 2 * 128 + 64);
    for (uint32_t batch = 1; batch <= 2; batch++) {
        float y[2 * TOY_K], *out = y;
        const float *in = p.toy.x;
        ck_assert_int_eq(rn_infer(s, &in, batch, &out, NULL), RN_OK);
        check_logits(&p.toy, y, batch);
        ck_assert_ptr_eq(scratch_seen, arena + 64 + batch * 128);
    }
    rn_session_close(s);
    // Other threads have their own, and so has the first for the plan without places.
    for (unsigned threads = 1; threads < 4; threads++) {
        s = open_toy(&p.toy, &(RnOptions){.threads = threads, .max_batch = 2, .modes = 1});
        rn_session_region(s, RN_REGION_ARENA, &bytes);
        ck_assert_uint_eq(bytes, 64 + 2 * 128 + 64 + (threads - 1) * 64);
        rn_session_close(s);
        s = open_toy(&p.toy, &(RnOptions){.threads = threads, .max_batch = 3, .modes = 1});
        rn_session_region(s, RN_REGION_ARENA, &bytes);
        ck_assert_uint_eq(bytes, 64 + 2 * 128 + 64 + threads * 64);
        rn_session_close(s);
    }
}
END_TEST

static _Atomic unsigned tasks_done;

// The first task returns when all others are complete, or after ten seconds.
static void held_up(const RnCall *c, uint32_t lo, uint32_t hi, void *scratch, void *const *at)
{
    time_t end = time(NULL) + 10;
    unsigned others = (c->batch + TOY_GROUP - 1) / TOY_GROUP - (hi - lo);
    while (lo == 0 && tasks_done < others && time(NULL) < end) {
    }
    toy_infer_8(c, lo, hi, scratch, at);
    tasks_done += lo > 0 || tasks_done == others ? hi - lo : 0;
}

// What a thread has not begun of its share, another takes.
START_TEST(nobody_waits_for_a_held_up_thread)
{
    Toy t = make_toy();
    RnKernel kernels[TOY_KERNELS];
    memcpy(kernels, toy_kernels, sizeof kernels);
    kernels[TOY_INFER_8].fn = held_up;
    t.model.kernels = kernels;
    const float *in = t.x;
    for (unsigned threads = 2; threads <= 4; threads++) {
        RnSession *s = open_toy(&t, &(RnOptions){.threads = threads, .max_batch = IMAGES});
        float y[IMAGES * TOY_K], *out = y;
        tasks_done = 0;
        ck_assert_int_eq(rn_infer(s, &in, 20, &out, NULL), RN_OK);
        ck_assert_uint_eq(tasks_done, 5);
        check_logits(&t, y, 20);
        rn_session_close(s);
    }
}
END_TEST

typedef struct Client {
    const Toy *toy;
    bool ok;
} Client;

static void *client_main(void *argument)
{
    Client *c = argument;
    RnSession *s = NULL;
    if (rn_session_open(&c->toy->model, &(RnOptions){.threads = 2}, &s, NULL) != RN_OK) {
        return NULL;
    }
    memcpy(rn_tensor_data(s, TOY_T_WEIGHT), c->toy->w, sizeof c->toy->w);
    memcpy(rn_tensor_data(s, TOY_T_BIAS), c->toy->b, sizeof c->toy->b);
    memcpy(rn_tensor_data(s, TOY_T_MEAN), c->toy->mean, sizeof c->toy->mean);
    c->ok = true;
    for (int r = 0; r < 100; r++) {
        float y[IMAGES * TOY_K], *out = y;
        const float *in = c->toy->x;
        c->ok = c->ok && rn_infer(s, &in, IMAGES, &out, NULL) == RN_OK;
        for (uint32_t i = 0; i < IMAGES * TOY_K; i++) {
            c->ok = c->ok && fabs((double)y[i] - expected(c->toy, i / TOY_K, i % TOY_K)) < 2.4e-5;
        }
    }
    rn_session_close(s);
    return NULL;
}

START_TEST(sessions_on_many_threads)
{
    const Toy t = make_toy();
    Client clients[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = (Client){.toy = &t};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, client_main, &clients[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(clients[i].ok);
    }
}
END_TEST

START_TEST(sessions_share_a_pool)
{
    const Toy t = make_toy();
    RnPool *pool = NULL;
    ck_assert_int_eq(rn_pool_create(3, &pool, NULL), RN_OK);
    RnSession *a = open_toy(&t, &(RnOptions){.pool = pool, .threads = 99});
    RnSession *b = open_toy(&t, &(RnOptions){.pool = pool});
    ck_assert_ptr_eq(rn_session_pool(a), pool);
    const float *in = t.x;
    float y[IMAGES * TOY_K], *out = y;
    for (int r = 0; r < 10; r++) {
        ck_assert_int_eq(rn_infer(r & 1 ? a : b, &in, IMAGES, &out, NULL), RN_OK);
    }
    check_logits(&t, y, IMAGES);
    rn_session_close(a);
    rn_session_close(b);
    rn_pool_destroy(pool);
}
END_TEST

START_TEST(embedded_weights)
{
    const Toy t = make_toy();
    float params[69] = {0}, packed[65];
    memcpy(params, t.w, sizeof t.w);
    memcpy(params + 64, t.b, sizeof t.b);
    RnRegion regions[TOY_REGIONS];
    memcpy(regions, toy_regions, sizeof regions);
    regions[RN_REGION_PARAMS].initial = params;
    regions[RN_REGION_STATE].initial = t.mean;
    Toy e = t;
    e.model.regions = regions;
    const float *in = t.x;
    float y[IMAGES * TOY_K], *out = y;
    RnSession *s = NULL;
    ck_assert_int_eq(rn_session_open(&e.model, NULL, &s, NULL), RN_OK);
    ck_assert_int_eq(rn_infer(s, &in, IMAGES, &out, NULL), RN_OK);
    check_logits(&t, y, IMAGES);
    rn_session_close(s);
    // With packed weights embedded too, nothing is prepared.
    for (uint32_t i = 0; i < TOY_D * TOY_K; i++) {
        packed[i] = t.w[(i % TOY_K) * TOY_D + i / TOY_K];
    }
    for (uint32_t k = 0; k < TOY_K; k++) {
        packed[TOY_PACKED_BIAS + k] = 1000.0f + (float)k;
    }
    regions[RN_REGION_PACKED].initial = packed;
    ck_assert_int_eq(rn_session_open(&e.model, NULL, &s, NULL), RN_OK);
    ck_assert_int_eq(rn_infer(s, &in, 1, &out, NULL), RN_OK);
    ck_assert(y[0] > 900);
    rn_params_changed(s);
    ck_assert_int_eq(rn_infer(s, &in, IMAGES, &out, NULL), RN_OK);
    check_logits(&t, y, IMAGES);
    rn_session_close(s);
}
END_TEST

// Opens a spoilt copy of the model and gives the status and text.
static void check_refused(const RnModel *model, RnStatus status, const char *text)
{
    RnSession *s = NULL;
    RnError err = {0};
    ck_assert_int_eq(rn_session_open(model, NULL, &s, &err), status);
    ck_assert_int_eq(err.status, status);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

START_TEST(refuses_what_it_cannot_run)
{
    const RnModel good = toy_model();
    RnModel m = good;
    check_refused(NULL, RN_ERR_MODEL, "rn_model_choose");
    m.magic ^= 1;
    check_refused(&m, RN_ERR_MODEL, "not a compiled model");
    m = good;
    m.abi_version = 1;
    check_refused(&m, RN_ERR_MODEL, "interface version 1, this runtime has 4");
    m = good;
    m.struct_bytes = RN_FROZEN_BYTES_MODEL - 8;
    check_refused(&m, RN_ERR_MODEL, "sizes this runtime cannot read");
    m = good;
    m.tensor_stride -= 16;
    check_refused(&m, RN_ERR_MODEL, "sizes this runtime cannot read");
    m = good;
    m.isa = "vax";
    m.needs.kind = 75;
    check_refused(&m, RN_ERR_ISA, "compiled for vax");
    m = good;
    m.param_count = 3;
    check_refused(&m, RN_ERR_MODEL, "tensor 2");
    RnRegion regions[TOY_REGIONS];
    memcpy(regions, toy_regions, sizeof regions);
    regions[RN_REGION_PARAMS].fixed_bytes = 270;
    m = good;
    m.regions = regions;
    check_refused(&m, RN_ERR_MODEL, "tensor 1");
    regions[RN_REGION_PARAMS] = toy_regions[RN_REGION_PARAMS];
    regions[RN_REGION_ARENA].align = 48;
    check_refused(&m, RN_ERR_MODEL, "region 4");
    RnPlan plans[3];
    memcpy(plans, toy_plans, sizeof plans);
    plans[0].batch = 0;
    m = good;
    m.plans = plans;
    check_refused(&m, RN_ERR_MODEL, "plan 0");
}
END_TEST

// Steps whose layer, kernel or operands do not exist, and tables of these that are wrong.
START_TEST(refuses_wrong_parts)
{
    const RnModel good = toy_model();
    const RnStep *forward = &toy_steps_train[2];
    const RnStep wrong[] = {
        {.layer = TOY_LAYERS, .kernel = forward->kernel},
        {.layer = forward->layer, .kernel = TOY_KERNELS},
        {.layer = forward->layer, .kernel = forward->kernel, .operands = 4},
        {.layer = forward->layer, .kernel = forward->kernel, .operands = UINT32_MAX},
    };
    RnModel m = good;
    RnPlan plans[3];
    memcpy(plans, toy_plans, sizeof plans);
    m.plans = plans;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        plans[0].steps = &wrong[i];
        check_refused(&m, RN_ERR_MODEL, "plan 0");
    }
    const uint32_t operands[] = {TOY_PLACES, 0, 0, 0};
    m = good;
    m.operands = operands;
    check_refused(&m, RN_ERR_MODEL, "plan 2");
    RnKernel kernel = toy_kernels[0];
    kernel.tasks_div = 0;
    m = good;
    m.kernels = &kernel;
    check_refused(&m, RN_ERR_MODEL, "kernel 0");
    const RnPlace place = {.region = TOY_REGIONS};
    m = good;
    m.places = &place;
    check_refused(&m, RN_ERR_MODEL, "place 0");
    const RnLayer layer = {.fn = toy_layer, .name = sizeof toy_texts};
    m = good;
    m.layers = &layer;
    check_refused(&m, RN_ERR_MODEL, "layer 0");
    m = good;
    m.text_bytes--;
    check_refused(&m, RN_ERR_MODEL, "sizes this runtime cannot read");
}
END_TEST

START_TEST(refuses_wrong_places_for_scratch)
{
    Placed p;
    make_placed(&p);
    p.steps[0].operands++; // there is no operand
    check_refused(&p.toy.model, RN_ERR_MODEL, "plan 0");
    p.plans[0].flags = 0; // and none is wanted
    RnSession *s = open_toy(&p.toy, &(RnOptions){.threads = 1});
    rn_session_close(s);
}
END_TEST

// A table whose elements have `more` bytes than this runtime knows, none of them zero.
static void *lengthen(const void *table, size_t count, size_t bytes, size_t more)
{
    char *longer = malloc(count * (bytes + more));
    ck_assert_ptr_nonnull(longer);
    memset(longer, 0xFF, count * (bytes + more));
    for (size_t i = 0; i < count; i++) {
        memcpy(longer + i * (bytes + more), (const char *)table + i * bytes, bytes);
    }
    return longer;
}

START_TEST(runs_newer_objects)
{
    enum { MORE = 16 };
    const Toy t = make_toy();
    Toy newer = t;
    RnTensor *tensors = lengthen(toy_tensors, TOY_TENSORS, sizeof *tensors, MORE);
    RnRegion *regions = lengthen(toy_regions, TOY_REGIONS, sizeof *regions, MORE);
    RnKernel *kernels = lengthen(toy_kernels, TOY_KERNELS, sizeof *kernels, MORE);
    RnLayer *layers = lengthen(toy_layers, TOY_LAYERS, sizeof *layers, MORE);
    RnPlace *places = lengthen(toy_places, TOY_PLACES, sizeof *places, MORE);
    RnStep *prepare = lengthen(toy_prepare, 2, sizeof *prepare, MORE);
    RnModel *m = &newer.model;
    m->tensors = tensors;
    m->regions = regions;
    m->kernels = kernels;
    m->layers = layers;
    m->places = places;
    m->prepare = prepare;
    m->tensor_stride += MORE;
    m->region_stride += MORE;
    m->kernel_stride += MORE;
    m->layer_stride += MORE;
    m->place_stride += MORE;
    m->prepare_stride += MORE;
    RnSession *s = open_toy(&newer, NULL);
    float y[IMAGES * TOY_K], *out = y;
    const float *in = t.x;
    ck_assert_int_eq(rn_infer(s, &in, IMAGES, &out, NULL), RN_OK);
    check_logits(&t, y, IMAGES);
    ck_assert_ptr_null(rn_model_preprocess(m, 0));
    rn_session_close(s);
    free(tensors);
    free(regions);
    free(kernels);
    free(layers);
    free(places);
    free(prepare);
}
END_TEST

START_TEST(refuses_impossible_sizes)
{
    const RnModel good = toy_model();
    RnModel m = good;
    RnRegion regions[TOY_REGIONS];
    memcpy(regions, toy_regions, sizeof regions);
    m.regions = regions;
    regions[TOY_REGION_X].per_image_bytes = UINT64_MAX / 4;
    check_refused(&m, RN_ERR_MEMORY, "more memory than can be counted");
    regions[TOY_REGION_X].per_image_bytes = UINT64_C(1) << 56;
    check_refused(&m, RN_ERR_MEMORY, "out of memory: its x needs");
    RnSession *s = NULL;
    RnError err;
    RnKernel kernels[TOY_KERNELS];
    memcpy(kernels, toy_kernels, sizeof kernels);
    kernels[TOY_INFER_8].tasks_mul = 3000000;
    m = good;
    m.kernels = kernels;
    ck_assert_int_eq(rn_session_open(&m, &(RnOptions){.max_batch = 4096}, &s, &err), RN_ERR_BATCH);
}
END_TEST

START_TEST(refuses_wrong_calls)
{
    const Toy t = make_toy();
    RnError err;
    const float *in = t.x, *none = NULL;
    float y[IMAGES * TOY_K], *out = y, *nowhere = NULL;
    RnSession *s = open_toy(&t, &(RnOptions){.modes = RN_MODE_INFER});
    ck_assert_int_eq(rn_infer(s, &in, 0, &out, &err), RN_ERR_BATCH);
    ck_assert_int_eq(rn_infer(s, &none, 1, &out, &err), RN_ERR_USAGE);
    ck_assert_str_eq(err.text, "model toy: no data for input image");
    ck_assert_int_eq(rn_infer(s, NULL, 1, &out, &err), RN_ERR_USAGE);
    ck_assert_int_eq(rn_infer(s, &in, 3, &nowhere, &err), RN_OK); // outputs may be skipped
    ck_assert_int_eq(rn_forward_backward(s, &(RnTrainBatch){.inputs = &in, .batch = 1}, NULL, &err),
                     RN_ERR_MISSING);
    ck_assert_ptr_null(rn_tensor_data(s, TOY_T_GW));
    ck_assert_ptr_null(rn_tensor_data(s, TOY_T_X));
    ck_assert_ptr_null(rn_tensor_data(s, -1));
    rn_session_close(s);
    s = open_toy(&t, &(RnOptions){.modes = RN_MODE_TRAIN});
    ck_assert_int_eq(rn_infer(s, &in, 1, &out, &err), RN_ERR_MISSING);
    rn_session_close(s);
    RnModel m = t.model;
    m.plan_count = 2;
    ck_assert_int_eq(rn_session_open(&m, &(RnOptions){.modes = RN_MODE_TRAIN}, &s, &err),
                     RN_ERR_MISSING);
    ck_assert_str_eq(err.text, "model toy has no training plan: compile it with --mode both");
    rn_session_close(NULL);
}
END_TEST

START_TEST(memory_follows_the_modes)
{
    const Toy t = make_toy();
    RnSession *infer =
        open_toy(&t, &(RnOptions){.modes = RN_MODE_INFER, .threads = 1, .max_batch = 10});
    RnSession *both = open_toy(&t, &(RnOptions){.threads = 1, .max_batch = 10});
    // params, state, packed, arena's fixed part, 10 images of x, labels, loss, logits; scratch.
    ck_assert_uint_eq(rn_session_bytes(infer), 276 + 48 + 260 + 64 + 10 * (48 + 4 + 4 + 20) + 64);
    ck_assert_uint_eq(rn_session_bytes(both), rn_session_bytes(infer) + 304 + 10 * TOY_IMAGE_BYTES);
    rn_session_close(infer);
    rn_session_close(both);
}
END_TEST

START_TEST(finds_tensors)
{
    const RnModel m = toy_model();
    ck_assert_int_eq(rn_model_find(&m, "fc.bias", RN_ROLE_PARAM), TOY_T_BIAS);
    ck_assert_int_eq(rn_model_find(&m, "fc.bias", RN_ROLE_STATE), -1);
    ck_assert_int_eq(rn_model_nth(&m, RN_ROLE_PARAM, 1), TOY_T_BIAS);
    ck_assert_int_eq(rn_model_nth(&m, RN_ROLE_PARAM, 2), -1);
    ck_assert_uint_eq(rn_model_classes(&m), TOY_K);
    ck_assert_uint_eq(rn_tensor_elements(rn_model_tensor(&m, TOY_T_X)), TOY_D);
    ck_assert_uint_eq(rn_tensor_elements(rn_model_tensor(&m, TOY_T_WEIGHT)), TOY_D * TOY_K);
}
END_TEST

START_TEST(initial_values)
{
    const Toy t = make_toy();
    RnSession *a = open_toy(&t, &(RnOptions){.threads = 1}),
              *b = open_toy(&t, &(RnOptions){.threads = 4});
    rn_init_params(a, 5, 0);
    rn_init_params(b, 5, 0);
    const float *w = rn_tensor_data(a, TOY_T_WEIGHT), *bias = rn_tensor_data(a, TOY_T_BIAS);
    ck_assert_int_eq(memcmp(w, rn_tensor_data(b, TOY_T_WEIGHT), sizeof t.w), 0);
    float largest = 0, xavier = sqrtf(6.0f / (TOY_D + TOY_K));
    for (int i = 0; i < TOY_D * TOY_K; i++) {
        largest = fmaxf(largest, fabsf(w[i]));
    }
    ck_assert(largest <= xavier && largest > 0.8f * xavier);
    for (int i = 0; i < TOY_K; i++) { // the bias has the weight's fan in
        ck_assert(fabsf(bias[i]) <= 1 / sqrtf((float)TOY_D) && bias[i] != 0);
    }
    for (int i = 0; i < TOY_D; i++) {
        ck_assert(rn_tensor_data(a, TOY_T_MEAN)[i] == 0);
    }
    rn_init_params(b, 6, 0);
    ck_assert_int_ne(memcmp(w, rn_tensor_data(b, TOY_T_WEIGHT), sizeof t.w), 0);
    rn_session_close(a);
    rn_session_close(b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tc = tcase_create("session");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, infers_any_batch_in_chunks);
    tcase_add_test(tc, alignment_does_not_matter);
    tcase_add_test(tc, prepares_again_after_changes);
    tcase_add_test(tc, takes_the_nearest_plan);
    tcase_add_test(tc, same_bits_for_any_threads);
    tcase_add_test(tc, scratch_lies_where_the_plan_says);
    tcase_add_test(tc, nobody_waits_for_a_held_up_thread);
    tcase_add_test(tc, sessions_on_many_threads);
    tcase_add_test(tc, sessions_share_a_pool);
    tcase_add_test(tc, embedded_weights);
    tcase_add_test(tc, refuses_what_it_cannot_run);
    tcase_add_test(tc, refuses_wrong_parts);
    tcase_add_test(tc, refuses_wrong_places_for_scratch);
    tcase_add_test(tc, runs_newer_objects);
    tcase_add_test(tc, refuses_impossible_sizes);
    tcase_add_test(tc, refuses_wrong_calls);
    tcase_add_test(tc, memory_follows_the_modes);
    tcase_add_test(tc, finds_tensors);
    tcase_add_test(tc, initial_values);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
