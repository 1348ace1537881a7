// test_values.c: values of references worked out by hand, where definitions differ between
// frameworks: TensorFlow's 'same', rounding up, what padding counts for, ties, NaN.
#include <math.h>
#include <string.h>

#include "ops/norm/bn_attrs.h"
#include "support/check_main.h"
#include "support/op_case.h"

typedef struct Run {
    const char *op, *inputs, *attrs;
    const double *in[5]; // values of inputs and parameters, in order
    const double *out;   // expected
    int64_t count;
    uint32_t output;
} Run;

static RefTensor *interpret(Arena *a, const Run *r, Node **node)
{
    OpCase c = {.inputs = r->inputs, .attrs = r->attrs, .batch = 1};
    Graph *g = op_case_build(a, op_find(r->op), &c, NULL, node);
    g->mode = MODE_TRAIN;
    RefTensor *values = op_case_values(a, g, 1, 1);
    for (uint32_t i = 0; i < (*node)->inputs.count; i++) {
        const Value *v = (*node)->inputs.at[i];
        memcpy(values[v->id].at, r->in[i], (size_t)op_case_elements(v, 1) * sizeof(double));
    }
    graph_interpret(g, a, 1, values, 0.5);
    return values;
}

static void check(const Run *r)
{
    Arena *a = arena_create();
    Node *node;
    const RefTensor *values = interpret(a, r, &node);
    const Value *out = node->outputs.at[r->output];
    ck_assert_int_eq(op_case_elements(out, 1), r->count);
    for (int64_t i = 0; i < r->count; i++) {
        double x = values[out->id].at[i];
        bool same = isnan(r->out[i]) ? isnan(x) : x == r->out[i] || fabs(x - r->out[i]) <= 1e-12;
        ck_assert_msg(same, "%s %s: element %ld is %.15g, not %.15g", r->op, r->attrs, (long)i, x,
                      r->out[i]);
    }
    arena_destroy(a);
}

static const double count16[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const double ones9[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
static const double minus9[9] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};

#define D(...) ((const double[]){__VA_ARGS__})

START_TEST(conv_same_pads_after)
{
    // total padding (2-1)*2 + 3 - 4 = 1: none before, one after
    check(&(Run){"conv2d",
                 "1,4,4",
                 "3x3, c=1, stride=2, pad=same",
                 {count16, ones9},
                 D(45, 39, 66, 50),
                 4,
                 0});
    // explicit symmetric padding sees other pixels
    check(&(Run){
        "conv2d", "1,4,4", "3x3, c=1, stride=2, pad=1", {count16, ones9}, D(10, 24, 51, 90), 4, 0});
}
END_TEST

START_TEST(conv_groups_and_bias)
{
    // two groups of one channel each: y0 = 2*x0 + 1, y1 = 3*x1 - 1
    check(&(Run){"conv2d",
                 "2,1,2",
                 "1x1, c=2, groups=2, bias=true",
                 {D(1, 2, 10, 20), D(2, 3), D(1, -1)},
                 D(3, 5, 29, 59),
                 4,
                 0});
}
END_TEST

START_TEST(avgpool_divisors)
{
    check(&(Run){"avgpool", "1,3,3", "2x2, ceil=true", {count16}, D(2, 3.5, 6.5, 8), 4, 0});
    // 4x4, windows of 3 from -1, 1, 3; the last covers one pixel and one row and column of padding
    check(&(Run){
        "avgpool",
        "1,4,4",
        "3x3, stride=2, pad=1, ceil=true, count_pad=true",
        {count16},
        D(10 / 9.0, 24 / 9.0, 10 / 6.0, 51 / 9.0, 90 / 9.0, 33 / 6.0, 25 / 6.0, 42 / 6.0, 15 / 4.0),
        9,
        0});
    check(&(Run){"avgpool",
                 "1,4,4",
                 "3x3, stride=2, pad=1, ceil=true",
                 {count16},
                 D(2.5, 4, 5, 8.5, 10, 11, 12.5, 14, 15),
                 9,
                 0});
}
END_TEST

START_TEST(maxpool_padding)
{
    check(&(Run){"maxpool", "1,3,3", "3x3, stride=2, pad=1", {minus9}, D(-1, -1, -1, -1), 4, 0});
    check(&(Run){
        "maxpool", "1,3,3", "3x3, stride=2, pad=1, pad_value=zero", {minus9}, D(0, 0, 0, 0), 4, 0});
    check(
        &(Run){"maxpool", "1,4,4", "3x3, stride=2, ceil=true", {count16}, D(10, 11, 14, 15), 4, 0});
    check(&(Run){"maxpool", "1,4,4", "3x3, stride=2", {count16}, D(10), 1, 0});
}
END_TEST

START_TEST(maxpool_nan_and_ties)
{
    check(&(Run){"maxpool", "1,2,2", "2x2", {D(1, NAN, 3, 2)}, D(NAN), 1, 0});
    check(&(Run){"maxpool",
                 "1,2,2",
                 "2x2",
                 {D(-INFINITY, -INFINITY, -INFINITY, -INFINITY)},
                 D(-INFINITY),
                 1,
                 0});
    check(&(Run){"maxpool_bwd",
                 "1,2,2; 1,1,1",
                 "2x2, in_size=2x2",
                 {D(1, 3, 3, 3), D(5)},
                 D(0, 5, 0, 0),
                 4,
                 0});
    // a zero of the padding comes first and keeps the gradient
    check(&(Run){"maxpool_bwd",
                 "1,2,2; 1,1,1",
                 "3x3, stride=2, pad=1, pad_value=zero, in_size=2x2",
                 {D(0, 0, 0, 0), D(5)},
                 D(0, 0, 0, 0),
                 4,
                 0});
}
END_TEST

START_TEST(relu_keeps_nan)
{
    check(&(Run){"relu", "3", "", {D(-2, NAN, 4)}, D(0, NAN, 4), 3, 0});
    check(&(Run){"relu_grad", "3; 3", "", {D(7, 7, 7), D(0, -1, 2)}, D(0, 0, 7), 3, 0});
}
END_TEST

START_TEST(loss_and_probabilities)
{
    const double z[2] = {0, log(3)};
    check(&(Run){"softmax", "2", "", {z}, D(0.25, 0.75), 2, 0});
    check(&(Run){"softmax_xent", "2; #", "", {z, D(0)}, (const double[]){log(4)}, 1, 0});
    check(&(Run){"softmax_xent", "2; #", "", {D(1000, 0), D(1)}, D(1000), 1, 0});
    // targets 7/8 and 1/8: log 4 - log(3)/8, and (1/4 - 7/8, 3/4 - 1/8) at loss scale 1/2
    check(&(Run){"softmax_xent",
                 "2; #",
                 "smoothing=0.25",
                 {z, D(0)},
                 (const double[]){log(4) - log(3) / 8},
                 1,
                 0});
    check(
        &(Run){"softmax_xent_grad", "2; #", "smoothing=0.25", {z, D(0)}, D(-0.3125, 0.3125), 2, 0});
    check(&(Run){
        "softmax_xent_grad", "2; #", "", {z, D(0)}, D(-0.375, 0.375), 2, 0}); // loss scale 1/2
}
END_TEST

START_TEST(batch_statistics)
{
    // k = 1, sums of x-k and (x-k)^2 are 2 and 8, m = 2: mean 2, variance 3
    Run r = {"bn_finish",
             "~3,1; =1; =1; =1; +=1",
             "eps=1, pixels=2",
             {D(1, 2, 8), D(2), D(1), D(1), D(1)},
             D(2),
             1,
             0};
    check(&r); // mean
    r.output = 1, r.out = D(0.5);
    check(&r); // 1/sqrt(3 + 1)
    r.output = 2, r.out = D(1);
    check(&r); // weight * rstd
    r.output = 3, r.out = D(1);
    check(&r); // bias: the mean is a number of float32
    r.output = 4, r.out = D(0);
    check(&r);
    Arena *a = arena_create();
    Node *node;
    const RefTensor *values = interpret(a, &r, &node);
    ck_assert_double_eq_tol(values[node->inputs.at[3]->id].at[0], 1.1, 1e-12); // 1 + 0.1 * (2 - 1)
    ck_assert_double_eq_tol(values[node->inputs.at[4]->id].at[0], 1.5,
                            1e-12); // unbiased variance 6
    arena_destroy(a);
}
END_TEST

// Batch normalisation in training as one operator and as its parts must agree.
START_TEST(batchnorm_whole_and_in_parts)
{
    Arena *a = arena_create();
    OpCase c = {.inputs = "3,4,5", .attrs = "", .batch = 2};
    Node *bn;
    Graph *g = op_case_build(a, op_find("batchnorm"), &c, NULL, &bn);
    g->mode = MODE_TRAIN;
    Value *const *in = bn->inputs.at;
    BnAttrs attrs = *(const BnAttrs *)bn->attrs;
    attrs.pixels = 20;
    Value *state[2];
    for (int i = 0; i < 2; i++) {
        state[i] = graph_add_value(g, VALUE_STATE, ELEM_F32, shape_vector(3), "copy", (Loc){0});
    }
    NodeSpec moments = {.op = op_find("channel_moments"), .in = (Value *[]){in[0]}, .in_count = 1};
    Value *sums = build_node(g, &moments)->outputs.at[0];
    NodeSpec finish = {.op = op_find("bn_finish"),
                       .attrs = &attrs,
                       .in_count = 5,
                       .in = (Value *[]){sums, in[1], in[2], state[0], state[1]}};
    Value *const *made = build_node(g, &finish)->outputs.at;
    NodeSpec norm = {.op = op_find("channel_norm"),
                     .in_count = 4,
                     .in = (Value *[]){in[0], made[0], made[2], made[3]}};
    const Value *parts = build_node(g, &norm)->outputs.at[0], *whole = bn->outputs.at[0];
    RefTensor *values = op_case_values(a, g, 2, 5);
    for (int i = 0; i < 2; i++) {
        memcpy(values[state[i]->id].at, values[in[3 + i]->id].at, 3 * sizeof(double));
    }
    graph_interpret(g, a, 2, values, 1.0);
    for (int64_t i = 0; i < 120; i++) {
        ck_assert_double_eq_tol(values[parts->id].at[i], values[whole->id].at[i], 1e-12);
    }
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++) {
            ck_assert_double_eq_tol(values[state[i]->id].at[k], values[in[3 + i]->id].at[k], 1e-12);
        }
    }
    arena_destroy(a);
}
END_TEST

static uint64_t macs(const char *op, const char *inputs, const char *attrs)
{
    Arena *a = arena_create();
    OpCase c = {.inputs = inputs, .attrs = attrs, .batch = 1};
    Node *node;
    op_case_build(a, op_find(op), &c, NULL, &node);
    uint64_t count = node->op->macs(node);
    arena_destroy(a);
    return count;
}

START_TEST(multiply_adds_are_counted)
{
    ck_assert_uint_eq(macs("conv2d", "3,224,224", "7x7, c=64, stride=2, pad=3"), 118013952);
    ck_assert_uint_eq(macs("conv2d", "128,56,56", "3x3, c=128, pad=1, groups=32"), 14450688);
    ck_assert_uint_eq(macs("dense", "512,1,1", "1000"), 512000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operators");
    TCase *tests = tcase_create("values");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, conv_same_pads_after);
    tcase_add_test(tests, conv_groups_and_bias);
    tcase_add_test(tests, avgpool_divisors);
    tcase_add_test(tests, maxpool_padding);
    tcase_add_test(tests, maxpool_nan_and_ties);
    tcase_add_test(tests, relu_keeps_nan);
    tcase_add_test(tests, loss_and_probabilities);
    tcase_add_test(tests, batch_statistics);
    tcase_add_test(tests, batchnorm_whole_and_in_parts);
    tcase_add_test(tests, multiply_adds_are_counted);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
