// test_dsl.c: replays the language's corpus and the other tests' texts through the fuzz target, as
// they are and changed in reproducible ways.
#include "support/check_main.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/intern.h"
#include "fuzz/fuzz_dsl.h"

enum { CHANGED_PER_FILE = 15, LARGEST_CHANGED = 1 << 13 };

static const char *const FOLDERS[] = {"tests/fuzz/corpus/dsl", "tests/front/errors",
                                      "tests/front/good", "dsl/prelude", "examples/models"};
enum { FOLDER_COUNT = sizeof FOLDERS / sizeof FOLDERS[0] };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && !strstr(entry->d_name, ".txt");
}

// One change: a byte, a cut, a piece doubled, a piece removed, or a word of the language put in.
static size_t change(char *text, size_t bytes, size_t capacity, uint64_t *random)
{
    static const char *const WORDS[] = {"{",   "}",    "(",   ")",         "[", "]",
                                        "\n",  "it",   "=",   "repeat 3 ", "-", "99999999999",
                                        "1x1", "else", "if ", ": ",        ",", "0.."};
    size_t at = next_random(random) % (bytes + 1), n = next_random(random) % 40;
    if (n > bytes - at) {
        n = bytes - at;
    }
    switch (next_random(random) % 5) {
    case 0:
        text[at == bytes && at ? at - 1 : at] = (char)next_random(random);
        return bytes;
    case 1:
        return at;
    case 2:
        if (bytes + n > capacity) {
            return bytes;
        }
        memmove(text + at + n, text + at, bytes - at);
        return bytes + n;
    case 3:
        memmove(text + at, text + at + n, bytes - at - n);
        return bytes - n;
    default: {
        const char *word = WORDS[next_random(random) % (sizeof WORDS / sizeof WORDS[0])];
        size_t length = strlen(word);
        if (bytes + length > capacity) {
            return bytes;
        }
        memmove(text + at + length, text + at, bytes - at);
        memcpy(text + at, word, length);
        return bytes + length;
    }
    }
}

static void replay(const char *path)
{
    Arena *a = arena_create();
    size_t bytes = 0;
    const char *error = NULL;
    const char *text = file_read(a, path, 1 << 22, &bytes, &error);
    ck_assert_msg(text != NULL, "%s", error);
    (void)fuzz_dsl((const unsigned char *)text, bytes);
    uint64_t random = HASH_START ^ bytes;
    size_t capacity = bytes + 4096;
    char *changed = arena_alloc(a, capacity + 1);
    for (int i = 0; i < CHANGED_PER_FILE && bytes <= LARGEST_CHANGED; i++) {
        memcpy(changed, text, bytes);
        size_t count = bytes;
        for (int k = 0; k <= i % 4; k++) {
            count = change(changed, count, capacity, &random);
        }
        (void)fuzz_dsl((const unsigned char *)changed, count);
    }
    arena_destroy(a);
}

START_TEST(corpus_is_survived)
{
    struct dirent **entries;
    int count = scandir(FOLDERS[_i], &entries, is_visible, alphasort);
    ck_assert_int_gt(count, 0);
    for (int i = 0; i < count; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", FOLDERS[_i], entries[i]->d_name);
        replay(path);
        free(entries[i]);
    }
    free(entries);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fuzz.dsl");
    TCase *t = tcase_create("dsl");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, corpus_is_survived, 0, FOLDER_COUNT);
    suite_add_tcase(s, t);
    return check_run(s);
}
