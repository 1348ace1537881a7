// test_burst.c: the calibration burst finds a peak for every instruction set that the machine has,
// whatever the number of threads; and the peak of memory use follows what is touched.
#include "support/check_main.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/isa.h"
#include "tool/measure/burst.h"
#include "tool/measure/memory_use.h"
#include "resnetc/runtime.h"

static double peak_of(const char *isa, unsigned threads)
{
    RnPool *pool;
    ck_assert_int_eq(rn_pool_create(threads, &pool, NULL), RN_OK);
    Burst b;
    burst_start(&b, isa, pool);
    ck_assert(b.best_seconds > 0 && b.rounds > 0);
    // How often a burst is calm depends on what else the machine does: only the rule is tested.
    for (int i = 0; i < 50; i++) {
        double best = b.best_seconds;
        bool calm = burst_is_calm(&b);
        ck_assert_double_le(b.best_seconds, best);
        ck_assert(calm || b.best_seconds >= best);
    }
    rn_pool_destroy(pool);
    return burst_peak_gflops(&b);
}

START_TEST(finds_a_peak)
{
    static const char *const isas[] = {"x86-64", "x86-64-v3", "x86-64-v4", "aarch64", "unknown"};
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        if (isa_find(isas[i]) && !isa_runs_here(isa_find(isas[i]))) {
            continue;
        }
        ck_assert_double_gt(peak_of(isas[i], 1), 0.01);
        ck_assert_double_gt(peak_of(isas[i], 3), 0.01);
    }
}
END_TEST

START_TEST(memory_peak)
{
    enum { BYTES = 64 << 20 };
    memory_use_restart();
    uint64_t before = memory_use_peak();
    ck_assert_uint_gt(before, 0);
    volatile char *block = malloc(BYTES);
    ck_assert_ptr_nonnull((const void *)block);
    for (size_t i = 0; i < BYTES; i += 4096) {
        block[i] = 1;
    }
    ck_assert_uint_ge(memory_use_peak(), before + BYTES / 2);
    free((void *)(uintptr_t)block);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("burst");
    TCase *tc = tcase_create("burst");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, finds_a_peak);
    tcase_add_test(tc, memory_peak);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
