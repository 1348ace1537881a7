// test_order.c: the pipeline refuses orders of passes that break the facts. Not here: that orders
// which it allows give the same numbers (test_semantics.c).
#include <signal.h>

#include "passes/fake_target.h"
#include "passes/nets.h"
#include "passes/pipeline.h"
#include "support/check_main.h"

typedef struct Order {
    Mode mode;
    const char *names[PASSES_MAX];
    uint32_t count;
} Order;

static Order order_of(Mode mode)
{
    Order order = {.mode = mode};
    order.count = passes_order(mode, order.names);
    return order;
}

static void take_out(Order *order, uint32_t i)
{
    order->count--;
    for (; i < order->count; i++) {
        order->names[i] = order->names[i + 1];
    }
}

static void put_in(Order *order, uint32_t i, const char *name)
{
    for (uint32_t k = order->count++; k > i; k--) {
        order->names[k] = order->names[k - 1];
    }
    order->names[i] = name;
}

static uint32_t place_of(const Order *order, const char *name)
{
    for (uint32_t i = 0; i < order->count; i++) {
        if (strcmp(order->names[i], name) == 0) {
            return i;
        }
    }
    ck_abort_msg("no pass %s", name);
}

static const char *refusal(Arena *a, const Order *order)
{
    return passes_refusal(a, order->mode, order->names, order->count);
}

START_TEST(the_order_is_allowed_and_needs_every_pass_once)
{
    Arena *a = arena_create();
    Order order = order_of((Mode)_i);
    ck_assert_ptr_null(refusal(a, &order));
    for (uint32_t i = 0; i < order.count; i++) {
        Order less = order, more = order;
        take_out(&less, i);
        bool last = i + 1 == order.count; // without it the pipeline has only stopped early
        ck_assert_msg(last || refusal(a, &less), "%s may be left out", order.names[i]);
        put_in(&more, order.count, order.names[i]);
        const char *why = refusal(a, &more);
        ck_assert_msg(why && strstr(why, "holds already"), "%s may run twice", order.names[i]);
    }
    arena_destroy(a);
}
END_TEST

typedef struct Wrong {
    Mode mode;
    const char *pass, *before; // moved to before this one
    const char *why;
} Wrong;

static const Wrong wrongs[] = {
    {MODE_INFER, "simplify", "check", "pass simplify needs what does not hold: checked"},
    {MODE_INFER, "fold_bn", "simplify", "pass fold_bn needs what does not hold: simple"},
    {MODE_INFER, "cse", "fold_bn", "pass cse needs what does not hold: no-bn"},
    {MODE_INFER, "fuse", "fold_bn", "pass fuse needs what does not hold: unique, live"},
    {MODE_INFER, "dce", "sink", "pass fuse needs what does not hold: live"},
    {MODE_TRAIN, "loss", "check", "pass loss needs what does not hold: checked"},
    {MODE_TRAIN, "autodiff", "simplify",
     "pass autodiff needs what does not hold: simple, no-bn, loss"},
    {MODE_TRAIN, "decompose_bn", "remat", "pass autodiff needs what does not hold: no-bn"},
    {MODE_TRAIN, "remat", "autodiff", "pass remat needs what does not hold: gradients"},
    {MODE_TRAIN, "dce", "remat", "pass dce needs what does not hold: recomputed"},
    {MODE_TRAIN, "remat", "sink", "pass dce needs what does not hold: recomputed"},
    {MODE_TRAIN, "sink", "fuse", "pass sink needs what does not hold: mapped"},
    {MODE_TRAIN, "sides", "sink", "pass sides needs what does not hold: sunk"},
    {MODE_TRAIN, "bind", "sides", "pass bind needs what does not hold: sides"},
    {MODE_TRAIN, "layout", "bind", "pass layout needs what does not hold: bound"},
    {MODE_TRAIN, "plan_buffers", "layout", "pass plan_buffers needs what does not hold: laid"},
};
enum { WRONGS = sizeof wrongs / sizeof wrongs[0] };

static Order moved(const Wrong *w)
{
    Order order = order_of(w->mode);
    take_out(&order, place_of(&order, w->pass));
    put_in(&order, place_of(&order, w->before), w->pass);
    return order;
}

START_TEST(wrong_orders_are_refused)
{
    Arena *a = arena_create();
    const Wrong *w = &wrongs[_i];
    Order order = moved(w);
    const char *why = refusal(a, &order);
    ck_assert_msg(why && strcmp(why, w->why) == 0, "%s before %s: %s", w->pass, w->before,
                  why ? why : "allowed");
    arena_destroy(a);
}
END_TEST

START_TEST(passes_of_the_other_mode_are_refused)
{
    Arena *a = arena_create();
    Order order = order_of(MODE_INFER);
    put_in(&order, 1, "loss");
    ck_assert_str_eq(refusal(a, &order), "pass loss does not serve this mode");
    arena_destroy(a);
}
END_TEST

static void run(const Order *order, uint32_t times)
{
    Arena *a = arena_create();
    Graph *g = net_of_kind(a, "basic");
    g->mode = order->mode;
    g->plan_batch = 2;
    SourceSet sources = {.arena = a};
    PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
    PassOptions opt = {.target = &fake_target, .verify_each = true};
    for (uint32_t i = 0; i < times; i++) {
        ck_assert(passes_run_in_order(g, &opt, diag_create(a, &sources), &report, order->names,
                                      order->count));
    }
    arena_destroy(a);
}

START_TEST(a_run_in_the_right_order_ends)
{
    Order order = order_of(MODE_TRAIN);
    run(&order, 1);
}
END_TEST

START_TEST(a_run_in_a_wrong_order_aborts)
{
    Order order = moved(&wrongs[_i]);
    run(&order, 1);
}
END_TEST

START_TEST(a_second_run_aborts)
{
    Order order = order_of(MODE_INFER);
    run(&order, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("order");
    TCase *tc = tcase_create("order");
    tcase_add_loop_test(tc, the_order_is_allowed_and_needs_every_pass_once, MODE_INFER,
                        MODE_TRAIN + 1);
    tcase_add_loop_test(tc, wrong_orders_are_refused, 0, WRONGS);
    tcase_add_test(tc, passes_of_the_other_mode_are_refused);
    tcase_add_test(tc, a_run_in_the_right_order_ends);
    tcase_add_loop_test_raise_signal(tc, a_run_in_a_wrong_order_aborts, SIGABRT, 0, WRONGS);
    tcase_add_test_raise_signal(tc, a_second_run_aborts, SIGABRT);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
