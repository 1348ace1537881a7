// cmd_run.c: raw numbers in, logits out, for any batch.
#include "tool/cli/commands.h"

#include <stdlib.h>

#include "tool/cli/messages.h"
#include "tool/commands/loaded_model.h"
#include "tool/measure/trace.h"
#include "resnetc/tensor_io.h"

#define DEFAULT_BATCH 64

// [N, the output's dimensions].
static RnShape output_shape(const RnTensor *out, uint64_t batch)
{
    RnShape shape = {.rank = out->rank};
    shape.dim[0] = batch;
    for (uint32_t i = 1; i < out->rank; i++) {
        shape.dim[i] = out->dim[i];
    }
    return shape;
}

static ExitCode infer_and_write(LoadedModel *m, const Options *o, const RnNpy *x)
{
    RnError err = {0};
    uint32_t outputs = 0;
    while (rn_model_nth(m->model, RN_ROLE_OUTPUT, outputs) >= 0) {
        outputs++;
    }
    const RnTensor *out = rn_model_tensor(m->model, rn_model_nth(m->model, RN_ROLE_OUTPUT, 0));
    RnShape shape = output_shape(out, x->shape.dim[0]);
    float *y = calloc((size_t)x->shape.dim[0] * rn_tensor_elements(out), sizeof *y);
    float **results = calloc(outputs, sizeof *results);
    RnStatus status = RN_ERR_MEMORY;
    const float *input = x->f32;
    if (!y || !results) {
        rn_fail(&err, RN_ERR_MEMORY, "out of memory for %llu outputs",
                (unsigned long long)x->shape.dim[0]);
    } else {
        results[0] = y;
        status = rn_infer(m->session, &input, (size_t)x->shape.dim[0], results, &err);
    }
    if (status == RN_OK) {
        status = rn_npy_write_f32(o->output, &shape, y, &err);
    }
    free(results);
    free(y);
    return status == RN_OK ? EXIT_OK : report_status(&err);
}

static ExitCode run_array(Arena *a, const Options *o, const RnNpy *x)
{
    if (x->shape.rank != 4 || x->elements == 0) {
        return report_error(EXIT_MODEL, "%s: the array must be [N,C,H,W] with at least one picture",
                            o->input);
    }
    uint64_t batch = o->batch ? (uint64_t)o->batch : DEFAULT_BATCH;
    if (batch > x->shape.dim[0]) {
        batch = x->shape.dim[0];
    }
    LoadedModel m;
    ExitCode code = session_start(a, o, &m);
    if (code == EXIT_OK && build_graph(m.build)->inputs.count > 1) {
        code = report_error(EXIT_MODEL, "run serves models of one input; this one has several");
    }
    if (code == EXIT_OK) {
        code = session_check_shape(m.build, o->input, x->shape.dim[1], x->shape.dim[2],
                                   x->shape.dim[3]);
    }
    if (code == EXIT_OK) {
        code = session_compile(o, RN_MODE_INFER, (uint32_t)batch, false, &m);
    }
    Trace *trace = NULL;
    if (code == EXIT_OK) {
        code = trace_start(a, o->trace, m.session, &trace);
    }
    if (code == EXIT_OK) {
        code = infer_and_write(&m, o, x);
    }
    ExitCode traced = trace_finish(trace);
    if (code == EXIT_OK) {
        code = traced;
    }
    session_unload(&m);
    return code;
}

ExitCode cmd_run(Arena *a, const Options *o)
{
    if (!o->input || !o->output) {
        return report_error(EXIT_USAGE, "run needs --input X.npy and --output Y.npy");
    }
    if (!o->weights) {
        return report_error(EXIT_USAGE, "run needs --weights FILE.safetensors");
    }
    RnError err = {0};
    RnNpy x;
    if (rn_npy_read(o->input, RN_NPY_FLOAT, &x, &err) != RN_OK) {
        return report_status(&err);
    }
    ExitCode code = run_array(a, o, &x);
    rn_npy_free(&x);
    return code;
}
