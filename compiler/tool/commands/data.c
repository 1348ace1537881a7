// data.c: how the pictures of a data set become the model's input.
// Not here: which pictures these are (open_data.c).
#include <stdio.h>

#include "tool/cli/messages.h"
#include "tool/commands/loaded_model.h"

ExitCode session_check_shape(const Build *build, const char *what, uint64_t c, uint64_t h,
                             uint64_t w)
{
    const Value *in = build_graph(build)->inputs.at[0];
    const Shape *s = &in->shape;
    if (s->rank == 4 && s->dim[1] == (int64_t)c && s->dim[2] == (int64_t)h &&
        s->dim[3] == (int64_t)w) {
        return EXIT_OK;
    }
    if (s->rank != 4) {
        return report_error(EXIT_MODEL, "input '%s' of the model does not take pictures", in->name);
    }
    return report_error(
        EXIT_MODEL,
        "%s has pictures of %llux%llux%llu, but the model takes %lldx%lldx%lld\n"
        "  help: a model with these params takes them by -D channels=%llu -D height=%llu -D "
        "width=%llu",
        what, (unsigned long long)c, (unsigned long long)h, (unsigned long long)w,
        (long long)s->dim[1], (long long)s->dim[2], (long long)s->dim[3], (unsigned long long)c,
        (unsigned long long)h, (unsigned long long)w);
}

// What the model states, or the one thing that --resize says: both sides, in place of resizing and
// cropping.
static RnPreprocess wanted_steps(const LoadedModel *m)
{
    const RnPreprocess *stated = build_graph(m->build)->inputs.at[0]->preprocess;
    RnPreprocess p = stated ? *stated : (RnPreprocess){0};
    if (m->options->resize) {
        p.resize_shorter = p.centre_crop = 0;
        p.resize_height = p.resize_width = (uint32_t)m->options->resize;
    }
    return p;
}

ExitCode session_picture_transform(const LoadedModel *m, RnTransform *out)
{
    const Value *in = build_graph(m->build)->inputs.at[0];
    const int64_t *dim = in->shape.dim;
    RnPreprocess p = wanted_steps(m);
    if (in->shape.rank != 4 || (dim[1] != 1 && dim[1] != 3) || dim[2] > UINT32_MAX ||
        dim[3] > UINT32_MAX) {
        return report_error(EXIT_MODEL,
                            "input '%s' of the model does not take pictures: these have 1 or 3 "
                            "channels, height and width",
                            in->name);
    }
    rn_transform_init(out, (uint32_t)dim[1], (uint32_t)dim[2], (uint32_t)dim[3], &p);
    return EXIT_OK;
}

// Pixels in memory have their size already: only what the numbers become is the model's affair.
static ExitCode fit_pixels(const LoadedModel *m, RnDataset *data, const char *what)
{
    RnError err = {0};
    RnTransform t;
    RnPreprocess p = wanted_steps(m);
    p.resize_shorter = p.centre_crop = 0;
    p.resize_height = p.resize_width = (uint32_t)m->options->resize;
    rn_transform_init(&t, data->channels, data->height, data->width, &p);
    if (rn_dataset_set_transform(data, &t, &err) != RN_OK) {
        return report_error((ExitCode)rn_status_exit_code(err.status), "%s: %s", what, err.text);
    }
    return EXIT_OK;
}

// Whether pictures in memory, whose size --resize or a recipe may have chosen, fit the model.
static ExitCode check_stored(const LoadedModel *m, const RnDataset *data, const char *what)
{
    const Options *o = m->options;
    char resized[256];
    if (o->resize) {
        snprintf(resized, sizeof resized, "%s with --resize %lld%s%s", what, (long long)o->resize,
                 o->recipe_resizes ? " of the recipe " : "", o->recipe_resizes ? o->recipe : "");
        what = resized;
    }
    return session_check_shape(m->build, what, data->channels, data->height, data->width);
}

// Gives the data set the model's size and numbers.
static ExitCode fit_pictures(const LoadedModel *m, RnDataset *data, const char *what)
{
    bool stored = data->pixels || data->values;
    ExitCode code = EXIT_OK;
    if (stored) {
        code = check_stored(m, data, what);
    }
    if (code != EXIT_OK || stored) {
        return code == EXIT_OK ? fit_pixels(m, data, what) : code;
    }
    RnError err = {0};
    RnTransform t;
    code = session_picture_transform(m, &t);
    if (code == EXIT_OK && rn_dataset_set_transform(data, &t, &err) != RN_OK) {
        code = report_status(&err);
    }
    return code;
}

ExitCode session_check_data(const LoadedModel *m, RnDataset *data, const char *what)
{
    ExitCode code = session_check_inputs(m->build, m->options->command->name);
    if (code == EXIT_OK) {
        code = fit_pictures(m, data, what);
    }
    if (code != EXIT_OK) {
        return code;
    }
    uint32_t classes = build_classes(m->build);
    if (classes == 0) {
        return report_error(EXIT_MODEL, "the model's output is no [N, classes] tensor");
    }
    RnError err = {0};
    if (rn_dataset_check_labels(data, classes, &err) != RN_OK) {
        return report_error((ExitCode)rn_status_exit_code(err.status), "%s: %s", what, err.text);
    }
    return EXIT_OK;
}

// One thread makes images of pixels in memory fast enough; files take all cores.
static unsigned default_threads(const RnDataset *data)
{
    unsigned cores = rn_cpu_count();
    bool stored = data->pixels || data->values;
    return !stored ? cores : cores > 1 ? 1 : 0;
}

RnLoaderOptions session_loader_options(const LoadedModel *m, const RnDataset *data, uint32_t batch)
{
    const Options *o = m->options;
    unsigned threads = o->loader_threads < 0 ? default_threads(data) : (unsigned)o->loader_threads;
    return (RnLoaderOptions){
        .batch = batch, .threads = threads, .pool = rn_session_pool(m->session)};
}
