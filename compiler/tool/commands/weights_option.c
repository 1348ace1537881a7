// weights_option.c: a file's weights into a session, as the options say.
#include "tool/commands/weights_option.h"

#include <stdio.h>

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
