// test_manual.c: docs/operators.md is what the operators' own tables say. After a change of a table
// run with RN_BLESS=1 and read the difference.
#include "support/check_main.h"

#include <string.h>

#include "base/files.h"
#include "ir/opdef.h"

#define MANUAL "docs/operators.md"

static void print_manual(StrBuf *out)
{
    strbuf_add(
        out,
        "# The operators\n\n"
        "Made from the operators' own tables (compiler/ops); a test keeps it in step. How calls "
        "are written is in\n[language.md](language.md).\n");
    for (size_t i = 0; i < op_table_count; i++) {
        if (op_table[i]->internal) {
            continue;
        }
        strbuf_add(out, "\n");
        op_print_manual(op_table[i], out);
    }
}

START_TEST(manual_is_in_step)
{
    Arena *a = arena_create();
    StrBuf made = {.arena = a};
    const char *error = NULL;
    size_t bytes = 0;
    print_manual(&made);
    if (getenv("RN_BLESS")) {
        ck_assert_msg(file_write(a, MANUAL, strbuf_text(&made), made.count, &error), "%s", error);
    }
    const char *kept = file_read(a, MANUAL, 1 << 22, &bytes, &error);
    ck_assert_msg(kept != NULL, "%s", error);
    ck_assert_str_eq(kept, strbuf_text(&made));
    arena_destroy(a);
}
END_TEST

START_TEST(every_attribute_is_documented)
{
    for (size_t i = 0; i < op_table_count; i++) {
        const OpDef *op = op_table[i];
        ck_assert_msg(op->internal || (op->doc && op->doc[0]), "%s has no doc", op->name);
        for (uint32_t k = 0; k < op->attr_count && !op->internal; k++) {
            ck_assert_msg(op->attrs[k].doc && op->attrs[k].doc[0], "%s.%s has no doc", op->name,
                          op->attrs[k].name);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("manual");
    TCase *t = tcase_create("manual");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, manual_is_in_step);
    tcase_add_test(t, every_attribute_is_documented);
    suite_add_tcase(s, t);
    return check_run(s);
}
