// cmd_grad.c: loss, gradients and running statistics of one batch in training mode, for comparison
// with other frameworks. The parameters stay.
#include "tool/cli/commands.h"

#include "tool/cli/messages.h"
#include "tool/commands/loaded_model.h"
#include "resnetc/tensor_io.h"
#include "resnetc/weights.h"

// u32 labels of an integer array.
static ExitCode convert_labels(Arena *a, const Options *o, const RnNpy *l, uint32_t classes,
                               uint32_t **out)
{
    uint32_t *labels = ARENA_ARRAY(a, uint32_t, l->elements);
    for (size_t i = 0; i < l->elements; i++) {
        if (classes > 0 && (l->i64[i] < 0 || l->i64[i] >= (int64_t)classes)) {
            return report_error(EXIT_MODEL, "%s: label %zu is %lld, but the model has %u classes",
                                o->labels, i, (long long)l->i64[i], classes);
        }
        labels[i] = (uint32_t)l->i64[i];
    }
    *out = labels;
    return EXIT_OK;
}

static ExitCode differentiate(LoadedModel *m, const Options *o, const RnNpy *x,
                              const uint32_t *labels)
{
    RnError err = {0};
    const float *input = x->f32;
    RnTrainBatch batch = {.inputs = &input, .labels = labels, .batch = (uint32_t)x->shape.dim[0]};
    RnTrainResult result;
    RnStatus status = rn_forward_backward(m->session, &batch, &result, &err);
    if (status == RN_OK) {
        status = rn_gradients_save(m->session, result.loss, o->output, &err);
    }
    return status == RN_OK ? EXIT_OK : report_status(&err);
}

static ExitCode check_arrays(const Options *o, const RnNpy *x, const RnNpy *l)
{
    if (x->shape.rank != 4 || x->elements == 0 || x->shape.dim[0] > UINT32_MAX) {
        return report_error(EXIT_MODEL, "%s: the array must be [N,C,H,W] with at least one picture",
                            o->input);
    }
    if (l->shape.rank != 1 || l->shape.dim[0] != x->shape.dim[0]) {
        return report_error(EXIT_MODEL,
                            "%s: %s has %llu pictures, so there must be as many labels, [N]",
                            o->labels, o->input, (unsigned long long)x->shape.dim[0]);
    }
    return EXIT_OK;
}

static ExitCode grad_arrays(Arena *a, const Options *o, const RnNpy *x, const RnNpy *l)
{
    ExitCode code = check_arrays(o, x, l);
    if (code != EXIT_OK) {
        return code;
    }
    LoadedModel m;
    uint32_t *labels = NULL;
    code = session_start(a, o, &m);
    if (code == EXIT_OK) {
        code = session_check_inputs(m.build, "grad");
    }
    if (code == EXIT_OK) {
        code = session_check_shape(m.build, o->input, x->shape.dim[1], x->shape.dim[2],
                                   x->shape.dim[3]);
    }
    if (code == EXIT_OK) {
        code = session_check_batch(m.build, x->shape.dim[0]);
    }
    if (code == EXIT_OK) {
        code = convert_labels(a, o, l, build_classes(m.build), &labels);
    }
    if (code == EXIT_OK) {
        code = session_compile(o, RN_MODE_TRAIN, (uint32_t)x->shape.dim[0], false, &m);
    }
    if (code == EXIT_OK) {
        code = differentiate(&m, o, x, labels);
    }
    session_unload(&m);
    return code;
}

ExitCode cmd_grad(Arena *a, const Options *o)
{
    if (!o->input || !o->labels || !o->output) {
        return report_error(EXIT_USAGE,
                            "grad needs --input X.npy, --labels L.npy and --output G.safetensors");
    }
    if (!o->weights) {
        return report_error(EXIT_USAGE, "grad needs --weights FILE.safetensors");
    }
    RnError err = {0};
    RnNpy x = {0}, l = {0};
    ExitCode code = EXIT_OK;
    if (rn_npy_read(o->input, RN_NPY_FLOAT, &x, &err) != RN_OK ||
        rn_npy_read(o->labels, RN_NPY_INT, &l, &err) != RN_OK) {
        code = report_status(&err);
    }
    if (code == EXIT_OK && rn_npy_check_finite(&x, o->input, &err) != RN_OK) {
        code = report_status(&err);
    }
    if (code == EXIT_OK) {
        code = grad_arrays(a, o, &x, &l);
    }
    rn_npy_free(&x);
    rn_npy_free(&l);
    return code;
}
