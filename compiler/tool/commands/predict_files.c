// predict_files.c: files of pictures in, the likeliest classes out.
#include "tool/commands/predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "tool/cli/messages.h"
#include "tool/commands/weights_option.h"
#include "resnetc/pictures.h"

#define MAX_LABELS_BYTES (16u << 20)

ExitCode predict_read_names(Arena *a, const LoadedModel *m, ClassNames *out)
{
    const char *path = m->options->labels;
    uint32_t classes = rn_model_classes(m->model);
    *out = (ClassNames){0};
    if (!path) {
        return weights_class_names(a, m->options, &out->at, &out->count);
    }
    size_t bytes = 0;
    const char *why = NULL;
    const char *text = file_read(a, path, MAX_LABELS_BYTES, &bytes, &why);
    if (!text) {
        return report_error(EXIT_ENVIRONMENT, "%s", why);
    }
    const char **names = ARENA_ARRAY(a, const char *, (size_t)classes + 1);
    uint32_t line = 0;
    for (const char *at = text, *end = text + bytes; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        size_t shown = length > 0 && at[length - 1] == '\r' ? length - 1 : length;
        if (shown == 0) {
            return report_error(EXIT_MODEL, "%s:%u: no name on this line", path, line + 1);
        }
        if (line < classes) {
            names[line] = arena_strndup(a, at, shown);
        }
        at += length + 1;
    }
    if (line != classes) {
        return report_error(EXIT_MODEL, "%s: %u lines, but the model has %u classes", path, line,
                            classes);
    }
    *out = (ClassNames){names, classes};
    return EXIT_OK;
}

const char *predict_class_name(const ClassNames *names, uint32_t k, char text[24])
{
    if (names->at && k < names->count) {
        return names->at[k];
    }
    snprintf(text, 24, "class %u", k);
    return text;
}

typedef struct Run {
    Arena *arena;
    LoadedModel *m;
    const ClassNames *names;
    RnTransform transform;
    RnTransformScratch scratch;
    uint32_t classes, top;
    float *image, *logits;
    uint32_t *order;
    bool orientation_told;
} Run;

// The `top` largest logits' classes to the front, the first of equals first.
static void sort_top(Run *r)
{
    for (uint32_t k = 0; k < r->classes; k++) {
        r->order[k] = k;
    }
    for (uint32_t i = 0; i < r->top; i++) {
        uint32_t best = i;
        for (uint32_t k = i + 1; k < r->classes; k++) {
            float x = r->logits[r->order[k]], y = r->logits[r->order[best]];
            if (x > y || (!(x < y) && r->order[k] < r->order[best])) {
                best = k;
            }
        }
        uint32_t t = r->order[i];
        r->order[i] = r->order[best];
        r->order[best] = t;
    }
}

static void print_text(const Run *r, const char *path, double sum)
{
    printf("%s\n", path);
    for (uint32_t i = 0; i < r->top; i++) {
        char text[24];
        uint32_t k = r->order[i];
        double p = exp((double)r->logits[k] - (double)r->logits[r->order[0]]) / sum;
        printf("  %5.1f%%  %s\n", 100 * p, predict_class_name(r->names, k, text));
    }
}

static void print_json(const Run *r, const char *path, double sum)
{
    StrBuf out = {.arena = r->arena};
    strbuf_add(&out, "{\"picture\": ");
    strbuf_add_json(&out, path);
    strbuf_add(&out, ", \"top\": [");
    for (uint32_t i = 0; i < r->top; i++) {
        char text[24];
        uint32_t k = r->order[i];
        double p = exp((double)r->logits[k] - (double)r->logits[r->order[0]]) / sum;
        strbuf_printf(&out, "%s{\"class\": %u, \"name\": ", i ? ", " : "", k);
        strbuf_add_json(&out, predict_class_name(r->names, k, text));
        strbuf_printf(&out, ", \"probability\": %.9g, \"logit\": %.9g}", p, (double)r->logits[k]);
    }
    printf("%s]}\n", strbuf_text(&out));
}

static ExitCode show(Run *r, const char *path)
{
    sort_top(r);
    double sum = 0;
    for (uint32_t k = 0; k < r->classes; k++) {
        sum += exp((double)r->logits[k] - (double)r->logits[r->order[0]]);
    }
    if (r->m->options->json) {
        print_json(r, path, sum);
    } else {
        print_text(r, path, sum);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    }
    return EXIT_OK;
}

static ExitCode predict_file(Run *r, const char *path)
{
    RnError err = {0};
    RnPicture picture;
    uint32_t orientation = 1;
    bool turn = r->m->options->exif != 0;
    RnStatus status =
        rn_picture_read_exif(path, r->transform.channels, turn, &orientation, &picture, &err);
    if (status != RN_OK) {
        return report_status(&err);
    }
    if (orientation != 1 && !r->orientation_told) {
        r->orientation_told = true;
        fprintf(stderr, "%s: %s\n", path,
                turn ? "turned as its EXIF orientation says"
                     : "its EXIF orientation is ignored; --exif=apply turns it");
    }
    status = rn_transform_run(&r->transform, NULL, NULL, &picture, r->image, &r->scratch, &err);
    rn_picture_free(&picture);
    if (status == RN_ERR_INPUT) {
        return report_error(EXIT_MODEL,
                            "%s: %s\n  help: --resize N, or state it in the model: input "
                            "image[...]: { resize(N); centre_crop }",
                            path, err.text);
    }
    if (status == RN_OK) {
        status = session_infer(r->m, r->image, 1, r->logits, &err);
    }
    if (status == RN_ERR_NAN) {
        return report_error(EXIT_MODEL, "%s: %s", path, err.text);
    }
    return status == RN_OK ? show(r, path) : report_status(&err);
}

ExitCode predict_files(Arena *a, LoadedModel *m, const ClassNames *names)
{
    Run r = {.arena = a, .m = m, .names = names, .classes = rn_model_classes(m->model)};
    if (r.classes == 0) {
        return report_error(EXIT_MODEL, "the model's output is no [N, classes] tensor");
    }
    ExitCode code = session_check_inputs(m->build, "predict");
    if (code == EXIT_OK) {
        code = session_picture_transform(m, &r.transform);
    }
    if (code != EXIT_OK) {
        return code;
    }
    int64_t top = m->options->top;
    r.top = top < (int64_t)r.classes ? (uint32_t)top : r.classes;
    const RnTensor *in = rn_model_tensor(m->model, rn_model_nth(m->model, RN_ROLE_INPUT, 0));
    r.image = calloc((size_t)rn_tensor_elements(in), sizeof *r.image);
    r.logits = calloc(r.classes, sizeof *r.logits);
    r.order = ARENA_ARRAY(a, uint32_t, r.classes);
    if (!r.image || !r.logits) {
        code = report_error(EXIT_ENVIRONMENT, "out of memory");
    }
    for (uint32_t i = 0; i < m->options->pictures.count && r.image && r.logits; i++) {
        ExitCode one = predict_file(&r, m->options->pictures.at[i]);
        code = one > code ? one : code;
        if (ferror(stdout)) {
            break;
        }
    }
    rn_transform_scratch_free(&r.scratch);
    free(r.image);
    free(r.logits);
    return code;
}
