// test_emit.c: the kinds of --emit: each makes something from a build as far as it says it needs,
// and the help, the manual page and the completion list it.
#include "support/check_main.h"

#include <string.h>

#include "tool/cli/man_page.h"
#include "tool/cli/options.h"
#include "tool/emit/emit.h"

#define MODEL                                                                                      \
    "model tiny {\n"                                                                               \
    "  input image[3, 8, 8]\n"                                                                     \
    "  conv(3x3, c=4, pad=1); relu; global_avgpool; dense(3)\n"                                    \
    "}\n"

START_TEST(each_needs_what_it_says)
{
    const EmitDef *kind = emit_table[_i];
    Arena *a = arena_create();
    const BuildRequest request = {.model = "tiny.rn", .text = MODEL, .plans = {.infer = true}};
    Build *b;
    ck_assert_int_eq(build_start(a, &request, &b), BUILD_OK);
    if (kind->needs != EMIT_NEEDS_GRAPH) {
        ck_assert_int_eq(build_make_plans(b), BUILD_OK);
    }
    size_t bytes = 0;
    const char *made = kind->make(a, b, &bytes);
    ck_assert_msg(bytes > 20, "%s: %zu bytes", kind->name, bytes);
    ck_assert_msg((memchr(made, 0, bytes) != NULL) == kind->is_binary, "%s", kind->name);
    ck_assert_ptr_eq(emit_find(kind->name), kind);
    build_finish(b);
    arena_destroy(a);
}
END_TEST

START_TEST(each_is_listed)
{
    Arena *a = arena_create();
    StrBuf help = {.arena = a}, page = {.arena = a}, completion = {.arena = a};
    options_help(&help, NULL);
    man_page_print(&page);
    completion_print(&completion);
    for (size_t i = 0; i < emit_table_count; i++) {
        const char *name = emit_table[i]->name;
        const char *line = arena_printf(a, "%-10s", name);
        ck_assert_msg(strstr(strbuf_text(&help), line) != NULL, "%s", name);
        line = arena_strndup(a, emit_table[i]->doc, strcspn(emit_table[i]->doc, "-"));
        ck_assert_msg(strstr(strbuf_text(&page), line) != NULL, "%s", line);
        const char *choices = strstr(strbuf_text(&completion), "--emit) ");
        ck_assert_ptr_nonnull(choices);
        choices = arena_strndup(a, choices, strcspn(choices, "\n"));
        ck_assert_msg(strstr(choices, name) != NULL, "%s", name);
    }
    ck_assert_ptr_null(emit_find("picture"));
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("emit");
    TCase *tc = tcase_create("kinds");
    tcase_add_loop_test(tc, each_needs_what_it_says, 0, (int)emit_table_count);
    tcase_add_test(tc, each_is_listed);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
