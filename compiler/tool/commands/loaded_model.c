// loaded_model.c: opens models and weights for the commands that run something.
// Not here: data sets (data.c).
#include "tool/commands/loaded_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "tool/cli/progress.h"
#include "tool/cli/messages.h"
#include "tool/cli/stop.h"
#include "tool/commands/build_request.h"
#include "tool/commands/weights_option.h"

// How many tensors of a role the model has.
static uint32_t count_role(const RnModel *m, RnRole role)
{
    uint32_t n = 0;
    while (rn_model_nth(m, role, n) >= 0) {
        n++;
    }
    return n;
}

static ExitCode open_session(const Options *o, unsigned modes, uint32_t max_batch, bool init,
                             LoadedModel *m)
{
    RnError err = {0};
    RnOptions options = {.modes = modes, .max_batch = max_batch, .threads = (unsigned)o->threads};
    if (rn_session_open(m->model, &options, &m->session, &err) != RN_OK) {
        return report_status(&err);
    }
    m->results = calloc(count_role(m->model, RN_ROLE_OUTPUT) + 1u, sizeof *m->results);
    if (!m->results) {
        return report_error(EXIT_ENVIRONMENT, "out of memory");
    }
    if (init && (!o->weights || o->new_head)) {
        rn_init_params(m->session, (uint64_t)o->seed, o->zero_gamma ? RN_INIT_ZERO_GAMMA : 0);
    }
    if (o->resume) { // the checkpoint replaces all
        return EXIT_OK;
    }
    if (o->weights) {
        return weights_load(o, m->session);
    }
    if (!init) {
        return report_error(EXIT_USAGE, "%s needs --weights FILE.safetensors", o->command->name);
    }
    return EXIT_OK;
}

ExitCode session_start(Arena *a, const Options *o, LoadedModel *out)
{
    *out = (LoadedModel){.options = o};
    const BuildRequest request = build_request_make(a, o);
    ExitCode code = build_request_plans(a, o, NULL, 0, &out->plans);
    if (code != EXIT_OK) {
        return code;
    }
    return build_request_start(a, o, &request, &out->build);
}

ExitCode session_compile(const Options *o, unsigned modes, uint32_t max_batch, bool init,
                         LoadedModel *out)
{
    BuildPlans plans = out->plans;
    plans.infer = (modes & RN_MODE_INFER) != 0;
    plans.train = (modes & RN_MODE_TRAIN) != 0;
    if (plans.batch_count == 0) {
        plans.batches = &max_batch;
        plans.batch_count = 1;
    }
    build_set_plans(out->build, &plans);
    BuildStatus status = build_load(out->build, &out->model);
    ExitCode code = build_request_report(out->build, status);
    if (code == EXIT_OK) {
        code = open_session(o, modes, max_batch, init, out);
    }
    if (code != EXIT_OK) {
        session_unload(out);
    }
    return code;
}

ExitCode session_load(Arena *a, const Options *o, unsigned modes, uint32_t max_batch, bool init,
                      LoadedModel *out)
{
    ExitCode code = session_start(a, o, out);
    return code == EXIT_OK ? session_compile(o, modes, max_batch, init, out) : code;
}

void session_unload(LoadedModel *m)
{
    free(m->results);
    rn_session_close(m->session);
    build_finish(m->build);
    *m = (LoadedModel){0};
}

RnStatus session_infer(LoadedModel *m, const float *images, size_t count, float *logits,
                       RnError *err)
{
    m->results[0] = logits;
    RnStatus status = rn_infer(m->session, &images, count, m->results, err);
    if (status == RN_OK) {
        status = rn_infer_check_finite(m->session, &images, count, m->results, err);
    }
    m->results[0] = NULL;
    return status;
}

ExitCode session_check_inputs(const Build *build, const char *command)
{
    return build_graph(build)->inputs.count <= 1
               ? EXIT_OK
               : report_error(EXIT_MODEL, "%s serves models of one input; this one has several",
                              command);
}

// What a picture's logits x say. Loss: log(sum of exp(x)) - x[label], stable.
static Prediction predict(const float *x, uint32_t classes, uint32_t label, double *loss)
{
    uint32_t best = 0;
    double sum = 0;
    for (uint32_t k = 1; k < classes; k++) {
        if (x[k] > x[best]) {
            best = k;
        }
    }
    for (uint32_t k = 0; k < classes; k++) {
        sum += exp((double)x[k] - (double)x[best]);
    }
    *loss = log(sum) + (double)x[best] - (double)x[label];
    return (Prediction){label, best, (float)(1 / sum), (float)*loss};
}

void score_add(Score *s, const float *logits, const uint32_t *labels, uint32_t count,
               uint32_t classes, Prediction *each)
{
    for (uint32_t i = 0; i < count; i++) {
        double loss = 0;
        Prediction p = predict(logits + (size_t)i * classes, classes, labels[i], &loss);
        s->correct += p.predicted == labels[i];
        s->loss_sum += loss;
        s->count++;
        if (each) {
            each[i] = p;
        }
    }
}

static ExitCode score_batches(LoadedModel *m, RnLoader *loader, float *logits, Progress *progress,
                              Score *out, Prediction *each)
{
    RnError err = {0};
    uint32_t classes = rn_model_classes(m->model);
    while (out->count < progress->total) {
        if (stop_wanted()) { // a command that holds no signals has none waiting
            return EXIT_INTERRUPTED;
        }
        RnBatch batch;
        if (rn_loader_next(loader, &batch, &err) != RN_OK) {
            return report_status(&err);
        }
        if (session_infer(m, batch.images, batch.count, logits, &err) != RN_OK) {
            return report_status(&err);
        }
        score_add(out, logits, batch.labels, batch.count, classes, each ? each + out->count : NULL);
        char note[64];
        snprintf(note, sizeof note, "accuracy %.3f", (double)out->correct / (double)out->count);
        progress_update(progress, out->count, note);
    }
    return EXIT_OK;
}

ExitCode session_score(LoadedModel *m, const RnDataset *data, uint32_t batch, const char *label,
                       Score *out, Prediction *each)
{
    RnError err = {0};
    RnLoader *loader = NULL;
    *out = (Score){0};
    RnLoaderOptions options = session_loader_options(m, data, batch);
    if (rn_loader_create(data, &options, &loader, &err) != RN_OK) {
        return report_status(&err);
    }
    float *logits = calloc((size_t)batch * rn_model_classes(m->model), sizeof *logits);
    ExitCode code = EXIT_ENVIRONMENT;
    Progress progress;
    progress_start(&progress, label, 0, data->count);
    if (logits) {
        code = score_batches(m, loader, logits, &progress, out, each);
    } else {
        report_error(EXIT_ENVIRONMENT, "out of memory");
    }
    progress_end(&progress);
    free(logits);
    rn_loader_destroy(loader);
    return code;
}

ExitCode session_check_batch(const Build *build, uint64_t smallest)
{
    const char *norm = smallest == 1 ? build_lone_norm(build) : NULL;
    if (!norm) {
        return EXIT_OK;
    }
    return report_error(EXIT_MODEL,
                        "training would have a batch of one picture, which gives the batch "
                        "normalisation '%s' one value per channel: nothing to learn from\n"
                        "  help: another --batch (the last one of an epoch may be a partial one), "
                        "or larger pictures",
                        norm);
}
