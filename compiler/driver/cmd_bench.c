// cmd_bench.c: the time of inference, or of a whole training step with its update. Weights are
// random unless given. The peers' side of a comparison lives in bench/.
#include "driver/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "driver/profile.h"
#include "driver/report.h"
#include "driver/session.h"
#include "driver/trace.h"
#include "resnetc/optimizer.h"
#include "resnetc/random.h"

typedef struct Bench {
    LoadedModel model;
    RnOptimizer *optimizer; // training only
    uint32_t batch;
    uint32_t inputs, outputs;
    float **in;
    float **out;
    uint32_t *labels;
} Bench;

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint32_t count_role(const RnModel *m, RnRole role)
{
    uint32_t n = 0;
    while (rn_model_nth(m, role, n) >= 0)
        n++;
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
    if (!b->in || !b->out || !b->labels)
        return false;
    for (uint32_t i = 0; i < b->inputs; i++) {
        const RnTensor *t = rn_model_tensor(m, rn_model_nth(m, RN_ROLE_INPUT, i));
        size_t n = (size_t)rn_tensor_elements(t) * b->batch;
        if (!(b->in[i] = calloc(n, sizeof(float))))
            return false;
        for (size_t k = 0; k < n; k++)
            b->in[i][k] = (float)rn_random_uniform(seed, i, k);
    }
    for (uint32_t i = 0; i < b->outputs; i++) {
        const RnTensor *t = rn_model_tensor(m, rn_model_nth(m, RN_ROLE_OUTPUT, i));
        if (!(b->out[i] = calloc((size_t)rn_tensor_elements(t) * b->batch, sizeof(float))))
            return false;
    }
    uint32_t classes = rn_model_classes(m);
    for (uint32_t i = 0; i < b->batch && classes; i++)
        b->labels[i] = i % classes;
    return true;
}

static void release(Bench *b)
{
    for (uint32_t i = 0; b->in && i < b->inputs; i++)
        free(b->in[i]);
    for (uint32_t i = 0; b->out && i < b->outputs; i++)
        free(b->out[i]);
    free(b->in);
    free(b->out);
    free(b->labels);
    rn_optimizer_destroy(b->optimizer);
    session_unload(&b->model);
}

static RnStatus run_once(Bench *b, Trace *trace, RnError *err)
{
    const float *const *in = (const float *const *)b->in;
    if (!b->optimizer)
        return rn_infer(b->model.session, in, b->batch, b->out, err);
    RnTrainBatch batch = {.inputs = in, .labels = b->labels, .batch = b->batch};
    RnTrainResult result;
    RnStatus status = rn_forward_backward(b->model.session, &batch, &result, err);
    uint64_t start = trace_now();
    if (status == RN_OK) // a rate this small keeps random data from diverging; the work is the same
        status = rn_optimizer_step(b->optimizer, b->model.session, 1e-6, err);
    trace_add(trace, "update", start);
    return status;
}

static ExitCode print_result(const Options *o, const Bench *b, double *seconds)
{
    size_t n = (size_t)o->repeats;
    qsort(seconds, n, sizeof *seconds, compare_doubles);
    double median = n % 2 ? seconds[n / 2] : 0.5 * (seconds[n / 2 - 1] + seconds[n / 2]);
    unsigned threads = rn_pool_threads(rn_session_pool(b->model.session));
    const char *mode = b->optimizer ? "train" : "infer";
    double rate = b->batch / median;
    int wrote =
        o->json
            ? printf("{\"model\": \"%s\", \"mode\": \"%s\", \"batch\": %u, \"threads\": %u, "
                     "\"target\": \"%s\", \"min_ms\": %.4f, \"median_ms\": %.4f, "
                     "\"images_per_s\": %.2f}\n",
                     b->model.model->name, mode, b->batch, threads, b->model.model->isa,
                     1e3 * seconds[0], 1e3 * median, rate)
            : printf(
                  "%s %s, batch %u, %u threads, %s: min %.3f ms, median %.3f ms, %.1f images/s\n",
                  b->model.model->name, mode, b->batch, threads, b->model.model->isa,
                  1e3 * seconds[0], 1e3 * median, rate);
    if (wrote < 0 || fflush(stdout) != 0)
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    return EXIT_OK;
}

static ExitCode measure(const Options *o, Bench *b)
{
    RnError err = {0};
    double *seconds = calloc((size_t)o->repeats, sizeof *seconds);
    if (!seconds)
        return report_error(EXIT_ENVIRONMENT, "out of memory");
    RnStatus status = RN_OK;
    for (int64_t i = -o->warmup; i < o->repeats && status == RN_OK; i++) {
        double start = clock_seconds();
        status = run_once(b, NULL, &err);
        if (i >= 0)
            seconds[i] = clock_seconds() - start;
    }
    ExitCode code = status == RN_OK ? print_result(o, b, seconds) : report_status(&err);
    free(seconds);
    return code;
}

// Runs again with a clock around each step (steps then run one after another) and prints the table.
static ExitCode profile(Arena *a, const Options *o, Bench *b)
{
    RnError err = {0};
    Profile *p = profile_create(a);
    rn_session_set_hook(b->model.session, profile_step, p);
    RnStatus status = RN_OK;
    for (int64_t i = 0; i < o->repeats && status == RN_OK; i++)
        status = run_once(b, NULL, &err);
    rn_session_set_hook(b->model.session, NULL, NULL);
    if (status != RN_OK)
        return report_status(&err);
    unsigned threads = rn_pool_threads(rn_session_pool(b->model.session));
    if (!profile_print(p, compile_model_text(b->model.compilation), threads,
                       o->json ? stderr : stdout))
        return report_error(EXIT_ENVIRONMENT, "cannot write the profile");
    return EXIT_OK;
}

// Runs three times more, at most, and records what each thread does.
static ExitCode record(Arena *a, const Options *o, Bench *b)
{
    RnError err = {0};
    Trace *trace = NULL;
    ExitCode code = trace_start(a, o->trace, b->model.session, &trace);
    RnStatus status = RN_OK;
    for (int64_t i = 0; code == EXIT_OK && i < o->repeats && i < 3 && status == RN_OK; i++)
        status = run_once(b, trace, &err);
    ExitCode written = trace_finish(trace);
    if (status != RN_OK)
        return report_status(&err);
    return code == EXIT_OK ? written : code;
}

ExitCode cmd_bench(Arena *a, const Options *o)
{
    bool train = o->mode_given && o->mode == CHOICE_TRAIN;
    if (o->mode_given && o->mode == CHOICE_BOTH)
        return report_error(EXIT_USAGE, "bench measures --mode infer or --mode train");
    Bench b = {.batch = o->batch ? (uint32_t)o->batch : 1};
    ExitCode code =
        session_load(a, o, train ? RN_MODE_TRAIN : RN_MODE_INFER, b.batch, true, &b.model);
    if (code != EXIT_OK)
        return code;
    RnError err = {0};
    RnOptimizerConfig config = {.kind = RN_OPTIMIZER_SGD};
    if (!allocate(&b, (uint64_t)o->seed))
        code = report_error(EXIT_ENVIRONMENT, "out of memory");
    else if (train && rn_optimizer_create(b.model.session, &config, &b.optimizer, &err) != RN_OK)
        code = report_status(&err);
    else
        code = measure(o, &b);
    if (code == EXIT_OK && o->profile)
        code = profile(a, o, &b);
    if (code == EXIT_OK && o->trace)
        code = record(a, o, &b);
    release(&b);
    return code;
}
