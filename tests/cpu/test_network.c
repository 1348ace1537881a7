// test_network.c: whole shipped models, small, through all passes and the code generator, on every
// target that this machine runs, against the float64 interpreter: logits; loss, gradients and
// running statistics of a training step; equal bits for one and several threads.
//
// Tolerances, relative to a tensor's norm: logits err by a few float32 roundings per layer, 2e-5
// covers 50 layers. A gradient can differ by a ReLU that flips at rounding level, which moves it by
// about 1e-3 of its norm: 1e-2 still finds every wrong formula, the strict limits are those of
// single kernels (test_kernels.c) and of the golden files.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/textfile.h"
#include "build/loaded_object.h"
#include "cpu/codegen.h"
#include "front/front.h"
#include "ir/graph_clone.h"
#include "ir/builder.h"
#include "passes/pipeline.h"
#include "resnetc/runtime.h"
#include "support/check_main.h"
#include "support/targets.h"

#define LOGITS_TOLERANCE 2e-5
#define GRADIENT_TOLERANCE 1e-2

typedef struct Case {
    const char *model;
    const char *defines[6];
    uint32_t batch, plan;
} Case;

// The first ALL_TARGETS of them run on every target, the others on the best. The last stages have
// at least eight elements per channel: a BN over fewer is ill-conditioned.
enum { ALL_TARGETS = 4 };
static const Case cases[] = {
    {"cifar_resnet20.rn", {"height=9", "width=11"}, 3, 1},
    {"cifar_resnet20_b.rn", {"height=8", "width=8"}, 2, 64},
    {"resnet.rn", {"depths=[1,1,1,1]", "height=37", "width=45", "classes=19"}, 3, 1},
    {"residual_demo_stride2.rn", {NULL}, 4, 64},
    {"residual_demo.rn", {NULL}, 4, 1},
    {"resnet.rn",
     {"depths=[1,1,1,1]", "bottlenecks=true", "height=64", "width=33", "classes=7"},
     4,
     2},
    {"resnetv2_18.rn", {"depths=[1,1,1,1]", "height=64", "width=64", "classes=10"}, 2, 1},
    {"preact_resnet50_keras.rn", {"height=41", "width=41", "classes=10"}, 2, 1},
    {"seresnet18.rn", {"depths=[1,1,1,1]", "height=64", "width=64", "classes=5"}, 2, 1},
    {"resnet18d.rn", {"depths=[1,1,1,1]", "height=48", "width=48", "classes=10"}, 2, 1},
    {"googlenet_inception.rn", {"height=9", "width=9"}, 2, 1},
    {"d2l_resnet18_tf.rn", {"depths=[1,1,1,1]", "height=64", "width=64", "classes=9"}, 2, 1},
    {"wrn.rn", {"k=2", "height=8", "width=8"}, 2, 1},
};
enum { CASES = sizeof cases / sizeof cases[0] };
// The seed of the pictures: one with which no case is at a flip of a ReLU.
enum { PICTURES = 9 };

typedef struct Net {
    Arena *arena;
    const Case *c;
    const TargetDef *target;
    Graph *built;
    SourceSet sources;
    Diag *diag;
    LowerTarget lower;
    PackedPool *pool;
    LoadedObject *object;
    const RnModel *model;
    RnSession *session;
    const char *trainable; // NULL, or why not
} Net;

static Graph *run_passes(Net *n, Mode mode, const char *stop)
{
    Graph *g = graph_clone(n->arena, n->built);
    g->mode = mode;
    g->plan_batch = n->c->plan;
    PassOptions opt = {.target = &n->lower,
                       .both_modes = !n->trainable,
                       .packed = stop ? NULL : n->pool,
                       .stop_after = stop,
                       .verify_each = true};
    PassReport report = {.dumps = {.arena = n->arena}, .times = {.arena = n->arena}};
    bool ok = passes_run(g, &opt, n->diag, &report);
    StrBuf text = {.arena = n->arena};
    diag_render(n->diag, &text);
    ck_assert_msg(ok, "%s", strbuf_text(&text));
    return g;
}

static void build(Net *n)
{
    FrontOptions front = {.defines = n->c->defines,
                          .models = shipped_models_table,
                          .model_count = shipped_models_table_count};
    while (front.define_count < 6 && n->c->defines[front.define_count]) {
        front.define_count++;
    }
    n->sources.arena = n->arena;
    n->diag = diag_create(n->arena, &n->sources);
    n->built = front_build(n->arena, &n->sources, n->diag, n->c->model, &front, NULL);
    StrBuf text = {.arena = n->arena};
    diag_render(n->diag, &text);
    ck_assert_msg(n->built != NULL, "%s", strbuf_text(&text));
    n->trainable = passes_untrainable(n->arena, n->built);
}

static const void *emit(Net *n, size_t *bytes)
{
    Codegen *codegen = codegen_create(n->arena, n->target, NULL);
    n->lower = codegen_lower_target(codegen);
    n->pool = packed_pool_create(n->arena);
    const Graph *plans[2] = {run_passes(n, MODE_INFER, NULL), NULL};
    if (!n->trainable) {
        plans[1] = run_passes(n, MODE_TRAIN, NULL);
    }
    ModelSpec spec = {.name = "net",
                      .compiler = "test",
                      .source = "",
                      .path = n->c->model,
                      .sources = &n->sources,
                      .main_file = 1,
                      .plans = plans,
                      .plan_count = n->trainable ? 1 : 2};
    return codegen_emit(codegen, n->arena, &spec, CODEGEN_OBJECT, bytes, NULL);
}

static double random_in(uint64_t *state, double lo, double hi)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return lo + (hi - lo) * (double)(*state >> 11) * 0x1p-53;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

// Random numbers in all vectors: scales and variances near 1, shifts and means near 0.
static void fill_vectors(Net *n)
{
    uint64_t seed = 7;
    for (uint32_t i = 0; i < n->model->param_count + n->model->state_count; i++) {
        const RnTensor *t = rn_model_tensor(n->model, (int32_t)i);
        if (t->rank > 1) {
            continue;
        }
        float *x = rn_tensor_data(n->session, (int32_t)i);
        const char *name = rn_model_tensor_name(n->model, (int32_t)i);
        bool positive = ends_with(name, "weight") || ends_with(name, "running_var");
        for (uint64_t k = 0; k < rn_tensor_elements(t); k++) {
            x[k] = (float)(positive ? random_in(&seed, 0.7, 1.3) : random_in(&seed, -0.3, 0.3));
        }
    }
    rn_params_changed(n->session);
}

static void open_net(Net *n, unsigned threads)
{
    RnError err;
    RnOptions options = {.max_batch = n->c->batch, .threads = threads};
    RnStatus status = rn_session_open(n->model, &options, &n->session, &err);
    ck_assert_msg(status == RN_OK, "%s: %s", n->c->model, err.text);
    rn_init_params(n->session, 1, 0);
    fill_vectors(n);
}

static Net load_net(const Case *c, const TargetDef *target, unsigned threads)
{
    Net n = {.arena = arena_create(), .c = c, .target = target};
    build(&n);
    size_t bytes;
    const void *object = emit(&n, &bytes);
    const char *error = NULL;
    n.object = object_load(n.arena, object, bytes, "net", &n.model, &error);
    ck_assert_msg(n.object != NULL, "%s", error);
    open_net(&n, threads);
    return n;
}

static void unload_net(Net *n)
{
    rn_session_close(n->session);
    object_unload(n->object);
    arena_destroy(n->arena);
}

static int64_t elements(const Value *v, uint32_t batch)
{
    return shape_elements(&v->shape) * (shape_is_batched(&v->shape) ? batch : 1);
}

static RefTensor ref_tensor(Net *n, const Value *v)
{
    RefTensor t = {.shape = v->shape};
    if (shape_is_batched(&v->shape)) {
        t.shape.dim[0] = n->c->batch;
    }
    t.at = ARENA_ARRAY(n->arena, double, elements(v, n->c->batch));
    return t;
}

static void copy_named(Net *n, RefTensor *values, Value *const *at, uint32_t count, RnRole role)
{
    for (uint32_t i = 0; i < count; i++) {
        int32_t index = rn_model_find(n->model, at[i]->name, role);
        ck_assert_msg(index >= 0, "no tensor %s", at[i]->name);
        const float *data = rn_tensor_data(n->session, index);
        values[at[i]->id] = ref_tensor(n, at[i]);
        for (int64_t k = 0; k < elements(at[i], 1); k++) {
            values[at[i]->id].at[k] = (double)data[k];
        }
    }
}

// The interpreter's values with the session's parameters and state, and random inputs.
static RefTensor *make_values(Net *n, const Graph *g, float *images, uint32_t *labels)
{
    RefTensor *values = ARENA_ARRAY(n->arena, RefTensor, g->next_value);
    uint64_t seed = PICTURES;
    const Value *in = g->inputs.at[0];
    copy_named(n, values, g->params.at, g->params.count, RN_ROLE_PARAM);
    copy_named(n, values, g->states.at, g->states.count, RN_ROLE_STATE);
    values[in->id] = ref_tensor(n, in);
    for (int64_t i = 0; i < elements(in, n->c->batch); i++) {
        images[i] = (float)random_in(&seed, -1, 1);
        values[in->id].at[i] = (double)images[i];
    }
    if (g->labels) {
        values[g->labels->id] = ref_tensor(n, g->labels);
        for (uint32_t i = 0; i < n->c->batch; i++) {
            labels[i] = i % rn_model_classes(n->model);
            values[g->labels->id].at[i] = labels[i];
        }
    }
    return values;
}

// floor: a norm below which errors are not measured against the tensor's own norm.
static void check_close(const char *what, const float *got, const double *want, int64_t count,
                        double tolerance, double floor)
{
    double error = 0, norm = floor * floor + 1e-30;
    for (int64_t i = 0; i < count; i++) {
        double d = (double)got[i] - want[i];
        error += d * d;
        norm += want[i] * want[i];
    }
    double relative = sqrt(error / norm);
    ck_assert_msg(relative <= tolerance, "%s: relative error %.3e, limit %.1e", what, relative,
                  tolerance);
}

static float *float_array(Net *n, int64_t count)
{
    return ARENA_ARRAY(n->arena, float, count);
}

static void check_infer(Net *n)
{
    const Graph *g = n->built;
    uint32_t batch = n->c->batch;
    float *images = float_array(n, elements(g->inputs.at[0], batch));
    RefTensor *values = make_values(n, g, images, NULL);
    const Value *y = g->outputs.at[0];
    float *out = float_array(n, elements(y, batch));
    const float *inputs[1] = {images};
    float *outputs[1] = {out};
    RnError err;
    ck_assert_msg(rn_infer(n->session, inputs, batch, outputs, &err) == RN_OK, "%s", err.text);
    graph_interpret(g, n->arena, batch, values, 1.0);
    const char *what = arena_printf(n->arena, "%s %s: logits", n->target->isa->name, n->c->model);
    check_close(what, out, values[y->id].at, elements(y, batch), LOGITS_TOLERANCE, 0);
}

static void check_gradients(Net *n, const Graph *g, const RefTensor *values)
{
    ck_assert_uint_eq(g->grads.count, n->model->param_count);
    // Some cancel to nothing (a bias before a BN): they are measured against a thousandth of the
    // mean.
    double squares = 0;
    for (uint32_t i = 0; i < g->grads.count; i++) {
        const Value *v = g->grads.at[i];
        for (int64_t k = 0; k < elements(v, 1); k++) {
            squares += values[v->id].at[k] * values[v->id].at[k];
        }
    }
    double floor = 1e-3 * sqrt(squares / g->grads.count);
    for (uint32_t i = 0; i < g->grads.count; i++) {
        const Value *v = g->grads.at[i];
        int32_t index = rn_model_find(n->model, v->param->name, RN_ROLE_PARAM);
        const RnTensor *t = rn_model_tensor(n->model, index);
        const char *what = arena_printf(n->arena, "%s %s: gradient of %s", n->target->isa->name,
                                        n->c->model, v->param->name);
        check_close(what, rn_tensor_data(n->session, t->grad), values[v->id].at, elements(v, 1),
                    GRADIENT_TOLERANCE, floor);
    }
}

static void check_train(Net *n)
{
    Graph *g = run_passes(n, MODE_TRAIN, "sides");
    uint32_t batch = n->c->batch;
    float *images = float_array(n, elements(g->inputs.at[0], batch));
    uint32_t *labels = ARENA_ARRAY(n->arena, uint32_t, batch);
    RefTensor *values = make_values(n, g, images, labels);
    const float *inputs[1] = {images};
    RnTrainBatch step = {.inputs = inputs, .labels = labels, .batch = batch};
    RnTrainResult result;
    RnError err;
    RnStatus status = rn_forward_backward(n->session, &step, &result, &err);
    ck_assert_msg(status == RN_OK, "%s: %s", n->c->model, err.text);
    graph_interpret(g, n->arena, batch, values, 1.0 / batch);
    double loss = 0;
    for (uint32_t i = 0; i < batch; i++) {
        loss += values[g->loss->id].at[i] / batch;
    }
    ck_assert_msg(fabs(loss - result.loss) <= LOGITS_TOLERANCE * (1 + fabs(loss)),
                  "%s: loss %.9g, not %.9g", n->c->model, result.loss, loss);
    check_gradients(n, g, values);
    for (uint32_t i = 0; i < g->states.count; i++) {
        const Value *v = g->states.at[i];
        int32_t index = rn_model_find(n->model, v->name, RN_ROLE_STATE);
        check_close(v->name, rn_tensor_data(n->session, index), values[v->id].at, elements(v, 1),
                    LOGITS_TOLERANCE, 0);
    }
}

START_TEST(numbers_agree)
{
    for (size_t t = 0; t < isa_table_count; t++) {
        bool wanted = _i < ALL_TARGETS || isa_table[t] == isa_native();
        if (!wanted || !isa_runs_here(isa_table[t])) {
            continue;
        }
        Net n = load_net(&cases[_i], target_to_see(t), 1);
        check_infer(&n);
        if (!n.trainable) {
            check_train(&n);
        }
        unload_net(&n);
    }
}
END_TEST

START_TEST(every_target_compiles)
{
    for (size_t t = 0; t < isa_table_count; t++) {
        Net n = {.arena = arena_create(), .c = &cases[_i], .target = target_to_see(t)};
        size_t bytes = 0;
        build(&n);
        const char *object = emit(&n, &bytes);
        ck_assert_uint_gt(bytes, 1000);
        ck_assert_mem_eq(object, "\177ELF", 4);
        arena_destroy(n.arena);
    }
}
END_TEST

// One training step's gradients, in a session of its own.
static float *gradients_with(Net *n, unsigned threads, size_t *bytes)
{
    rn_session_close(n->session);
    open_net(n, threads);
    uint32_t batch = n->c->batch;
    float *images = float_array(n, elements(n->built->inputs.at[0], batch));
    uint32_t *labels = ARENA_ARRAY(n->arena, uint32_t, batch);
    (void)make_values(n, n->built, images, labels);
    const float *inputs[1] = {images};
    RnTrainBatch step = {.inputs = inputs, .labels = labels, .batch = batch};
    RnTrainResult result;
    RnError err;
    ck_assert_int_eq(rn_forward_backward(n->session, &step, &result, &err), RN_OK);
    size_t count = 0;
    float *all = NULL;
    for (uint32_t i = 0; i < n->model->param_count; i++) {
        const RnTensor *t = rn_model_tensor(n->model, (int32_t)i);
        size_t more = rn_tensor_elements(t);
        all = realloc(all, (count + more) * sizeof *all);
        ck_assert_ptr_nonnull(all);
        memcpy(all + count, rn_tensor_data(n->session, t->grad), more * sizeof *all);
        count += more;
    }
    *bytes = count * sizeof *all;
    return all;
}

START_TEST(threads_change_no_bit)
{
    size_t bytes, other_bytes;
    Net n = load_net(&cases[_i], target_here(), 1);
    float *one = gradients_with(&n, 1, &bytes);
    for (unsigned threads = 2; threads <= 5; threads++) {
        float *many = gradients_with(&n, threads, &other_bytes);
        ck_assert_uint_eq(bytes, other_bytes);
        ck_assert_int_eq(memcmp(one, many, bytes), 0);
        free(many);
    }
    free(one);
    unload_net(&n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("network");
    TCase *tests = tcase_create("network");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, numbers_agree, 0, CASES);
    tcase_add_loop_test(tests, every_target_compiles, 0, 4);
    tcase_add_loop_test(tests, threads_change_no_bit, 0, 3);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
