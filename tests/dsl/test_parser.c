// test_parser.c: trees as the grammar means them, printing back, and limits.
// Not here: what messages say (front/test_errors.c).
#include "support/check_main.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/textfile.h"
#include "dsl/parse.h"

typedef struct Parsed {
    Arena *arena;
    SourceSet *sources;
    Intern *names;
    Diag *diag;
    AstFile *file;
} Parsed;

static Parsed parse(const char *text, size_t bytes)
{
    Parsed p = {.arena = arena_create()};
    p.sources = ARENA_NEW(p.arena, SourceSet);
    p.sources->arena = p.arena;
    p.names = intern_create(p.arena);
    p.diag = diag_create(p.arena, p.sources);
    uint32_t file = source_add(p.sources, "t.rn", text, bytes);
    p.file = dsl_parse(p.arena, p.names, p.sources, p.diag, file);
    return p;
}

static const char *messages(const Parsed *p)
{
    StrBuf out = {.arena = p->arena};
    diag_render(p->diag, &out);
    return strbuf_text(&out);
}

// Parses, prints, parses that again: the trees are equal and so is the second print.
static void check_round_trip(const char *text, size_t bytes)
{
    Parsed p = parse(text, bytes);
    ck_assert_msg(diag_error_count(p.diag) == 0, "%s", messages(&p));
    StrBuf first = {.arena = p.arena}, second = {.arena = p.arena};
    ast_print_file(p.file, &first);
    uint32_t again = source_add(p.sources, "again.rn", strbuf_text(&first), first.count);
    const AstFile *copy = dsl_parse(p.arena, p.names, p.sources, p.diag, again);
    ck_assert_msg(diag_error_count(p.diag) == 0, "%s", messages(&p));
    ck_assert_msg(ast_equal(p.file, copy), "%s", strbuf_text(&first));
    ast_print_file(copy, &second);
    ck_assert_str_eq(strbuf_text(&first), strbuf_text(&second));
    arena_destroy(p.arena);
}

static void check_prints_as(const char *expression, const char *expected)
{
    char text[300];
    (void)snprintf(text, sizeof text, "x = %s", expression);
    Parsed p = parse(text, strlen(text));
    ck_assert_msg(diag_error_count(p.diag) == 0, "%s", messages(&p));
    ck_assert_uint_eq(p.file->body.count, 1);
    StrBuf out = {.arena = p.arena};
    ast_print_expr(p.file->body.at[0]->value, &out);
    ck_assert_str_eq(strbuf_text(&out), expected);
    arena_destroy(p.arena);
    check_round_trip(text, strlen(text));
}

START_TEST(expressions_print_with_the_brackets_they_need)
{
    check_prints_as("a-(b-c)", "a - (b - c)");
    check_prints_as("(a-b)-c", "a - b - c");
    check_prints_as("a*(b+c)", "a * (b + c)");
    check_prints_as("-(a+b)", "-(a + b)");
    check_prints_as("(-a)*b", "-a * b");
    check_prints_as("-(-a)", "--a");
    check_prints_as("not (a and b) or c", "not (a and b) or c");
    check_prints_as("(not a)==b", "(not a) == b");
    check_prints_as("not a==b", "not a == b");
    check_prints_as("(a if b else c) if d else e", "(a if b else c) if d else e");
    check_prints_as("a if b else (c if d else e)", "a if b else c if d else e");
    check_prints_as("(a+b)[0].c", "(a + b)[0].c");
    check_prints_as("a/(b%c)", "a / (b % c)");
    check_prints_as("(0..n)[1]", "(0..n)[1]");
    check_prints_as("0..n+1", "0..n + 1");
    check_prints_as("f(1, b=[2,],)", "f(1, b=[2])");
    check_prints_as("(a<b)==c", "(a < b) == c");
    check_prints_as("\"q\\\"\\\\\\n\\t\"", "\"q\\\"\\\\\\n\\t\"");
    check_prints_as("3x5", "3x5");
    check_prints_as("1.50", "1.5");
    check_prints_as("1e-5", "1e-05");
    check_prints_as("2.0", "2.0");
    check_prints_as("0.1", "0.1");
    check_prints_as("9223372036854775807", "9223372036854775807");
    check_prints_as("none==true", "none == true");
}
END_TEST

START_TEST(statements_print_back)
{
    static const char *const TEXTS[] = {
        "",
        "\n\n;;\n",
        "# only a comment",
        "\xef\xbb\xbfrelu\r\n",
        "include \"a b.rn\"\nparam x = 3x3\n",
        "block b { }\nblock c() { relu }\nblock d(x, y=1, z=[1, 2]) { }",
        "model m { input x[1, 2, 3]: resize(9); input y[3, 4, 4]: { a; b(1) }; input z[1]: if a { "
        "b }; x }",
        "model m { input x[1, 2, 3]; output; output it; output y = x + 1; assert a, \"t\"; assert "
        "b }",
        "a: b: relu; a.b.0: relu; \"0.1\": relu; \"if\": relu; [i + 1]: { }; \"a b\": relu; "
        "\"x.1.2\": relu",
        "if a { b } else if c { d } else { e }\nif a { }\nif a { if b { } else { c } }",
        "if a {\n}\n\n# comment\nelse {\n}\n",
        "repeat n { repeat 2 { relu } }\nfor i in 0..n { x = i }\n{ { } }",
        "x = f(\n1,\n\n2\n)\ny = [\n1\n,2]\n",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        check_round_trip(TEXTS[i], strlen(TEXTS[i]));
    }
}
END_TEST

START_TEST(shipped_texts_print_back)
{
    for (size_t i = 0; i < prelude_table_count; i++) {
        check_round_trip(prelude_table[i].text, prelude_table[i].bytes);
    }
    DIR *folder = opendir("examples/models");
    ck_assert_ptr_nonnull(folder);
    int count = 0;
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (!strstr(e->d_name, ".rn")) {
            continue;
        }
        Arena *a = arena_create();
        size_t bytes = 0;
        const char *error = NULL;
        const char *path = arena_printf(a, "examples/models/%s", e->d_name);
        const char *text = file_read(a, path, DSL_MAX_FILE_BYTES, &bytes, &error);
        ck_assert_msg(text != NULL, "%s", error);
        check_round_trip(text, bytes);
        arena_destroy(a);
        count++;
    }
    (void)closedir(folder);
    ck_assert_int_gt(count, 0);
}
END_TEST

START_TEST(ranges_are_where_things_stand)
{
    static const char TEXT[] = "model m {\n  conv1: conv(3x3, c = 64)\n}\n";
    Parsed p = parse(TEXT, strlen(TEXT));
    const Stmt *label = p.file->body.at[0]->body.at[0];
    const Call *call = label->u.labelled.stmt->u.call;
    ck_assert_int_eq(strncmp(TEXT + label->range.begin, "conv1:", 6), 0);
    ck_assert_uint_eq(call->range.begin, (uint32_t)(strstr(TEXT, "conv(") - TEXT));
    ck_assert_uint_eq(call->range.end, (uint32_t)(strchr(TEXT, ')') - TEXT) + 1);
    const Arg *arg = &call->args.at[1];
    ck_assert_int_eq(strncmp(TEXT + arg->range.begin, "c = 64)", 7), 0);
    ck_assert_uint_eq(arg->range.end - arg->range.begin, 6);
    uint32_t line, column;
    source_locate(p.sources, p.file->file, arg->range.begin, &line, &column);
    ck_assert_uint_eq(line, 2);
    ck_assert_uint_eq(column, 20);
    arena_destroy(p.arena);
}
END_TEST

// `head`, then `part` count times, then `tail`: refused, and fast (the test's time limit).
static void check_refused(const char *head, const char *part, int count, const char *tail)
{
    size_t bytes = strlen(head) + strlen(part) * (size_t)count + strlen(tail);
    char *text = calloc(bytes + 1, 1);
    ck_assert_ptr_nonnull(text);
    char *at = text + strlen(head);
    memcpy(text, head, strlen(head));
    for (int i = 0; i < count; i++, at += strlen(part)) {
        memcpy(at, part, strlen(part));
    }
    memcpy(at, tail, strlen(tail));
    Parsed p = parse(text, bytes);
    ck_assert_uint_gt(diag_error_count(p.diag), 0);
    ck_assert_msg(strstr(messages(&p), "nested more than 256 levels deep") != NULL, "%s",
                  messages(&p));
    arena_destroy(p.arena);
    free(text);
}

START_TEST(deep_texts_are_refused)
{
    check_refused("x = ", "(", 200000, "1");
    check_refused("x = ", "[", 100000, "");
    check_refused("x = ", "-", 500000, "1");
    check_refused("x = ", "not ", 200000, "a");
    check_refused("x = ", "1+", 200000, "1");
    check_refused("x = ", "1 if a else ", 60000, "1");
    check_refused("x = a", "[0]", 60000, "");
    check_refused("", "{", 100000, "");
    check_refused("", "a: ", 100000, "relu");
    check_refused("if a { }", " else if a { }", 50000, "");
}
END_TEST

START_TEST(a_file_has_a_limit)
{
    char *text = malloc((1 << 20) + 2);
    ck_assert_ptr_nonnull(text);
    memset(text, '\n', (1 << 20) + 1);
    text[(1 << 20) + 1] = '\0';
    Parsed p = parse(text, (1 << 20) + 1);
    ck_assert_msg(strstr(messages(&p), "more than the limit of 1048576") != NULL, "%s",
                  messages(&p));
    arena_destroy(p.arena);
    p = parse(text, 1 << 20);
    ck_assert_uint_eq(diag_error_count(p.diag), 0);
    arena_destroy(p.arena);
    free(text);
}
END_TEST

START_TEST(errors_keep_the_rest)
{
    static const char TEXT[] = "a\nb c\nd\nx = )\nif { e }\nf";
    Parsed p = parse(TEXT, strlen(TEXT));
    ck_assert_uint_eq(diag_error_count(p.diag), 3);
    static const StmtKind KINDS[] = {STMT_CALL,   STMT_ERROR, STMT_CALL,
                                     STMT_ASSIGN, STMT_ERROR, STMT_CALL};
    ck_assert_uint_eq(p.file->body.count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert_int_eq(p.file->body.at[i]->kind, KINDS[i]);
    }
    ck_assert_int_eq(p.file->body.at[3]->value->kind, AST_ERROR);
    arena_destroy(p.arena);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("parser");
    TCase *t = tcase_create("parser");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, expressions_print_with_the_brackets_they_need);
    tcase_add_test(t, statements_print_back);
    tcase_add_test(t, shipped_texts_print_back);
    tcase_add_test(t, ranges_are_where_things_stand);
    tcase_add_test(t, deep_texts_are_refused);
    tcase_add_test(t, a_file_has_a_limit);
    tcase_add_test(t, errors_keep_the_rest);
    suite_add_tcase(s, t);
    return check_run(s);
}
