// test_trace.c: --trace: a file that JSON readers accept, in the trace-event format, with every
// step of every pass, all of its tasks and its arithmetic, and no thread in two places at once.
#include "support/check_main.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/tensor_io.h"
#include "support/tool.h"

#define TOY TEST_SOURCE_DIR "/tests/exec/embed/toy.rn"
#define THREADS 3

static ToolRun run;
static char *folder;

static void prepare(void)
{
    folder = tool_folder("trace");
    char path[1024];
    RnShape shape = {4, {6, 3, 13, 11}}, one = {1, {6}};
    float *x = calloc(6 * 3 * 13 * 11, sizeof *x);
    int64_t labels[6] = {0, 1, 2, 3, 4, 0};
    snprintf(path, sizeof path, "%s/x.npy", folder);
    ck_assert_int_eq(rn_npy_write_f32(path, &shape, x, NULL), RN_OK);
    snprintf(path, sizeof path, "%s/l.npy", folder);
    ck_assert_int_eq(rn_npy_write_i64(path, &one, labels, NULL), RN_OK);
    free(x);
}

static void clean_up(void)
{
    tool_remove_folder(folder);
}

static cJSON *trace_of(const char *arguments)
{
    tool_run(&run, "cd %s && %s %s --threads %d --trace t.json && cat t.json > /dev/null", folder,
             TOOL, arguments, THREADS);
    ck_assert_msg(run.code == 0, "%s", run.err);
    char path[1024];
    snprintf(path, sizeof path, "%s/t.json", folder);
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    static char text[1 << 22];
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    ck_assert_uint_lt(n, sizeof text - 1);
    text[n] = 0;
    cJSON *json = cJSON_Parse(text);
    ck_assert_msg(json, "no JSON: %.300s", text);
    return json;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(object, key);
    ck_assert_msg(cJSON_IsNumber(item), "no number %s", key);
    return item->valuedouble;
}

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(object, key);
    ck_assert_msg(cJSON_IsString(item) && item->valuestring[0], "no text %s", key);
    return item->valuestring;
}

typedef struct Totals {
    int steps, threads, processes, updates, batches;
    double gflop, shares; // shares: sum of tasks / of_tasks
} Totals;

static void add_event(Totals *t, const cJSON *event, double *free_at)
{
    ck_assert_double_eq(number(event, "pid"), 1);
    if (strcmp(text(event, "ph"), "M") == 0) {
        ck_assert_str_ne(text(cJSON_GetObjectItem(event, "args"), "name"), "");
        t->threads += strcmp(text(event, "name"), "thread_name") == 0;
        t->processes += strcmp(text(event, "name"), "process_name") == 0;
        return;
    }
    ck_assert_str_eq(text(event, "ph"), "X");
    int thread = (int)number(event, "tid") - 1; // viewers have no thread 0
    ck_assert_int_ge(thread, 0);
    ck_assert_int_lt(thread, THREADS);
    ck_assert_double_ge(number(event, "ts"), free_at[thread] - 0.002); // rounded to ns
    ck_assert_double_ge(number(event, "dur"), 0);
    free_at[thread] = number(event, "ts") + number(event, "dur");
    const cJSON *args = cJSON_GetObjectItem(event, "args");
    if (!args) {
        t->updates += strcmp(text(event, "name"), "update") == 0;
        t->batches += strcmp(text(event, "name"), "read batch") == 0;
        return;
    }
    t->steps++;
    ck_assert_str_ne(text(args, "layer"), "");
    ck_assert_str_ne(text(args, "kernel"), "");
    ck_assert(strncmp(text(event, "name"), text(args, "layer"), strlen(text(args, "layer"))) == 0);
    t->gflop += number(args, "GFLOP");
    t->shares += number(args, "tasks") / number(args, "of_tasks");
}

static Totals totals_of(const char *arguments)
{
    cJSON *json = trace_of(arguments);
    Totals t = {0};
    double free_at[THREADS] = {0};
    const cJSON *event;
    cJSON_ArrayForEach(event, cJSON_GetObjectItem(json, "traceEvents"))
    {
        add_event(&t, event, free_at);
    }
    cJSON_Delete(json);
    ck_assert_int_eq(t.threads, THREADS);
    ck_assert_int_eq(t.processes, 1);
    ck_assert_int_gt(t.steps, 5);
    ck_assert_double_gt(t.gflop, 0);
    // every step was run whole, however many threads took part
    ck_assert_double_eq_tol(t.shares, round(t.shares), 1e-6);
    return t;
}

// Passes over the plan: the same work each time.
START_TEST(bench_records_its_passes)
{
    Totals one = totals_of("bench " TOY " --batch 4 --repeats 1 --warmup 0");
    Totals three = totals_of("bench " TOY " --batch 4 --repeats 9 --warmup 0");
    ck_assert_double_eq_tol(three.gflop, 3 * one.gflop, 1e-4 * three.gflop);
    ck_assert_double_eq_tol(three.shares, 3 * one.shares, 1e-3);
    Totals train = totals_of("bench " TOY " --mode train --batch 4 --repeats 2 --warmup 0");
    ck_assert_int_eq(train.updates, 2);
    ck_assert_double_gt(train.gflop, 4 * one.gflop);
}
END_TEST

START_TEST(train_and_run_record)
{
    Totals t = totals_of("train " TOY " --data x.npy,l.npy --batch 3 --steps 4 --save w.st");
    ck_assert_int_eq(t.updates, 4);
    ck_assert_int_eq(t.batches, 4);
    totals_of("run " TOY " --weights w.st --input x.npy --output y.npy --batch 2");
}
END_TEST

START_TEST(unwritable_file_is_told)
{
    tool_run(&run, "cd %s && %s bench %s --repeats 1 --trace missing/t.json", folder, TOOL, TOY);
    ck_assert_int_eq(run.code, 3);
    ck_assert_msg(strstr(run.err, "missing/t.json"), "%s", run.err);
}
END_TEST

// The profile names lines of the file with their text.
START_TEST(profile_shows_lines)
{
    tool_run(&run, "%s bench %s --repeats 1 --warmup 0 --profile", TOOL, TOY);
    ck_assert_int_eq(run.code, 0);
    ck_assert_msg(strstr(run.out, "%") && strstr(run.out, "    6  conv1: conv(3x3, c=19"), "%s",
                  run.out);
    ck_assert_msg(strstr(run.out, "    9  layer1: { residual(c=19)"), "%s", run.out);
    // a member of a family: the lines are those of the family's file
    tool_run(&run, "%s bench cifar_resnet20 --repeats 1 --warmup 0 --profile", TOOL);
    ck_assert_msg(run.code == 0 && strstr(run.out, "  linear: dense(classes)"), "%s", run.out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tc = tcase_create("trace");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, bench_records_its_passes);
    tcase_add_test(tc, train_and_run_record);
    tcase_add_test(tc, unwritable_file_is_told);
    tcase_add_test(tc, profile_shows_lines);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
