// train_state.c: how a training run is saved and goes on.
// Not here: the file itself (resnetc/checkpoint.h), the command's own notes in it (train_notes.c).
#include <stdio.h>
#include <string.h>

#include "tool/train/checkpoint_files.h"
#include "base/clock.h"
#include "tool/cli/messages.h"
#include "tool/train/train.h"
#include "tool/train/train_notes.h"

static ExitCode save(Training *t, Arena *scratch)
{
    const Options *o = t->options;
    StrBuf notes = {.arena = scratch};
    train_notes_print(t, &notes);
    RnTrainingPlace place = t->place;
    place.batch = t->batch;
    place.lr = t->lr;
    place.momentum = o->momentum;
    place.weight_decay = o->weight_decay;
    place.elapsed_s = t->elapsed_s + clock_seconds() - t->started;
    place.notes = notes.text;
    place.class_names = t->train->class_names;
    place.classes = t->train->classes;
    RnError err = {0};
    const char *path = checkpoint_file(scratch, o->checkpoint, place.step);
    if (rn_checkpoint_save(path, t->model.session, t->optimizer, &place, &err) != RN_OK) {
        return report_status(&err);
    }
    return checkpoint_prune(scratch, o->checkpoint, o->keep);
}

// There may be very many in a long run, so what one needs does not stay.
ExitCode train_save(Training *t)
{
    if (!t->options->checkpoint) {
        return EXIT_OK;
    }
    Arena *scratch = arena_create();
    ExitCode code = save(t, scratch);
    arena_destroy(scratch);
    return code;
}

// A run goes on as it began; only the learning rate, its schedule and the run's length may be given
// anew.
static ExitCode check_same_run(const Training *t, const char *path, const RnTrainingPlace *place)
{
    const Options *o = t->options;
    if (place->momentum != o->momentum) {
        return report_error(EXIT_USAGE, "%s was made with --momentum %g", path, place->momentum);
    }
    if (place->weight_decay != o->weight_decay) {
        return report_error(EXIT_USAGE, "%s was made with --weight-decay %g", path,
                            place->weight_decay);
    }
    if (o->seed_given && place->seed != (uint64_t)o->seed) {
        return report_error(EXIT_USAGE, "%s was made with --seed %llu", path,
                            (unsigned long long)place->seed);
    }
    if (place->batch != t->batch) {
        return report_error(EXIT_USAGE, "%s was made with --batch %u", path, place->batch);
    }
    if (place->epoch_image > t->train->count) {
        return report_error(EXIT_MODEL, "%s: made on a larger data set (picture %llu of %u)", path,
                            (unsigned long long)place->epoch_image, t->train->count);
    }
    return EXIT_OK;
}

ExitCode train_resume(Training *t)
{
    RnError err = {0};
    const char *path = NULL;
    ExitCode code = checkpoint_newest(t->arena, t->options->checkpoint, &path);
    if (code != EXIT_OK) {
        return code;
    }
    RnTrainingPlace place = {0};
    if (rn_checkpoint_load(path, t->model.session, t->optimizer, &place, &err) != RN_OK) {
        return report_status(&err);
    }
    code = check_same_run(t, path, &place);
    if (code == EXIT_OK && place.notes) {
        code = train_notes_take(t, path, place.notes);
    }
    rn_training_place_free(&place);
    place.notes = NULL;
    t->place = place;
    t->elapsed_s = place.elapsed_s;
    if (!t->options->lr_given) {
        t->lr = place.lr;
    }
    if (code == EXIT_OK) {
        fprintf(stderr, "resuming after epoch %llu, step %llu\n", (unsigned long long)place.epoch,
                (unsigned long long)place.step);
    }
    return code;
}

// A word as a shell reads it back.
static void add_word(StrBuf *out, const char *word)
{
    if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "-_=./,:@+%") == strlen(word)) {
        strbuf_add(out, word);
        return;
    }
    strbuf_add(out, "'");
    for (const char *at = word; *at; at++) {
        if (*at == '\'') {
            strbuf_add(out, "'\\''");
        } else {
            strbuf_add_bytes(out, at, 1);
        }
    }
    strbuf_add(out, "'");
}

const char *train_command(const Training *t, bool resume)
{
    const Options *o = t->options;
    StrBuf out = {.arena = t->arena};
    bool said = o->resume || !resume;
    for (int i = 0; i < o->argc; i++) {
        strbuf_add(&out, i ? " " : "");
        if (!said && strcmp(o->argv[i], "--") == 0) { // words after it are no options
            strbuf_add(&out, "--resume ");
            said = true;
        }
        add_word(&out, o->argv[i]);
    }
    strbuf_add(&out, said ? "" : " --resume");
    return strbuf_text(&out);
}

void train_say_how_to_resume(const Training *t)
{
    fprintf(stderr, "stopped after step %llu; to go on:\n  %s\n", (unsigned long long)t->place.step,
            train_command(t, true));
}
