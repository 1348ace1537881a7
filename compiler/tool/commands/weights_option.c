// weights_option.c: a file's weights into a session, as the options say.
#include "tool/commands/weights_option.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/cli/messages.h"

static void print_kept(void *context, const char *name, const RnTensor *tensor,
                       const RnShape *found)
{
    (void)context;
    char file[128], model[128];
    RnShape shape = {.rank = tensor->rank};
    for (uint32_t i = 0; i < tensor->rank; i++) {
        shape.dim[i] = tensor->dim[i];
    }
    fprintf(stderr, "new head: %s starts anew as %s, the file has %s\n", name,
            rn_shape_text(&shape, model, sizeof model),
            found ? rn_shape_text(found, file, sizeof file) : "none");
}

static void print_note(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

RnWeightsOptions weights_options(const Options *o)
{
    return (RnWeightsOptions){.map = o->map,
                              .key = o->key,
                              .new_head = o->new_head,
                              .on_kept = print_kept,
                              .on_note = print_note};
}

// Would the file fit if the head were new?
static bool fits_with_new_head(const Options *o, RnSession *session)
{
    const RnWeightsOptions options = {.map = o->map, .key = o->key, .new_head = true};
    return o->command->bit == CMD_TRAIN && !o->new_head &&
           rn_weights_load_with(session, o->weights, &options, NULL) == RN_OK;
}

ExitCode weights_load(const Options *o, RnSession *session)
{
    RnError err = {0};
    const RnWeightsOptions options = weights_options(o);
    if (rn_weights_load_with(session, o->weights, &options, &err) == RN_OK) {
        return EXIT_OK;
    }
    if (fits_with_new_head(o, session)) {
        return report_error(EXIT_MODEL, "%s\n  help: --new-head starts the head anew", err.text);
    }
    return report_status(&err);
}

static ExitCode read_names(Arena *a, const RnTensorFile *file, const char *const **names,
                           uint32_t *count)
{
    RnError err = {0};
    RnClassNames found;
    if (rn_tensor_file_class_names(file, &found, &err) != RN_OK) {
        return report_status(&err);
    }
    const char **copies = found.at ? ARENA_ARRAY(a, const char *, (size_t)found.count + 1) : NULL;
    for (uint32_t i = 0; i < found.count; i++) {
        copies[i] = arena_strndup(a, found.at[i], strlen(found.at[i]));
    }
    *names = copies;
    *count = found.count;
    rn_class_names_free(&found);
    return EXIT_OK;
}

ExitCode weights_class_names(Arena *a, const Options *o, const char *const **names, uint32_t *count)
{
    *names = NULL;
    *count = 0;
    struct stat info;
    if (!o->weights || stat(o->weights, &info) != 0 || !S_ISREG(info.st_mode)) {
        return EXIT_OK;
    }
    RnError err = {0};
    RnTensorFile *file = NULL;
    if (rn_tensor_file_open(o->weights, &file, &err) != RN_OK) {
        return report_status(&err);
    }
    ExitCode code = read_names(a, file, names, count);
    rn_tensor_file_close(file);
    return code;
}

ExitCode weights_compare_names(Arena *a, const Options *o, const char *const *names, uint32_t count)
{
    const char *const *trained;
    uint32_t trained_count;
    ExitCode code = weights_class_names(a, o, &trained, &trained_count);
    for (uint32_t k = 0; trained && names && k < count && k < trained_count; k++) {
        if (strcmp(trained[k], names[k]) != 0) {
            fprintf(stderr, "class %u is '%s' in %s and '%s' in %s: labels may not mean the same\n",
                    k, trained[k], o->weights, names[k], o->data);
            break;
        }
    }
    return code;
}
