// test_embedded_weights.c: objects that hold their weights, packed or plain: the same bits as with
// a weights file, in programs of C and C++ and in sessions; what is refused.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/build.h"
#include "build/loaded_object.h"
#include "resnetc/runtime.h"
#include "support/in_folder.h"

#define SOURCES TEST_SOURCE_DIR "/tests/exec/embed"
#define TOY SOURCES "/toy.rn"
#define BATCH 6
#define CLASSES 5

static float pictures[BATCH * 3 * 13 * 11];

// Weights that training has moved, pictures, and the logits of the two by `resnetc run`.
static void prepare(void)
{
    enter_folder("embedded");
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        pictures[i] = (float)(i * 53 % 97) / 97.0f;
    }
    RnShape shape = {4, {BATCH, 3, 13, 11}};
    ck_assert_int_eq(rn_npy_write_f32(in_folder("x.npy"), &shape, pictures, NULL), RN_OK);
    write_labels("l.npy", BATCH, 0);
    tool_write(in_folder("x.raw"), (const char *)pictures, sizeof pictures);
    RESNETC("train " TOY
            " --data x.npy,l.npy --steps 3 --lr 0.1 --seed 3 --save w.safetensors && " TOOL
            " run " TOY " --weights w.safetensors --plan-for batch=6 --input x.npy "
            "--output y.npy && tail -c 120 y.npy > y.raw && " TOOL " " TOY
            " --weights w.safetensors --plan-for batch=6 -o toy.o");
    ck_assert_msg(run.code == 0, "%s", run.err);
}

#define C99 TEST_CC " -std=c99 -O1 -Wall -Wextra -pedantic -Werror -I. "
#define CPP "c++ -std=c++11 -O1 -Wall -Wextra -pedantic -Werror -I. "

START_TEST(programs)
{
    SHELL(C99 SOURCES "/predict.c toy.o -o c && ./c < x.raw | cmp - y.raw");
    expect(0, NULL);
    SHELL(CPP "-x c++ " SOURCES "/predict.c -x none toy.o -o cpp && ./cpp < x.raw | cmp - y.raw");
    expect(0, NULL);
    SHELL("grep -c toy_prepare toy.h");
    expect(1, "0");
    SHELL("nm -u toy.o | awk '{print $2}' | grep -v -e '^memcpy$' -e '^memset$'");
    ck_assert_str_eq(run.out, "");
}
END_TEST

START_TEST(two_models)
{
    SHELL("sed 's/model toy/model other/' " TOY " > other.rn && " TOOL
          " train other.rn --data x.npy,l.npy --steps 1 --seed 9 --save o.safetensors && " TOOL
          " other.rn --weights o.safetensors -o other.o && " C99 "-DWITH_OTHER " SOURCES
          "/predict.c toy.o other.o -o two && ./two < x.raw | cmp - y.raw");
    expect(0, NULL);
}
END_TEST

START_TEST(plain)
{
    SHELL("mkdir -p p && " TOOL " " TOY
          " --weights w.safetensors --embed=plain --plan-for batch=6 -o p/toy.o && "
          "cd p && " C99 "-DPLAIN " SOURCES "/predict.c toy.o -o c && ./c < ../x.raw | "
          "cmp - ../y.raw");
    expect(0, NULL);
    // Training starts from the weights: bind copies them to where they can change.
    RESNETC(TOY " --weights w.safetensors --mode both --plan-for batch=6 -o p/toy.o && "
                "cd p && grep -c 'memcpy(next, r->initial' toy.h && " CPP "-DPLAIN -x c++ " SOURCES
                "/predict.c -x none toy.o -o c && ./c < ../x.raw | cmp - ../y.raw");
    expect(0, NULL);
}
END_TEST

static RnStatus fill(void *path, RnSession *s, RnError *err)
{
    return rn_weights_load(s, path, err);
}

// Builds in this process, opens what it gives and checks the logits. The weights are read by the
// compiler, or by a callback.
static void check_session(BuildRequest request, unsigned flags, bool by_callback)
{
    static const uint32_t batch = BATCH;
    Arena *a = arena_create();
    Build *b;
    const RnModel *m;
    const char *error;
    request.model = TOY;
    request.plans.infer = true;
    request.plans.batches = &batch;
    request.plans.batch_count = 1;
    request.weights = by_callback ? NULL : in_folder("w.safetensors");
    request.fill_weights = by_callback ? fill : NULL;
    request.fill_context = arena_strdup(a, in_folder("w.safetensors"));
    ck_assert_int_eq(build_start(a, &request, &b), BUILD_OK);
    ck_assert_int_eq(build_make_plans(b), BUILD_OK);
    ck_assert_msg(build_embed_weights(b) == BUILD_OK, "%s", build_error(b)->text);
    size_t bytes;
    const void *object = build_code(b, CODEGEN_OBJECT, &bytes);
    LoadedObject *loaded = object_load(a, object, bytes, "toy", &m, &error);
    ck_assert_msg(loaded != NULL, "%s", error);
    ck_assert_uint_eq(m->flags, flags);
    RnSession *s = NULL;
    RnError err = {0};
    ck_assert_msg(rn_session_open(m, &(RnOptions){.threads = 2}, &s, &err) == RN_OK, "%s",
                  err.text);
    RnNpy want;
    ck_assert_int_eq(rn_npy_read(in_folder("y.npy"), RN_NPY_FLOAT, &want, NULL), RN_OK);
    float logits[BATCH * CLASSES], *out = logits;
    const float *in = pictures;
    ck_assert_int_eq(rn_infer(s, &in, BATCH, &out, &err), RN_OK);
    ck_assert(memcmp(logits, want.f32, sizeof logits) == 0);
    rn_npy_free(&want);
    rn_session_close(s);
    object_unload(loaded);
    build_finish(b);
    arena_destroy(a);
}

START_TEST(sessions)
{
    const BuildRequest packed = {.embedding = BUILD_EMBED_PACKED},
                       plain = {.embedding = BUILD_EMBED_PLAIN},
                       both = {.embedding = BUILD_EMBED_PLAIN, .plans = {.train = true}};
    check_session(packed, RN_MODEL_WEIGHTS_PACKED, false);
    check_session(packed, RN_MODEL_WEIGHTS_PACKED, true);
    check_session(plain, RN_MODEL_WEIGHTS_PLAIN, false);
    check_session(both, RN_MODEL_WEIGHTS_PLAIN, true);
}
END_TEST

START_TEST(same_object_again)
{
    SHELL("mkdir -p again && " TOOL " " TOY
          " --weights w.safetensors --plan-for batch=6 -o again/toy.o && "
          "cmp toy.o again/toy.o && cmp toy.h again/toy.h");
    expect(0, NULL);
}
END_TEST

START_TEST(refused)
{
    int before = tool_count_files(folder);
    RESNETC(TOY " --weights none.safetensors -o n.o");
    expect(3, "none.safetensors");
    RESNETC(TOY " -D classes=6 --weights w.safetensors -o n.o");
    expect(1, "fc.weight is F32 [5, ");
    RESNETC(TOY " -D classes=6 --weights w.safetensors --embed=plain -o n.o");
    expect(1, "fc.weight is F32 [5, ");
    RESNETC(TOY " --weights x.npy -o n.o");
    expect(1, "x.npy");
    RESNETC(TOY " --weights w.safetensors --emit=plan");
    expect(2, "--weights become part of an object");
    RESNETC(TOY " --weights w.safetensors --mode both --embed=packed -o n.o");
    expect(2, "--embed=packed is for --mode infer");
    RESNETC(TOY " --embed=plain -o n.o");
    expect(2, "--embed needs --weights");
    RESNETC(TOY " --weights w.safetensors -o w.safetensors");
    expect(2, "would write over the weights");
    RESNETC(TOY " --weights w.safetensors --target aarch64 -o n.o");
    expect(3, "--embed=plain leaves packing to that machine");
    ck_assert_int_eq(tool_count_files(folder), before);
    RESNETC(TOY " --weights w.safetensors --target aarch64 --embed=plain -o arm.o");
    expect(0, NULL);
}
END_TEST

// A tensor that the file lacks is named, and no object is left.
START_TEST(missing_tensor)
{
    RnTensorFile *file;
    RnFileTensor list[256];
    size_t count = 0;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("w.safetensors"), &file, NULL), RN_OK);
    for (size_t i = 0; i < rn_tensor_file_count(file); i++) {
        if (strcmp(rn_tensor_file_at(file, i)->name, "layer1.1.bn2.running_var") != 0) {
            list[count++] = *rn_tensor_file_at(file, i);
        }
    }
    ck_assert_uint_eq(count + 1, rn_tensor_file_count(file));
    ck_assert_int_eq(
        rn_tensor_file_write(in_folder("less.safetensors"), list, count, NULL, 0, NULL), RN_OK);
    rn_tensor_file_close(file);
    RESNETC(TOY " --weights less.safetensors -o less.o");
    expect(1, "less.safetensors: tensor layer1.1.bn2.running_var is missing");
    ck_assert(!tool_exists(in_folder("less.o")) && !tool_exists(in_folder("less.h")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("embedded_weights");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, programs);
    tcase_add_test(tc, two_models);
    tcase_add_test(tc, plain);
    tcase_add_test(tc, sessions);
    tcase_add_test(tc, same_object_again);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, missing_tensor);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
