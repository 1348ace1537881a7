// test_pages.c: does what README.md, docs/*.md and the examples' READMEs show, page by page, each
// in an empty folder, in order, as a reader would. What is done is marked in the text (docs/
// architecture.md, "Pages that are run"): ```sh run, ```rn file=NAME, ```text output.
// RN_PAGE=WORD in the environment: only pages whose path holds the word.
#include "support/check_main.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/files.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "support/tool.h"

typedef enum BlockKind { BLOCK_RUN, BLOCK_FILE, BLOCK_OUTPUT } BlockKind;

typedef struct Block {
    BlockKind kind;
    int line;
    const char *text, *file, *needs; // needs: NULL, or a program or python3-MODULE to skip without
    bool is_short;                   // `resnetc train` and `eval` take few pictures
} Block;

typedef struct Page {
    const char *path;
    VEC(Block) blocks;
} Page;

typedef struct Runner {
    Arena *arena;
    const Page *page;
    const char *folder;
    ToolRun run;  // the last run block's
    bool skipped; // it was not run
    StrBuf error; // empty: all well
    int runs, skips;
} Runner;

// The value of WORD=value among the words of a mark, "" for the bare word, NULL without it.
static const char *mark_word(Arena *a, const char *mark, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = mark; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        if (strncmp(at, word, n) == 0 && (at[n] == '=' || at[n] == ' ' || !at[n])) {
            return at[n] == '=' ? arena_strndup(a, at + n + 1, strcspn(at + n + 1, " ")) : "";
        }
    }
    return NULL;
}

// Whether a mark asks for something, and for what.
static bool parse_mark(Arena *a, const char *mark, Block *b)
{
    *b = (Block){.file = mark_word(a, mark, "file"),
                 .needs = mark_word(a, mark, "needs"),
                 .is_short = mark_word(a, mark, "short") != NULL};
    b->kind = b->file ? BLOCK_FILE : mark_word(a, mark, "run") ? BLOCK_RUN : BLOCK_OUTPUT;
    return b->kind != BLOCK_OUTPUT || mark_word(a, mark, "output");
}

// Blocks are fenced, or hidden in a comment that begins with its mark: <!-- run ... -->.
static Page parse_page(Arena *a, const char *path, const char *text)
{
    Page page = {.path = path};
    Block block = {0};
    StrBuf body = {.arena = a};
    const char *end = NULL; // of the block that is open
    bool marked = false;
    int line = 0;
    for (const char *at = text; *at;) {
        const char *row = arena_strndup(a, at, strcspn(at, "\n"));
        at += strlen(row) + (at[strlen(row)] == '\n');
        line++;
        if (end && strncmp(row, end, 3) == 0) {
            block.text = strbuf_text(&body);
            if (marked) {
                VEC_PUSH(a, &page.blocks, block);
            }
            end = NULL;
        } else if (end) {
            strbuf_printf(&body, "%s\n", row);
        } else if (strncmp(row, "```", 3) == 0 ||
                   (strncmp(row, "<!-- ", 5) == 0 && !strstr(row, "-->"))) {
            end = *row == '`' ? "```" : "-->";
            marked = parse_mark(a, row + (*row == '`' ? 3 : 5), &block);
            block.line = line;
            body = (StrBuf){.arena = a};
        }
    }
    return page;
}

// "..." in what is shown stands for anything.
static bool output_matches(const char *shown, const char *said)
{
    for (; *shown; shown++, said++) {
        if (strncmp(shown, "...", 3) == 0) {
            do {
                if (output_matches(shown + 3, said)) {
                    return true;
                }
            } while (*said++);
            return false;
        }
        if (*shown != *said) {
            return false;
        }
    }
    return said[strspn(said, "\n")] == 0;
}

static bool has_what_it_needs(const char *needs)
{
    static ToolRun r;
#ifdef RN_SANITIZED
    if (strncmp(needs, "python3-", 8) == 0) { // loads the runtime, but not the sanitizers
        return false;
    }
#endif
    if (strncmp(needs, "python3-", 8) == 0) {
        tool_run(&r, "python3 -c 'import %s'", needs + 8);
    } else {
        tool_run(&r, "command -v %s", needs);
    }
    return r.code == 0;
}

static void run_block(Runner *r, const Block *b)
{
    r->skipped = b->needs && !has_what_it_needs(b->needs);
    if (r->skipped) {
        printf("%s:%d: not run: %s is not installed\n", r->page->path, b->line, b->needs);
        r->skips++;
        return;
    }
    const char *script = arena_printf(r->arena, "%s/block.sh", r->folder);
    tool_write(script, b->text, strlen(b->text));
    tool_run(&r->run, "cd %s/page && PATH=%s%s%s/helpers:$PATH sh -eu %s < /dev/null", r->folder,
             b->is_short ? r->folder : "", b->is_short ? "/short:" : "", r->folder, script);
    r->runs++;
    if (r->run.code != 0) {
        strbuf_printf(&r->error, "%s:%d: exit code %d\n%.2000s%.2000s", r->page->path, b->line,
                      r->run.code, r->run.out, r->run.err);
    }
}

static void do_block(Runner *r, const Block *b)
{
    switch (b->kind) {
    case BLOCK_RUN:
        run_block(r, b);
        return;
    case BLOCK_FILE:
        tool_write(arena_printf(r->arena, "%s/page/%s", r->folder, b->file), b->text,
                   strlen(b->text));
        return;
    case BLOCK_OUTPUT:
        if (!r->skipped && !output_matches(b->text, r->run.out)) {
            strbuf_printf(&r->error, "%s:%d: shown:\n%.1000sbut it said:\n%.3000s", r->page->path,
                          b->line, b->text, r->run.out);
        }
        return;
    }
}

// `zeros TYPE SHAPE`: an .npy file of zeros: zeros f4 2,3,32,32 > x.npy; zeros i8 2 > l.npy.
static const char zeros_tool[] =
    "#!/bin/sh -eu\n"
    "count=$(($(echo \"$2\" | sed 's/,/*/g') * $(echo \"$1\" | tr -dc 0-9)))\n"
    "header=\"{'descr': '<$1', 'fortran_order': False, 'shape': ($2,), }\"\n"
    "printf '\\223NUMPY\\001\\000\\166\\000%-117s\\n' \"$header\"\n"
    "head -c $count /dev/zero\n";

// `short/resnetc` takes few pictures, and one epoch.
static const char short_tool[] = "#!/bin/sh\n"
                                 "case \"$1 $*\" in\n"
                                 "train*--steps*|eval*) set -- \"$@\" --limit 256 ;;\n"
                                 "train*) set -- \"$@\" --limit 256 --epochs 1 ;;\n"
                                 "esac\n"
                                 "exec " TOOL " \"$@\"\n";

static void add_helper(const Runner *r, const char *name, const char *text)
{
    static ToolRun run;
    const char *path = arena_printf(r->arena, "%s/%s", r->folder, name);
    tool_write(path, text, strlen(text));
    tool_run(&run, "chmod +x %s", path);
}

static void run_page(Runner *r, const Page *page)
{
    r->page = page;
    char *folder = tool_folder("docs");
    r->folder = folder;
    tool_run(&r->run, "cd %s && mkdir page short helpers", folder);
    add_helper(r, "short/resnetc", short_tool);
    add_helper(r, "helpers/zeros", zeros_tool);
    for (uint32_t i = 0; i < page->blocks.count && r->error.count == 0; i++) {
        do_block(r, &page->blocks.at[i]);
    }
    tool_remove_folder(folder);
}

static const Runner *run_text(Arena *a, const char *path, const char *text)
{
    Page page = parse_page(a, path, text);
    Runner *r = ARENA_NEW(a, Runner);
    r->arena = r->error.arena = a;
    run_page(r, &page);
    return r;
}

static glob_t pages;

START_TEST(page_does_what_it_says)
{
    const char *path = pages.gl_pathv[_i], *error = NULL;
    const char *wanted = getenv("RN_PAGE");
    if (wanted && !strstr(path, wanted)) {
        return;
    }
    Arena *a = arena_create();
    size_t bytes = 0;
    const char *text = file_read(a, path, 1 << 20, &bytes, &error);
    ck_assert_msg(text, "%s", error);
    const Runner *r = run_text(a, path, text);
    ck_assert_msg(r->error.count == 0, "%s", strbuf_text(&r->error));
    printf("%s: %d blocks run, %d not\n", path + strlen(TEST_SOURCE_DIR) + 1, r->runs, r->skips);
    fflush(stdout);
    arena_destroy(a);
}
END_TEST

START_TEST(wrong_pages_are_found)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"```sh run\necho a\n```\n```text output\na\n```\n", NULL},
        {"```sh run\necho a; echo b; echo c\n```\n```text output\na\n...c\n```\n", NULL},
        {"```c file=x.c\nint x;\n```\n<!-- run\ntest \"$(cat x.c)\" = 'int x;'\n-->\n", NULL},
        {"```sh\nfalse\n```\n<!-- a remark -->\n", NULL},
        {"```sh run needs=no-such-program\nfalse\n```\n```text output\nx\n```\n", NULL},
        {"```sh run\nfalse\ntrue\n```\n", "p.md:1: exit code 1"},
        {"\n<!-- run\nresnetc missing.rn\n-->\n", "p.md:2: exit code 3"},
        {"```sh run\necho a\n```\n```text output\nb\n```\n", "p.md:4: shown:"},
        {"```sh run\necho a; echo b\n```\n```text output\na\n```\n", "p.md:4: shown:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Arena *a = arena_create();
        const char *error = strbuf_text(&run_text(a, "p.md", cases[i].text)->error);
        const char *want = cases[i].error;
        ck_assert_msg(want ? strncmp(error, want, strlen(want)) == 0 : !*error, "%zu: %s", i,
                      error);
        arena_destroy(a);
    }
}
END_TEST

static char *prefix;

// Readers have resnetc installed.
static void install(void)
{
    static ToolRun r;
    prefix = tool_folder("docs-prefix");
    tool_run(&r, "cmake --install %s --prefix %s", TEST_BINARY_DIR, prefix);
    ck_assert_msg(r.code == 0, "%s%s", r.out, r.err);
    Arena *a = arena_create();
    const char *library = arena_printf(a, "%s/%s", prefix, TEST_LIBDIR);
    setenv("PATH", arena_printf(a, "%s/bin:%s", prefix, getenv("PATH")), 1);
    setenv("LD_LIBRARY_PATH", library, 1);
    setenv("PKG_CONFIG_PATH", arena_printf(a, "%s/pkgconfig", library), 1);
    setenv("CMAKE_PREFIX_PATH", prefix, 1);
    setenv("SOURCE", TEST_SOURCE_DIR, 1);
    arena_destroy(a);
}

static void uninstall(void)
{
    tool_remove_folder(prefix);
}

int main(void)
{
    glob(TEST_SOURCE_DIR "/README.md", 0, NULL, &pages);
    glob(TEST_SOURCE_DIR "/docs/*.md", GLOB_APPEND, NULL, &pages);
    glob(TEST_SOURCE_DIR "/examples/*/README.md", GLOB_APPEND, NULL, &pages);
    Suite *suite = suite_create("pages");
    TCase *tc = tcase_create("docs");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, install, uninstall);
    tcase_add_loop_test(tc, page_does_what_it_says, 0, (int)pages.gl_pathc);
    tcase_add_test(tc, wrong_pages_are_found);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
