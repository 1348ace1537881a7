// test_golden.c: the graph after each pass, as text, against files in tests/passes/golden.
// RN_BLESS=1 writes the files anew: read the difference before keeping it.
#include <stdio.h>

#include "base/files.h"
#include "passes/fake_target.h"
#include "passes/nets.h"
#include "passes/pipeline.h"
#include "support/check_main.h"

typedef struct Golden {
    const char *kind; // of network
    const char *pass;
    Mode mode;
} Golden;

// Every pass in every mode that it serves, on one network; then what fusion makes of the other
// kinds.
static const Golden goldens[] = {
    {"basic", "check", MODE_INFER},
    {"basic", "simplify", MODE_INFER},
    {"basic", "fold_bn", MODE_INFER},
    {"basic", "cse", MODE_INFER},
    {"basic", "dce", MODE_INFER},
    {"basic", "fuse", MODE_INFER},
    {"basic", "sink", MODE_INFER},
    {"basic", "sides", MODE_INFER},
    {"basic", "bind", MODE_INFER},
    {"basic", "layout", MODE_INFER},
    {"basic", "plan_buffers", MODE_INFER},
    {"basic", "check", MODE_TRAIN},
    {"basic", "simplify", MODE_TRAIN},
    {"basic", "decompose_bn", MODE_TRAIN},
    {"basic", "loss", MODE_TRAIN},
    {"basic", "autodiff", MODE_TRAIN},
    {"basic", "remat", MODE_TRAIN},
    {"basic", "cse", MODE_TRAIN},
    {"basic", "dce", MODE_TRAIN},
    {"basic", "fuse", MODE_TRAIN},
    {"basic", "sink", MODE_TRAIN},
    {"basic", "sides", MODE_TRAIN},
    {"basic", "bind", MODE_TRAIN},
    {"basic", "layout", MODE_TRAIN},
    {"basic", "plan_buffers", MODE_TRAIN},
    {"preact", "bind", MODE_INFER},
    {"preact", "bind", MODE_TRAIN},
    {"se", "bind", MODE_INFER},
    {"se", "bind", MODE_TRAIN},
    {"mixed", "bind", MODE_INFER},
    {"mixed", "bind", MODE_TRAIN},
};
enum { GOLDENS = sizeof goldens / sizeof goldens[0] };

static const char *dump_of(Arena *a, const Golden *golden)
{
    Graph *g = net_of_kind(a, golden->kind);
    g->mode = golden->mode;
    g->plan_batch = 2;
    SourceSet sources = {.arena = a};
    PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
    PassOptions opt = {.target = &fake_target,
                       .dump_after = golden->pass,
                       .stop_after = golden->pass,
                       .verify_each = true};
    ck_assert(passes_run(g, &opt, diag_create(a, &sources), &report));
    bool planned = strcmp(golden->pass, "plan_buffers") == 0;
    return planned ? plan_print(a, g) : strbuf_text(&report.dumps);
}

// Check's messages are short: the first line that differs.
static const char *first_difference(Arena *a, const char *got, const char *want)
{
    unsigned line = 1;
    const char *start = got;
    for (; *got && *got == *want; got++, want++) {
        if (*got == '\n') {
            line++;
            start = got + 1;
        }
    }
    return arena_printf(a, "line %u is now: %.200s", line,
                        arena_strndup(a, start, strcspn(start, "\n")));
}

START_TEST(dump_is_golden)
{
    Arena *a = arena_create();
    const Golden *golden = &goldens[_i];
    const char *mode = golden->mode == MODE_TRAIN ? "train" : "infer", *error = NULL;
    const char *path = arena_printf(a, "%s/passes/golden/%s_%s_%s.txt", TEST_SOURCE_DIR "/tests",
                                    golden->kind, golden->pass, mode);
    const char *got = dump_of(a, golden);
    if (getenv("RN_BLESS")) {
        ck_assert_msg(file_write(a, path, got, strlen(got), &error), "%s", error);
    }
    size_t bytes = 0;
    const char *want = file_read(a, path, 1 << 20, &bytes, &error);
    ck_assert_msg(want != NULL, "%s", error);
    bool same = strcmp(got, want) == 0;
    ck_assert_msg(same, "%s: %s", path, same ? "" : first_difference(a, got, want));
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden");
    TCase *tc = tcase_create("dumps");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, dump_is_golden, 0, GOLDENS);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
