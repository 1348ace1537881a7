// test_curves.c: the picture of a training run and the text form of its points.
#include "support/check_main.h"

#include <string.h>

#include "tool/report/chart.h"
#include "tool/report/curves.h"
#include "tool/cli/progress.h"

static Arena *arena;

static void setup(void)
{
    arena = arena_create();
}

static void teardown(void)
{
    arena_destroy(arena);
}

static Curves example(void)
{
    Curves c = {0};
    for (int i = 1; i <= 10; i++) {
        CurvePoint p = {0.2 * i, 2.0 / i, 1.0 - 0.5 / i, i % 5 == 0 ? 0.8 + 0.01 * i : -1};
        VEC_PUSH(arena, &c.points, p);
    }
    return c;
}

START_TEST(text_round_trip)
{
    Curves c = example(), back;
    StrBuf text = {.arena = arena}, again = {.arena = arena};
    curves_print(&c, &text);
    ck_assert(curves_parse(arena, strbuf_text(&text), &back));
    ck_assert_uint_eq(back.points.count, 10);
    curves_print(&back, &again);
    ck_assert_str_eq(strbuf_text(&text), strbuf_text(&again));
    ck_assert(!curves_parse(arena, "1 2 3\n", &back));
    ck_assert(!curves_parse(arena, "1 2 3 4", &back));
    ck_assert(!curves_parse(arena, "nonsense", &back));
}
END_TEST

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

START_TEST(picture)
{
    Curves c = example();
    StrBuf svg = {.arena = arena};
    chart_picture(&c, "a < b & c", &svg);
    const char *text = strbuf_text(&svg);
    ck_assert_int_eq(count(text, "<polyline"), 4);
    ck_assert_int_eq(count(text, "<svg "), 1);
    ck_assert_int_eq(count(text, "</svg>"), 1);
    ck_assert_ptr_nonnull(strstr(text, "a &lt; b &amp; c"));
    ck_assert_ptr_nonnull(strstr(text, ">test 0.9<"));
    ck_assert_ptr_nonnull(strstr(text, ">epoch<"));
    ck_assert_int_eq(count(text, "nan"), 0);
    ck_assert_int_eq(count(text, "inf"), 0);
}
END_TEST

START_TEST(no_points_is_a_picture_too)
{
    Curves c = {0};
    StrBuf svg = {.arena = arena};
    chart_picture(&c, "nothing yet", &svg);
    ck_assert_int_eq(count(strbuf_text(&svg), "nan"), 0);
    ck_assert_ptr_nonnull(strstr(strbuf_text(&svg), "</svg>"));
}
END_TEST

START_TEST(times)
{
    char text[16];
    progress_format_time(7, text);
    ck_assert_str_eq(text, "0:07");
    progress_format_time(187.4, text);
    ck_assert_str_eq(text, "3:07");
    progress_format_time(3723, text);
    ck_assert_str_eq(text, "1:02:03");
    progress_format_time(1.0 / 0.0, text);
    ck_assert_str_eq(text, "-");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("curves");
    TCase *tc = tcase_create("curves");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, text_round_trip);
    tcase_add_test(tc, picture);
    tcase_add_test(tc, no_points_is_a_picture_too);
    tcase_add_test(tc, times);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
