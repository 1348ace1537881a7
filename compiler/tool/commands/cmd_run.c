// cmd_run.c: raw numbers in, every output of the model out, for any batch.
#include "tool/cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "tool/cli/messages.h"
#include "tool/commands/loaded_model.h"
#include "tool/measure/trace.h"
#include "resnetc/tensor_io.h"

#define DEFAULT_BATCH 64
#define TENSORS ".safetensors"

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

// What inference gave: one array per output of the model.
typedef struct Results {
    uint32_t count;
    float **at;
    const RnTensor **tensors;
} Results;

static void free_results(Results *r)
{
    for (uint32_t i = 0; r->at && i < r->count; i++) {
        free(r->at[i]);
    }
    free(r->at);
    free(r->tensors);
}

static bool allocate_results(const RnModel *m, uint64_t batch, Results *r)
{
    while (rn_model_nth(m, RN_ROLE_OUTPUT, r->count) >= 0) {
        r->count++;
    }
    r->at = calloc(r->count + 1u, sizeof *r->at);
    r->tensors = calloc(r->count + 1u, sizeof *r->tensors);
    bool ok = r->at && r->tensors;
    for (uint32_t i = 0; ok && i < r->count; i++) {
        r->tensors[i] = rn_model_tensor(m, rn_model_nth(m, RN_ROLE_OUTPUT, i));
        r->at[i] = calloc((size_t)batch * rn_tensor_elements(r->tensors[i]), sizeof(float));
        ok = r->at[i] != NULL;
    }
    return ok;
}

static bool is_safetensors(const char *path)
{
    size_t n = strlen(path), k = sizeof TENSORS - 1;
    return n >= k && strcmp(path + n - k, TENSORS) == 0;
}

static bool is_folder(const char *path)
{
    struct stat info;
    size_t n = strlen(path);
    return (n && path[n - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

// One .safetensors file with a tensor per output.
static RnStatus write_tensors(const RnModel *m, const char *path, const Results *r, uint64_t batch,
                              RnError *err)
{
    RnFileTensor *list = calloc(r->count + 1u, sizeof *list);
    if (!list) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    for (uint32_t i = 0; i < r->count; i++) {
        list[i] = (RnFileTensor){
            .name = rn_text(m, r->tensors[i]->name),
            .dtype = "F32",
            .shape = output_shape(r->tensors[i], batch),
            .data = r->at[i],
            .bytes = (size_t)(batch * rn_tensor_elements(r->tensors[i]) * sizeof(float))};
    }
    RnStatus status = rn_tensor_file_write(path, list, r->count, NULL, 0, err);
    free(list);
    return status;
}

// A folder with a NAME.npy per output.
static RnStatus write_folder(Arena *a, const RnModel *m, const char *path, const Results *r,
                             uint64_t batch, RnError *err)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return rn_fail(err, RN_ERR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
    }
    RnStatus status = RN_OK;
    for (uint32_t i = 0; i < r->count && status == RN_OK; i++) {
        const char *name = arena_printf(a, "%s.npy", rn_text(m, r->tensors[i]->name));
        RnShape shape = output_shape(r->tensors[i], batch);
        status = rn_npy_write_f32(path_join(a, path, name), &shape, r->at[i], err);
    }
    return status;
}

static RnStatus write_results(Arena *a, const RnModel *m, const char *path, const Results *r,
                              uint64_t batch, RnError *err)
{
    if (is_safetensors(path)) {
        return write_tensors(m, path, r, batch, err);
    }
    if (is_folder(path)) {
        return write_folder(a, m, path, r, batch, err);
    }
    RnShape shape = output_shape(r->tensors[0], batch);
    return rn_npy_write_f32(path, &shape, r->at[0], err);
}

static ExitCode infer_and_write(Arena *a, LoadedModel *m, const Options *o, const RnNpy *x)
{
    RnError err = {0};
    uint64_t batch = x->shape.dim[0];
    Results r = {0};
    RnStatus status = RN_ERR_MEMORY;
    const float *input = x->f32;
    if (!allocate_results(m->model, batch, &r)) {
        rn_fail(&err, RN_ERR_MEMORY, "out of memory for %llu outputs", (unsigned long long)batch);
    } else {
        status = rn_infer(m->session, &input, (size_t)batch, r.at, &err);
    }
    if (status == RN_OK) {
        status = rn_infer_check_finite(m->session, &input, (size_t)batch, r.at, &err);
    }
    if (status == RN_OK) {
        status = write_results(a, m->model, o->output, &r, batch, &err);
    }
    free_results(&r);
    return status == RN_OK ? EXIT_OK : report_status(&err);
}

// A .npy file holds one array.
static ExitCode check_output(const Build *build, const char *path)
{
    uint32_t outputs = build_graph(build)->outputs.count;
    if (outputs <= 1 || is_safetensors(path) || is_folder(path)) {
        return EXIT_OK;
    }
    return report_error(EXIT_USAGE,
                        "the model has %u outputs: --output takes a FOLDER/, which gets a NAME.npy "
                        "for each, or a FILE.safetensors",
                        outputs);
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
    if (code == EXIT_OK) {
        code = session_check_inputs(m.build, "run");
    }
    if (code == EXIT_OK) {
        code = check_output(m.build, o->output);
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
        code = infer_and_write(a, &m, o, x);
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
    ExitCode code = rn_npy_check_finite(&x, o->input, &err) == RN_OK ? run_array(a, o, &x)
                                                                     : report_status(&err);
    rn_npy_free(&x);
    return code;
}
