// test_apart.c: what is made in a child process arrives whole, and a child that fails gives
// nothing.
#include "support/check_main.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/apart.h"

enum { BYTES = 5 * 1000 * 1000 + 1 }; // more than a pipe holds, and than the first buffer

static const void *make_pattern(void *context, size_t *bytes)
{
    unsigned char *made = context;
    for (size_t i = 0; i < BYTES; i++) {
        made[i] = (unsigned char)(i * 31 + i / 4096);
    }
    *bytes = BYTES;
    return made;
}

START_TEST(bytes_arrive_whole)
{
    unsigned char *mine = calloc(BYTES, 1);
    ck_assert_ptr_nonnull(mine);
    size_t bytes = 0;
    bool started = false;
    unsigned char *made = apart_make(make_pattern, mine, &bytes, &started);
    ck_assert(started && made);
    ck_assert_uint_eq(bytes, BYTES);
    ck_assert_uint_eq(mine[BYTES - 1], 0); // the child's memory is its own
    (void)make_pattern(mine, &bytes);
    ck_assert(memcmp(made, mine, BYTES) == 0);
    free(made);
    free(mine);
}
END_TEST

static const void *make_nothing(void *context, size_t *bytes)
{
    (void)bytes;
    if (*(const int *)context) {
        raise(*(const int *)context);
    }
    _exit(3);
}

START_TEST(failures_give_nothing)
{
    static const int signals[] = {0, SIGKILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        int signal = signals[i];
        size_t bytes = 0;
        bool started = false;
        ck_assert_ptr_null(apart_make(make_nothing, &signal, &bytes, &started));
        ck_assert(started);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("apart");
    TCase *tc = tcase_create("apart");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, bytes_arrive_whole);
    tcase_add_test(tc, failures_give_nothing);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
