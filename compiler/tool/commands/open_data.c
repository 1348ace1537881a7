// open_data.c: opens the splits of --data.
// Not here: what is said of them (tell_data.c).
#include "tool/commands/open_data.h"

#include <stdio.h>
#include <string.h>

#include "tool/cli/messages.h"
#include "resnetc/pool.h"

static const char *set_of(const Options *o)
{
    return o->data_dir ? o->data_dir : o->data;
}

// An RnFolderOptions.on_orientation: says it once per command.
static void tell_orientation(void *context, const char *path)
{
    DataReading *reading = context;
    if (atomic_exchange(&reading->orientation_told, true)) {
        return;
    }
    fprintf(stderr,
            reading->options->exif
                ? "%s: turned as its EXIF orientation says, and so are others\n"
                : "%s: its EXIF orientation is ignored, as that of others; --exif=apply "
                  "turns them\n",
            path);
}

static RnStatus open_folder(DataReading *reading, const char *set, RnSplit split, OpenedData *out,
                            RnError *err)
{
    const RnFolderOptions options = {.apply_exif = reading->options->exif != 0,
                                     .on_orientation = tell_orientation,
                                     .context = reading,
                                     .rest = &out->rest};
    RnStatus status = rn_pictures_split_folder(set, split, out->folder, err);
    return status == RN_OK ? rn_pictures_open_folder(set, split, &options, &out->set, err) : status;
}

// An RnBadPicture.
static void tell_bad(void *context, const RnError *why)
{
    (void)context;
    fprintf(stderr, "left out: %s\n", why->text);
}

// Cuts the set as the options say.
static RnStatus cut(const Options *o, OpenedData *data, RnError *err)
{
    RnStatus status = RN_OK;
    if (o->limit > 0) {
        status = rn_dataset_limit(data->set,
                                  o->limit < UINT32_MAX ? (uint32_t)o->limit : UINT32_MAX, err);
    }
    data->found = data->set->count;
    if (status != RN_OK || !o->skip_bad || !data->folder[0]) {
        return status;
    }
    RnPool *pool = NULL;
    uint32_t skipped = 0;
    status = rn_pool_create((unsigned)o->threads, &pool, err);
    if (status == RN_OK) {
        status = rn_dataset_skip_bad(data->set, pool, tell_bad, NULL, &skipped, err);
    }
    rn_pool_destroy(pool);
    if (skipped > 0 && status == RN_OK) {
        fprintf(stderr, "left out %u of %u pictures\n", skipped, data->found);
    }
    return status;
}

ExitCode data_open(DataReading *reading, RnSplit split, OpenedData *out)
{
    const Options *o = reading->options;
    RnError err = {0};
    *out = (OpenedData){.split = split};
    if (!o->data) {
        return report_error(EXIT_USAGE, "%s needs --data SET", o->command->name);
    }
    const char *set = set_of(o);
    RnStatus status = !rn_dataset_knows(set) && rn_pictures_is_folder(set)
                          ? open_folder(reading, set, split, out, &err)
                          : rn_dataset_open(set, split, (uint32_t)o->resize, &out->set, &err);
    if (status == RN_ERR_MISSING && split != RN_SPLIT_TRAIN) {
        return EXIT_OK;
    }
    if (status == RN_OK && !out->set->labels) {
        data_close(out);
        return report_error(EXIT_USAGE, "--data %s has no labels: give IMAGES,LABELS", o->data);
    }
    if (status == RN_OK) {
        status = cut(o, out, &err);
    }
    if (status != RN_OK) {
        data_close(out);
        return report_status(&err);
    }
    return EXIT_OK;
}

ExitCode data_open_held_out(DataReading *reading, OpenedData *out)
{
    ExitCode code = data_open(reading, RN_SPLIT_VAL, out);
    return code == EXIT_OK && !out->set ? data_open(reading, RN_SPLIT_TEST, out) : code;
}

static const char *split_word(RnSplit split)
{
    switch (split) {
    case RN_SPLIT_TRAIN:
        return "training";
    case RN_SPLIT_TEST:
        return "test";
    case RN_SPLIT_VAL:
        return "validation";
    }
    return "";
}

// Sets that have splits say which this is; pictures that trained are never scored without a word.
static void tell_scored(const Options *o, const OpenedData *data)
{
    const char *set = set_of(o);
    bool whole = strcmp(data->folder, ".") == 0;
    bool pair = strchr(set, ',') != NULL || strstr(set, ".npy") != NULL;
    if (data->split == RN_SPLIT_TRAIN && !pair && !whole) {
        fprintf(stderr, "%s%s%s: these are the training pictures, %u of them%s\n", set,
                data->folder[0] ? "/" : "", data->folder, data->set->count,
                o->split == CHOICE_SCORED ? "; the set has no others" : "");
    } else if (data->folder[0]) {
        fprintf(stderr, "%s%s%s: %u pictures%s%s%s of %u classes\n", set, whole ? "" : "/",
                whole ? "" : data->folder, data->set->count, whole ? "" : " (",
                whole ? "" : split_word(data->split), whole ? "" : ")", data->set->classes);
    }
}

ExitCode data_open_scored(DataReading *reading, OpenedData *out)
{
    static const RnSplit splits[] = {[CHOICE_TRAINING] = RN_SPLIT_TRAIN,
                                     [CHOICE_VALIDATION] = RN_SPLIT_VAL,
                                     [CHOICE_TEST] = RN_SPLIT_TEST};
    const Options *o = reading->options;
    ExitCode code;
    if (o->split != CHOICE_SCORED) {
        code = data_open(reading, splits[o->split], out);
        if (code == EXIT_OK && !out->set) {
            return report_error(EXIT_USAGE, "--split: %s has no %s pictures", o->data,
                                split_word(splits[o->split]));
        }
    } else {
        code = data_open_held_out(reading, out);
        if (code == EXIT_OK && !out->set) {
            code = data_open(reading, RN_SPLIT_TRAIN, out);
        }
    }
    if (code == EXIT_OK) {
        tell_scored(o, out);
    }
    return code;
}

void data_close(OpenedData *data)
{
    rn_dataset_close(data->set);
    data->set = NULL;
}
