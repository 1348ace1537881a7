// test_winograd.c: Winograd's kernels, and those that serve the same convolutions, against plain
// loops in float64 (conv_run.h) for every target that this machine runs; the table of rounding
// errors in docs/kernels.md.
#include <string.h>

#include "cpu/conv_errors.h"
#include "cpu/conv_run.h"
#include "cpu/kernels/winograd/conv_winograd_plan.h"
#include "support/check_main.h"
#include "support/kernel_run.h"
#include "support/targets.h"

// Runs what Winograd serves: one of its kernels must have run.
static void run_square(const TargetDef *t, const OpDef *op, uint32_t out_of, const Case *c)
{
    Served served = run_case(t, op, out_of, c);
    int winograd = 0;
    for (int i = 0; i < served.count; i++) {
        winograd += strncmp(served.kernel[i], "winograd", 8) == 0;
    }
    ck_assert_msg(winograd > 0, "%s %s %dx%d: none of %d kernels is Winograd's", t->isa->name,
                  op->name, (int)c->h, (int)c->w, served.count);
}

// 3x3 filters of stride 1 in all three directions, what Winograd serves: the 17 pictures whose
// height and width add up to 18, paddings of 0 to 2, most of them unlike on the four sides.
START_TEST(squares)
{
    const TargetDef *t = target_to_run((size_t)_i);
    for (int64_t i = 0; t && i < 17; i++) {
        Case c = {.c = 3 + 9 * (i % 3), .k = 8 + 11 * (i % 4), .h = 1 + i, .w = 17 - i};
        c.r = c.s = 3;
        c.sh = c.sw = c.groups = 1;
        c.batch = 1 + i % 3;
        c.plan_batch = 1 + i % 2 * 7;
        c.fused = true;
        c.streams = i / 2 % 2;
        for (int d = 0; d < 4; d++) {
            c.pad[d] = i < 2 || i > 14 ? 1 : (i + d) % 3;
        }
        run_square(t, &op_bwd_data, 0, &c);
        c.bias = i % 2;
        run_square(t, &op_conv, 2, &c);
        c.bias = c.fused = false;
        run_square(t, &op_bwd_weights, 1, &c);
    }
}
END_TEST

// 3x3 filters of stride 2, forward and backward data: 17 pictures whose height and width, one odd
// and one even, add up to 35.
START_TEST(strided_squares)
{
    const TargetDef *t = target_to_run((size_t)_i);
    for (int64_t i = 0; t && i < 17; i++) {
        int64_t odd = 1 + 2 * i, even = 34 - 2 * i;
        Case c = {.c = 3 + 9 * (i % 3), .k = 8 + 11 * (i % 4)};
        c.h = i % 2 ? odd : even;
        c.w = i % 2 ? even : odd;
        c.r = c.s = 3;
        c.sh = c.sw = 2;
        c.groups = 1;
        c.batch = 1 + i % 3;
        c.plan_batch = 1 + i % 2 * 7;
        c.fused = true;
        c.streams = i / 2 % 2;
        for (int d = 0; d < 4; d++) {
            c.pad[d] = i < 1 || i > 15 ? 1 : (i + d) % 3;
        }
        run_square(t, &op_bwd_data, 0, &c);
        c.bias = i % 2;
        run_square(t, &op_conv, 2, &c);
        c.bias = c.fused = false;
        run_square(t, &op_bwd_weights, 1, &c);
    }
}
END_TEST

// Enough channels for sums of several chains, the last block of them not full, and an odd number of
// output vectors, the last not full, for every width of vectors.
START_TEST(deep_squares)
{
    const TargetDef *t = target_to_run((size_t)_i);
    for (int64_t stride = 1; t && stride <= 2; stride++) {
        Case c = {.c = 133, .k = 69, .h = 9 * stride, .w = 7 * stride + 1, .batch = 3};
        c.r = c.s = 3;
        c.sh = c.sw = stride;
        c.groups = 1;
        c.plan_batch = 2;
        c.bias = c.fused = true;
        for (int d = 0; d < 4; d++) {
            c.pad[d] = 1;
        }
        run_square(t, &op_conv, 2, &c);
        c.bias = false;
        c.c = 69;
        c.k = 133;
        run_square(t, &op_bwd_data, 0, &c);
    }
}
END_TEST

// Kernels that fetch the next task's input: where tasks are parts of an image, and several images.
typedef struct Fetching {
    int parts, images;
} Fetching;

static void count_fetching(const TargetDef *t, const OpDef *op, uint32_t out_of, const Case *c,
                           Fetching *f)
{
    for (size_t i = 0; i < kernel_table_count; i++) {
        const KernelDef *k = kernel_table[i];
        if (strcmp(k->op, op->name) != 0 || k->tile[0] == 0) {
            continue;
        }
        Run r = {.target = t, .kernel = k, .t = *c, .out_of = out_of};
        if (!plan_case(&r, op)) {
            const WinogradPlan *p = r.node->lowering->plan;
            f->parts += p->fetch.parts && p->chunks > 1;
            f->images += p->fetch.parts && p->image_div > 1;
        }
        arena_destroy(r.arena);
    }
}

// Activations that no cache holds, so that input is fetched ahead; fewer images than planned, in
// numbers that no task's divides.
START_TEST(fetched_input)
{
    const TargetDef *t = target_to_run((size_t)_i);
    Fetching found = {0};
    for (int64_t i = 0; t && i < 4; i++) {
        int64_t stride = 1 + i % 2;
        Case c = {.c = 69, .k = 53, .h = (i < 2 ? 7 : 19) * stride, .w = (i < 2 ? 5 : 17) * stride};
        c.batch = i < 2 ? 11 : 2;
        c.r = c.s = 3;
        c.sh = c.sw = stride;
        c.groups = 1;
        c.plan_batch = 400;
        c.fused = i < 2; // tolerances of side sums are for short rows
        for (int d = 0; d < 4; d++) {
            c.pad[d] = (i + d) % 3;
        }
        count_fetching(t, &op_bwd_data, 0, &c, &found);
        run_square(t, &op_bwd_data, 0, &c);
        count_fetching(t, &op_conv, 2, &c, &found);
        run_square(t, &op_conv, 2, &c);
    }
    ck_assert(!t || (found.parts > 0 && found.images > 0));
}
END_TEST

// Backward weights planned for a batch that no cache holds, so that operands are fetched ahead:
// tasks of several tiles of output channels, batches of tiles that are parts of an image, and many
// images.
START_TEST(large_batches)
{
    const TargetDef *t = target_to_run((size_t)_i);
    for (int64_t i = 0; t && i < 4; i++) {
        int64_t stride = 1 + i % 2;
        Case c = {
            .c = 69, .k = 133, .h = (i < 2 ? 5 : 35) * stride, .w = (i < 2 ? 7 : 43) * stride};
        c.batch = i < 2 ? 37 : 1;
        c.r = c.s = 3;
        c.sh = c.sw = stride;
        c.groups = 1;
        c.plan_batch = 400;
        for (int d = 0; d < 4; d++) {
            c.pad[d] = 1;
        }
        run_square(t, &op_bwd_weights, 1, &c);
    }
}
END_TEST

// What docs/kernels.md says about rounding is what is measured.
START_TEST(errors)
{
    const TargetDef *t = target_to_run_named("x86-64-v4");
    static const int64_t shape[][2] = {{64, 28}, {128, 28}, {256, 14}, {512, 7}}; // c, h
    static const struct {
        const OpDef *op;
        const char *name;
        uint32_t out_of;
        int64_t stride;
    } way[] = {{&op_conv, "conv2d", 2, 1},
               {&op_conv, "conv2d, stride 2", 2, 2},
               {&op_bwd_data, "conv2d_bwd_data", 0, 1},
               {&op_bwd_data, "conv2d_bwd_data, stride 2", 0, 2},
               {&op_bwd_weights, "conv2d_bwd_weights", 1, 1},
               {&op_bwd_weights, "conv2d_bwd_weights, stride 2", 1, 2}};
    ErrorTable table = {0};
    for (int d = 0; d < CASES(way); d++) {
        for (int i = 0; i < CASES(shape); i++) {
            Case c = {.c = shape[i][0], .k = shape[i][0]};
            c.h = c.w = way[d].stride * shape[i][1];
            *(way[d].out_of == 0 ? &c.c : &c.k) = 4; // what is not summed over
            c.r = c.s = 3;
            c.sh = c.sw = way[d].stride;
            c.groups = c.batch = c.plan_batch = 1;
            for (int p = 0; p < 4; p++) {
                c.pad[p] = 1;
            }
            ErrorRow *row = error_table_add(&table, way[d].name, shape[i][0], c.h);
            Served served = run_case(t, way[d].op, way[d].out_of, &c);
            for (int k = 0; k < served.count; k++) {
                error_row_add(row, served.kernel[k], served.error[k]);
            }
        }
    }
    error_table_check(&table);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("winograd");
    TCase *tc = tcase_create("winograd");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, squares, 0, (int)isa_table_count);
    tcase_add_loop_test(tc, strided_squares, 0, (int)isa_table_count);
    tcase_add_loop_test(tc, deep_squares, 0, (int)isa_table_count);
    tcase_add_loop_test(tc, fetched_input, 0, (int)isa_table_count);
    tcase_add_loop_test(tc, large_batches, 0, (int)isa_table_count);
    tcase_add_test(tc, errors);
    suite_add_tcase(s, tc);
    return check_run(s);
}
