// test_shipped.c: the shipped models: exact parameter counts, their four params, the chapter's
// shape table, the memory of a session.
#include "support/check_main.h"

#include <stdlib.h>
#include <string.h>

#include "base/textfile.h"
#include "build/build.h"
#include "tool/emit/summary.h"
#include "passes/plan.h"
#include "resnetc/runtime.h"

typedef struct Count {
    const char *model;
    uint64_t params;
} Count;

// Trainable parameters with each file's own defaults.
static const Count count_table[] = {
    {"resnet18", 11689512},
    {"resnet34", 21797672},
    {"resnet26", 15995176},
    {"resnet50", 25557032},
    {"resnet50_v1", 25557032},
    {"resnet101", 44549160},
    {"resnet152", 60192808},
    {"resnet200", 64673832},
    {"resnext50_32x4d", 25028904},
    {"resnext101_32x8d", 88791336},
    {"resnext101_64x4d", 83455272},
    {"resnetv2_18", 11687720},
    {"resnetv2_34", 21795880},
    {"resnetv2_50", 25549352},
    {"resnetv2_101", 44541480},
    {"resnetv2_152", 60185128},
    {"resnetv2_200", 64666152},
    {"resnetv2_50d", 25568584},
    {"resnetv2_101d", 44560712},
    {"resnet18d", 11708744},
    {"resnet26d", 16014408},
    {"resnet34d", 21816904},
    {"resnet50d", 25576264},
    {"resnet101d", 44568392},
    {"resnet152d", 60212040},
    {"wide_resnet50_2", 68883240},
    {"wide_resnet101_2", 126886696},
    {"seresnet18", 11779624},
    {"seresnet34", 21960416},
    {"seresnet50", 28088024},
    {"seresnet101", 49326872},
    {"seresnet152", 66821848},
    {"seresnext50_32x4d", 27559896},
    {"cifar_resnet20", 269722},
    {"cifar_resnet32", 464154},
    {"cifar_resnet44", 658586},
    {"cifar_resnet56", 853018},
    {"cifar_resnet110", 1727962},
    {"cifar_resnet1202", 19421274},
    {"cifar_resnet20_b", 272474},
    {"preact_resnet164", 1703258},
    {"preact_resnet1001", 10327706},
    {"preact_resnet50_fb", 25556008},
    {"preact_resnet50_tf", 25549352},
    {"preact_resnet50_keras", 25568360},
    {"wrn_16_8", 10961370},
    {"wrn_28_10", 36479194},
    {"wrn_40_4", 8949210},
    {"resnext29_8x64d", 34426698},
    {"resnext29_16x64d", 68155210},
    {"d2l_resnet18", 11178378},
    {"d2l_resnet18_tf", 11178378},
    {"d2l_resnet34", 21290250},
    {"d2l_resnet50", 23541130},
    {"d2l_resnet101", 42559370},
    {"d2l_resnet152", 58226058},
    {"residual_demo", 180},
    {"residual_demo_stride2", 546},
};

// Builds a model with these params. The graph lives in the arena.
static const Graph *build(Arena *a, const char *model, const char *const *defines, uint32_t count)
{
    const BuildRequest request = {.model = model, .defines = defines, .define_count = count};
    Build *b;
    ck_assert_msg(build_start(a, &request, &b) == BUILD_OK, "%s", model);
    return build_graph(b);
}

START_TEST(counts)
{
    for (size_t i = 0; i < sizeof count_table / sizeof count_table[0]; i++) {
        Arena *a = arena_create();
        uint64_t params = summary_params(build(a, count_table[i].model, NULL, 0));
        ck_assert_msg(params == count_table[i].params, "%s: %llu parameters, not %llu",
                      count_table[i].model, (unsigned long long)params,
                      (unsigned long long)count_table[i].params);
        arena_destroy(a);
    }
}
END_TEST

START_TEST(every_file_takes_the_four_params)
{
    static const char *const words[] = {"classes=7", "channels=2", "height=64", "width=96"};
    ck_assert_uint_gt(shipped_models_table_count, 50);
    for (size_t i = 0; i < shipped_models_table_count; i++) {
        Arena *a = arena_create();
        const Graph *g = build(a, shipped_models_table[i].name, words, 4);
        const Shape *in = &g->inputs.at[0]->shape, *out = &g->outputs.at[0]->shape;
        ck_assert_int_eq(in->dim[1], 2);
        ck_assert_int_eq(in->dim[2], 64);
        ck_assert_int_eq(in->dim[3], 96);
        ck_assert_msg(out->rank == 2 && out->dim[1] == 7, "%s", shipped_models_table[i].name);
        arena_destroy(a);
    }
}
END_TEST

// d2l.ai's table for a 1x1x224x224 picture: stem, four stages, pooling, dense.
START_TEST(shape_table_of_the_chapter)
{
    static const char *const words[] = {"height=224", "width=224"};
    static const char *const rows[][2] = {
        {"maxpool ", "64x56x56"}, {"layer1 ", "64x56x56"}, {"layer2 ", "128x28x28"},
        {"layer3 ", "256x14x14"}, {"layer4 ", "512x7x7"},  {"global_avgpool ", "512x1x1"},
        {"fc ", " 10 "},
    };
    Arena *a = arena_create();
    StrBuf text = {.arena = a};
    summary_print(build(a, "d2l_resnet18", words, 2), &text);
    const char *at = strstr(strbuf_text(&text), "\npart ");
    ck_assert_ptr_nonnull(at);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        at = strstr(at, arena_printf(a, "\n%s", rows[i][0]));
        ck_assert_msg(at != NULL, "%s", rows[i][0]);
        const char *line = arena_strndup(a, at + 1, strcspn(at + 1, "\n"));
        ck_assert_msg(strstr(line, rows[i][1]) != NULL, "%s", line);
    }
    ck_assert_ptr_nonnull(strstr(at, "\ntrainable parameters: 11,178,378\n"));
    arena_destroy(a);
}
END_TEST

// The largest scratch of prepare steps, which have no place for it.
static uint64_t prepare_scratch(const RnModel *m)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < m->prepare_count; i++) {
        const RnStep *step = RN_AT(RnStep, m->prepare, m->prepare_stride, i);
        uint64_t bytes = rn_step_kernel(m, step)->scratch_bytes;
        most = bytes > most ? bytes : most;
    }
    return plan_round_up(most);
}

static uint64_t session_arena(const RnModel *m, unsigned threads)
{
    RnSession *s = NULL;
    RnError err = {0};
    RnOptions options = {.modes = RN_MODE_INFER, .max_batch = 1, .threads = threads};
    ck_assert_msg(rn_session_open(m, &options, &s, &err) == RN_OK, "%s", err.text);
    uint64_t bytes = 0;
    rn_session_region(s, RN_REGION_ARENA, &bytes);
    rn_session_close(s);
    return bytes;
}

// ResNet-18 with a plan for one picture, and for 64 where that is asked for.
static const RnModel *load(Arena *a, bool for_many, Build **b)
{
    static const uint32_t batches[] = {1, 64};
    const BuildRequest request = {
        .model = "resnet18",
        .plans = {.infer = true, .batches = batches, .batch_count = for_many ? 2 : 1}};
    const RnModel *m;
    ck_assert_int_eq(build_start(a, &request, b), BUILD_OK);
    ck_assert_int_eq(build_load(*b, &m), BUILD_OK);
    ck_assert_uint_eq(m->plan_count, for_many ? 2 : 1);
    return m;
}

// One picture at a time, whatever other plans the model has.
START_TEST(sessions_take_what_the_plan_says)
{
    Arena *a = arena_create();
    Build *b;
    const RnModel *m = load(a, _i == 1, &b);
    const Graph *g = build_plan(b, 0);
    uint64_t worker = plan_round_up(plan_scratch(g)), prepare = prepare_scratch(m);
    ck_assert_uint_gt(worker, 0);
    worker = prepare > worker ? prepare : worker;
    ck_assert_uint_eq(session_arena(m, 1), plan_total(g) + prepare);
    ck_assert_uint_eq(session_arena(m, 3), plan_total(g) + prepare + 2 * worker);
    build_finish(b);
    arena_destroy(a);
}
END_TEST

enum { PICTURES = 2, CLASSES = 1000 };

// Logits of two pictures, which the plan for one serves too.
static void infer_two(const RnModel *m, unsigned threads, float y[PICTURES * CLASSES])
{
    static float x[PICTURES * 3 * 224 * 224];
    for (uint32_t i = 0; i < sizeof x / sizeof *x; i++) {
        x[i] = (float)(i * 2654435761u >> 16) / 65536.0f - 0.5f;
    }
    RnSession *s = NULL;
    RnError err = {0};
    RnOptions options = {.max_batch = PICTURES, .threads = threads};
    ck_assert_msg(rn_session_open(m, &options, &s, &err) == RN_OK, "%s", err.text);
    rn_init_params(s, 1, 0);
    const float *in = x;
    ck_assert_int_eq(rn_infer(s, &in, PICTURES, &y, NULL), RN_OK);
    rn_session_close(s);
}

// Scratch in the arena spoils nothing there: the bits are those of scratch elsewhere.
START_TEST(bits_do_not_depend_on_where_scratch_lies)
{
    static float elsewhere[PICTURES * CLASSES], y[PICTURES * CLASSES];
    Arena *a = arena_create();
    Build *b;
    RnModel m = *load(a, false, &b);
    RnPlan apart = *m.plans;
    const RnPlan *placed = m.plans;
    ck_assert_uint_eq(apart.flags, RN_PLAN_SCRATCH_PLACED);
    apart.flags = 0;
    m.plans = &apart;
    infer_two(&m, 1, elsewhere);
    m.plans = placed;
    for (unsigned threads = 1; threads <= 3; threads++) {
        infer_two(&m, threads, y);
        ck_assert_msg(memcmp(y, elsewhere, sizeof y) == 0, "%u threads", threads);
    }
    build_finish(b);
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shipped");
    TCase *tc = tcase_create("models");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, counts);
    tcase_add_test(tc, every_file_takes_the_four_params);
    tcase_add_test(tc, shape_table_of_the_chapter);
    tcase_add_loop_test(tc, sessions_take_what_the_plan_says, 0, 2);
    tcase_add_test(tc, bits_do_not_depend_on_where_scratch_lies);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
