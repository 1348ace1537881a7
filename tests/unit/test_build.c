// test_build.c: the compiler as a library: models from a text, what a request gives, and how its
// mistakes come back. Nothing of the command line takes part.
#include "support/check_main.h"

#include <string.h>

#include "build/build.h"
#include "resnetc/runtime.h"

#define MODEL                                                                                      \
    "param classes = 3\n"                                                                          \
    "model tiny {\n"                                                                               \
    "  input image[3, 8, 8]\n"                                                                     \
    "  conv(3x3, c=4, pad=1); relu\n"                                                              \
    "  global_avgpool; dense(classes)\n"                                                           \
    "}\n"

static Arena *arena;
static StrBuf heard;

static void listen(void *context, const char *text)
{
    strbuf_add(context, text);
}

static void setup(void)
{
    arena = arena_create();
    heard = (StrBuf){.arena = arena};
}

static void teardown(void)
{
    arena_destroy(arena);
}

static BuildRequest request_for(const char *text)
{
    return (BuildRequest){.model = "tiny.rn",
                          .text = text,
                          .plans = {.infer = true},
                          .listen = listen,
                          .listen_context = &heard};
}

START_TEST(text_becomes_a_model_here)
{
    static const char *const defines[] = {"classes=5"};
    BuildRequest r = request_for(MODEL);
    r.defines = defines;
    r.define_count = 1;
    Build *b;
    const RnModel *m;
    ck_assert_int_eq(build_start(arena, &r, &b), BUILD_OK);
    ck_assert_uint_eq(build_classes(b), 5);
    ck_assert_str_eq(build_name(b), "tiny");
    ck_assert_msg(build_load(b, &m) == BUILD_OK, "%s", build_error(b)->text);
    ck_assert_str_eq(m->name, "tiny");
    ck_assert_uint_eq(rn_model_classes(m), 5);
    ck_assert_ptr_nonnull(strstr(build_header(b), "rn_model_tiny"));
    ck_assert_str_eq(build_depends(b, "tiny.o"), "tiny.o:\n");
    ck_assert_str_eq(strbuf_text(&heard), "");
    build_finish(b);
}
END_TEST

START_TEST(chosen_name_and_texts)
{
    BuildRequest r = request_for(MODEL);
    r.name = "mine";
    r.plans.train = true;
    r.dump_after = "fuse";
    r.explain_kernels = true;
    Build *b;
    ck_assert_int_eq(build_start(arena, &r, &b), BUILD_OK);
    ck_assert_int_eq(build_make_plans(b), BUILD_OK);
    ck_assert_uint_eq(build_plan_count(b), 2);
    ck_assert_int_eq(build_plan(b, 1)->mode, MODE_TRAIN);
    const char *text = strbuf_text(&heard);
    ck_assert_ptr_nonnull(strstr(text, "== fuse (infer, batch 1)"));
    ck_assert_ptr_nonnull(strstr(text, "== kernels (train, batch 1)"));
    size_t bytes = 0;
    text = build_code(b, CODEGEN_LLVM, &bytes);
    ck_assert_ptr_nonnull(strstr(text, "@rn_model_mine"));
    build_finish(b);
}
END_TEST

static void expect_error(const BuildRequest *r, BuildStatus status, bool has_places,
                         const char *text)
{
    Build *b;
    BuildStatus got = build_start(arena, r, &b);
    if (got == BUILD_OK) {
        got = build_make_plans(b);
    }
    ck_assert_int_eq(got, status);
    const BuildError *error = build_error(b);
    ck_assert_int_eq(error->status, status);
    ck_assert_int_eq(error->has_places, has_places);
    ck_assert_msg(strstr(error->text, text) != NULL, "%s", error->text);
    build_finish(b);
}

START_TEST(mistakes_come_back)
{
    BuildRequest r = request_for("model tiny {\n  input image[3, 8, 8]\n  cnov(3x3, c=4)\n}\n");
    expect_error(&r, BUILD_MODEL, true, "tiny.rn:3:3: error: ");
    r = request_for(MODEL);
    r.target = "vax";
    expect_error(&r, BUILD_USAGE, false, "'vax' is unknown");
    r = request_for(NULL);
    r.model = "/nowhere/tiny.rn";
    expect_error(&r, BUILD_ENVIRONMENT, false, "/nowhere/tiny.rn: cannot open: No such file");
    r = request_for("model tiny {\n  input image[3, 8, 8]\n  conv(3x3, c=4)\n}\n");
    r.plans.train = true;
    expect_error(&r, BUILD_MODEL, false, "tiny.rn cannot be trained: ");
}
END_TEST

START_TEST(training_left_out_is_told)
{
    BuildRequest r = request_for("model tiny {\n  input image[3, 8, 8]\n  conv(3x3, c=4)\n}\n");
    r.plans.train = r.plans.train_optional = true;
    Build *b;
    ck_assert_int_eq(build_start(arena, &r, &b), BUILD_OK);
    ck_assert_int_eq(build_make_plans(b), BUILD_OK);
    ck_assert_uint_eq(build_plan_count(b), 1);
    ck_assert_ptr_nonnull(strstr(strbuf_text(&heard), "tiny.rn has no training code: "));
    build_finish(b);
}
END_TEST

START_TEST(texts_have_the_limit_of_files)
{
    size_t bytes = (1u << 20) + 1;
    char *text = arena_alloc(arena, bytes + 1);
    memset(text, ' ', bytes);
    text[bytes] = 0;
    BuildRequest r = request_for(text);
    expect_error(&r, BUILD_MODEL, true, "tiny.rn: larger than the limit of 1048576 bytes");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("build");
    TCase *tc = tcase_create("request");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, text_becomes_a_model_here);
    tcase_add_test(tc, chosen_name_and_texts);
    tcase_add_test(tc, mistakes_come_back);
    tcase_add_test(tc, training_left_out_is_told);
    tcase_add_test(tc, texts_have_the_limit_of_files);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
