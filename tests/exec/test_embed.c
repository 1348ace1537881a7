// test_embed.c: objects and headers in programs of their own: C99, C++, PIE and not, a shared
// library, two models and several threads. The programs are in embed/; the right answer comes from
// the runtime.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/build.h"
#include "resnetc/runtime.h"
#include "support/tool.h"

#define SOURCES TEST_SOURCE_DIR "/tests/exec/embed"
#define BATCH 3

static ToolRun run;
static char *folder;

static void make_objects(void)
{
    folder = tool_folder("embed");
    tool_run(&run, "cd %s && %s %s/toy.rn -o toy.o && %s %s/other.rn -o other.o", folder, TOOL,
             SOURCES, TOOL, SOURCES);
    ck_assert_msg(run.code == 0, "%s", run.err);
}

static void remove_objects(void)
{
    tool_remove_folder(folder);
}

// The logits as the runtime computes them in this process, as embed/infer.c prints them.
static void expect_logits(const char *printed)
{
    Arena *a = arena_create();
    const BuildRequest request = {.model = SOURCES "/toy.rn",
                                  .plans = {.infer = true, .train = true}};
    Build *b;
    const RnModel *m;
    RnSession *s;
    RnError err;
    ck_assert_int_eq(build_start(a, &request, &b), BUILD_OK);
    ck_assert_int_eq(build_load(b, &m), BUILD_OK);
    RnOptions opt = {.max_batch = BATCH, .threads = 2};
    ck_assert_int_eq(rn_session_open(m, &opt, &s, &err), RN_OK);
    for (uint32_t t = 0; t < m->param_count + m->state_count; t++) {
        const RnTensor *tensor = rn_model_tensor(m, (int32_t)t);
        float *data = rn_tensor_data(s, (int32_t)t);
        for (size_t i = 0; i < rn_tensor_elements(tensor); i++) {
            size_t at = tensor->offset / sizeof(float) + i; // place in the region
            data[i] = t < m->param_count ? (float)(at * 37 % 101) / 200.0f - 0.25f
                                         : 0.5f + (float)(at % 3);
        }
    }
    rn_params_changed(s);
    float images[BATCH * 3 * 13 * 11], logits[BATCH * 5];
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        images[i] = (float)(i * 53 % 97) / 97.0f;
    }
    const float *in = images;
    float *out = logits;
    ck_assert_int_eq(rn_infer(s, &in, BATCH, &out, &err), RN_OK);
    char text[4096] = "";
    for (size_t i = 0; i < sizeof logits / sizeof logits[0]; i++) {
        uint32_t bits;
        memcpy(&bits, &logits[i], sizeof bits);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%08x %g\n", bits,
                 (double)logits[i]);
    }
    ck_assert_str_eq(printed, text);
    rn_session_close(s);
    build_finish(b);
    arena_destroy(a);
}

START_TEST(c99_and_cpp)
{
    static const char *const builds[] = {
        TEST_CC " -std=c99 -O1 -Wall -Wextra -pedantic -Werror -fPIE -pie " SOURCES "/infer.c",
        TEST_CC " -std=c99 -O1 -Wall -Wextra -pedantic -Werror -fno-pie -no-pie " SOURCES
                "/infer.c",
        "c++ -std=c++11 -O1 -Wall -Wextra -pedantic -Werror -x c++ " SOURCES "/infer.c -x none",
        "c++ -std=c++20 -O1 -Wall -Wextra -pedantic -Werror -x c++ " SOURCES "/infer.c -x none",
    };
    for (size_t i = 0; i < sizeof builds / sizeof builds[0]; i++) {
        tool_run(&run, "cd %s && %s -I. toy.o -o infer && ./infer", folder, builds[i]);
        ck_assert_msg(run.code == 0, "%s\n%s", builds[i], run.err);
        expect_logits(run.out);
    }
}
END_TEST

START_TEST(shared_library)
{
    tool_run(&run,
             "cd %s && %s -std=c99 -fPIC -shared -Dmain=toy_in_library -I. %s/infer.c toy.o "
             "-Wl,-z,text -Wl,-z,defs -o libtoy.so && %s %s/use_library.c -L. -ltoy "
             "-Wl,-rpath,'$ORIGIN' -o user && ./user",
             folder, TEST_CC, SOURCES, TEST_CC, SOURCES);
    ck_assert_msg(run.code == 0, "%s", run.err);
    expect_logits(run.out);
}
END_TEST

START_TEST(two_models_and_threads)
{
    tool_run(&run,
             "cd %s && %s -std=c11 -Wall -Wextra -pedantic -Werror -pthread -I. "
             "-I%s/runtime/include %s/threads.c toy.o other.o -o threads && ./threads",
             folder, TEST_CC, TEST_SOURCE_DIR, SOURCES);
    ck_assert_msg(run.code == 0, "%s", run.err);
    ck_assert_str_eq(run.out, "threads agree\n");
}
END_TEST

START_TEST(object_needs_and_exports_little)
{
    tool_run(&run, "nm -g --defined-only %s/toy.o | awk '{print $3}'", folder);
    ck_assert_str_eq(run.out, "rn_model_toy\n");
    tool_run(&run, "nm -u %s/toy.o | awk '{print $2}' | grep -v -e '^memcpy$' -e '^memset$'",
             folder);
    ck_assert_str_eq(run.out, "");
}
END_TEST

START_TEST(chosen_names)
{
    tool_run(&run, "cd %s && %s %s/toy.rn -o my-net.v2.o && grep -c rn_model_my_net my-net.v2.h",
             folder, TOOL, SOURCES);
    ck_assert_msg(run.code == 0, "%s", run.err);
    tool_run(&run, "cd %s && %s --name abc %s/toy.rn -o x.o && nm x.o | grep -w rn_model_abc",
             folder, TOOL, SOURCES);
    ck_assert_msg(run.code == 0, "%s", run.err);
    tool_run(&run, "cd %s && %s --name 'a b' %s/toy.rn -o y.o", folder, TOOL, SOURCES);
    ck_assert_int_eq(run.code, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("embed");
    TCase *tc = tcase_create("programs");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, make_objects, remove_objects);
    tcase_add_test(tc, c99_and_cpp);
    tcase_add_test(tc, shared_library);
    tcase_add_test(tc, two_models_and_threads);
    tcase_add_test(tc, object_needs_and_exports_little);
    tcase_add_test(tc, chosen_names);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
