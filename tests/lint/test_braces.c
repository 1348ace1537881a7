// test_braces.c: the body of every if, else, for, while, do and switch stands in braces. clang-format 14
// can put braces nowhere, so this looks for what lacks them. Macros' bodies are not read.
#include "support/check_main.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lint/source_files.h"

#define MAX_DEPTH 64

static int problems;

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\n");
}

// Behind the parenthesis that closes the one at `at`, if there is one.
static const char *skip_parentheses(const char *at)
{
    int depth = 0;
    do {
        depth += (*at == '(') - (*at == ')');
        at += *at != 0;
    } while (*at && depth > 0);
    return at;
}

static bool is_word(const char *at, const char *word)
{
    size_t length = strlen(word);
    return source_word_length(at) == length && strncmp(at, word, length) == 0;
}

// Whether the body behind the keyword at `at` has its braces. closes_do: a `while` here ends a `do`.
static bool has_braces(const char *at, bool closes_do)
{
    if (is_word(at, "else")) {
        at = skip_blanks(at + 4);
        return *at == '{' || is_word(at, "if");
    }
    if (is_word(at, "do")) {
        return *skip_blanks(at + 2) == '{';
    }
    bool is_while = is_word(at, "while");
    if (!is_while && !is_word(at, "if") && !is_word(at, "for") && !is_word(at, "switch")) {
        return true;
    }
    at = skip_blanks(skip_parentheses(skip_blanks(at + source_word_length(at))));
    return *at == (is_while && closes_do ? ';' : '{');
}

static void check_file(const char *path, char *text)
{
    source_code_only(text, false);
    bool is_do[MAX_DEPTH] = {false}; // blocks that are open
    bool opens_do = false, closes_do = false;
    int depth = 0, line = 1;
    for (const char *at = text; *at;) {
        size_t length = source_word_length(at);
        if (length && !has_braces(at, closes_do)) {
            fprintf(stderr, "%s:%d: a body without braces\n", path, line);
            problems++;
        }
        if (*at == '{') {
            ck_assert_int_lt(depth, MAX_DEPTH);
            is_do[depth++] = opens_do;
        }
        if (!isspace((unsigned char)*at)) {
            closes_do = *at == '}' && depth > 0 && is_do[depth - 1];
            opens_do = is_word(at, "do");
        }
        depth -= *at == '}' && depth > 0;
        line += *at == '\n';
        at += length ? length : 1;
    }
}

START_TEST(every_body_has_braces)
{
    problems = 0;
    ck_assert_int_gt(source_files_visit(check_file), 50);
    ck_assert_int_eq(problems, 0);
}
END_TEST

static const struct {
    const char *text;
    int problems;
} cases[] = {
    {"if (a) {\n b();\n} else if (c) {\n} else {\n}", 0},
    {"do {\n while (x(1)) {\n }\n} while (y); for (;;) {}", 0},
    {"switch (a) {\ncase 1:\n b();\n}", 0},
    {"// if (a) b;\n/* else c; */ char *s = \"for (;;) \\\" x();\"; int do_it, iffy;", 0},
    {"#define X(a) \\\n if (a) b()\nint c;", 0},
    {"if (a) b();", 1},
    {"if (f(a)) {\n} else\n b();", 1},
    {"for (int i = 0; i < n; i++)\n while (a) {\n }", 1},
    {"while (a);", 1},
    {"do x(); while (a);", 2},
    {"do {\n} while (a);\nwhile (b);", 1},
    {"switch (a)\ncase 1: b();", 1},
};

START_TEST(rule_finds_what_it_forbids)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s", cases[i].text);
        problems = 0;
        check_file("case", text);
        ck_assert_msg(problems == cases[i].problems, "%d in: %s", problems, cases[i].text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("braces");
    TCase *tc = tcase_create("braces");
    tcase_add_test(tc, every_body_has_braces);
    tcase_add_test(tc, rule_finds_what_it_forbids);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
