// test_batchnorm.c: how exact batch normalisation is in training where the mean of a channel is up
// to 1e5 times its spread: its output, the gradients of its input, weight and bias, and the running
// statistics, against float64 on the very float32 tensors that it receives, behind every kind of
// kernel that takes its sums, on every target that this machine runs. The running mean, wherever it
// stands, changes no bit of a step.
//
// Allowed is 3 times the error of PyTorch's float32 algorithm, which is written below: sums in
// double, mean and 1/std rounded to float32, then x*alpha + beta. Where that is exact by luck,
// ROUNDINGS of the tensor's largest number are allowed, for sums of the sum of their terms' sizes:
// up to 36 terms are summed in float32, so that about 6 roundings remain of the sum of a tile.
// Beyond that, no error may grow with mean/spread (MOST): x - mean is exact where x is near the
// mean, so all that follows is of the size of the spread.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "build/build.h"
#include "build/loaded_object.h"
#include "cpu/isa.h"
#include "resnetc/runtime.h"
#include "support/check_main.h"

#define ROUNDINGS (6.0 / (1 << 24))
#define MOST (32.0 / (1 << 24))
#define EPS 1e-5
#define MOMENTUM 0.1

// `src` makes what is normalised; what it adds to every element of a channel (a bias) is the mean.
typedef struct Case {
    const char *name;
    int c, h, w;          // of the image
    const char *src;      // lines of the model; NULL: the image is normalised
    int k, oh, ow, batch; // of the normalised tensor
    bool exact;           // no Winograd
} Case;

static const Case cases[] = {
    {"image", 17, 9, 11, NULL, 17, 9, 11, 5, true},
    {"image, one picture", 16, 20, 20, NULL, 16, 20, 20, 1, true},
    {"image, one channel", 1, 28, 28, NULL, 1, 28, 28, 6, true},
    {"3x3", 5, 13, 12, "src: conv(3x3, c=32, pad=1, bias=true)", 32, 13, 12, 3, true},
    {"Winograd", 32, 14, 13, "src: conv(3x3, c=33, pad=1, bias=true)", 33, 14, 13, 5, false},
    {"1x1", 19, 14, 14, "src: conv(1x1, c=31, bias=true)", 31, 14, 14, 2, true},
    {"stride 2", 3, 33, 31, "src: conv(7x7, c=16, stride=2, pad=3, bias=true)", 16, 17, 16, 4,
     true},
    {"groups", 32, 12, 12, "src: conv(3x3, c=32, pad=1, groups=8, bias=true)", 32, 12, 12, 3, true},
    {"depthwise", 20, 9, 9, "src: conv(3x3, c=20, pad=1, groups=20, bias=true)", 20, 9, 9, 7, true},
    {"dense", 6, 1, 1, "src: dense(21)", 21, 1, 1, 67, true},
    {"map", 18, 10, 10, "src: bn\n src2: relu", 18, 10, 10, 3, true},
};
enum { CASES = sizeof cases / sizeof cases[0] };
static const double ratios[] = {1, 1e2, 1e4, 1e5};
static const char *const target_names[] = {"x86-64-v4", "x86-64-v3", "x86-64"};

// What a step gave: [n][c][pixels] where it is an activation.
typedef struct Seen {
    float *z, *y, *g, *dz;
    float *dweight, *dbias, *mean, *var; // [c]
} Seen;

typedef struct Net {
    Arena *arena;
    const Case *c;
    const char *target;
    const RnModel *model;
    RnSession *session;
    LoadedObject *object;
    Build *build;
    uint32_t width; // channels of a block
    Seen seen;
    int acts; // steps of layer `act` so far
} Net;

static size_t tensor_size(const Case *c)
{
    return (size_t)(c->batch * c->k * c->oh * c->ow);
}

static void load(Net *n)
{
    const Case *c = n->c;
    const char *src = c->src ? c->src : "";
    StrBuf text = {.arena = n->arena};
    strbuf_printf(&text,
                  "model net {\n input image[%d, %d, %d]\n %s\n bn1: bn\n act: relu\n %s\n"
                  " fc: dense(5)\n}\n",
                  c->c, c->h, c->w, src, strstr(src, "dense") ? "" : "global_avgpool");
    const uint32_t batch = (uint32_t)c->batch;
    BuildRequest request = {.model = "net.rn",
                            .text = strbuf_text(&text),
                            .target = n->target,
                            .kernels = {.exact = c->exact},
                            .plans = {.train = true, .batches = &batch, .batch_count = 1}};
    BuildStatus status = build_start(n->arena, &request, &n->build);
    ck_assert_msg(status == BUILD_OK, "%s", build_error(n->build)->text);
    status = build_make_plans(n->build);
    ck_assert_msg(status == BUILD_OK, "%s", build_error(n->build)->text);
    n->width = build_target(n->build)->vector_floats;
    size_t bytes;
    const char *error = NULL;
    const void *code = build_code(n->build, CODEGEN_OBJECT, &bytes);
    n->object = object_load(n->arena, code, bytes, build_name(n->build), &n->model, &error);
    ck_assert_msg(n->object != NULL, "%s", error);
}

static void unload(Net *n)
{
    object_unload(n->object);
    build_finish(n->build);
    arena_destroy(n->arena);
}

// A float in [-1, 1) from a counter.
static double random_float(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 40) / (double)(1 << 23) - 1.0;
}

static float *tensor(Net *n, const char *name, RnRole role, size_t *count)
{
    int32_t i = rn_model_find(n->model, name, role);
    if (i < 0) {
        return NULL;
    }
    *count = rn_tensor_elements(rn_model_tensor(n->model, i));
    return rn_tensor_data(n->session, i);
}

// middle + spread * [-1, 1); does nothing where the model has no such tensor.
static void fill(Net *n, const char *name, RnRole role, double middle, double spread)
{
    uint64_t state = 5;
    size_t count;
    float *x = tensor(n, name, role, &count);
    for (size_t i = 0; x && i < count; i++) {
        x[i] = (float)(middle + spread * random_float(&state));
    }
}

static void start(Net *n, double ratio, double running_mean)
{
    RnError err;
    RnOptions options = {.max_batch = (uint32_t)n->c->batch, .threads = 2};
    ck_assert_msg(rn_session_open(n->model, &options, &n->session, &err) == RN_OK, "%s", err.text);
    rn_init_params(n->session, 1, 0);
    bool map = strcmp(n->c->name, "map") == 0;
    fill(n, "src.weight", RN_ROLE_PARAM, map, map ? 0 : 0.5);
    fill(n, "src.bias", RN_ROLE_PARAM, ratio, 0);
    fill(n, "bn1.weight", RN_ROLE_PARAM, 1, 0.5);
    fill(n, "bn1.bias", RN_ROLE_PARAM, 0, 0.5);
    fill(n, "bn1.running_mean", RN_ROLE_STATE, running_mean, 0);
    fill(n, "bn1.running_var", RN_ROLE_STATE, 1, 0.5);
    rn_params_changed(n->session);
}

// A copy of the step's first output, blocked, in plain order.
static float *copy_output(Net *n, const RnStep *step)
{
    const Case *c = n->c;
    const RnPlace *p = rn_step_place(n->model, step, rn_step_kernel(n->model, step)->inputs);
    uint64_t bytes;
    const char *base = rn_session_region(n->session, p->region, &bytes);
    const float *from = (const void *)(base + p->offset + (uint64_t)c->batch * p->slope);
    int pixels = c->oh * c->ow, width = (int)n->width, blocks = (c->k + width - 1) / width;
    float *to = ARENA_ARRAY(n->arena, float, tensor_size(c));
    for (int i = 0; i < c->batch * c->k * pixels; i++) {
        int image = i / pixels / c->k, channel = i / pixels % c->k, pixel = i % pixels;
        int block = image * blocks + channel / width;
        to[i] = from[(block * pixels + pixel) * width + channel % width];
    }
    return to;
}

static void see_step(void *context, const RnModel *m, const RnStep *step, uint32_t batch,
                     uint64_t ns)
{
    (void)batch, (void)ns;
    Net *n = context;
    const char *layer = rn_text(m, rn_step_layer(m, step)->name);
    const char *work = rn_text(m, rn_step_kernel(m, step)->work);
    bool map = strcmp(work, "map") == 0;
    const char *source = strcmp(n->c->name, "map") == 0 ? "src2" : "src";
    if (!n->seen.z && strcmp(layer, source) == 0 &&
        (map || strcmp(work, "conv2d") == 0 || strcmp(work, "dense") == 0)) {
        n->seen.z = copy_output(n, step);
    } else if (map && strcmp(layer, "act") == 0) {
        n->acts++;
        *(n->acts == 1 ? &n->seen.y : &n->seen.g) = copy_output(n, step);
    } else if (map && strcmp(layer, "bn1") == 0) {
        n->seen.dz = copy_output(n, step);
    }
}

static float *copy_tensor(Net *n, const char *name, RnRole role, bool gradient)
{
    int32_t i = rn_model_find(n->model, name, role);
    ck_assert_int_ge(i, 0);
    if (gradient) {
        i = rn_model_tensor(n->model, i)->grad;
    }
    float *copy = ARENA_ARRAY(n->arena, float, (size_t)n->c->k);
    memcpy(copy, rn_tensor_data(n->session, i), (size_t)n->c->k * sizeof *copy);
    return copy;
}

static Seen run_step(Net *n, double ratio, double running_mean)
{
    const Case *c = n->c;
    size_t count = (size_t)(c->batch * c->c * c->h * c->w);
    float *images = ARENA_ARRAY(n->arena, float, count);
    uint32_t *labels = ARENA_ARRAY(n->arena, uint32_t, (size_t)c->batch);
    uint64_t state = 9;
    for (size_t i = 0; i < count; i++) {
        images[i] = (float)(random_float(&state) * 1.7 + (c->src ? 0 : ratio));
    }
    for (int i = 0; i < c->batch; i++) {
        labels[i] = (uint32_t)i % 5;
    }
    start(n, ratio, running_mean);
    n->seen = (Seen){.z = c->src ? NULL : images};
    n->acts = 0;
    rn_session_set_hook(n->session, see_step, n);
    const float *inputs[1] = {images};
    RnTrainBatch step = {.inputs = inputs, .labels = labels, .batch = (uint32_t)c->batch};
    RnTrainResult result;
    RnError err;
    RnStatus status = rn_forward_backward(n->session, &step, &result, &err);
    ck_assert_msg(status == RN_OK, "%s", err.text);
    n->seen.dweight = copy_tensor(n, "bn1.weight", RN_ROLE_PARAM, true);
    n->seen.dbias = copy_tensor(n, "bn1.bias", RN_ROLE_PARAM, true);
    n->seen.mean = copy_tensor(n, "bn1.running_mean", RN_ROLE_STATE, false);
    n->seen.var = copy_tensor(n, "bn1.running_var", RN_ROLE_STATE, false);
    // The gradient of an image is not made; that of a map's result is fused into the map's own.
    bool needs_dz = c->src && strcmp(c->name, "map") != 0;
    ck_assert_msg(n->seen.z && n->seen.y && n->seen.g && (n->seen.dz || !needs_dz),
                  "%s: a step was not seen", c->name);
    return n->seen;
}

// The sums of one channel in double, and PyTorch's float32 numbers of it.
typedef struct Channel {
    double m, mean, var, rstd, s1, s2, size1, size2; // size: of the sums' terms
    float mean32, rstd32, scale32, shift32, k32, g32;
} Channel;

static size_t element(const Case *c, int channel, int i)
{
    int pixels = c->oh * c->ow;
    return (size_t)((i / pixels * c->k + channel) * pixels + i % pixels);
}

static Channel sum_channel(const Case *c, const Seen *s, int channel, float weight, float bias)
{
    int count = c->batch * c->oh * c->ow;
    Channel r = {.m = count};
    double dot32 = 0;
    for (int i = 0; i < count; i++) {
        r.mean += (double)s->z[element(c, channel, i)] / r.m;
    }
    for (int i = 0; i < count; i++) {
        double d = (double)s->z[element(c, channel, i)] - r.mean;
        r.var += d * d / r.m;
    }
    r.rstd = 1 / sqrt(r.var + EPS);
    r.mean32 = (float)r.mean;
    r.rstd32 = (float)r.rstd;
    r.scale32 = r.rstd32 * weight;
    r.shift32 = bias - r.mean32 * r.scale32;
    for (int i = 0; i < count; i++) {
        size_t e = element(c, channel, i);
        double g = (double)s->g[e], d = (double)s->z[e] - r.mean;
        r.s1 += g;
        r.s2 += g * d;
        r.size1 += fabs(g);
        r.size2 += fabs(g * d);
        dot32 += g * (double)(s->z[e] - r.mean32);
    }
    r.k32 = (float)(dot32 * (double)r.rstd32 * (double)r.rstd32 / r.m);
    r.g32 = (float)(r.s1 / r.m);
    return r;
}

// The largest errors of one tensor: ours, and that of PyTorch's algorithm. size: its largest number,
// or the size of what was summed.
typedef struct Error {
    const char *what;
    double got, other, size;
} Error;

static void add_error(Error *e, double want, float got, float other, double size)
{
    e->got = fmax(e->got, fabs((double)got - want));
    e->other = fmax(e->other, fabs((double)other - want));
    e->size = fmax(e->size, fmax(fabs(want), size));
    ck_assert_msg(isfinite(got), "%s is %g", e->what, (double)got);
}

enum { OF_Y, OF_DZ, OF_DWEIGHT, OF_DBIAS, OF_MEAN, OF_VAR, ERRORS };

static void add_channel(Net *n, const Seen *s, int c, double running_mean, Error error[ERRORS])
{
    size_t count;
    float weight = tensor(n, "bn1.weight", RN_ROLE_PARAM, &count)[c];
    float bias = tensor(n, "bn1.bias", RN_ROLE_PARAM, &count)[c];
    Channel r = sum_channel(n->c, s, c, weight, bias);
    double w = (double)weight, dot = r.s2 * r.rstd * r.rstd / r.m;
    for (int i = 0; i < (int)r.m; i++) {
        size_t e = element(n->c, c, i);
        double d = (double)s->z[e] - r.mean, y = d * r.rstd * w + (double)bias;
        float other = s->z[e] * r.scale32 + r.shift32;
        add_error(&error[OF_Y], fmax(y, 0), s->y[e], fmaxf(other, 0), 0);
        if (s->dz) {
            double dz = w * r.rstd * ((double)s->g[e] - r.s1 / r.m - d * dot);
            other = (s->g[e] - r.g32 - (s->z[e] - r.mean32) * r.k32) * r.rstd32 * weight;
            add_error(&error[OF_DZ], dz, s->dz[e], other, 0);
        }
    }
    float dot32 = (float)(r.m * (double)r.k32 / (double)r.rstd32);
    add_error(&error[OF_DWEIGHT], r.s2 * r.rstd, s->dweight[c], dot32, r.size2 * r.rstd);
    add_error(&error[OF_DBIAS], r.s1, s->dbias[c], (float)r.s1, r.size1);
    double old = (double)(float)running_mean;
    double mean = old + MOMENTUM * (r.mean - old);
    add_error(&error[OF_MEAN], mean, s->mean[c], (float)mean, fabs(old));
}

// The running variance began as fill made it.
static void add_variances(const Net *n, const Seen *s, Error *error)
{
    uint64_t state = 5;
    for (int c = 0; c < n->c->k; c++) {
        Channel r = sum_channel(n->c, s, c, 1, 0);
        double old = (double)(float)(1 + 0.5 * random_float(&state));
        double var = old + MOMENTUM * (r.var * r.m / (r.m - 1) - old);
        add_error(error, var, s->var[c], (float)var, 0);
    }
}

static void check_errors(Net *n, const Seen *s, double ratio, double running_mean)
{
    Error error[ERRORS] = {{.what = "output"},
                           {.what = "gradient of the input"},
                           {.what = "gradient of the weight"},
                           {.what = "gradient of the bias"},
                           {.what = "running mean"},
                           {.what = "running variance"}};
    for (int c = 0; c < n->c->k; c++) {
        add_channel(n, s, c, running_mean, error);
    }
    add_variances(n, s, &error[OF_VAR]);
    for (int i = 0; i < ERRORS; i++) {
        const Error *e = &error[i];
        double unit = e->size + 1e-30;
        ck_assert_msg(e->got <= fmax(3 * e->other, ROUNDINGS * e->size) && e->got <= MOST * e->size,
                      "%s, %s, mean/spread %g, running mean %g: the %s errs by %.2g, PyTorch's by "
                      "%.2g (relative)",
                      n->c->name, n->target, ratio, running_mean, e->what, e->got / unit,
                      e->other / unit);
        if (getenv("TEST_BATCHNORM_VERBOSE")) {
            printf("%-20s %-10s %7g %10g %-24s %.2f roundings, PyTorch %.2f\n", n->c->name,
                   n->target, ratio, running_mean, e->what, e->got / unit * (1 << 24),
                   e->other / unit * (1 << 24));
        }
    }
}

static void check_same_bits(const Net *n, const Seen *a, const Seen *b)
{
    size_t bytes = tensor_size(n->c) * sizeof(float), vector = (size_t)n->c->k * sizeof(float);
    ck_assert_mem_eq(a->y, b->y, bytes);
    ck_assert_mem_eq(a->g, b->g, bytes);
    if (a->dz) {
        ck_assert_mem_eq(a->dz, b->dz, bytes);
    }
    ck_assert_mem_eq(a->dweight, b->dweight, vector);
    ck_assert_mem_eq(a->dbias, b->dbias, vector);
}

START_TEST(exact_wherever_the_mean_is)
{
    const char *target = target_names[_i % 3];
    if (!isa_find(target) || !isa_runs_here(isa_find(target))) {
        return;
    }
    Net n = {.arena = arena_create(), .c = &cases[_i / 3], .target = target};
    load(&n);
    for (size_t r = 0; r < sizeof ratios / sizeof ratios[0]; r++) {
        double ratio = ratios[r], running_mean[] = {0, ratio, -3 * ratio - 50};
        Seen first = {0};
        for (int i = 0; i < 3; i++) {
            Seen s = run_step(&n, ratio, running_mean[i]);
            check_errors(&n, &s, ratio, running_mean[i]);
            first = i ? first : s;
            check_same_bits(&n, &first, &s);
            rn_session_close(n.session);
        }
    }
    unload(&n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batchnorm");
    TCase *tests = tcase_create("batchnorm");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, exact_wherever_the_mean_is, 0, 3 * CASES);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
