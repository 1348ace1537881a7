// test_select.c: selection asks every kernel that serves an operator, says so, and asks once for
// nodes of equal work.
#include <string.h>

#include "cpu/codegen.h"
#include "cpu/kernel.h"
#include "ir/builder.h"
#include "ops/conv/conv_attrs.h"
#include "support/check_main.h"
#include "support/targets.h"

typedef struct Case {
    Arena *arena;
    Graph *g;
    LowerTarget target;
} Case;

static Case create(void)
{
    Case c = {.arena = arena_create()};
    c.g = graph_create(c.arena, "test");
    c.g->plan_batch = 1;
    c.target = codegen_lower_target(codegen_create(c.arena, target_to_see(0), NULL));
    return c;
}

static Node *add_conv(Case *c, Value *x, int64_t k)
{
    const OpDef *op = op_find("conv2d");
    ConvAttrs attrs;
    memset(&attrs, 0, sizeof attrs);
    attrs_set_defaults(op, &attrs);
    attrs.kernel[0] = attrs.kernel[1] = 3;
    attrs.pad[0] = attrs.pad[1] = attrs.pad[2] = attrs.pad[3] = 1;
    attrs.c = k;
    return build_node(c->g, &(NodeSpec){.op = op,
                                        .attrs = &attrs,
                                        .in = &x,
                                        .in_count = 1,
                                        .name = "conv",
                                        .make_params = true});
}

static Value *add_input(Case *c)
{
    return graph_add_value(c->g, VALUE_INPUT, ELEM_F32, shape_image(64, 8, 8), "x", (Loc){0});
}

static uint32_t count_lines(const char *text)
{
    uint32_t lines = 0;
    for (; *text; text++) {
        lines += *text == '\n';
    }
    return lines;
}

START_TEST(explains_all_candidates)
{
    Case c = create();
    const Lowering *low = c.target.lower(&c.target, c.g, add_conv(&c, add_input(&c), 64));
    uint32_t serving = 0;
    for (size_t i = 0; i < kernel_table_count; i++) {
        serving += strcmp(kernel_table[i]->op, "conv2d") == 0;
    }
    ck_assert_uint_eq(count_lines(low->explain), serving);
    ck_assert_ptr_nonnull(strstr(low->explain, "    * "));
    arena_destroy(c.arena);
}
END_TEST

START_TEST(equal_work_has_one_plan)
{
    Case c = create();
    Value *x = add_input(&c);
    Node *a = add_conv(&c, x, 64), *b = add_conv(&c, a->outputs.at[0], 64);
    Node *d = add_conv(&c, b->outputs.at[0], 64), *e = add_conv(&c, d->outputs.at[0], 32);
    const LowerTarget *t = &c.target;
    const Lowering *of_b = t->lower(t, c.g, b);
    ck_assert_ptr_eq(of_b, t->lower(t, c.g, d));
    ck_assert_ptr_ne(of_b, t->lower(t, c.g, a)); // reads the model's input
    ck_assert_ptr_ne(of_b, t->lower(t, c.g, e)); // other channels
    c.g->plan_batch = 64;
    ck_assert_ptr_ne(of_b, t->lower(t, c.g, b));
    arena_destroy(c.arena);
}
END_TEST

START_TEST(one_question_tells_both_slots)
{
    Case c = create();
    const LowerTarget *t = &c.target;
    const Node *conv = add_conv(&c, add_input(&c), 64);
    KernelTakes takes = t->takes(t, conv);
    const KernelDef *k = t->lower(t, c.g, conv)->kernel_def;
    ck_assert_int_eq(takes.store, k->takes_store);
    ck_assert_int_eq(takes.sides, k->takes_sides);
    arena_destroy(c.arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("select");
    TCase *t = tcase_create("select");
    tcase_add_test(t, explains_all_candidates);
    tcase_add_test(t, equal_work_has_one_plan);
    tcase_add_test(t, one_question_tells_both_slots);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
