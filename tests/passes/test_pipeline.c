// test_pipeline.c: the loop over the passes: options, refusals, models without loss, BN or with
// several outputs.
#include <time.h>

#include "ir/graph_clone.h"
#include "passes/fake_target.h"
#include "passes/nets.h"
#include "passes/pipeline.h"
#include "support/check_main.h"

typedef struct Result {
    bool ok;
    const char *diagnostics, *dumps, *times;
} Result;

static Result run(Arena *a, Graph *g, Mode mode, PassOptions opt)
{
    g->mode = mode;
    g->plan_batch = 2;
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
    opt.target = &fake_target;
    opt.verify_each = true;
    Result r = {.ok = passes_run(g, &opt, diag, &report)};
    StrBuf text = {.arena = a};
    diag_render(diag, &text);
    r.diagnostics = strbuf_text(&text);
    r.dumps = strbuf_text(&report.dumps);
    r.times = strbuf_text(&report.times);
    return r;
}

static void check_refused(Arena *a, Graph *g, Mode mode, const char *why)
{
    Result r = run(a, g, mode, (PassOptions){0});
    ck_assert(!r.ok);
    ck_assert_msg(strstr(r.diagnostics, why) != NULL, "says: %s", r.diagnostics);
}

START_TEST(passes_are_listed_and_known)
{
    Arena *a = arena_create();
    StrBuf text = {.arena = a};
    passes_list(&text);
    ck_assert_ptr_nonnull(strstr(strbuf_text(&text), "autodiff      train  the backward graph"));
    ck_assert_ptr_nonnull(strstr(strbuf_text(&text), " needs simple, no-bn, loss\n"));
    ck_assert_ptr_nonnull(strstr(strbuf_text(&text), " makes gradients\n"));
    ck_assert(passes_known("fuse"));
    ck_assert(!passes_known("fus"));
    arena_destroy(a);
}
END_TEST

START_TEST(options_dump_stop_and_time)
{
    Arena *a = arena_create();
    Graph *built = net_of_kind(a, "basic"), *g = graph_clone(a, built);
    Result r = run(a, g, MODE_INFER, (PassOptions){.dump_after = "fuse", .stop_after = "sink"});
    ck_assert(r.ok);
    ck_assert_ptr_eq(strstr(r.dumps, "== fuse (infer, batch 2)\n"), r.dumps);
    ck_assert_ptr_null(strstr(r.dumps, "== sink"));
    ck_assert(g->facts & FACT_SUNK);
    ck_assert(!(g->facts & FACT_SIDES));
    ck_assert_str_eq(r.times, "");
    g = graph_clone(a, built);
    ck_assert(run(a, g, MODE_INFER, (PassOptions){.stop_after = "loss"}).ok); // of the other mode
    ck_assert_uint_eq(g->facts, FACT_CHECKED | FACT_SIMPLE | FACT_NO_BN);
    g = graph_clone(a, built);
    r = run(a, g, MODE_TRAIN, (PassOptions){.dump_after = "all", .time_passes = true});
    ck_assert_ptr_nonnull(strstr(r.dumps, "== check (train"));
    ck_assert_ptr_nonnull(strstr(r.dumps, "== plan_buffers (train"));
    ck_assert_ptr_nonnull(strstr(r.times, "autodiff"));
    arena_destroy(a);
}
END_TEST

START_TEST(untrainable_models_are_refused)
{
    Arena *a = arena_create();
    Net none = net_create(a, 1);
    (void)net_conv(&none, net_input(&none, 3, 6, 6), 3, 4, 1, true);
    check_refused(a, none.g, MODE_INFER, "model net has no output");

    Net image = net_create(a, 1);
    net_output(&image, net_conv(&image, net_input(&image, 3, 6, 6), 3, 4, 1, true), "y");
    check_refused(a, graph_clone(a, image.g), MODE_TRAIN,
                  "its output is f32[N,4,6,6] and training needs logits f32[N,classes]");
    ck_assert(run(a, image.g, MODE_INFER, (PassOptions){0}).ok);

    Net two = net_create(a, 1);
    Value *x =
        net_op(&two, "global_avgpool", net_conv(&two, net_input(&two, 3, 6, 6), 3, 4, 1, true));
    net_output(&two, net_dense(&two, x, 5), "a");
    net_output(&two, net_dense(&two, x, 7), "b");
    check_refused(a, graph_clone(a, two.g), MODE_TRAIN, "it has 2 outputs");
    ck_assert(run(a, two.g, MODE_INFER, (PassOptions){0}).ok);

    Net soft = net_create(a, 1);
    x = net_op(&soft, "global_avgpool", net_input(&soft, 3, 6, 6));
    net_output(&soft, net_op(&soft, "softmax", net_dense(&soft, x, 5)), "p");
    check_refused(a, graph_clone(a, soft.g), MODE_TRAIN, "it ends with softmax");
    ck_assert(run(a, soft.g, MODE_INFER, (PassOptions){0}).ok);

    Net bare = net_create(a, 1);
    net_output(&bare, net_op(&bare, "global_avgpool", net_input(&bare, 3, 6, 6)), "y");
    check_refused(a, bare.g, MODE_TRAIN, "it has no parameters");
    arena_destroy(a);
}
END_TEST

START_TEST(unused_parameters_are_refused_in_training_only)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x = net_input(&t, 3, 6, 6);
    (void)net_conv(&t, x, 3, 4, 1, false); // nobody reads it
    net_output(&t, net_dense(&t, net_op(&t, "global_avgpool", x), 5), "y");
    check_refused(a, graph_clone(a, t.g), MODE_TRAIN,
                  "parameter conv2d1.weight cannot be trained: the output does not depend on it");
    Graph *g = t.g;
    ck_assert(run(a, g, MODE_INFER, (PassOptions){0}).ok);
    for (const Node *n = g->first; n; n = n->next) {
        ck_assert_str_ne(n->op->name, "conv2d");
    }
    arena_destroy(a);
}
END_TEST

START_TEST(shared_parameters_are_refused_in_training_only)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x = net_conv(&t, net_input(&t, 3, 6, 6), 3, 3, 1, false);
    Node *first = x->def;
    Value *in[2] = {net_op(&t, "relu", x), first->inputs.at[1]};
    Node *again = build_node(
        t.g, &(NodeSpec){
                 .op = first->op, .attrs = first->attrs, .in = in, .in_count = 2, .name = "again"});
    net_output(&t, net_dense(&t, net_op(&t, "global_avgpool", again->outputs.at[0]), 5), "y");
    check_refused(a, graph_clone(a, t.g), MODE_TRAIN,
                  "parameter conv2d1.weight cannot be trained: 2 layers share it");
    ck_assert(run(a, t.g, MODE_INFER, (PassOptions){0}).ok);
    arena_destroy(a);
}
END_TEST

// An input that is an output, and one value under two names: every output is plain and in its own
// region.
START_TEST(outputs_may_be_anything)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x = net_input(&t, 3, 6, 6), *y = net_op(&t, "relu", x);
    net_output(&t, x, "x");
    net_output(&t, y, "y");
    net_output(&t, y, "z");
    Graph *g = t.g;
    ck_assert(run(a, g, MODE_INFER, (PassOptions){0}).ok);
    for (uint32_t i = 0; i < 3; i++) {
        const Value *v = g->outputs.at[i];
        ck_assert_uint_eq(v->kind, VALUE_OUTPUT);
        ck_assert_uint_eq(v->layout.kind, LAYOUT_PLAIN);
        ck_assert_uint_eq(v->place.region, RN_REGION_FIRST_IO + 1 + i);
    }
    arena_destroy(a);
}
END_TEST

START_TEST(several_inputs_and_no_bn)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x = net_input(&t, 3, 6, 6);
    Value *z =
        graph_add_value(t.g, VALUE_INPUT, ELEM_F32, shape_image(4, 6, 6), "second", (Loc){0});
    Value *y = net_op2(&t, "add", net_op(&t, "relu", net_conv(&t, x, 3, 4, 1, true)), z);
    net_output(&t, net_dense(&t, net_op(&t, "global_avgpool", y), 5), "y");
    ck_assert(run(a, graph_clone(a, t.g), MODE_INFER, (PassOptions){0}).ok);
    Graph *g = graph_clone(a, t.g);
    ck_assert(run(a, g, MODE_TRAIN, (PassOptions){0}).ok);
    for (const Node *n = g->first; n; n = n->next) { // inputs need no gradient
        ck_assert_str_ne(n->op->name, "conv2d_bwd_data");
    }
    arena_destroy(a);
}
END_TEST

// Eight operands are more than one step of an expression takes.
START_TEST(wide_sums_become_steps)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x = net_input(&t, 4, 6, 6), *in[8];
    for (int i = 0; i < 8; i++) {
        in[i] = net_pool(&t, "avgpool", x, 3, 3);
    }
    net_output(&t, net_node(&t, "add", NULL, in, 8), "y");
    RefTensor *before = net_values(a, t.g, 2);
    graph_interpret(t.g, a, 2, before, 1.0);
    double want = before[t.g->outputs.at[0]->id].at[5];
    ck_assert(run(a, t.g, MODE_INFER, (PassOptions){.stop_after = "fuse"}).ok);
    RefTensor *after = net_values(a, t.g, 2);
    graph_interpret(t.g, a, 2, after, 1.0);
    ck_assert_double_eq_tol(after[t.g->outputs.at[0]->id].at[5], want, 1e-12);
    arena_destroy(a);
}
END_TEST

// ResNet-1202: no pass may walk the graph per node. 15,000 nodes take 0.2 s; a quadratic pass would
// take minutes.
START_TEST(deep_networks_compile_fast)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x = net_conv(&t, net_input(&t, 3, 32, 32), 3, 16, 1, false);
    for (int stage = 0; stage < 3; stage++) {
        for (int i = 0; i < 200; i++) {
            x = net_basic(&t, x, 16 << stage, stage && !i ? 2 : 1, false);
        }
    }
    net_output(&t, net_dense(&t, net_op(&t, "global_avgpool", x), 10), "logits");
    clock_t start = clock();
    t.g->mode = MODE_TRAIN;
    SourceSet sources = {.arena = a};
    PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
    PassOptions opt = {.target = &fake_target};
    ck_assert(passes_run(t.g, &opt, diag_create(a, &sources), &report));
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    ck_assert_uint_gt(t.g->node_count, 10000);
    ck_assert_msg(seconds < 8.0, "%.2f s", seconds); // sanitizers and a busy machine included
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *tc = tcase_create("pipeline");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, passes_are_listed_and_known);
    tcase_add_test(tc, options_dump_stop_and_time);
    tcase_add_test(tc, untrainable_models_are_refused);
    tcase_add_test(tc, unused_parameters_are_refused_in_training_only);
    tcase_add_test(tc, shared_parameters_are_refused_in_training_only);
    tcase_add_test(tc, outputs_may_be_anything);
    tcase_add_test(tc, several_inputs_and_no_bn);
    tcase_add_test(tc, wide_sums_become_steps);
    tcase_add_test(tc, deep_networks_compile_fast);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
