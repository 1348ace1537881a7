// cmd_bench.c: the time of inference, or of a whole training step with its update. Weights are
// random unless given. A burst of known length runs between the samples: a sample with a slow burst
// before or after it was disturbed, and is taken again. The peers' side of a comparison lives in
// bench/.
#include "tool/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tool/measure/burst.h"
#include "tool/measure/memory_use.h"
#include "tool/measure/profile.h"
#include "tool/cli/messages.h"
#include "tool/commands/loaded_model.h"
#include "tool/measure/trace.h"
#include "resnetc/optimizer.h"
#include "resnetc/random.h"

// So many samples may be taken for each that is wanted.
#define ATTEMPTS_PER_REPEAT 2

typedef struct Bench {
    LoadedModel model;
    RnOptimizer *optimizer; // training only
    uint32_t batch;
    uint32_t inputs, outputs;
    float **in;
    float **out;
    uint32_t *labels;
    Burst burst;
    double flops; // of one run
} Bench;

typedef struct Samples {
    double *seconds; // repeats * ATTEMPTS_PER_REPEAT
    size_t accepted, rejected;
} Samples;

static uint32_t count_role(const RnModel *m, RnRole role)
{
    uint32_t n = 0;
    while (rn_model_nth(m, role, n) >= 0) {
        n++;
    }
    return n;
}

static bool allocate(Bench *b, uint64_t seed)
{
    const RnModel *m = b->model.model;
    b->inputs = count_role(m, RN_ROLE_INPUT);
    b->outputs = count_role(m, RN_ROLE_OUTPUT);
    b->in = calloc(b->inputs, sizeof *b->in);
    b->out = calloc(b->outputs + 1u, sizeof *b->out);
    b->labels = calloc(b->batch, sizeof *b->labels);
    if (!b->in || !b->out || !b->labels) {
        return false;
    }
    for (uint32_t i = 0; i < b->inputs; i++) {
        const RnTensor *t = rn_model_tensor(m, rn_model_nth(m, RN_ROLE_INPUT, i));
        size_t n = (size_t)rn_tensor_elements(t) * b->batch;
        if (!(b->in[i] = calloc(n, sizeof(float)))) {
            return false;
        }
        for (size_t k = 0; k < n; k++) {
            b->in[i][k] = (float)rn_random_uniform(seed, i, k);
        }
    }
    for (uint32_t i = 0; i < b->outputs; i++) {
        const RnTensor *t = rn_model_tensor(m, rn_model_nth(m, RN_ROLE_OUTPUT, i));
        if (!(b->out[i] = calloc((size_t)rn_tensor_elements(t) * b->batch, sizeof(float)))) {
            return false;
        }
    }
    uint32_t classes = rn_model_classes(m);
    for (uint32_t i = 0; i < b->batch && classes; i++) {
        b->labels[i] = i % classes;
    }
    return true;
}

static void release(Bench *b)
{
    for (uint32_t i = 0; b->in && i < b->inputs; i++) {
        free(b->in[i]);
    }
    for (uint32_t i = 0; b->out && i < b->outputs; i++) {
        free(b->out[i]);
    }
    free(b->in);
    free(b->out);
    free(b->labels);
    rn_optimizer_destroy(b->optimizer);
    session_unload(&b->model);
}

static RnStatus run_once(Bench *b, Trace *trace, RnError *err)
{
    const float *const *in = (const float *const *)b->in;
    if (!b->optimizer) {
        return rn_infer(b->model.session, in, b->batch, b->out, err);
    }
    RnTrainBatch batch = {.inputs = in, .labels = b->labels, .batch = b->batch};
    RnTrainResult result;
    RnStatus status = rn_forward_backward(b->model.session, &batch, &result, err);
    uint64_t start = clock_ns();
    if (status == RN_OK) {
        // a rate this small keeps random data from diverging; the work is the same
        status = rn_optimizer_step(b->optimizer, b->model.session, 1e-6, err);
    }
    trace_add(trace, "update", start);
    return status;
}

// An RnStepHook: adds up the work of a run.
static void count_flops(void *context, const RnModel *m, const RnStep *step, uint32_t batch,
                        uint64_t ns)
{
    const RnKernel *k = rn_step_kernel(m, step);
    (void)ns;
    *(double *)context += (double)k->flops_fixed + (double)k->flops_per_image * batch;
}

// Runs that are not measured; the last tells how much a run computes.
static RnStatus warm_up(const Options *o, Bench *b, RnError *err)
{
    RnStatus status = RN_OK;
    for (int64_t i = 0; i < o->warmup && status == RN_OK; i++) {
        status = run_once(b, NULL, err);
    }
    if (status == RN_OK) {
        status = b->optimizer ? RN_OK : rn_prepare(b->model.session, err);
    }
    if (status != RN_OK) {
        return status;
    }
    rn_session_set_hook(b->model.session, count_flops, &b->flops);
    status = run_once(b, NULL, err);
    rn_session_set_hook(b->model.session, NULL, NULL);
    return status;
}

// Bytes of the session's arena: intermediate values, and scratch of each thread.
static uint64_t arena_bytes(const Bench *b)
{
    uint64_t bytes = 0;
    (void)rn_session_region(b->model.session, RN_REGION_ARENA, &bytes);
    return bytes;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static ExitCode print_result(const Options *o, const Bench *b, const Samples *s)
{
    size_t n = s->accepted;
    qsort(s->seconds, n, sizeof *s->seconds, compare_doubles);
    double least = s->seconds[0];
    double median = n % 2 ? s->seconds[n / 2] : 0.5 * (s->seconds[n / 2 - 1] + s->seconds[n / 2]);
    const RnModel *m = b->model.model;
    unsigned threads = rn_pool_threads(rn_session_pool(b->model.session));
    const char *mode = b->optimizer ? "train" : "infer";
    double gflops = 1e-9 * b->flops / least, peak = burst_peak_gflops(&b->burst);
    int wrote =
        o->json
            ? printf("{\"model\": \"%s\", \"mode\": \"%s\", \"batch\": %u, "
                     "\"threads\": %u, \"target\": \"%s\", \"min_ms\": %.4f, "
                     "\"median_ms\": %.4f, \"images_per_s\": %.2f, \"gflops\": %.2f, "
                     "\"peak_fraction\": %.4f, \"arena_bytes\": %llu, "
                     "\"rss_bytes\": %llu, \"rejected\": %zu}\n",
                     m->name, mode, b->batch, threads, m->isa, 1e3 * least, 1e3 * median,
                     b->batch / median, gflops, gflops / peak, (unsigned long long)arena_bytes(b),
                     (unsigned long long)memory_use_peak(), s->rejected)
            : printf("%s %s, batch %u, %u threads, %s: min %.3f ms, median %.3f ms, "
                     "%.1f images/s\n"
                     "%.1f GFLOP/s, %.1f%% of a peak of %.1f; arena %.1f MB, resident "
                     "%.1f MB; %zu disturbed samples rejected\n",
                     m->name, mode, b->batch, threads, m->isa, 1e3 * least, 1e3 * median,
                     b->batch / median, gflops, 100 * gflops / peak, peak,
                     1e-6 * (double)arena_bytes(b), 1e-6 * (double)memory_use_peak(), s->rejected);
    if (wrote < 0 || fflush(stdout) != 0) {
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    }
    return EXIT_OK;
}

// Takes samples until enough were undisturbed. On a machine that is never calm all count.
static RnStatus take_samples(const Options *o, Bench *b, Samples *s, RnError *err)
{
    size_t wanted = (size_t)o->repeats, most = wanted * ATTEMPTS_PER_REPEAT, taken = 0;
    bool calm = burst_is_calm(&b->burst);
    for (; s->accepted < wanted && taken < most; taken++) {
        double start = clock_seconds();
        RnStatus status = run_once(b, NULL, err);
        double seconds = clock_seconds() - start;
        if (status != RN_OK) {
            return status;
        }
        bool calm_after = burst_is_calm(&b->burst);
        // Rejected samples gather behind the accepted ones.
        s->seconds[taken] = s->seconds[s->accepted];
        if (calm && calm_after) {
            s->seconds[s->accepted++] = seconds;
        } else {
            s->seconds[taken] = seconds;
        }
        calm = calm_after;
    }
    s->rejected = taken - s->accepted;
    if (s->accepted == 0) {
        s->accepted = taken;
    }
    return RN_OK;
}

static ExitCode measure(const Options *o, Bench *b)
{
    RnError err = {0};
    Samples s = {0};
    s.seconds = calloc((size_t)o->repeats * ATTEMPTS_PER_REPEAT, sizeof *s.seconds);
    if (!s.seconds) {
        return report_error(EXIT_ENVIRONMENT, "out of memory");
    }
    memory_use_restart();
    RnStatus status = warm_up(o, b, &err);
    if (status == RN_OK) {
        burst_start(&b->burst, b->model.model->isa, rn_session_pool(b->model.session));
        status = take_samples(o, b, &s, &err);
    }
    ExitCode code = status == RN_OK ? print_result(o, b, &s) : report_status(&err);
    if (code == EXIT_OK && s.rejected == (size_t)o->repeats * ATTEMPTS_PER_REPEAT) {
        report_error(EXIT_OK, "every sample was disturbed: other work runs on this machine");
    }
    free(s.seconds);
    return code;
}

// Runs again with a clock around each step (steps then run one after another) and prints the table.
static ExitCode profile(Arena *a, const Options *o, Bench *b)
{
    RnError err = {0};
    Profile *p = profile_create(a);
    rn_session_set_hook(b->model.session, profile_step, p);
    RnStatus status = RN_OK;
    for (int64_t i = 0; i < o->repeats && status == RN_OK; i++) {
        status = run_once(b, NULL, &err);
    }
    rn_session_set_hook(b->model.session, NULL, NULL);
    if (status != RN_OK) {
        return report_status(&err);
    }
    unsigned threads = rn_pool_threads(rn_session_pool(b->model.session));
    double peak = burst_peak_gflops(&b->burst);
    if (!profile_print(p, build_model_text(b->model.build), threads, peak,
                       o->json ? stderr : stdout)) {
        return report_error(EXIT_ENVIRONMENT, "cannot write the profile");
    }
    return EXIT_OK;
}

// Runs three times more, at most, and records what each thread does.
static ExitCode record(Arena *a, const Options *o, Bench *b)
{
    RnError err = {0};
    Trace *trace = NULL;
    ExitCode code = trace_start(a, o->trace, b->model.session, &trace);
    RnStatus status = RN_OK;
    for (int64_t i = 0; code == EXIT_OK && i < o->repeats && i < 3 && status == RN_OK; i++) {
        status = run_once(b, trace, &err);
    }
    ExitCode written = trace_finish(trace);
    if (status != RN_OK) {
        return report_status(&err);
    }
    return code == EXIT_OK ? written : code;
}

ExitCode cmd_bench(Arena *a, const Options *o)
{
    bool train = o->mode_given && o->mode == CHOICE_TRAIN;
    if (o->mode_given && o->mode == CHOICE_BOTH) {
        return report_error(EXIT_USAGE, "bench measures --mode infer or --mode train");
    }
    Bench b = {.batch = o->batch ? (uint32_t)o->batch : 1};
    ExitCode code =
        session_load(a, o, train ? RN_MODE_TRAIN : RN_MODE_INFER, b.batch, true, &b.model);
    if (code != EXIT_OK) {
        return code;
    }
    RnError err = {0};
    RnOptimizerConfig config = {.kind = RN_OPTIMIZER_SGD};
    if (!allocate(&b, (uint64_t)o->seed)) {
        code = report_error(EXIT_ENVIRONMENT, "out of memory");
    } else if (train &&
               rn_optimizer_create(b.model.session, &config, &b.optimizer, &err) != RN_OK) {
        code = report_status(&err);
    } else {
        code = measure(o, &b);
    }
    if (code == EXIT_OK && o->profile) {
        code = profile(a, o, &b);
    }
    if (code == EXIT_OK && o->trace) {
        code = record(a, o, &b);
    }
    release(&b);
    return code;
}
