// test_conv.c: every kernel of the convolution and dense operators against plain loops in float64
// (conv_run.h), on odd sizes, for every target that this machine runs. Not here: what Winograd's
// kernels alone serve (test_winograd.c).
#include "cpu/conv_run.h"

#include <string.h>

#include "cpu/kernels/conv/conv_plan.h"
#include "support/check_main.h"
#include "support/targets.h"

static const OpDef op_dense = {.name = "dense", .role = OP_ROLE_DENSE};
static const OpDef op_dense_bwd_data = {.name = "dense_bwd_data", .role = OP_ROLE_DENSE_BWD_DATA};
static const OpDef op_dense_bwd_weights = {.name = "dense_bwd_weights",
                                           .role = OP_ROLE_DENSE_BWD_WEIGHTS};

// Cases

#define SQUARE(pad)                                                                                \
    {                                                                                              \
        pad, pad, pad, pad                                                                         \
    }

static const Case conv_cases[] = {
    // c, k, h, w, r, s, sh, sw, pad, groups, batch, plan_batch, bias, fused, image
    {16, 16, 9, 9, 3, 3, 1, 1, SQUARE(1), 1, 1, 1, false, false, false},
    {20, 40, 7, 11, 3, 3, 1, 1, SQUARE(1), 1, 2, 1, true, true, false},
    {5, 3, 17, 13, 3, 3, 2, 2, SQUARE(1), 1, 3, 8, true, true, false},
    {1, 20, 16, 17, 7, 7, 2, 2, SQUARE(3), 1, 2, 1, true, true, true},
    {3, 40, 33, 29, 7, 7, 2, 2, SQUARE(3), 1, 1, 1, false, true, true},
    {3, 33, 5, 40, 3, 3, 1, 1, SQUARE(1), 1, 2, 1, false, false, false},
    {40, 33, 1, 1, 3, 3, 1, 1, SQUARE(1), 1, 5, 16, true, true, false},
    {40, 20, 2, 3, 3, 3, 1, 1, SQUARE(1), 1, 9, 64, false, true, false},
    {48, 112, 3, 3, 3, 3, 1, 1, SQUARE(1), 1, 7, 64, true, true, false},
    {16, 5, 6, 5, 1, 1, 1, 1, SQUARE(0), 1, 2, 1, true, true, false},
    {40, 80, 13, 15, 1, 1, 1, 1, SQUARE(0), 1, 3, 16, false, true, false},
    {20, 20, 9, 8, 1, 1, 2, 2, SQUARE(0), 1, 2, 1, false, true, false},
    {16, 16, 8, 9, 2, 2, 2, 2, {0, 0, 1, 1}, 1, 2, 1, false, true, false},
    {16, 20, 10, 10, 3, 3, 2, 2, {0, 0, 1, 1}, 1, 1, 1, true, false, false},
    {6, 7, 8, 12, 5, 3, 1, 2, {2, 0, 1, 3}, 1, 2, 1, true, true, false},
    {4, 9, 3, 2, 3, 3, 1, 1, SQUARE(3), 1, 2, 1, true, true, false},
    {4, 9, 6, 5, 2, 2, 3, 3, SQUARE(0), 1, 2, 1, false, true, false},
    {7, 5, 7, 6, 1, 1, 3, 2, SQUARE(1), 1, 2, 1, true, true, false},
    {3, 8, 12, 11, 5, 5, 4, 4, SQUARE(2), 1, 1, 1, false, true, true},
    {3, 8, 12, 11, 5, 5, 5, 5, SQUARE(2), 1, 1, 1, false, true, false},
    {32, 32, 6, 7, 3, 3, 1, 1, SQUARE(1), 2, 2, 1, true, true, false},
    {64, 96, 5, 5, 3, 3, 2, 2, SQUARE(1), 2, 2, 1, false, true, false},
    {32, 32, 7, 9, 3, 3, 1, 1, SQUARE(1), 8, 2, 1, true, true, false},
    {32, 32, 8, 9, 3, 3, 2, 2, SQUARE(1), 4, 2, 8, false, true, false},
    {20, 20, 7, 6, 3, 3, 1, 1, SQUARE(1), 10, 2, 1, false, true, false},
    {20, 20, 7, 6, 3, 3, 2, 2, SQUARE(1), 20, 2, 1, true, true, false},
    {12, 18, 6, 6, 3, 3, 1, 1, SQUARE(1), 6, 2, 1, true, true, false},
    {9, 6, 5, 7, 3, 1, 1, 1, {1, 0, 1, 0}, 3, 2, 1, false, true, false},
    {96, 96, 5, 6, 3, 3, 1, 1, SQUARE(1), 32, 2, 1, true, true, false},
    {15, 15, 9, 17, 3, 3, 2, 2, SQUARE(1), 5, 2, 1, false, true, false},
    {48, 48, 6, 7, 3, 3, 1, 1, SQUARE(1), 2, 2, 8, false, true, false},
    {120, 120, 5, 4, 3, 3, 1, 1, SQUARE(1), 6, 1, 1, true, true, false},
    {35, 35, 7, 6, 3, 3, 2, 1, {0, 1, 2, 0}, 7, 3, 8, true, true, false},
    {22, 44, 4, 9, 1, 1, 1, 1, SQUARE(0), 22, 2, 1, true, true, false},
    {26, 39, 7, 6, 3, 2, 2, 3, SQUARE(1), 13, 2, 1, true, true, false},
    {27, 18, 1, 1, 1, 1, 1, 1, SQUARE(0), 9, 5, 16, false, true, false},
    {272, 272, 3, 4, 3, 3, 1, 1, SQUARE(1), 2, 1, 1, true, true, false}, // too many for shuffles
    {48, 48, 5, 18, 3, 3, 1, 1, SQUARE(1), 8, 2, 1, true, true, false},  // lanes from three vectors
    {112, 112, 6, 5, 3, 3, 2, 2, SQUARE(1), 16, 1, 1, false, true, false},
    {60, 36, 6, 19, 3, 3, 1, 2, SQUARE(1), 12, 2, 8, true, true, false},
    {36, 78, 4, 7, 3, 3, 1, 1, SQUARE(1), 6, 2, 1, false, true, false},
    {11200, 48, 1, 2, 1, 1, 1, 1, SQUARE(0), 16, 2, 1, false, true, false},
    {34, 17, 3, 2, 3, 3, 1, 1, SQUARE(3), 17, 2, 1, true, true, false},
    {5, 4, 65, 97, 3, 3, 1, 1, SQUARE(1), 1, 1, 1, false, false, false},
    {8, 128, 5, 56, 3, 3, 2, 2, SQUARE(1), 1, 1, 4, true, true, false}, // tails of several blocks
    {8, 80, 3, 57, 3, 3, 2, 2, SQUARE(1), 1, 1, 1, true, true, false},
    {3, 5, 1, 17, 1, 5, 1, 1, {0, 2, 0, 2}, 1, 2, 1, false, true, false},
};

static void run_all(int target, const OpDef *op, uint32_t out_of)
{
    const TargetDef *t = target_to_run((size_t)target);
    for (int i = 0; t && i < CASES(conv_cases); i++) {
        Case c = conv_cases[i];
        if (out_of != 2) {
            c.bias = false;
        }
        if (out_of == 1) {
            c.fused = false;
        }
        if (out_of == 0 && c.image) {
            c.image = false;
        }
        c.streams = (i + (int)out_of) % 2;
        ck_assert_msg(run_case(t, op, out_of, &c).count > 0, "%s case %d: no kernel", op->name, i);
    }
}

START_TEST(forward)
{
    run_all(_i, &op_conv, 2);
}
END_TEST

START_TEST(backward_data)
{
    run_all(_i, &op_bwd_data, 0);
}
END_TEST

START_TEST(backward_weights)
{
    run_all(_i, &op_bwd_weights, 1);
}
END_TEST

// The 17 pictures whose height and width add up to 18, with the filters of the family, few
// channels.
START_TEST(sizes)
{
    const TargetDef *t = target_to_run((size_t)_i);
    static const int64_t filter[4][3] = {
        {3, 1, 1}, {3, 2, 1}, {1, 2, 0}, {7, 2, 3}}; // size, stride, pad
    for (int64_t i = 0; t && i < 17; i++) {
        const int64_t *f = filter[i % 4];
        Case c = {
            .c = 5, .k = 17, .h = 1 + i, .w = 17 - i, .r = f[0], .s = f[0], .sh = f[1], .sw = f[1]};
        c.groups = 1;
        c.batch = 2;
        c.plan_batch = 1 + i % 2 * 7;
        c.streams = i / 2 % 2;
        for (int d = 0; d < 4; d++) {
            c.pad[d] = f[2];
        }
        ck_assert_int_gt(run_case(t, &op_conv, 2, &c).count, 0);
        ck_assert_int_gt(run_case(t, &op_bwd_data, 0, &c).count, 0);
        ck_assert_int_gt(run_case(t, &op_bwd_weights, 1, &c).count, 0);
    }
}
END_TEST

// Whether tasks of a chunk of rows follow each other and fetch the weights of the next channels.
static bool is_across(const TargetDef *target, const OpDef *op, uint32_t out_of, const Case *t)
{
    bool found = false;
    for (size_t i = 0; i < kernel_table_count; i++) {
        const KernelDef *k = kernel_table[i];
        if (strcmp(k->op, op->name) == 0 && strcmp(k->name, "direct") == 0) {
            Run r = {.target = target, .kernel = k, .t = *t, .out_of = out_of};
            const char *why = plan_case(&r, op);
            const ConvPlan *plan = r.node->lowering->plan;
            found |= !why && plan->tiles.across && plan->prefetch;
            arena_destroy(r.arena);
        }
    }
    return found;
}

// One picture that threads share, and more of them than planned: rows and flat pictures, chunks
// that do not divide them, tails of output channels.
START_TEST(across)
{
    const TargetDef *t = target_to_run((size_t)_i);
    static const int64_t shape[][6] = {{70, 217, 13, 5, 3, 1},
                                       {130, 217, 13, 11, 1, 0},
                                       {97, 250, 9, 7, 1, 0},
                                       {33, 210, 15, 9, 3, 0}};
    int found[2] = {0}; // flat pictures, rows
    for (int i = 0; t && i < 2 * CASES(shape); i++) {
        const int64_t *s = shape[i / 2];
        Case c = {.c = s[0], .k = s[1], .h = s[2], .w = s[3], .r = s[4], .s = s[4]};
        c.sh = c.sw = c.groups = c.plan_batch = 1;
        c.batch = i % 2 ? 3 : 1;
        c.fused = true;
        for (int d = 0; d < 4; d++) {
            c.pad[d] = s[5];
        }
        found[s[4] > 1] += is_across(t, &op_conv, 2, &c);
        ck_assert_int_gt(run_case(t, &op_conv, 2, &c).count, 0);
        ck_assert_int_gt(run_case(t, &op_bwd_data, 0, &c).count, 0);
    }
    ck_assert(!t || (found[0] > 0 && found[1] > 0));
}
END_TEST

// A picture whose convolution has one tap is walked as one long row.
START_TEST(flat)
{
    const TargetDef *t = target_to_run((size_t)_i);
    Case c = {.c = 44, .k = 44, .h = 9, .w = 9, .r = 1, .s = 1, .sh = 1, .sw = 1, .groups = 2};
    c.batch = c.plan_batch = 1;
    int found = 0;
    for (size_t i = 0; i < kernel_table_count; i++) {
        const KernelDef *k = kernel_table[i];
        if (strcmp(k->op, op_conv.name) == 0 && strcmp(k->name, "spanned") == 0) {
            Run r = {.target = t, .kernel = k, .t = c, .out_of = 2};
            ck_assert_ptr_null(plan_case(&r, &op_conv));
            const ConvPlan *plan = r.node->lowering->plan;
            ck_assert_int_eq(plan->pass.in_h, 1);
            ck_assert_int_eq(plan->pass.in_w, 81);
            ck_assert(plan->pass.flat);
            found++;
            arena_destroy(r.arena);
        }
    }
    ck_assert_int_eq(found, 1);
}
END_TEST

static const int64_t dense_sizes[][4] = {
    // c, k, batch, plan_batch
    {16, 16, 1, 1},  {20, 10, 3, 1},   {5, 40, 7, 16}, {512, 10, 5, 64},
    {40, 100, 2, 1}, {33, 1, 17, 256}, {1, 3, 2, 1},
};

START_TEST(dense)
{
    const TargetDef *t = target_to_run((size_t)_i);
    for (int i = 0; t && i < CASES(dense_sizes); i++) {
        const int64_t *d = dense_sizes[i];
        Case c = {
            .c = d[0], .k = d[1], .h = 1, .w = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .groups = 1};
        c.batch = d[2];
        c.plan_batch = d[3];
        c.fused = true;
        ck_assert_int_gt(run_case(t, &op_dense_bwd_data, 0, &c).count, 0);
        c.bias = true;
        ck_assert_int_gt(run_case(t, &op_dense, 2, &c).count, 0);
        c.bias = c.fused = false;
        ck_assert_int_gt(run_case(t, &op_dense_bwd_weights, 1, &c).count, 0);
    }
}
END_TEST

// Predicted time of the cheapest kernel, ns.
static double least_ns(const TargetDef *target, const OpDef *op, uint32_t out_of, const Case *t)
{
    double least = 1e300;
    for (size_t i = 0; i < kernel_table_count; i++) {
        if (strcmp(kernel_table[i]->op, op->name) == 0) {
            Run r = {.target = target, .kernel = kernel_table[i], .t = *t, .out_of = out_of};
            const char *why = plan_case(&r, op);
            double ns = why ? 1e300 : r.node->lowering->predicted_ns;
            least = ns < least ? ns : least;
            arena_destroy(r.arena);
        }
    }
    return least;
}

// No number of channels in a group falls to the plain loops, which take a hundred times as long as
// the multiply-adds.
START_TEST(groups)
{
    const TargetDef *t = target_to_run((size_t)_i);
    for (int64_t i = 1; i < 80; i++) {
        Case c = {.c = 6 * i, .k = 6 * (i % 3 ? i : 2 * i), .h = 28, .w = 28, .r = 3, .s = 3};
        c.sh = c.sw = c.batch = c.plan_batch = 1;
        c.groups = 6;
        for (int d = 0; d < 4; d++) {
            c.pad[d] = 1;
        }
        double macs = (double)(c.k * i * 9 * 28 * 28);
        double ideal = macs / t->vector_floats / t->fma_per_cycle / t->clock_ghz;
        double ns[3] = {least_ns(t, &op_conv, 2, &c), least_ns(t, &op_bwd_data, 0, &c),
                        least_ns(t, &op_bwd_weights, 1, &c)};
        for (int way = 0; way < 3; way++) {
            ck_assert_msg(ns[way] < 12 * ideal + 50e3, "%s: 6 groups of %d, way %d: %g ns, not %g",
                          t->isa->name, (int)i, way, ns[way], ideal);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("conv kernels");
    TCase *tc = tcase_create("conv");
    tcase_set_timeout(tc, 300);
    int targets = (int)isa_table_count;
    tcase_add_loop_test(tc, forward, 0, targets);
    tcase_add_loop_test(tc, backward_data, 0, targets);
    tcase_add_loop_test(tc, backward_weights, 0, targets);
    tcase_add_loop_test(tc, across, 0, (int)isa_table_count);
    tcase_add_loop_test(tc, flat, 0, (int)isa_table_count);
    tcase_add_loop_test(tc, sizes, 0, targets);
    tcase_add_loop_test(tc, dense, 0, targets);
    tcase_add_loop_test(tc, groups, 0, targets);
    suite_add_tcase(s, tc);
    return check_run(s);
}
