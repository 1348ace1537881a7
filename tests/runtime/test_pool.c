// test_pool.c: the thread pool and the random numbers.
#include "support/check_main.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "resnetc/pool.h"
#include "resnetc/random.h"
#include "resnetc/status.h"

enum { TASKS = 1003 };

typedef struct Count {
    atomic_uint ran[TASKS];
    atomic_uint bad;
    unsigned threads;
    uint32_t grain;
    float tiny, product; // a subnormal product is flushed on every thread
} Count;

static void count_tasks(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    Count *c = context;
    volatile float tiny = c->tiny;
    volatile float product = tiny * 0.5f;
    if (worker >= c->threads || hi - lo > c->grain || lo >= hi || product != c->product) {
        atomic_fetch_add(&c->bad, 1);
    }
    for (uint32_t i = lo; i < hi; i++) {
        atomic_fetch_add(&c->ran[i], 1);
    }
}

static void check_for(unsigned threads, int repeats)
{
    RnPool *pool = NULL;
    RnError err;
    ck_assert_int_eq(rn_pool_create(threads, &pool, &err), RN_OK);
    ck_assert_uint_eq(rn_pool_threads(pool), threads);
    static const uint32_t grains[] = {1, 7, 5000};
    for (int g = 0; g < 3; g++) {
        Count c = {.threads = threads, .grain = grains[g], .tiny = 0x1p-126f, .product = 0.0f};
        for (int r = 0; r < repeats; r++) {
            rn_pool_for(pool, TASKS, grains[g], count_tasks, &c);
        }
        ck_assert_uint_eq(atomic_load(&c.bad), 0);
        for (int i = 0; i < TASKS; i++) {
            ck_assert_uint_eq(atomic_load(&c.ran[i]), (unsigned)repeats);
        }
    }
    rn_pool_destroy(pool);
}

START_TEST(every_task_runs_once)
{
    for (unsigned threads = 1; threads <= 5; threads++) {
        check_for(threads, 200);
    }
}
END_TEST

START_TEST(more_threads_than_cores)
{
    check_for(rn_cpu_count() * 8 + 3, 20);
}
END_TEST

START_TEST(runs_after_sleep)
{
    RnPool *pool = NULL;
    ck_assert_int_eq(rn_pool_create(3, &pool, NULL), RN_OK);
    Count c = {.threads = 3, .grain = 10, .tiny = 0x1p-126f};
    for (int r = 0; r < 5; r++) {
        struct timespec pause = {.tv_nsec = 2000000}; // past the spinning
        nanosleep(&pause, NULL);
        rn_pool_for(pool, TASKS, 10, count_tasks, &c);
    }
    rn_pool_destroy(pool);
    for (int i = 0; i < TASKS; i++) {
        ck_assert_uint_eq(atomic_load(&c.ran[i]), 5);
    }
}
END_TEST

// What each worker of one run has seen.
typedef struct Seen {
    atomic_uint workers[4];
    atomic_uint inside;
} Seen;

static void note_worker(void *context, unsigned worker)
{
    Seen *seen = context;
    atomic_fetch_add(&seen->workers[worker], 1);
    atomic_fetch_add(&seen->inside, 1);
    struct timespec pause = {.tv_nsec = 200000};
    nanosleep(&pause, NULL);
    atomic_fetch_sub(&seen->inside, 1);
}

START_TEST(run_waits_for_those_inside)
{
    RnPool *pool = NULL;
    ck_assert_int_eq(rn_pool_create(4, &pool, NULL), RN_OK);
    for (int r = 0; r < 50; r++) {
        Seen seen = {0};
        rn_pool_run(pool, note_worker, &seen);
        ck_assert_uint_eq(atomic_load(&seen.inside), 0);
        ck_assert_uint_eq(atomic_load(&seen.workers[0]), 1);
        for (int w = 1; w < 4; w++) {
            ck_assert_uint_le(atomic_load(&seen.workers[w]), 1);
        }
    }
    rn_pool_destroy(pool);
}
END_TEST

START_TEST(mode_of_caller_is_restored)
{
    volatile float tiny = 0x1p-126f;
    volatile float before = tiny * 0.5f;
    ck_assert(before > 0);
    check_for(1, 1);
    check_for(2, 1);
    Count c = {.threads = 1, .grain = 1, .tiny = tiny, .product = 0.0f};
    rn_pool_for(NULL, 3, 1, count_tasks, &c);
    ck_assert_uint_eq(atomic_load(&c.bad), 0);
    volatile float after = tiny * 0.5f;
    ck_assert(after == before);
}
END_TEST

START_TEST(wrong_thread_counts)
{
    RnPool *pool = NULL;
    RnError err;
    ck_assert_int_eq(rn_pool_create(RN_POOL_MAX_THREADS + 1, &pool, &err), RN_ERR_USAGE);
    ck_assert_str_eq(err.text, "1025 threads are too many: the limit is 1024");
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(rn_pool_create(0, &pool, &err), RN_OK);
    ck_assert_uint_eq(rn_pool_threads(pool), rn_cpu_count());
    rn_pool_destroy(pool);
    rn_pool_destroy(NULL);
}
END_TEST

START_TEST(random_numbers)
{
    // The formula of random.h, worked out in Python.
    ck_assert_uint_eq(rn_random_u64(0, 0, 0), UINT64_C(0xA706DD2F4D197E6F));
    ck_assert_uint_eq(rn_random_u64(7, 3, 1000), UINT64_C(0xB7242E68CCCA3962));
    ck_assert(rn_random_u64(0, 0, 0) != rn_random_u64(0, 0, 1));
    ck_assert(rn_random_u64(0, 0, 0) != rn_random_u64(0, 1, 0));
    ck_assert(rn_random_u64(0, 0, 0) != rn_random_u64(1, 0, 0));
    double sum = 0, squares = 0, mean = 0;
    const int n = 100000;
    for (int i = 0; i < n; i++) {
        double z = rn_random_normal(7, 3, (uint64_t)i), u = rn_random_uniform(7, 4, (uint64_t)i);
        ck_assert(u >= 0 && u < 1 && isfinite(z));
        sum += z;
        squares += z * z;
        mean += u;
    }
    // Standard errors: 1/sqrt(n) = 0.0032, sqrt(2/n) = 0.0045, 0.29/sqrt(n) = 0.0009; limits are 4
    // of them.
    ck_assert_double_eq_tol(sum / n, 0, 0.013);
    ck_assert_double_eq_tol(squares / n, 1, 0.018);
    ck_assert_double_eq_tol(mean / n, 0.5, 0.0037);
    unsigned hits[7] = {0};
    for (uint64_t i = 0; i < 7000; i++) {
        hits[rn_random_below(1, 2, i, 7)]++;
    }
    for (int i = 0; i < 7; i++) {
        ck_assert(hits[i] > 850 && hits[i] < 1150); // 1000 +- 5 standard errors of 29
    }
    ck_assert_uint_eq(rn_random_stream(""),
                      UINT64_C(0xCBF29CE484222325)); // FNV-1a's own test values
    ck_assert_uint_eq(rn_random_stream("foobar"), UINT64_C(0x85944171F73967E8));
}
END_TEST

START_TEST(statuses)
{
    ck_assert_int_eq(rn_status_exit_code(RN_OK), 0);
    ck_assert_int_eq(rn_status_exit_code(RN_ERR_INPUT), 1);
    ck_assert_int_eq(rn_status_exit_code(RN_ERR_USAGE), 2);
    ck_assert_int_eq(rn_status_exit_code(RN_ERR_IO), 3);
    for (int s = RN_OK; s <= RN_ERR_MISSING; s++) {
        ck_assert_str_ne(rn_status_name((RnStatus)s), "unknown");
    }
    RnError err;
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    ck_assert_int_eq(rn_fail(&err, RN_ERR_IO, "%s", longer), RN_ERR_IO);
    ck_assert_uint_eq(strlen(err.text), RN_ERROR_TEXT_BYTES - 1);
    ck_assert_int_eq(rn_fail(NULL, RN_ERR_IO, "%s", longer), RN_ERR_IO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tc = tcase_create("pool");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_task_runs_once);
    tcase_add_test(tc, more_threads_than_cores);
    tcase_add_test(tc, runs_after_sleep);
    tcase_add_test(tc, run_waits_for_those_inside);
    tcase_add_test(tc, mode_of_caller_is_restored);
    tcase_add_test(tc, wrong_thread_counts);
    tcase_add_test(tc, random_numbers);
    tcase_add_test(tc, statuses);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
