// fuzz_training.c: recipes and a checkpoint's notes given any bytes.
#include "fuzz/fuzz_training.h"

#include <string.h>

#include "fuzz/fuzz_expect.h"
#include "tool/cli/recipe.h"
#include "tool/train/train_notes.h"

static Options fuzz_train_options(Arena *a)
{
    char *argv[] = {arena_strdup(a, "resnetc"), arena_strdup(a, "train"), arena_strdup(a, "m")};
    Options o;
    const char *error = NULL;
    fuzz_expect(options_parse(a, 3, argv, &o, &error));
    return o;
}

unsigned fuzz_recipe(const unsigned char *data, size_t size)
{
    Arena *a = arena_create();
    Options o = fuzz_train_options(a);
    const char *error = NULL;
    const char *text = arena_strndup(a, (const char *)data, size);
    bool good = options_set_recipe(a, &o, "input", text, &error);
    fuzz_expect(good || (error && strncmp(error, "input:", 6) == 0));
    unsigned sum = 0;
    for (size_t i = 0; i < option_table_count; i++) {
        sum += (unsigned)strlen(options_value_text(a, &o, &option_table[i]));
    }
    arena_destroy(a);
    return sum;
}

static const char *fuzz_print_notes(const Training *t)
{
    StrBuf out = {.arena = t->arena};
    train_notes_print(t, &out);
    return strbuf_text(&out);
}

unsigned fuzz_notes(const unsigned char *data, size_t size)
{
    Arena *a = arena_create();
    Options o = fuzz_train_options(a);
    RnDataset set = {.count = 60000};
    Training t = {.arena = a, .options = &o, .train = &set}, again = t;
    const char *text = arena_strndup(a, (const char *)data, size);
    unsigned sum = 0;
    if (train_notes_take(&t, "input", text) == EXIT_OK) {
        const char *printed = fuzz_print_notes(&t);
        fuzz_expect(train_notes_take(&again, "input", printed) == EXIT_OK);
        fuzz_expect(strcmp(fuzz_print_notes(&again), printed) == 0);
        sum = (unsigned)strlen(printed);
    }
    arena_destroy(a);
    return sum;
}
