// net_run.c: see net_run.h.
#include "cpu/net_run.h"

#include <math.h>
#include <string.h>

#include "cpu/net_flips.h"
#include "ir/builder.h"
#include "ir/graph_clone.h"
#include "support/check_main.h"

#define LOGITS_TOLERANCE 2e-5
#define GRADIENT_TOLERANCE 5e-4
#define FLIP_TOLERANCE 1e-2

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

void net_run_build(Net *n)
{
    const TextFile *text_of = n->c->text;
    FrontOptions front = {.defines = n->c->defines,
                          .models = text_of ? text_of : shipped_models_table,
                          .model_count = text_of ? 1 : shipped_models_table_count};
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

const void *net_run_emit(Net *n, size_t *bytes)
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
    uint64_t seed = n->c->seed << 8 | 7;
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

void net_run_open(Net *n, unsigned threads)
{
    RnError err;
    RnOptions options = {.max_batch = n->c->batch, .threads = threads};
    RnStatus status = rn_session_open(n->model, &options, &n->session, &err);
    ck_assert_msg(status == RN_OK, "%s: %s", n->c->model, err.text);
    rn_init_params(n->session, n->c->seed, 0);
    fill_vectors(n);
}

Net net_run_load(const NetCase *c, const TargetDef *target, unsigned threads)
{
    Net n = {.arena = arena_create(), .c = c, .target = target};
    net_run_build(&n);
    size_t bytes;
    const void *object = net_run_emit(&n, &bytes);
    const char *error = NULL;
    n.object = object_load(n.arena, object, bytes, "net", &n.model, &error);
    ck_assert_msg(n.object != NULL, "%s", error);
    net_run_open(&n, threads);
    return n;
}

void net_run_unload(Net *n)
{
    rn_session_close(n->session);
    object_unload(n->object);
    arena_destroy(n->arena);
}

int64_t net_run_elements(const Value *v, uint32_t batch)
{
    return shape_elements(&v->shape) * (shape_is_batched(&v->shape) ? batch : 1);
}

static RefTensor ref_tensor(Net *n, const Value *v)
{
    RefTensor t = {.shape = v->shape};
    if (shape_is_batched(&v->shape)) {
        t.shape.dim[0] = n->c->batch;
    }
    t.at = ARENA_ARRAY(n->arena, double, net_run_elements(v, n->c->batch));
    return t;
}

static void copy_named(Net *n, RefTensor *values, Value *const *at, uint32_t count, RnRole role)
{
    for (uint32_t i = 0; i < count; i++) {
        int32_t index = rn_model_find(n->model, at[i]->name, role);
        ck_assert_msg(index >= 0, "no tensor %s", at[i]->name);
        const float *data = rn_tensor_data(n->session, index);
        values[at[i]->id] = ref_tensor(n, at[i]);
        for (int64_t k = 0; k < net_run_elements(at[i], 1); k++) {
            values[at[i]->id].at[k] = (double)data[k];
        }
    }
}

// The interpreter's values with the session's parameters and state, and random inputs.
RefTensor *net_run_values(Net *n, const Graph *g, float *images, uint32_t *labels)
{
    RefTensor *values = ARENA_ARRAY(n->arena, RefTensor, g->next_value);
    uint64_t seed = n->c->seed << 8 | 3;
    const Value *in = g->inputs.at[0];
    copy_named(n, values, g->params.at, g->params.count, RN_ROLE_PARAM);
    copy_named(n, values, g->states.at, g->states.count, RN_ROLE_STATE);
    values[in->id] = ref_tensor(n, in);
    for (int64_t i = 0; i < net_run_elements(in, n->c->batch); i++) {
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

void net_run_check_infer(Net *n)
{
    const Graph *g = n->built;
    uint32_t batch = n->c->batch;
    float *images = float_array(n, net_run_elements(g->inputs.at[0], batch));
    RefTensor *values = net_run_values(n, g, images, NULL);
    const Value *y = g->outputs.at[0];
    float *out = float_array(n, net_run_elements(y, batch));
    const float *inputs[1] = {images};
    float *outputs[1] = {out};
    RnError err;
    ck_assert_msg(rn_infer(n->session, inputs, batch, outputs, &err) == RN_OK, "%s", err.text);
    graph_interpret(g, n->arena, batch, values, 1.0);
    const char *what = arena_printf(n->arena, "%s %s: logits", n->target->isa->name, n->c->model);
    check_close(what, out, values[y->id].at, net_run_elements(y, batch), LOGITS_TOLERANCE, 0);
}

double net_run_margin(Net *n)
{
    Graph *g = run_passes(n, MODE_TRAIN, "loss");
    float *images = float_array(n, net_run_elements(g->inputs.at[0], n->c->batch));
    uint32_t *labels = ARENA_ARRAY(n->arena, uint32_t, n->c->batch);
    RefTensor *values = net_run_values(n, g, images, labels);
    graph_interpret(g, n->arena, n->c->batch, values, 1.0 / n->c->batch);
    return net_flips_margin(g, values);
}

static void check_gradients(Net *n, const Graph *g, const RefTensor *values)
{
    ck_assert_uint_eq(g->grads.count, n->model->param_count);
    // Some cancel to nothing (a bias before a BN): they are measured against a thousandth of the
    // mean.
    double squares = 0;
    for (uint32_t i = 0; i < g->grads.count; i++) {
        const Value *v = g->grads.at[i];
        for (int64_t k = 0; k < net_run_elements(v, 1); k++) {
            squares += values[v->id].at[k] * values[v->id].at[k];
        }
    }
    double floor = 1e-3 * sqrt(squares / g->grads.count);
    double tolerance = n->c->flips ? FLIP_TOLERANCE : GRADIENT_TOLERANCE;
    for (uint32_t i = 0; i < g->grads.count; i++) {
        const Value *v = g->grads.at[i];
        int32_t index = rn_model_find(n->model, v->param->name, RN_ROLE_PARAM);
        const RnTensor *t = rn_model_tensor(n->model, index);
        const char *what = arena_printf(n->arena, "%s %s: gradient of %s", n->target->isa->name,
                                        n->c->model, v->param->name);
        check_close(what, rn_tensor_data(n->session, t->grad), values[v->id].at,
                    net_run_elements(v, 1), tolerance, floor);
    }
}

void net_run_check_train(Net *n)
{
    double margin = net_run_margin(n);
    ck_assert_msg(n->c->flips || margin >= NET_RUN_MARGIN, "%s: a value is %.1e from a flip",
                  n->c->model, margin);
    Graph *g = run_passes(n, MODE_TRAIN, "sides");
    uint32_t batch = n->c->batch;
    float *images = float_array(n, net_run_elements(g->inputs.at[0], batch));
    uint32_t *labels = ARENA_ARRAY(n->arena, uint32_t, batch);
    RefTensor *values = net_run_values(n, g, images, labels);
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
        check_close(v->name, rn_tensor_data(n->session, index), values[v->id].at,
                    net_run_elements(v, 1), LOGITS_TOLERANCE, 0);
    }
}
