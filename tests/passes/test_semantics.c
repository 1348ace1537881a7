// test_semantics.c: after every pass a random small network computes the same numbers as before,
// and the gradients of the backward graph are those of finite differences.
#include <float.h>
#include <math.h>
#include <string.h>

#include "ir/graph_clone.h"
#include "passes/fake_target.h"
#include "passes/nets.h"
#include "passes/pipeline.h"
#include "support/check_main.h"

enum { BATCH = 3, SEEDS = 12 };

// The graph after a pass.
static Graph *run_with(Arena *a, const Graph *built, Mode mode, PassOptions opt)
{
    Graph *g = graph_clone(a, built);
    g->mode = mode;
    g->plan_batch = BATCH;
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
    opt.target = &fake_target;
    opt.verify_each = true;
    bool ok = passes_run(g, &opt, diag, &report);
    StrBuf text = {.arena = a};
    diag_render(diag, &text);
    ck_assert_msg(ok, "%s", strbuf_text(&text));
    return g;
}

// The graph after these passes in this order.
static Graph *run_in_order(Arena *a, const Graph *built, Mode mode, const char *const *names,
                           uint32_t count)
{
    Graph *g = graph_clone(a, built);
    g->mode = mode;
    g->plan_batch = BATCH;
    SourceSet sources = {.arena = a};
    PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
    PassOptions opt = {.target = &fake_target, .verify_each = true};
    ck_assert(passes_run_in_order(g, &opt, diag_create(a, &sources), &report, names, count));
    return g;
}

static Graph *run_until(Arena *a, const Graph *built, Mode mode, const char *stop)
{
    return run_with(a, built, mode, (PassOptions){.stop_after = stop});
}

static double largest(const double *x, int64_t count)
{
    double most = 1e-30;
    for (int64_t i = 0; i < count; i++) {
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    }
    return most;
}

static void check_same(const double *got, const double *want, int64_t count, double tolerance,
                       const char *what)
{
    double scale = largest(want, count);
    for (int64_t i = 0; i < count; i++) {
        if (!(fabs(got[i] - want[i]) <= tolerance * scale)) {
            ck_abort_msg("%s: element %lld is %.12g, not %.12g", what, (long long)i, got[i],
                         want[i]);
        }
    }
}

// Relative to a tensor's largest element. Folding a batch norm and sinking a map into a sum move
// roundings of double about: 2e-15 at most over the seeds, grown by a dozen layers; fifty times that.
// Gradients keep their bits today. There is no floor: those of biases in front of a batch norm cancel
// to rounding noise, and the passes keep that noise too.
static const double ROUNDING = 1e-13;

static void check_outputs(Arena *a, const Graph *g, const double *want, int64_t count,
                          const char *what)
{
    RefTensor *values = net_values(a, g, BATCH);
    graph_interpret(g, a, BATCH, values, 1.0 / BATCH);
    check_same(values[g->outputs.at[0]->id].at, want, count, ROUNDING, what);
}

START_TEST(inference_is_unchanged)
{
    static const char *const stops[] = {"check", "simplify", "fold_bn", "cse", "dce",
                                        "fuse",  "sink",     "sides",   "bind"};
    Arena *a = arena_create();
    Graph *built = net_classifier(a, (uint64_t)_i, 3);
    RefTensor *values = net_values(a, built, BATCH);
    graph_interpret(built, a, BATCH, values, 1.0);
    const Value *out = built->outputs.at[0];
    int64_t count = BATCH * shape_elements(&out->shape);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        check_outputs(a, run_until(a, built, MODE_INFER, stops[i]), values[out->id].at, count,
                      stops[i]);
    }
    arena_destroy(a);
}
END_TEST

static Value *find_param(const Graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->params.count; i++) {
        if (strcmp(g->params.at[i]->name, name) == 0) {
            return g->params.at[i];
        }
    }
    ck_abort_msg("no parameter %s", name);
}

static double batch_loss(const Graph *g, const RefTensor *values)
{
    double sum = 0.0;
    for (int64_t i = 0; i < BATCH; i++) {
        sum += values[g->loss->id].at[i];
    }
    return sum / BATCH;
}

// The loss with element i of a parameter moved by d.
static double moved_loss(Arena *a, const Graph *g, const char *param, int64_t i, double d)
{
    RefTensor *values = net_values(a, g, BATCH);
    values[find_param(g, param)->id].at[i] += d;
    graph_interpret(g, a, BATCH, values, 1.0 / BATCH);
    return batch_loss(g, values);
}

START_TEST(gradients_are_finite_differences)
{
    // Central differences in double err by d^2/6 of the third derivative: at most 2e-8 of the largest
    // gradient of the tensor over these seeds, of which five times are allowed; and by the rounding of
    // two losses over 2d: 16 units in the last place allowed, at most 4 seen. So a gradient is checked
    // down to 2e-10, where a floor of 1 would hide all below 1e-5. A ReLU that flips within d would
    // show up as 1e-2: none does with these seeds.
    const double d = 1e-5, truncation = 1e-7;
    Arena *a = arena_create();
    Graph *built = net_classifier(a, (uint64_t)_i, 2);
    Graph *forward = run_until(a, built, MODE_TRAIN, "loss");
    Graph *g = run_until(a, built, MODE_TRAIN, "autodiff");
    ck_assert_uint_eq(g->grads.count, g->params.count);
    RefTensor *values = net_values(a, g, BATCH);
    graph_interpret(g, a, BATCH, values, 1.0 / BATCH);
    for (uint32_t k = 0; k < g->grads.count; k++) {
        const Value *grad = g->grads.at[k];
        int64_t count = shape_elements(&grad->shape);
        double limit = truncation * largest(values[grad->id].at, count) +
                       16 * DBL_EPSILON * batch_loss(g, values) / (2 * d);
        for (int64_t i = 0; i < count; i += 1 + count / 4) {
            Arena *scratch = arena_create();
            double up = moved_loss(scratch, forward, grad->param->name, i, d);
            double down = moved_loss(scratch, forward, grad->param->name, i, -d);
            double want = (up - down) / (2 * d), got = values[grad->id].at[i];
            ck_assert_msg(fabs(got - want) <= limit,
                          "d loss / d %s[%lld] is %.9g, finite differences say %.9g (%.1e)",
                          grad->param->name, (long long)i, got, want, limit);
            arena_destroy(scratch);
        }
    }
    arena_destroy(a);
}
END_TEST

static void check_training(Arena *a, const Graph *g, const Graph *first, const RefTensor *want,
                           const char *what)
{
    RefTensor *values = net_values(a, g, BATCH);
    graph_interpret(g, a, BATCH, values, 1.0 / BATCH);
    check_same(values[g->loss->id].at, want[first->loss->id].at, BATCH, ROUNDING, what);
    ck_assert_uint_eq(g->grads.count, first->grads.count);
    for (uint32_t i = 0; i < g->grads.count; i++) {
        const Value *grad = g->grads.at[i], *other = first->grads.at[i];
        ck_assert_str_eq(grad->name, other->name);
        check_same(values[grad->id].at, want[other->id].at, shape_elements(&grad->shape), ROUNDING,
                   arena_printf(a, "%s, %s", what, grad->name));
    }
    for (uint32_t i = 0; i < g->states.count; i++) {
        check_same(values[g->states.at[i]->id].at, want[first->states.at[i]->id].at,
                   shape_elements(&g->states.at[i]->shape), ROUNDING, g->states.at[i]->name);
    }
}

START_TEST(training_is_unchanged)
{
    static const char *const stops[] = {"remat", "cse", "dce", "fuse", "sink", "sides", "bind"};
    Arena *a = arena_create();
    Graph *built = net_classifier(a, (uint64_t)_i, 3);
    Graph *first = run_until(a, built, MODE_TRAIN, "autodiff");
    RefTensor *values = net_values(a, first, BATCH);
    graph_interpret(first, a, BATCH, values, 1.0 / BATCH);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        check_training(a, run_until(a, built, MODE_TRAIN, stops[i]), first, values, stops[i]);
    }
    for (Recompute r = RECOMPUTE_CONVS; r <= RECOMPUTE_NONE; r++) {
        PassOptions opt = {.stop_after = "bind", .recompute = r};
        check_training(a, run_with(a, built, MODE_TRAIN, opt), first, values,
                       arena_printf(a, "recompute %d", (int)r));
    }
    arena_destroy(a);
}
END_TEST

static void swap_names(const char **names, uint32_t i)
{
    const char *first = names[i];
    names[i] = names[i + 1];
    names[i + 1] = first;
}

// Where facts allow two neighbours in either order, either gives the same numbers.
START_TEST(orders_that_facts_allow_change_nothing)
{
    enum { BEHIND_BIND = 2 }; // what only a whole compiler can interpret: layout, plan_buffers
    Mode mode = (Mode)_i;
    Arena *a = arena_create();
    Graph *built = net_classifier(a, 5, 3);
    const char *names[PASSES_MAX];
    uint32_t count = passes_order(mode, names) - BEHIND_BIND, allowed = 0;
    Graph *usual = run_in_order(a, built, mode, names, count);
    RefTensor *values = net_values(a, usual, BATCH);
    graph_interpret(usual, a, BATCH, values, 1.0 / BATCH);
    const Value *out = usual->outputs.at[0];
    for (uint32_t i = 0; i + 1 < count; i++) {
        swap_names(names, i);
        if (!passes_refusal(a, mode, names, count)) {
            const char *what = arena_printf(a, "%s before %s", names[i], names[i + 1]);
            const Graph *g = run_in_order(a, built, mode, names, count);
            check_outputs(a, g, values[out->id].at, BATCH * shape_elements(&out->shape), what);
            if (mode == MODE_TRAIN) {
                check_training(a, g, usual, values, what);
            }
            allowed++;
        }
        swap_names(names, i);
    }
    ck_assert_uint_gt(allowed, 0);
    arena_destroy(a);
}
END_TEST

START_TEST(forward_of_training_is_batchnorms_own)
{
    Arena *a = arena_create();
    Graph *built = net_classifier(a, (uint64_t)_i, 3);
    built->mode = MODE_TRAIN; // batchnorm and dropout as training means them
    RefTensor *values = net_values(a, built, BATCH);
    graph_interpret(built, a, BATCH, values, 1.0);
    const Value *out = built->outputs.at[0];
    int64_t count = BATCH * shape_elements(&out->shape);
    check_outputs(a, run_until(a, built, MODE_TRAIN, "decompose_bn"), values[out->id].at, count,
                  "decompose_bn");
    check_outputs(a, run_until(a, built, MODE_TRAIN, "bind"), values[out->id].at, count, "bind");
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("semantics");
    TCase *tc = tcase_create("passes");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, inference_is_unchanged, 0, SEEDS);
    tcase_add_loop_test(tc, orders_that_facts_allow_change_nothing, MODE_INFER, MODE_TRAIN + 1);
    tcase_add_loop_test(tc, forward_of_training_is_batchnorms_own, 0, SEEDS);
    tcase_add_loop_test(tc, gradients_are_finite_differences, 0, SEEDS);
    tcase_add_loop_test(tc, training_is_unchanged, 0, SEEDS);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
