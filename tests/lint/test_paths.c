// test_paths.c: the files and folders that the documentation names exist: what stands in backquotes and
// begins with a folder of the tree, and what links lead to.
#include "support/check_main.h"

#include <ctype.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/files.h"

static const char *const pages[] = {"*.md", "docs/*.md", "examples/*/README.md",
                                    "tests/*/README.md"};
static const char *const folders[] = {"bench/",    "cmake/",   "compiler/", "docs/", "dsl/",
                                      "examples/", "runtime/", "scripts/",  "tests/"};

static bool begins_with_a_folder(const char *text)
{
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (strncmp(text, folders[i], strlen(folders[i])) == 0) {
            return true;
        }
    }
    return false;
}

// A path ends where a command or a sentence goes on.
static size_t path_length(const char *text)
{
    size_t n = 0;
    while (isalnum((unsigned char)text[n]) || (text[n] && strchr("/._-*+", text[n]))) {
        n++;
    }
    while (n && text[n - 1] == '.') {
        n--;
    }
    return n;
}

// Names in capitals stand for any: tests/FOLDER/test_NAME.c.
static bool is_pattern(const char *path)
{
    for (const char *at = path; *at; at++) {
        if (isupper((unsigned char)at[0]) && isupper((unsigned char)at[1]) &&
            strncmp(at, "README", 6) != 0 && (at == path || !isupper((unsigned char)at[-1]))) {
            return true;
        }
    }
    return false;
}

static bool path_exists(Arena *a, const char *base, const char *path)
{
    glob_t found;
    const char *full = arena_printf(a, "%s%s", base, path);
    bool exists = glob(full, 0, NULL, &found) == 0;
    globfree(&found);
    return exists;
}

typedef struct Page {
    Arena *arena;
    const char *path; // whole
    const char *folder;
    int problems;
} Page;

static void complain(Page *p, int line, const char *path)
{
    fprintf(stderr, "%s:%d: there is no %s\n", p->path + strlen(TEST_SOURCE_DIR) + 1, line, path);
    p->problems++;
}

static void check_quoted(Page *p, int line, const char *text)
{
    const char *path = arena_strndup(p->arena, text, path_length(text));
    if (begins_with_a_folder(path) && !is_pattern(path) &&
        !path_exists(p->arena, TEST_SOURCE_DIR "/", path)) {
        complain(p, line, path);
    }
}

static void check_link(Page *p, int line, const char *text)
{
    const char *path = arena_strndup(p->arena, text, strcspn(text, "#)\n"));
    bool outside = strstr(path, "://") || strncmp(path, "mailto:", 7) == 0;
    if (*path && !outside && !path_exists(p->arena, p->folder, path)) {
        complain(p, line, path);
    }
}

// Fenced text is shown as it stands and may name what the reader makes.
static int check_text(Page *p, const char *text)
{
    int line = 1;
    bool fenced = false, quoted = false;
    for (const char *at = text; *at; at++) {
        bool begins_line = at == text || at[-1] == '\n';
        fenced = begins_line && strncmp(at, "```", 3) == 0 ? !fenced : fenced;
        line += *at == '\n';
        quoted = *at != '\n' && (*at == '`' && !fenced ? !quoted : quoted);
        if (!fenced && quoted && *at == '`') {
            check_quoted(p, line, at + 1);
        } else if (!fenced && strncmp(at, "](", 2) == 0) {
            check_link(p, line, at + 2);
        }
    }
    return p->problems;
}

START_TEST(named_files_exist)
{
    Arena *a = arena_create();
    int problems = 0, count = 0;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        glob_t found;
        ck_assert_int_eq(glob(arena_printf(a, "%s/%s", TEST_SOURCE_DIR, pages[i]), 0, NULL, &found),
                         0);
        for (size_t k = 0; k < found.gl_pathc; k++) {
            const char *path = found.gl_pathv[k], *error = NULL;
            const char *folder = arena_strndup(a, path, (size_t)(strrchr(path, '/') - path) + 1);
            size_t bytes;
            const char *text = file_read(a, path, 1 << 20, &bytes, &error);
            ck_assert_msg(text != NULL, "%s", error);
            Page p = {.arena = a, .path = path, .folder = folder};
            problems += check_text(&p, text);
            count++;
        }
        globfree(&found);
    }
    ck_assert_int_gt(count, 20);
    ck_assert_int_eq(problems, 0);
    arena_destroy(a);
}
END_TEST

static const struct {
    const char *text;
    int problems;
} cases[] = {
    {"`compiler/ops/conv/conv2d.c` and [docs](docs/language.md#blocks), `docs/*.md`.", 0},
    {"`tests/FOLDER/test_NAME.c`, [elsewhere](https://example.org/x), `lib/resnetc`", 0},
    {"`tests/lint -V`\n```\n`tests/nothing.c`\n```\n", 0},
    {"`compiler/codegen/emit.c`", 1},
    {"[a page](docs/no_such_page.md) and `scripts/none.sh --all`", 2},
    {"`tests/nowhere/*.c`", 1},
};

START_TEST(missing_files_are_found)
{
    Arena *a = arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Page p = {.arena = a, .path = TEST_SOURCE_DIR "/case", .folder = TEST_SOURCE_DIR "/"};
        ck_assert_msg(check_text(&p, cases[i].text) == cases[i].problems, "%d in: %s", p.problems,
                      cases[i].text);
    }
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("paths");
    TCase *tc = tcase_create("paths");
    tcase_add_test(tc, named_files_exist);
    tcase_add_test(tc, missing_files_are_found);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
