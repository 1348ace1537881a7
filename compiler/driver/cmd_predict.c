// cmd_predict.c: shows pictures of a data set as text, with true class, predicted class and
// probability.
#include "driver/commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver/report.h"
#include "driver/session.h"

#define PICTURE_COLUMNS 56 // at most, on the screen

// Brightness of the first channel at (y, x) of picture i, 0..1 where the data is so.
static double brightness(const RnDataset *d, const float *image, uint32_t y, uint32_t x)
{
    double v = (double)image[(size_t)y * d->width + x];
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

// Two rows of pixels become one line of text, since letters are twice as high as wide.
static void draw_picture(const RnDataset *d, const float *image)
{
    static const char shade[] = " .:-=+*#%@";
    uint32_t step = (d->width + PICTURE_COLUMNS - 1) / PICTURE_COLUMNS;
    for (uint32_t y = 0; y < d->height; y += 2 * step) {
        fputs("    ", stdout);
        for (uint32_t x = 0; x < d->width; x += step) {
            uint32_t below = y + step < d->height ? y + step : y;
            double v = 0.5 * (brightness(d, image, y, x) + brightness(d, image, below, x));
            putchar(shade[(size_t)(v * 9.0 + 0.5)]);
        }
        putchar('\n');
    }
}

static const char *class_name(const RnDataset *d, uint32_t k, char text[16])
{
    if (d->class_names && k < d->classes)
        return d->class_names[k];
    snprintf(text, 16, "class %u", k);
    return text;
}

static void show_prediction(const RnDataset *d, const float *image, uint32_t label,
                            const float *logits, uint32_t classes)
{
    uint32_t best = 0;
    for (uint32_t k = 1; k < classes; k++)
        if (logits[k] > logits[best])
            best = k;
    double sum = 0;
    for (uint32_t k = 0; k < classes; k++)
        sum += exp((double)logits[k] - (double)logits[best]);
    char is[16], said[16];
    draw_picture(d, image);
    printf("    true: %-14s predicted: %-14s probability %.1f%%%s\n\n", class_name(d, label, is),
           class_name(d, best, said), 100.0 / sum, best == label ? "" : "   (wrong)");
}

static ExitCode predict(LoadedModel *m, const RnDataset *d, uint32_t count)
{
    RnError err = {0};
    uint32_t classes = rn_model_classes(m->model);
    size_t pixels = (size_t)d->channels * d->height * d->width;
    float *images = calloc((size_t)count * pixels, sizeof *images);
    float *logits = calloc((size_t)count * classes, sizeof *logits);
    uint32_t *labels = calloc(count, sizeof *labels);
    RnStatus status = RN_ERR_MEMORY;
    if (!images || !logits || !labels)
        rn_fail(&err, RN_ERR_MEMORY, "out of memory");
    else
        status = rn_dataset_fill(d, NULL, 0, count, NULL, images, labels, &err);
    const float *input = images;
    if (status == RN_OK)
        status = rn_infer(m->session, &input, count, &logits, &err);
    for (uint32_t i = 0; status == RN_OK && i < count; i++)
        show_prediction(d, images + i * pixels, labels[i], logits + (size_t)i * classes, classes);
    free(images);
    free(logits);
    free(labels);
    if (status != RN_OK)
        return report_status(&err);
    if (fflush(stdout) != 0)
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    return EXIT_OK;
}

ExitCode cmd_predict(Arena *a, const Options *o)
{
    RnDataset *data;
    ExitCode code = session_open_data(a, o, RN_SPLIT_TEST, &data);
    if (code == EXIT_OK && !data)
        code = session_open_data(a, o, RN_SPLIT_TRAIN, &data);
    if (code != EXIT_OK)
        return code;
    uint32_t count = o->count < (int64_t)data->count ? (uint32_t)o->count : data->count;
    LoadedModel m;
    code = session_load(a, o, RN_MODE_INFER, count, false, &m);
    if (code == EXIT_OK) {
        code = session_check_data(&m, data, o->data);
        if (code == EXIT_OK)
            code = predict(&m, data, count);
        session_unload(&m);
    }
    rn_dataset_close(data);
    return code;
}
