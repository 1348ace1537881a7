// test_layers.c: rules about files that no compiler checks: who includes whom, how long a file may
// be, that its first line says what lives there, and that nothing is left to be done.
#include "support/check_main.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lint/source_files.h"

#define MAX_LINES 800

typedef struct Layer {
    const char *folder;  // under the source folder
    const char *allowed; // first words of quoted includes, space separated
    bool llvm;           // may include <llvm-c/...>
    bool runtime;        // may include every <resnetc/...>; else model_abi.h alone
} Layer;

static const Layer layer_table[] = {
    {"compiler/base/", "base", false, false},
    {"dsl/", "base dsl", false, false},
    {"compiler/ir/", "base ir resnetc", false, false},
    {"compiler/ops/", "base ir ops resnetc", false, false},
    {"compiler/front/", "base dsl ir ops front resnetc", false, false},
    {"compiler/passes/", "base ir ops passes resnetc", false, false},
    {"compiler/object/", "base ir ops object resnetc", false, false},
    {"compiler/cpu/", "base ir ops object cpu resnetc", true, false},
    {"compiler/build/", "base dsl ir ops front passes object cpu build resnetc", true, true},
    {"compiler/tool/", "base dsl ir ops front passes object cpu build tool resnetc", false, true},
    {"runtime/core/", "core resnetc", false, true},
    {"runtime/files/", "core files resnetc", false, true},
    {"runtime/tensors/", "core files tensors resnetc", false, true},
    {"runtime/data/", "core files tensors data resnetc", false, true},
    {"runtime/train/", "core files tensors train resnetc", false, true},
    {"runtime/pictures/", "core files data pictures resnetc", false, true},
};
#define LAYERS (sizeof layer_table / sizeof layer_table[0])

static int problems;
static int includes_seen;

static void complain(const char *path, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", path, line, what);
    problems++;
}

static const Layer *layer_of(const char *path)
{
    for (size_t i = 0; i < LAYERS; i++) {
        if (strncmp(path, layer_table[i].folder, strlen(layer_table[i].folder)) == 0) {
            return &layer_table[i];
        }
    }
    return NULL;
}

static bool has_word(const char *words, const char *word, size_t length)
{
    for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        if (strcspn(at, " ") == length && strncmp(at, word, length) == 0) {
            return true;
        }
    }
    return false;
}

static void check_include(const char *path, int line, const char *target, bool quoted)
{
    const Layer *layer = layer_of(path);
    if (!layer) {
        return;
    }
    includes_seen++;
    if (!quoted) {
        if (strncmp(target, "llvm-c/", 7) == 0 && !layer->llvm) {
            complain(path, line, "this layer may not see LLVM");
        }
        return;
    }
    size_t folder = strcspn(target, "/\"");
    if (target[folder] != '/') {
        complain(path, line, "an include names its layer: \"layer/file.h\"");
        return;
    }
    if (!has_word(layer->allowed, target, folder)) {
        complain(path, line, "this layer may not include that one");
    }
    if (!layer->runtime && strncmp(target, "resnetc/", 8) == 0 &&
        strncmp(target, "resnetc/model_abi.h\"", 20) != 0) {
        complain(path, line, "the compiler shares resnetc/model_abi.h alone with the runtime");
    }
}

// Operators are found by name where text is read (op_find.c), and nowhere else.
static bool compares_op_name(const char *path, const char *text)
{
    static const char *const calls[] = {"strcmp(", "strncmp(", "strstr(", "strchr(", "memcmp("};
    bool compares = false;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        compares = compares || strstr(text, calls[i]);
    }
    return compares && strstr(text, "op->name") && strncmp(path, "compiler/", 9) == 0;
}

static void check_line(const char *path, int number, const char *text)
{
    const char *at = text + strspn(text, " \t");
    if (*at == '#') {
        at += 1 + strspn(at + 1, " \t");
        if (strncmp(at, "include", 7) == 0) {
            at += 7 + strspn(at + 7, " \t");
            if (*at == '"' || *at == '<') {
                check_include(path, number, at + 1, *at == '"');
            }
        }
    }
    if (compares_op_name(path, text)) {
        complain(path, number, "an operator is known by its role, not by its name");
    }
    // Cut in two, so that this file passes.
    // clang-format off
    static const char *const left_over[] = {"TO" "DO:", "FIX" "ME"};
    // clang-format on
    for (size_t i = 0; i < sizeof left_over / sizeof left_over[0]; i++) {
        if (strstr(text, left_over[i])) {
            complain(path, number, "something is left to be done");
        }
    }
}

// The head comment starts "// NAME: ..." (C and C++), "/* NAME: ..." where a header must serve C89
// readers too.
static void check_head(const char *path, const char *text)
{
    const char *name = strrchr(path, '/') + 1;
    size_t length = strlen(name);
    bool opened = strncmp(text, "// ", 3) == 0 || strncmp(text, "/* ", 3) == 0;
    if (!opened || strncmp(text + 3, name, length) != 0 || text[3 + length] != ':') {
        complain(path, 1, "the first line says what lives here: \"// NAME: ...\"");
    }
}

static void check_file(const char *path, char *text)
{
    check_head(path, text);
    int lines = 0;
    for (char *at = text; *at;) {
        char *end = at + strcspn(at, "\n");
        bool more = *end != 0;
        *end = 0;
        check_line(path, ++lines, at);
        at = more ? end + 1 : end;
    }
    if (lines > MAX_LINES) {
        complain(path, lines, "longer than 800 lines");
    }
}

START_TEST(tree_keeps_its_rules)
{
    problems = includes_seen = 0;
    ck_assert_int_gt(source_files_visit(check_file), 50);
    ck_assert_int_gt(includes_seen, 100);
    ck_assert_int_eq(problems, 0);
}
END_TEST

START_TEST(rules_find_what_they_forbid)
{
    problems = 0;
    check_include("compiler/passes/fuse.c", 1, "cpu/kernel.h\"", true);
    check_include("compiler/front/front.c", 1, "passes/pipeline.h\"", true);
    check_include("compiler/ir/graph.c", 1, "resnetc/runtime.h\"", true);
    check_include("compiler/tool/commands/cmd_run.c", 1, "llvm-c/Core.h>", false);
    check_include("runtime/core/thread_pool.c", 1, "base/arena.h\"", true);
    check_include("runtime/core/thread_pool.c", 1, "train/update.h\"", true);
    check_include("runtime/core/thread_pool.c", 1, "thread_pool.h\"", true);
    ck_assert_int_eq(problems, 7);
    check_line("compiler/passes/fuse.c", 1, "    if (strcmp(n->op->name, \"map\") == 0) {");
    check_line("compiler/cpu/select.c", 1, "    return strstr(n->op->name, \"bwd\") != NULL;");
    ck_assert_int_eq(problems, 9);
    problems = 7;
    check_include("compiler/tool/commands/cmd_run.c", 1, "resnetc/runtime.h\"", true);
    check_include("compiler/cpu/vb.c", 1, "llvm-c/Core.h>", false);
    check_include("runtime/core/thread_pool.c", 1, "core/thread_pool.h\"", true);
    ck_assert_int_eq(problems, 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *tc = tcase_create("rules");
    tcase_add_test(tc, tree_keeps_its_rules);
    tcase_add_test(tc, rules_find_what_they_forbid);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
