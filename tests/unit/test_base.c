// test_base.c: arenas, vectors, sets, texts, names, places, diagnostics, files.
#include "support/check_main.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/distinct.h"
#include "base/files.h"
#include "base/intern.h"

START_TEST(arena_objects_are_zeroed_and_aligned)
{
    Arena *a = arena_create();
    for (int round = 0; round < 3; round++) {
        for (size_t bytes = 0; bytes < 5000; bytes = bytes * 2 + 1) {
            unsigned char *p = arena_alloc(a, bytes);
            ck_assert_uint_eq((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < bytes; i++) {
                ck_assert_uint_eq(p[i], 0);
            }
            memset(p, 0xff, bytes);
        }
        memset(arena_alloc(a, 10 << 20), 0xff, 10 << 20);
        arena_reset(a);
    }
    arena_destroy(a);
    arena_destroy(NULL);
}
END_TEST

START_TEST(vectors_grow)
{
    Arena *a = arena_create();
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++) {
        VEC_PUSH(a, &v, i * i);
    }
    ck_assert_uint_eq(v.count, 1000);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(v.at[i], i * i);
    }
    arena_destroy(a);
}
END_TEST

START_TEST(texts_grow)
{
    Arena *a = arena_create();
    StrBuf b = {.arena = a};
    ck_assert_str_eq(strbuf_text(&b), "");
    for (int i = 0; i < 500; i++) {
        strbuf_printf(&b, "%d,", i % 10);
    }
    strbuf_add_bytes(&b, "end", 2);
    ck_assert_uint_eq(b.count, 1002);
    ck_assert_str_eq(strbuf_text(&b) + 994, "7,8,9,en");
    ck_assert_str_eq(arena_printf(a, "%s-%d", "a", 3), "a-3");
    ck_assert_str_eq(arena_strndup(a, "abcdef", 3), "abc");
    arena_destroy(a);
}
END_TEST

START_TEST(names_are_interned)
{
    Arena *a = arena_create();
    Intern *t = intern_create(a);
    const char *first[1000];
    char text[20];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "name%d", i);
        first[i] = intern_str(t, text);
    }
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "name%d", i);
        ck_assert_ptr_eq(intern_str(t, text), first[i]);
        ck_assert_ptr_eq(intern_bytes(t, text, strlen(text)), first[i]);
    }
    ck_assert_ptr_ne(intern_bytes(t, "name12", 5), intern_str(t, "name12"));
    arena_destroy(a);
}
END_TEST

START_TEST(equal_elements_are_kept_once)
{
    Arena *a = arena_create();
    Distinct d = distinct_create(a, sizeof(uint64_t));
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 1000; i++) {
            uint64_t square = i * i;
            ck_assert_uint_eq(distinct_add(&d, &square), i);
        }
    }
    ck_assert_uint_eq(d.count, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert_uint_eq(*DISTINCT_AT(uint64_t, &d, i), i * i);
    }
    arena_destroy(a);
}
END_TEST

START_TEST(near_names_are_found)
{
    static const char *const NAMES[] = {"classes", "channels", "height", "width", "c", "pad"};
    ck_assert_uint_eq(edit_distance("", "abc"), 3);
    ck_assert_uint_eq(edit_distance("kitten", "sitting"), 3);
    ck_assert_uint_eq(edit_distance("ab", "ba"), 1);
    ck_assert_str_eq(nearest_name("clases", NAMES, 6), "classes");
    ck_assert_str_eq(nearest_name("hieght", NAMES, 6), "height");
    ck_assert_str_eq(nearest_name("padd", NAMES, 6), "pad");
    ck_assert_ptr_null(nearest_name("stride", NAMES, 6));
    ck_assert_ptr_null(nearest_name("x", NAMES, 6));
    ck_assert_ptr_null(nearest_name("", NAMES, 6));
    char longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_assert_ptr_null(nearest_name(longer, NAMES, 6));
}
END_TEST

START_TEST(hashes_chain)
{
    uint64_t h = hash_bytes(HASH_START, "abc", 3);
    ck_assert(h == UINT64_C(0xe71fa2190541574b)); // FNV-1a's published value of "abc"
    ck_assert(hash_bytes(hash_bytes(HASH_START, "a", 1), "bc", 2) == h);
    ck_assert(hash_u64(HASH_START, 1) != hash_u64(HASH_START, 256));
}
END_TEST

START_TEST(utf8_is_told_apart)
{
    ck_assert_uint_eq(utf8_length("a", 1), 1);
    ck_assert_uint_eq(utf8_length("\xc3\xa9", 2), 2);
    ck_assert_uint_eq(utf8_length("\xe2\x82\xac", 3), 3);
    ck_assert_uint_eq(utf8_length("\xf0\x9f\x98\x80", 4), 4);
    static const char *const BAD[] = {"\x80",
                                      "\xc3",
                                      "\xc0\x80",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xff"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        ck_assert_uint_eq(utf8_length(BAD[i], strlen(BAD[i])), 0);
    }
    ck_assert_uint_eq(utf8_length("\0", 1), 0);
    ck_assert_uint_eq(utf8_length("\xe2\x82\xac", 2), 0);
}
END_TEST

START_TEST(diagnostics_show_the_place)
{
    Arena *a = arena_create();
    SourceSet s = {.arena = a};
    static const char TEXT[] = "first\n\tsecond \xc3\xa9 x\nlast";
    uint32_t file = source_add(&s, "t.rn", TEXT, strlen(TEXT));
    Diag *d = diag_create(a, &s);
    Loc last = {.range = {file, 19, 23}}, x = {.range = {file, 17, 18}}, nowhere = {{0}, NULL};
    Expansion call = {.call = {file, 0, 5}, .name = "b", .text = "b(1)"};
    last.via = &call;
    DiagItem *item = diag_error(d, last, "three %d", 3);
    diag_help(d, item, "do %s", "this");
    item = diag_error(d, x, "two");
    diag_note(d, item, nowhere, "a note");
    ck_assert_ptr_ne(diag_error(d, x, "two"), item); // told once
    (void)diag_warning(d, nowhere, "one");
    ck_assert_uint_eq(diag_error_count(d), 2);
    StrBuf out = {.arena = a};
    diag_render(d, &out);
    ck_assert_str_eq(strbuf_text(&out), "warning: one\n"
                                        "t.rn:2:12: error: two\n"
                                        "    \tsecond \xc3\xa9 x\n"
                                        "    \t         ^\n"
                                        "note: a note\n"
                                        "t.rn:3:1: error: three 3\n"
                                        "    last\n"
                                        "    ^^^^\n"
                                        "  in b(1) called at t.rn:1:1\n"
                                        "  help: do this\n");
    arena_destroy(a);
}
END_TEST

START_TEST(diagnostics_have_a_limit)
{
    Arena *a = arena_create();
    SourceSet s = {.arena = a};
    char text[4000];
    memset(text, 'x', sizeof text);
    uint32_t file = source_add(&s, "t.rn", text, sizeof text);
    Diag *d = diag_create(a, &s);
    for (uint32_t i = 0; i < 30; i++) {
        (void)diag_error(d, (Loc){.range = {file, i * 100, i * 100 + 90}}, "mistake %u",
                         (unsigned)i);
    }
    ck_assert_uint_eq(diag_error_count(d), 30);
    StrBuf out = {.arena = a};
    diag_render(d, &out);
    const char *shown = strbuf_text(&out);
    ck_assert_ptr_nonnull(strstr(shown, "mistake 19\n"));
    ck_assert_ptr_null(strstr(shown, "mistake 20\n"));
    ck_assert_ptr_nonnull(strstr(shown, "further errors are not shown\n"));
    ck_assert_uint_lt(strlen(shown), 20 * 300); // long lines are cut
    arena_destroy(a);
}
END_TEST

START_TEST(files_are_whole_or_not_at_all)
{
    Arena *a = arena_create();
    const char *error = NULL, *path = TEST_BINARY_DIR "/base-file.bin";
    size_t bytes = 0;
    char *data = arena_alloc(a, 100000);
    for (size_t i = 0; i < 100000; i++) {
        data[i] = (char)(i * 7);
    }
    ck_assert_msg(file_write(a, path, data, 100000, &error), "%s", error);
    char *back = file_read(a, path, 100000, &bytes, &error);
    ck_assert_ptr_nonnull(back);
    ck_assert_uint_eq(bytes, 100000);
    ck_assert_mem_eq(back, data, 100000);
    ck_assert_ptr_null(file_read(a, path, 99999, &bytes, &error));
    ck_assert_ptr_nonnull(strstr(error, "larger than the limit of 99999 bytes"));
    ck_assert(file_exists(path));
    (void)unlink(path);
    ck_assert(!file_exists(path));
    ck_assert_ptr_null(file_read(a, path, 10, &bytes, &error));
    ck_assert_ptr_nonnull(strstr(error, "base-file.bin: cannot open: No such file"));
    ck_assert_ptr_null(file_read(a, "/", 10, &bytes, &error));
    ck_assert(!file_write(a, "/nowhere/at/all", "x", 1, &error));
    ck_assert_ptr_nonnull(strstr(error, "/nowhere/at/all: cannot create"));
    arena_destroy(a);
}
END_TEST

START_TEST(devices_and_links_are_kept)
{
    Arena *a = arena_create();
    const char *error = NULL, *target = TEST_BINARY_DIR "/base-target",
               *link = TEST_BINARY_DIR "/base-link";
    struct stat info;
    ck_assert_msg(file_write(a, "/dev/null", "x", 1, &error), "%s", error);
    ck_assert(stat("/dev/null", &info) == 0 && S_ISCHR(info.st_mode));
    ck_assert(!file_write(a, "/dev/full", "x", 1, &error));
    ck_assert_ptr_nonnull(strstr(error, "/dev/full: cannot write: No space left"));
    (void)unlink(link);
    ck_assert_msg(file_write(a, target, "old", 3, &error), "%s", error);
    ck_assert_int_eq(symlink(target, link), 0);
    ck_assert_msg(file_write(a, link, "new", 3, &error), "%s", error);
    ck_assert(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    size_t bytes = 0;
    ck_assert_str_eq(file_read(a, target, 10, &bytes, &error), "new");
    (void)unlink(link);
    (void)unlink(target);
    arena_destroy(a);
}
END_TEST

START_TEST(paths_are_taken_apart)
{
    Arena *a = arena_create();
    ck_assert_str_eq(path_dirname(a, "a/b.rn"), "a");
    ck_assert_str_eq(path_dirname(a, "b.rn"), ".");
    ck_assert_str_eq(path_dirname(a, "/b.rn"), "/");
    ck_assert_str_eq(path_basename(a, "a/b.rn"), "b.rn");
    ck_assert_str_eq(path_join(a, "a", "b"), "a/b");
    ck_assert_str_eq(path_join(a, ".", "b"), "b");
    ck_assert_str_eq(path_join(a, "a", "/b"), "/b");
    ck_assert_str_eq(path_replace_ext(a, "x.y/z.o", ".h"), "x.y/z.h");
    ck_assert_str_eq(path_replace_ext(a, "x.y/z", ".h"), "x.y/z.h");
    ck_assert_str_eq(path_replace_ext(a, ".rc", ".h"), ".rc.h");
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, arena_objects_are_zeroed_and_aligned);
    tcase_add_test(t, vectors_grow);
    tcase_add_test(t, texts_grow);
    tcase_add_test(t, names_are_interned);
    tcase_add_test(t, equal_elements_are_kept_once);
    tcase_add_test(t, near_names_are_found);
    tcase_add_test(t, hashes_chain);
    tcase_add_test(t, utf8_is_told_apart);
    tcase_add_test(t, diagnostics_show_the_place);
    tcase_add_test(t, diagnostics_have_a_limit);
    tcase_add_test(t, files_are_whole_or_not_at_all);
    tcase_add_test(t, devices_and_links_are_kept);
    tcase_add_test(t, paths_are_taken_apart);
    suite_add_tcase(s, t);
    return check_run(s);
}
