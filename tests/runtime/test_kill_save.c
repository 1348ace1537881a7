// test_kill_save.c: a process that saves a checkpoint after every step is killed hundreds of times
// at random instants. What it leaves is always a whole checkpoint, never an older one than before,
// and the last process ends with the bits of a run that was left alone.
#include "support/check_main.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "resnetc/checkpoint.h"
#include "resnetc/random.h"
#include "runtime/temp_files.h"
#include "runtime/toy_model.h"

enum { BATCH = 8, STEPS = 40, KILLS = 250 };

typedef struct Run {
    RnModel model;
    RnSession *session;
    RnOptimizer *optimizer;
    RnTrainingPlace place;
} Run;

static void open_run(Run *r)
{
    *r = (Run){.model = toy_model()};
    const RnOptimizerConfig adamw = {.kind = RN_OPTIMIZER_ADAMW,
                                     .beta1 = 0.9,
                                     .beta2 = 0.999,
                                     .epsilon = 1e-8,
                                     .weight_decay = 0.01};
    ck_assert_int_eq(rn_session_open(&r->model, &(RnOptions){.threads = 1}, &r->session, NULL),
                     RN_OK);
    ck_assert_int_eq(rn_optimizer_create(r->session, &adamw, &r->optimizer, NULL), RN_OK);
    rn_init_params(r->session, 5, 0);
}

static void close_run(Run *r)
{
    rn_optimizer_destroy(r->optimizer);
    rn_session_close(r->session);
}

// A step on data that depends on its number alone.
static bool take_step(Run *r)
{
    float x[BATCH * TOY_D];
    uint32_t labels[BATCH];
    for (uint32_t i = 0; i < BATCH * TOY_D; i++) {
        x[i] = toy_value(i + 31 * (uint32_t)r->place.step);
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        labels[i] = (i + (uint32_t)r->place.step) % TOY_K;
    }
    const float *in = x;
    RnTrainBatch b = {.inputs = &in, .labels = labels, .batch = BATCH, .step = r->place.step};
    r->place.step++;
    return rn_forward_backward(r->session, &b, NULL, NULL) == RN_OK &&
           rn_optimizer_step(r->optimizer, r->session, 0.01, NULL) == RN_OK;
}

// The child: goes on from the file, if it is there, to the end, saving every step.
static int train_to_end(const char *path)
{
    Run r;
    open_run(&r);
    if (access(path, F_OK) == 0 &&
        rn_checkpoint_load(path, r.session, r.optimizer, &r.place, NULL) != RN_OK) {
        return 1;
    }
    while (r.place.step < STEPS) {
        if (!take_step(&r) ||
            rn_checkpoint_save(path, r.session, r.optimizer, &r.place, NULL) != RN_OK) {
            return 2;
        }
    }
    close_run(&r);
    return 0;
}

static void run_whole(float weights[TOY_D * TOY_K])
{
    Run r;
    open_run(&r);
    while (r.place.step < STEPS) {
        ck_assert(take_step(&r));
    }
    memcpy(weights, rn_tensor_data(r.session, TOY_T_WEIGHT), TOY_D * TOY_K * sizeof(float));
    close_run(&r);
}

// The step of the checkpoint, which must be whole; its weights.
static uint64_t inspect(const char *path, float weights[TOY_D * TOY_K])
{
    Run r;
    RnError err = {0};
    open_run(&r);
    ck_assert_msg(rn_checkpoint_load(path, r.session, r.optimizer, &r.place, &err) == RN_OK, "%s",
                  err.text);
    memcpy(weights, rn_tensor_data(r.session, TOY_T_WEIGHT), TOY_D * TOY_K * sizeof(float));
    uint64_t step = r.place.step;
    ck_assert_uint_eq(rn_optimizer_steps(r.optimizer), step);
    rn_training_place_free(&r.place);
    close_run(&r);
    return step;
}

// Kills children until one comes to the end; returns how many were killed.
static int kill_until_done(const char *path, uint64_t stream, const float *whole)
{
    uint64_t reached = 0;
    for (int killed = 0;; killed++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            _exit(train_to_end(path));
        }
        double part = rn_random_uniform(3, stream, (uint64_t)killed);
        const struct timespec wait = {0, (long)(part * 2e7)};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        int status = 0;
        while (waitpid(child, &status, 0) < 0) {
            ck_assert_int_eq(errno, EINTR);
        }
        float weights[TOY_D * TOY_K];
        if (access(path, F_OK) == 0) {
            uint64_t step = inspect(path, weights);
            ck_assert_uint_ge(step, reached);
            reached = step;
        }
        if (WIFEXITED(status)) {
            ck_assert_int_eq(WEXITSTATUS(status), 0);
            ck_assert_uint_eq(reached, STEPS);
            ck_assert_int_eq(memcmp(weights, whole, sizeof weights), 0);
            return killed;
        }
        ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    }
}

START_TEST(killed_while_saving)
{
    float whole[TOY_D * TOY_K];
    run_whole(whole);
    const char *many = getenv("RN_LONG_TESTS");
    int killed = 0, wanted = many && *many ? 10 * KILLS : KILLS;
    for (uint64_t chain = 0; killed < wanted; chain++) {
        TempFolder folder = temp_folder();
        char path[128];
        temp_path(&folder, "killed.safetensors", path);
        killed += kill_until_done(path, chain, whole);
        temp_remove(&folder);
    }
    printf("%d processes were killed\n", killed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kill while saving");
    TCase *tc = tcase_create("kill");
    tcase_set_timeout(tc, 400);
    tcase_add_test(tc, killed_while_saving);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
