// test_errors.c: every message that a mistake in a .rn file gets, pinned.
// tests/front/errors/NAME.rn must be refused with the text NAME.txt. A first line "# -D a=1 -D b=2"
// gives -D values. After a change of the messages run with RN_BLESS=1 and read the difference.
#include "support/check_main.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "dsl/parse.h"
#include "front/front.h"

#define FOLDER "tests/front/errors"

static int is_source(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".rn") == 0;
}

// The values behind each "-D " of the first line.
static uint32_t read_defines(Arena *a, const char *text, const char **defines, uint32_t limit)
{
    uint32_t count = 0;
    const char *line = arena_strndup(a, text, strcspn(text, "\n"));
    const char *at = strncmp(line, "# -D ", 5) == 0 ? line + 2 : "";
    while (strncmp(at, "-D ", 3) == 0 && count < limit) {
        const char *next = strstr(at + 3, " -D ");
        size_t length = next ? (size_t)(next - at) - 3 : strlen(at + 3);
        defines[count++] = arena_strndup(a, at + 3, length);
        at = next ? next + 1 : "";
    }
    return count;
}

static const char *messages_of(Arena *a, const char *path)
{
    size_t bytes = 0;
    const char *error = NULL, *defines[10];
    const char *text = file_read(a, path, DSL_MAX_FILE_BYTES, &bytes, &error);
    ck_assert_msg(text != NULL, "%s", error);
    SourceSet *sources = ARENA_NEW(a, SourceSet);
    sources->arena = a;
    Diag *diag = diag_create(a, sources);
    static const TextFile SHIPPED = {"shipped.rn", "", 0};
    FrontOptions options = {.defines = defines, .models = &SHIPPED, .model_count = 1};
    options.define_count = read_defines(a, text, defines, 10);
    const Graph *g = front_build(a, sources, diag, path, &options, NULL);
    ck_assert_msg(g == NULL, "%s is accepted", path);
    ck_assert_uint_gt(diag_error_count(diag), 0);
    StrBuf out = {.arena = a};
    diag_render(diag, &out);
    return strbuf_text(&out);
}

static void check_file(const char *name)
{
    Arena *a = arena_create();
    const char *path = arena_printf(a, FOLDER "/%s", name);
    const char *expected_path = path_replace_ext(a, path, ".txt");
    const char *got = messages_of(a, path), *error = NULL;
    if (getenv("RN_BLESS")) {
        ck_assert_msg(file_write(a, expected_path, got, strlen(got), &error), "%s", error);
    }
    size_t bytes = 0;
    const char *expected = file_read(a, expected_path, 1 << 20, &bytes, &error);
    ck_assert_msg(expected != NULL, "%s", error);
    ck_assert_msg(strcmp(got, expected) == 0, "%s: expected\n%s\ngot\n%s", path, expected, got);
    arena_destroy(a);
}

START_TEST(messages_are_as_pinned)
{
    struct dirent **entries;
    int count = scandir(FOLDER, &entries, is_source, alphasort);
    ck_assert_int_gt(count, 20);
    for (int i = 0; i < count; i++) {
        check_file(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}
END_TEST

START_TEST(ten_mistakes_give_ten_messages)
{
    Arena *a = arena_create();
    const char *text = messages_of(a, FOLDER "/ten_mistakes.rn");
    int errors = 0;
    for (const char *at = text; (at = strstr(at, ": error: ")) != NULL; at++) {
        errors++;
    }
    ck_assert_int_eq(errors, 10);
    arena_destroy(a);
}
END_TEST

START_TEST(a_missing_model_is_told)
{
    Arena *a = arena_create();
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    static const TextFile SHIPPED = {"shipped.rn", "", 0};
    FrontOptions options = {.models = &SHIPPED, .model_count = 1};
    ck_assert_ptr_null(front_build(a, &sources, diag, "shipped", &options, NULL));
    StrBuf out = {.arena = a};
    diag_render(diag, &out);
    ck_assert_str_eq(strbuf_text(&out), "error: shipped: cannot open: No such file or directory\n"
                                        "  help: the shipped model is called shipped.rn\n");
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("errors");
    TCase *t = tcase_create("errors");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, messages_are_as_pinned);
    tcase_add_test(t, ten_mistakes_give_ten_messages);
    tcase_add_test(t, a_missing_model_is_told);
    suite_add_tcase(s, t);
    return check_run(s);
}
