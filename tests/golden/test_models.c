// test_models.c: every shipped model takes the sizes that all of them take, and has an inference
// golden. Not here: what a model computes (test_infer.c, test_train.c).
#include <string.h>

#include "base/files.h"
#include "base/textfile.h"
#include "support/check_main.h"
#include "support/golden.h"

// A family is a file that others set params of and include: it promises no number of parameters.
static int is_family(const TextFile *f)
{
    return strstr(f->text, "assert params") == NULL;
}

// The chapter's networks begin as the chapter says, all others after He et al. 2015.
static void check_inits(const Graph *g, bool chapter)
{
    for (uint32_t i = 0; i < g->params.count; i++) {
        const Value *w = g->params.at[i];
        if (w->shape.rank == 4 && !strstr(w->name, "fc.")) {
            ck_assert_msg(w->init == (chapter ? RN_INIT_XAVIER_UNIFORM : RN_INIT_HE_FAN_OUT), "%s",
                          w->name);
        } else if (w->shape.rank == 2 && chapter) {
            ck_assert_msg(w->init == RN_INIT_XAVIER_UNIFORM, "%s", w->name);
        }
    }
}

START_TEST(takes_sizes)
{
    const TextFile *f = &shipped_models_table[_i];
    Arena *arena = arena_create();
    static const char *const sizes[] = {"classes=7", "channels=2", "height=65", "width=97"};
    const BuildRequest request = {.model = f->name, .defines = sizes, .define_count = 4};
    Build *b = NULL;
    ck_assert_msg(build_start(arena, &request, &b) == BUILD_OK, "%s", f->name);
    const Graph *g = build_graph(b);
    ck_assert_int_eq(g->inputs.at[0]->shape.dim[1], 2);
    ck_assert_int_eq(g->inputs.at[0]->shape.dim[2], 65);
    ck_assert_int_eq(g->inputs.at[0]->shape.dim[3], 97);
    ck_assert_int_eq(g->outputs.at[0]->shape.rank, 2);
    ck_assert_int_eq(g->outputs.at[0]->shape.dim[1], 7);
    check_inits(g, strncmp(f->name, "d2l_", 4) == 0 || strstr(f->text, "chapter_residual"));
    build_finish(b);
    arena_destroy(arena);
}
END_TEST

START_TEST(has_a_golden)
{
    const TextFile *f = &shipped_models_table[_i];
    if (is_family(f)) {
        return;
    }
    Arena *arena = arena_create();
    size_t stem = strcspn(f->name, ".");
    const char *path =
        arena_printf(arena, "%s/tests/golden/data/%.*s.json", TEST_SOURCE_DIR, (int)stem, f->name);
    ck_assert_msg(file_exists(path), "%s has no inference golden", f->name);
    arena_destroy(arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shipped models");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, takes_sizes, 0, (int)shipped_models_table_count);
    tcase_add_loop_test(t, has_a_golden, 0, (int)shipped_models_table_count);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
