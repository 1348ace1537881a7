// test_kill.c: runs of `resnetc train` that are killed or asked to stop at random instants: the
// last complete checkpoint is always there, and the run that goes on from it ends with the bits,
// and the log, of one that was left alone. With RN_LONG_TESTS ten times as often. Not here:
// hundreds of kills while a checkpoint is written (runtime/test_kill_save.c).
#include "support/check_main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "tool/train/checkpoint_files.h"
#include "tool/cli/commands.h"
#include "resnetc/random.h"
#include "resnetc/tensor_io.h"
#include "support/tool.h"

#define SIDE 6
#define TRAIN_COUNT 48
#define TEST_COUNT 40
#define STEPS 24   // two epochs of 12
#define FIGURES 48 // columns of the last row that are no times

static Arena *arena;
static char *folder;
static char *home; // the folder where the test was started

static const char *in_folder(const char *name)
{
    return arena_printf(arena, "%s/%s", folder, name);
}

static void prepare(void)
{
    static const char model[] = "model tiny {\n input x[1, 6, 6]\n bn\n global_avgpool\n"
                                " fc: dense(3)\n}\n";
    arena = arena_create();
    folder = tool_folder("kill");
    home = getcwd(NULL, 0);
    tool_write(in_folder("tiny.rn"), model, strlen(model));
    tool_write_idx(in_folder("train-images-idx3-ubyte"), TRAIN_COUNT, SIDE, SIDE, 3);
    tool_write_idx(in_folder("train-labels-idx1-ubyte"), TRAIN_COUNT, 0, 0, 3);
    tool_write_idx(in_folder("t10k-images-idx3-ubyte"), TEST_COUNT, SIDE, SIDE, 3);
    tool_write_idx(in_folder("t10k-labels-idx1-ubyte"), TEST_COUNT, 0, 0, 3);
    ck_assert_int_eq(chdir(folder), 0);
}

static void clean_up(void)
{
    ck_assert_int_eq(chdir(home), 0);
    free(home);
    tool_remove_folder(folder);
    arena_destroy(arena);
}

// A child that trains, as main() would; its output goes to said.txt. With --steps the last scoring
// comes after the last step and is no part of an epoch's end.
static pid_t start(const char *save, const char *log, const char *checkpoints, bool resume,
                   bool steps)
{
    char *argv[40];
    int argc = 0;
    const char *words[] = {"resnetc",
                           "train",
                           "tiny.rn",
                           "--data",
                           ".",
                           "--batch",
                           "4",
                           "--threads",
                           "1",
                           "--momentum",
                           "0.9",
                           steps ? "--steps" : "--epochs",
                           steps ? "24" : "2",
                           "--lr",
                           "0.1",
                           "--save",
                           save,
                           "--log",
                           log,
                           "--checkpoint",
                           checkpoints,
                           "--save-every",
                           "1",
                           resume ? "--resume" : NULL};
    for (size_t i = 0; i < sizeof words / sizeof words[0] && words[i]; i++) {
        argv[argc++] = arena_strdup(arena, words[i]);
    }
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0) {
        return child;
    }
    int said = open("said.txt", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(said, STDOUT_FILENO);
    dup2(said, STDERR_FILENO);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    _exit((int)driver_main(argc, argv));
}

// Its exit code, or minus the signal that ended it.
static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        ck_assert_int_eq(errno, EINTR);
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *said(void)
{
    const char *error = NULL;
    size_t bytes = 0;
    const char *text = file_read(arena, "said.txt", 1 << 20, &bytes, &error);
    return text ? text : error;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void sleep_for(double seconds)
{
    const struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

// The step of the newest checkpoint, which must be whole; 0: there is none.
static long newest_step(const char *checkpoints)
{
    const char *file = NULL;
    if (!file_exists(checkpoints) || tool_count_files(checkpoints) == 0 ||
        checkpoint_newest(arena, checkpoints, &file) != EXIT_OK) {
        return 0;
    }
    RnTensorFile *f = NULL;
    RnError err = {0};
    ck_assert_msg(rn_tensor_file_open(file, &f, &err) == RN_OK, "%s", err.text);
    ck_assert_ptr_nonnull(rn_tensor_file_find(f, "fc.weight"));
    ck_assert_ptr_nonnull(rn_tensor_file_find(f, "optimizer/momentum/fc.weight"));
    rn_tensor_file_close(f);
    return strtol(strstr(file, "step-") + 5, NULL, 10);
}

static void expect_same_file(const char *a, const char *b)
{
    const char *error = NULL;
    size_t m = 0, n = 0;
    const char *x = file_read(arena, a, 1 << 20, &m, &error);
    const char *y = file_read(arena, b, 1 << 20, &n, &error);
    ck_assert_msg(x && y && m == n && memcmp(x, y, m) == 0, "%s and %s differ", a, b);
}

// Every step once, in order.
static void check_log(const char *log)
{
    const char *error = NULL;
    size_t bytes = 0;
    const char *at = file_read(arena, log, 1 << 20, &bytes, &error);
    ck_assert_msg(at != NULL, "%s", error);
    for (long step = 1; step <= STEPS; step++) {
        const char *head = arena_printf(arena, "{\"step\": %ld, ", step);
        ck_assert_msg(strncmp(at, head, strlen(head)) == 0, "no %s at %.60s", head, at);
        at = strchr(at, '\n') + 1;
    }
    ck_assert_int_eq(*at, 0);
}

// Trains once undisturbed; returns its time, and what its last row says.
static double train_whole(const char **row)
{
    double began = now();
    int code = wait_for(start("whole.st", "whole.jsonl", "whole/", false, false));
    ck_assert_msg(code == 0, "%d: %s", code, said());
    double whole = now() - began;
    check_log("whole.jsonl");
    *row = strstr(said(), "\n    2 ");
    ck_assert_msg(*row && strlen(*row) > FIGURES, "%s", said());
    *row = arena_strndup(arena, *row, FIGURES);
    return whole;
}

static int times(int usual)
{
    const char *many = getenv("RN_LONG_TESTS");
    return many && *many ? 10 * usual : usual;
}

// The name of the newest checkpoint, or "": quickly, without a word.
static const char *newest_name(const char *checkpoints)
{
    const char *file = "";
    if (!file_exists(checkpoints) || tool_count_files(checkpoints) == 0) {
        return "";
    }
    return checkpoint_newest(arena, checkpoints, &file) == EXIT_OK ? file : "";
}

// One time in three any instant of the run, else one soon after a step, when the next is written.
static void wait_for_instant(const char *checkpoints, double whole, uint64_t stream, uint64_t i)
{
    double chance = rn_random_uniform(7, stream, 2 * i);
    double part = rn_random_uniform(7, stream, 2 * i + 1);
    if (chance < 1.0 / 3) {
        sleep_for(whole * part);
        return;
    }
    const char *before = newest_name(checkpoints);
    for (double began = now(); now() - began < 4 * whole; sleep_for(0.001)) {
        if (strcmp(newest_name(checkpoints), before) != 0) {
            break;
        }
    }
    sleep_for(0.02 * part);
}

// Runs until a run ends by itself, each ended by the signal at a random instant. Returns how many
// signals that took.
static int disturb(int chain, int with, double whole, const char *row)
{
    const char *save = arena_printf(arena, "%d.st", chain);
    const char *log = arena_printf(arena, "%d.log", chain);
    const char *dir = arena_printf(arena, "%d-%d/", with, chain);
    long reached = 0;
    bool row_said = false;
    for (int i = 0;; i++) {
        pid_t child = start(save, log, dir, reached > 0, chain % 2 == 1);
        wait_for_instant(dir, whole, (uint64_t)(chain + 1000 * with), (uint64_t)i);
        kill(child, with); // it may have ended already
        int code = wait_for(child);
        row_said = row_said || strstr(said(), row);
        long step = newest_step(dir);
        ck_assert_msg(step >= reached, "step %ld after %ld", step, reached);
        reached = step;
        if (code == 0) {
            expect_same_file("whole.st", save);
            check_log(log);
            ck_assert_msg(row_said, "no%s in %s", row, said());
            return i;
        }
        bool asked = code == EXIT_INTERRUPTED && with != SIGKILL;
        ck_assert_msg(asked || code == -with, "%d: %s", code, said());
        if (asked) {
            ck_assert_msg(strstr(said(), "to go on:\n  resnetc train tiny.rn") &&
                              strstr(said(), " --resume\n") && step > 0,
                          "%s", said());
        }
    }
}

static void disturb_often(int with, int usual)
{
    const char *row;
    double whole = train_whole(&row);
    int signals = 0, wanted = times(usual);
    for (int chain = 0; signals < wanted; chain++) {
        signals += disturb(chain, with, whole, row);
    }
    printf("%d signals, %.0f ms for a whole run\n", signals, 1e3 * whole);
}

START_TEST(killed)
{
    disturb_often(SIGKILL, 20);
}
END_TEST

START_TEST(interrupted)
{
    disturb_often(SIGINT, 10);
}
END_TEST

START_TEST(terminated)
{
    disturb_often(SIGTERM, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kill");
    TCase *tc = tcase_create("kill");
    tcase_set_timeout(tc, 400);
    tcase_add_checked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, killed);
    tcase_add_test(tc, interrupted);
    tcase_add_test(tc, terminated);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
