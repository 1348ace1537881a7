// tell_data.c: what of a folder of pictures was taken as what, for the user and for the log.
#include <stdio.h>
#include <string.h>

#include "tool/commands/open_data.h"

// So many classes are listed on the screen.
#define SHOWN_CLASSES 100

// Pictures of each class.
static uint32_t *count_classes(Arena *a, const RnDataset *d, uint32_t classes)
{
    uint32_t *counts = ARENA_ARRAY(a, uint32_t, (size_t)classes + 1);
    memset(counts, 0, ((size_t)classes + 1) * sizeof *counts);
    for (uint32_t i = 0; d && i < d->count; i++) {
        counts[d->labels[i] < classes ? d->labels[i] : classes]++;
    }
    return counts;
}

static const char *folder_text(Arena *a, const OpenedData *data)
{
    return strcmp(data->folder, ".") == 0 ? "the folder" : arena_printf(a, "%s/", data->folder);
}

static void tell_rest(const char *what, const OpenedData *data)
{
    const RnFolderRest *rest = &data->rest;
    for (uint32_t i = 0; i < rest->kinds; i++) {
        fprintf(stderr, "%s%u %s", i ? ", " : "  not taken: ", rest->skipped[i].count,
                rest->skipped[i].ending[0] ? rest->skipped[i].ending : "others");
    }
    if (rest->kinds) {
        fprintf(stderr, " in %s\n", what);
    }
}

void data_tell_training(Arena *a, const Options *o, const OpenedData *train,
                        const OpenedData *held_out)
{
    if (!train->folder[0]) {
        return;
    }
    const RnDataset *d = train->set, *h = held_out->set;
    fprintf(stderr, "%s: %s trains, %u pictures; ", o->data, folder_text(a, train), d->count);
    if (h) {
        fprintf(stderr, "%s is scored after each epoch, %u pictures\n", folder_text(a, held_out),
                h->count);
    } else {
        fprintf(stderr, "nothing is scored (there is no val/ and no test/)\n");
    }
    const uint32_t *counts = count_classes(a, d, d->classes);
    const uint32_t *others = count_classes(a, h, d->classes);
    for (uint32_t k = 0; k < d->classes && k < SHOWN_CLASSES; k++) {
        StrBuf name = {.arena = a};
        strbuf_add_json(&name, d->class_names[k]);
        fprintf(stderr, "  class %u: %s, %u pictures", k, strbuf_text(&name), counts[k]);
        if (h) {
            fprintf(stderr, ", %u scored", others[k]);
        }
        fputc('\n', stderr);
    }
    if (d->classes > SHOWN_CLASSES) {
        fprintf(stderr, "  ... %u classes (--log FILE has them all)\n", d->classes);
    }
    tell_rest(folder_text(a, train), train);
    if (h) {
        tell_rest(folder_text(a, held_out), held_out);
    }
    if (train->rest.left_out) {
        fprintf(stderr, "  not taken: %s/%s, %u folders beside the splits\n", o->data,
                train->rest.first_left_out, train->rest.left_out);
    }
}

static void print_rest(StrBuf *out, const OpenedData *data)
{
    strbuf_add(out, "{");
    for (uint32_t i = 0; i < data->rest.kinds; i++) {
        strbuf_add(out, i ? ", " : "");
        strbuf_add_json(out, data->rest.skipped[i].ending);
        strbuf_printf(out, ": %u", data->rest.skipped[i].count);
    }
    strbuf_add(out, "}");
}

static void print_split(StrBuf *out, const char *key, const OpenedData *data)
{
    strbuf_printf(out, ", \"%s\": {\"folder\": ", key);
    strbuf_add_json(out, data->folder);
    strbuf_printf(out, ", \"pictures\": %u, \"not_taken\": ", data->set->count);
    print_rest(out, data);
    strbuf_add(out, "}");
}

bool data_print_json(StrBuf *out, const Options *o, const OpenedData *train,
                     const OpenedData *held_out)
{
    if (!train->folder[0]) {
        return false;
    }
    const RnDataset *d = train->set;
    const uint32_t *counts = count_classes(out->arena, d, d->classes);
    const uint32_t *others = count_classes(out->arena, held_out->set, d->classes);
    strbuf_add(out, "{\"data\": ");
    strbuf_add_json(out, o->data);
    print_split(out, "trains", train);
    if (held_out->set) {
        print_split(out, "scored", held_out);
    }
    strbuf_add(out, ", \"classes\": [");
    for (uint32_t k = 0; k < d->classes; k++) {
        strbuf_printf(out, "%s{\"class\": %u, \"name\": ", k ? ", " : "", k);
        strbuf_add_json(out, d->class_names[k]);
        strbuf_printf(out, ", \"trains\": %u, \"scored\": %u}", counts[k], others[k]);
    }
    strbuf_add(out, "]}\n");
    return true;
}
