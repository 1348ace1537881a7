// cmd_predict.c: shows pictures of a data set as text, with true class, predicted class and
// probability. Not here: files of pictures (predict_files.c).
#include "tool/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "tool/commands/open_data.h"
#include "tool/commands/predict.h"
#include "tool/cli/messages.h"

#define PICTURE_COLUMNS 56 // at most, on the screen

// What is shown, and how.
typedef struct Show {
    const RnDataset *data;
    const ClassNames *names;  // of what the model says
    const ClassNames *labels; // of what is true
    double mean, std;         // of the first channel, to undo normalisation
} Show;

// Brightness of the first channel at (y, x) of picture i, 0..1 where the data is so.
static double brightness(const Show *s, const float *image, uint32_t y, uint32_t x)
{
    double v = (double)image[(size_t)y * s->data->width + x] * s->std + s->mean;
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

// Two rows of pixels become one line of text, since letters are twice as high as wide.
static void draw_picture(const Show *s, const float *image)
{
    const RnDataset *d = s->data;
    static const char shade[] = " .:-=+*#%@";
    uint32_t step = (d->width + PICTURE_COLUMNS - 1) / PICTURE_COLUMNS;
    for (uint32_t y = 0; y < d->height; y += 2 * step) {
        fputs("    ", stdout);
        for (uint32_t x = 0; x < d->width; x += step) {
            uint32_t below = y + step < d->height ? y + step : y;
            double v = 0.5 * (brightness(s, image, y, x) + brightness(s, image, below, x));
            putchar(shade[(size_t)(v * 9.0 + 0.5)]);
        }
        putchar('\n');
    }
}

static void show_prediction(const Show *s, const float *image, const Prediction *p)
{
    char is[24], said[24];
    draw_picture(s, image);
    printf("    true: %-14s predicted: %-14s probability %.1f%%%s\n\n",
           predict_class_name(s->labels, p->label, is),
           predict_class_name(s->names, p->predicted, said), 100.0 * (double)p->probability,
           p->predicted == p->label ? "" : "   (wrong)");
}

static ExitCode predict(LoadedModel *m, const Show *s, uint32_t count)
{
    const RnDataset *d = s->data;
    RnError err = {0};
    uint32_t classes = rn_model_classes(m->model);
    size_t pixels = (size_t)d->channels * d->height * d->width;
    float *images = calloc((size_t)count * pixels, sizeof *images);
    float *logits = calloc((size_t)count * classes, sizeof *logits);
    uint32_t *labels = calloc(count, sizeof *labels);
    RnStatus status = RN_ERR_MEMORY;
    if (!images || !logits || !labels) {
        rn_fail(&err, RN_ERR_MEMORY, "out of memory");
    } else {
        status = rn_dataset_fill(d, NULL, 0, count, NULL, images, labels, &err);
    }
    if (status == RN_OK) {
        status = session_infer(m, images, count, logits, &err);
    }
    for (uint32_t i = 0; status == RN_OK && i < count; i++) {
        Score score = {0};
        Prediction p;
        score_add(&score, logits + (size_t)i * classes, labels + i, 1, classes, &p);
        show_prediction(s, images + i * pixels, &p);
    }
    free(images);
    free(logits);
    free(labels);
    if (status != RN_OK) {
        return report_status(&err);
    }
    if (fflush(stdout) != 0) {
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    }
    return EXIT_OK;
}

static ExitCode predict_data(Arena *a, const Options *o, RnDataset *data)
{
    uint32_t count = o->count < (int64_t)data->count ? (uint32_t)o->count : data->count;
    LoadedModel m;
    ExitCode code = session_start(a, o, &m);
    ClassNames names;
    if (code == EXIT_OK) {
        code = session_check_data(&m, data, o->data);
    }
    if (code == EXIT_OK) {
        code = session_compile(o, RN_MODE_INFER, count, false, &m);
    }
    if (code == EXIT_OK) {
        code = predict_read_names(a, &m, &names);
    }
    if (code == EXIT_OK) {
        ClassNames labels = {data->class_names, data->classes};
        if (!names.at) {
            names = labels;
        } else if (!labels.at || o->labels) {
            labels = names;
        }
        const RnPreprocess *p = data->values ? NULL : rn_model_preprocess(m.model, 0);
        bool normal = p && p->normalize;
        Show s = {data, &names, &labels, normal ? p->mean[0] : 0, normal ? p->std[0] : 1};
        code = predict(&m, &s, count);
    }
    session_unload(&m);
    return code;
}

static ExitCode predict_pictures(Arena *a, const Options *o)
{
    LoadedModel m;
    ClassNames names;
    if (o->data) {
        return report_error(EXIT_USAGE, "give either pictures or --data");
    }
    ExitCode code = session_load(a, o, RN_MODE_INFER, 1, false, &m);
    if (code != EXIT_OK) {
        return code;
    }
    code = predict_read_names(a, &m, &names);
    if (code == EXIT_OK) {
        code = predict_files(a, &m, &names);
    }
    session_unload(&m);
    return code;
}

ExitCode cmd_predict(Arena *a, const Options *o)
{
    if (o->pictures.count) {
        return predict_pictures(a, o);
    }
    if (!o->data) {
        return report_error(EXIT_USAGE, "predict needs picture files or --data SET");
    }
    if (o->json) {
        return report_error(EXIT_USAGE, "--json is for picture files, not for --data");
    }
    DataReading reading = {.options = o};
    OpenedData data;
    ExitCode code = data_open_scored(&reading, &data);
    if (code != EXIT_OK) {
        return code;
    }
    code = predict_data(a, o, data.set);
    data_close(&data);
    return code;
}
