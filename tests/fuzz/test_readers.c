// test_readers.c: replays the fuzz corpus of the runtime's and the driver's readers, and damaged
// copies of each file: every prefix, every byte changed, random changes. Nothing may crash, under
// sanitizers above all.
#include "support/check_main.h"

#include <dirent.h>
#include <stdio.h>

#include "fuzz/fuzz_readers.h"
#include "fuzz/fuzz_training.h"
#include "resnetc/random.h"

typedef unsigned (*Target)(const unsigned char *data, size_t size);

enum { FILE_MAX_BYTES = 1 << 16, RANDOM_ROUNDS = 300 };

// Runs the target on a block of exactly this size, so that reading past it is seen.
static void run(Target target, const unsigned char *data, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, size);
    (void)target(copy, size);
    free(copy);
}

static void run_damaged(Target target, unsigned char *data, size_t size, uint64_t seed)
{
    static const unsigned char values[] = {0, 1, 0x7F, 0x80, 0xFF, '0', '9', '"', '[', '{'};
    run(target, data, size);
    for (size_t n = 0; n < size; n += n < 400 ? 1 : 97) {
        run(target, data, n);
    }
    for (size_t i = 0; i < size && i < 400; i++) {
        unsigned char kept = data[i];
        for (size_t v = 0; v < sizeof values; v++) {
            data[i] = values[v];
            run(target, data, size);
        }
        data[i] = kept;
    }
    unsigned char *work = malloc(size + 1);
    ck_assert_ptr_nonnull(work);
    for (uint64_t round = 0; round < RANDOM_ROUNDS && size > 0; round++) {
        memcpy(work, data, size);
        for (uint64_t change = 0; change < 1 + round % 8; change++) {
            uint64_t r = rn_random_u64(seed, round, change);
            work[(r >> 8) % size] = (unsigned char)r;
        }
        run(target, work, size);
    }
    free(work);
}

static void replay(const char *name, Target target)
{
    char folder[512];
    static unsigned char data[FILE_MAX_BYTES];
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", TEST_SOURCE_DIR, name);
    DIR *dir = opendir(folder);
    ck_assert_msg(dir != NULL, "%s", folder);
    uint64_t files = 0;
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[800];
        if (e->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = fopen(path, "rb");
        ck_assert_msg(f != NULL, "%s", path);
        size_t size = fread(data, 1, sizeof data, f);
        fclose(f);
        run_damaged(target, data, size, files++);
    }
    closedir(dir);
    ck_assert_uint_ge(files, 5);
}

START_TEST(npy)
{
    replay("npy", fuzz_npy);
}
END_TEST

START_TEST(safetensors)
{
    replay("safetensors", fuzz_safetensors);
}
END_TEST

START_TEST(idx)
{
    replay("idx", fuzz_idx);
}
END_TEST

START_TEST(name_map)
{
    replay("name_map", fuzz_name_map);
}
END_TEST

START_TEST(picture)
{
    replay("picture", fuzz_picture);
}
END_TEST

START_TEST(cifar)
{
    replay("cifar", fuzz_cifar);
}
END_TEST

START_TEST(recipe)
{
    replay("recipe", fuzz_recipe);
}
END_TEST

START_TEST(notes)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); // thousands of messages
    replay("notes", fuzz_notes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("readers");
    TCase *tc = tcase_create("readers");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, npy);
    tcase_add_test(tc, safetensors);
    tcase_add_test(tc, idx);
    tcase_add_test(tc, name_map);
    tcase_add_test(tc, picture);
    tcase_add_test(tc, cifar);
    tcase_add_test(tc, recipe);
    tcase_add_test(tc, notes);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
