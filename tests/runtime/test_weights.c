// test_weights.c: weights in other types and under other names: conversion, rename tables, a new
// head, weights that an object holds.
#include "support/check_main.h"

#include <math.h>
#include <stdint.h>

#include "resnetc/weights.h"
#include "runtime/tensors/name_map.h"
#include "runtime/tensors/tensor_convert.h"
#include "runtime/temp_files.h"
#include "runtime/toy_model.h"

static float weight[(TOY_K + 1) * TOY_D], bias[TOY_K + 2], mean[TOY_D];

// fc.weight, fc.bias, bn.running_mean with the numbers 1, 2, 3, ...
static void fill(RnFileTensor list[3], uint64_t classes)
{
    for (size_t i = 0; i < sizeof weight / sizeof *weight; i++) {
        weight[i] = (float)(i + 1);
    }
    for (size_t i = 0; i < sizeof bias / sizeof *bias; i++) {
        bias[i] = (float)(i + 1) / 4;
    }
    for (size_t i = 0; i < TOY_D; i++) {
        mean[i] = -(float)(i + 1);
    }
    list[0] = (RnFileTensor){.name = "fc.weight",
                             .dtype = "F32",
                             .shape = {2, {classes, TOY_D}},
                             .data = weight,
                             .bytes = (size_t)classes * TOY_D * 4};
    list[1] = (RnFileTensor){.name = "fc.bias",
                             .dtype = "F32",
                             .shape = {1, {classes}},
                             .data = bias,
                             .bytes = (size_t)classes * 4};
    list[2] = (RnFileTensor){.name = "bn.running_mean",
                             .dtype = "F32",
                             .shape = {1, {TOY_D}},
                             .data = mean,
                             .bytes = TOY_D * 4};
}

typedef struct Kept {
    int count;
    char text[200];
} Kept;

static void note_kept(void *context, const char *name, const RnTensor *tensor, const RnShape *found)
{
    Kept *kept = context;
    ck_assert_uint_eq(tensor->role, RN_ROLE_PARAM);
    char shape[64];
    size_t used = strlen(kept->text);
    kept->count++;
    snprintf(kept->text + used, sizeof kept->text - used, "%s %s;", name,
             rn_shape_text(found, shape, sizeof shape));
}

// Loads the list into a session whose parameters are all 7, with a rename table of this text (NULL:
// none). text: what the error must hold, NULL: none.
static RnSession *load(const RnModel *m, const RnFileTensor *list, size_t n, const char *map,
                       RnWeightsOptions options, const char *text)
{
    TempFolder folder = temp_folder();
    char path[128], map_path[128];
    RnSession *s = NULL;
    RnError err = {0};
    ck_assert_int_eq(rn_session_open(m, &(RnOptions){.threads = 1}, &s, NULL), RN_OK);
    for (int k = 0; k < TOY_K; k++) {
        rn_tensor_data(s, TOY_T_BIAS)[k] = 7;
    }
    ck_assert_int_eq(rn_tensor_file_write(temp_path(&folder, "w", path), list, n, NULL, 0, NULL),
                     RN_OK);
    if (map) {
        temp_write(temp_path(&folder, "map", map_path), map, strlen(map));
        options.map = map_path;
    }
    RnStatus status = rn_weights_load_with(s, path, &options, &err);
    ck_assert_msg(status == (text ? RN_ERR_INPUT : RN_OK), "%s", err.text);
    ck_assert_msg(!text || strstr(err.text, text), "'%s' is not in: %s", text, err.text);
    if (text) {
        ck_assert(rn_tensor_data(s, TOY_T_BIAS)[0] == 7); // unchanged
    }
    temp_remove(&folder);
    return s;
}

static void check_load(const RnFileTensor *list, size_t n, const char *map, const char *text)
{
    const RnModel m = toy_model();
    RnSession *s = load(&m, list, n, map, (RnWeightsOptions){0}, text);
    for (int k = 0; !text && k < TOY_K; k++) {
        ck_assert(rn_tensor_data(s, TOY_T_BIAS)[k] == bias[k]);
        ck_assert(rn_tensor_data(s, TOY_T_MEAN)[k] == mean[k]);
        ck_assert(rn_tensor_data(s, TOY_T_WEIGHT)[k] == weight[k]);
    }
    rn_session_close(s);
}

// Every float16 against the definition: sign * 2^(e - 15) * (1 + f / 1024), subnormals f * 2^-24.
START_TEST(every_half)
{
    for (uint32_t h = 0; h < 65536; h++) {
        uint16_t half = (uint16_t)h;
        float x = 0;
        rni_tensor_to_f32(&(RnFileTensor){.dtype = "F16", .data = &half, .bytes = 2}, &x);
        int e = (int)(h >> 10 & 31), f = (int)(h & 1023);
        double sign = h >> 15 ? -1 : 1;
        if (e == 31 && f) {
            ck_assert(isnan(x));
            continue;
        }
        double want = e == 31 ? (double)INFINITY : ldexp(e ? 1024 + f : f, (e ? e : 1) - 25);
        ck_assert_msg((double)x == sign * want && !signbit(x) == !(h >> 15), "%x: %g", h,
                      (double)x);
        uint32_t bits;
        rni_tensor_to_f32(&(RnFileTensor){.dtype = "BF16", .data = &half, .bytes = 2}, &x);
        memcpy(&bits, &x, sizeof bits);
        ck_assert_uint_eq(bits, h << 16);
    }
}
END_TEST

START_TEST(other_types_are_converted)
{
    static const uint16_t f16[TOY_K] = {0x3400, 0x3800, 0x3A00, 0x3C00, 0x3D00};
    static const uint16_t bf16[TOY_D] = {0xBF80, 0xC000, 0xC040, 0xC080, 0xC0A0, 0xC0C0,
                                         0xC0E0, 0xC100, 0xC110, 0xC120, 0xC130, 0xC140};
    double wide[TOY_K * TOY_D];
    RnFileTensor list[3];
    fill(list, TOY_K);
    for (size_t i = 0; i < TOY_K * TOY_D; i++) {
        wide[i] = (double)weight[i] * (1 + 0x1p-30); // rounds to the float
    }
    list[0].dtype = "F64";
    list[0].data = wide;
    list[0].bytes = sizeof wide;
    list[1].dtype = "F16";
    list[1].data = f16;
    list[1].bytes = sizeof f16;
    list[2].dtype = "BF16";
    list[2].data = bf16;
    list[2].bytes = sizeof bf16;
    check_load(list, 3, NULL, NULL);
    wide[17] = 1e39;
    check_load(list, 3, NULL, "tensor fc.weight holds a number that float32 cannot hold");
    wide[17] = (double)INFINITY;
    check_load(list, 3, NULL, "tensor fc.weight: element 17 is inf, not a finite number");
    wide[17] = (double)NAN;
    check_load(list, 3, NULL, "tensor fc.weight: element 17 is nan, not a finite number");
    wide[17] = 1;
    mean[3] = -INFINITY;
    list[2] = (RnFileTensor){.name = "bn.running_mean",
                             .dtype = "F32",
                             .shape = {1, {TOY_D}},
                             .data = mean,
                             .bytes = sizeof mean};
    check_load(list, 3, NULL, "tensor bn.running_mean: element 3 is -inf, not a finite number");
    fill(list, TOY_K);
    list[1].dtype = "I32";
    check_load(list, 3, NULL, "tensor fc.bias is I32 [5], but the model needs F32 [5]");
}
END_TEST

START_TEST(data_parallel_prefix)
{
    RnFileTensor list[3];
    fill(list, TOY_K);
    list[0].name = "module.fc.weight";
    list[1].name = "module.fc.bias";
    check_load(list, 3, NULL, "tensor fc.weight is missing");
    list[2].name = "module.bn.running_mean";
    check_load(list, 3, NULL, NULL);
    list[1].shape = (RnShape){2, {1, TOY_K}};
    check_load(list, 3, NULL, "tensor fc.bias (in the file module.fc.bias) is F32 [1, 5]");
}
END_TEST

START_TEST(renamed)
{
    RnFileTensor list[4];
    fill(list, TOY_K);
    list[0].name = "net.head.kernel";
    list[1].name = "net.head.bias";
    list[2].name = "net.stage.0.norm.stats.mean";
    list[3] = (RnFileTensor){.name = "steps", .dtype = "I64", .data = weight, .bytes = 8};
    check_load(list, 4,
               "# of another framework\n\n net.head.kernel\tfc.weight # no star\r\n"
               "net.head.* fc.*\nnet.stage.*.norm.*.mean - \nsteps -\n",
               "tensor bn.running_mean is missing");
    check_load(list, 4,
               "net.head.kernel fc.weight\nnet.head.* fc.*\n*mean bn.running_*mean\n"
               "steps -",
               "tensor bn.running_mean is missing");
    check_load(list, 4,
               "net.head.kernel fc.weight\nnet.head.* fc.*\n"
               "net.stage.0.norm.stats.mean bn.running_mean\nsteps -",
               NULL);
    check_load(list, 4,
               "net.head.kernel fc.weight\nnet.head.* fc.*\n"
               "net.stage.0.n*rm.stats.m*n bn.running_m*\nsteps -",
               "map:3: net.stage.0.n*rm.stats.m*n has 2 stars, bn.running_m* has 1");
    check_load(list, 4, "*.head.kernel *\nnet.head.* fc.*\nnet* *\nsteps -\n",
               "tensor fc.weight is missing");
    check_load(list, 4, "a\n", "map:1: a rule is two names");
    check_load(list, 4, "# x\na b c\n", "map:2: a rule is two names");
    check_load(list, 4, "# nothing\n", "map: holds no rule");
    check_load(list, 4, "********* *********\n", "map:1: at most 8 stars");
    check_load(list, 4, "net.head.kernel fc.weight\nnet.tail.* fc.*\n", "map:2: no tensor of ");
    check_load(list, 4, "net.head.* fc.weight\n", "map:1: net.head.* has 1 stars");
    check_load(list, 4, "net.head.kernel fc.w\nnet.head.bias fc.w\n",
               "net.head.bias and net.head.kernel of the file both become fc.w");
    check_load(list, 4,
               "net.head.kernel fc.weight\nnet.head.* fc.*\nnet.stage.0.norm.stats.mean "
               "bn.running_mean\nsteps fc.steps",
               "tensor fc.steps (in the file steps) does not belong to model toy");
}
END_TEST

// Several stars, empty texts, and pieces that occur more than once.
START_TEST(stars)
{
    static const char *const cases[][4] = {
        {"stages.*.blocks.*", "layer*.*", "stages.0.blocks.1.conv", "layer0.1.conv"},
        {"*a", "*-", "aaa", "aa-"},
        {"*ab*ab", "[*][*]", "ababab", "[][ab]"},
        {"x*", "*", "xyz", "yz"},
        {"*", "p.*", "q", "p.q"},
        {"a*b*c", "*|*", "abbc", "|b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char rule[100], path[128];
        snprintf(rule, sizeof rule, "%s %s", cases[i][0], cases[i][1]);
        RnFileTensor t = {.name = cases[i][2], .dtype = "F32", .data = "1234", .bytes = 4};
        TempFolder folder = temp_folder();
        RnTensorFile *file = NULL;
        NameMap *map = NULL;
        ck_assert_int_eq(rn_tensor_file_write(temp_path(&folder, "w", path), &t, 1, NULL, 0, NULL),
                         RN_OK);
        ck_assert_int_eq(rn_tensor_file_open(path, &file, NULL), RN_OK);
        ck_assert_int_eq(rni_name_map_parse(rule, strlen(rule), "map", &map, NULL), RN_OK);
        ck_assert_int_eq(rni_name_map_apply(map, file, NULL), RN_OK);
        ck_assert_str_eq(rn_tensor_file_at(file, 0)->name, cases[i][3]);
        ck_assert_str_eq(rn_tensor_file_at(file, 0)->file_name, cases[i][2]);
        rni_name_map_free(map);
        rn_tensor_file_close(file);
        temp_remove(&folder);
    }
}
END_TEST

START_TEST(new_head)
{
    const RnModel m = toy_model();
    RnFileTensor list[3];
    Kept kept = {0};
    RnWeightsOptions options = {.new_head = true, .on_kept = note_kept, .context = &kept};
    fill(list, TOY_K + 1);
    check_load(list, 3, NULL, "tensor fc.weight is F32 [6, 12], but the model needs F32 [5, 12]");
    RnSession *s = load(&m, list, 3, NULL, options, NULL);
    ck_assert_int_eq(kept.count, 2);
    ck_assert_str_eq(kept.text, "fc.weight [6, 12];fc.bias [6];");
    ck_assert(rn_tensor_data(s, TOY_T_BIAS)[0] == 7 && rn_tensor_data(s, TOY_T_MEAN)[1] == -2);
    rn_session_close(s);
    list[2].shape.dim[0] = 6; // not the class axis
    list[2].bytes = 24;
    s = load(&m, list, 3, NULL, options, "tensor bn.running_mean is F32 [6]");
    rn_session_close(s);
    fill(list, TOY_K);
    kept = (Kept){0};
    s = load(&m, list, 3, NULL, options, NULL);
    ck_assert(kept.count == 0 && rn_tensor_data(s, TOY_T_BIAS)[0] == bias[0]);
    rn_session_close(s);
}
END_TEST

// A model whose packed weights nothing prepares: used where they lie, not to be replaced.
START_TEST(packed_inside)
{
    static _Alignas(64) float packed[65] = {2};
    RnRegion regions[TOY_REGIONS];
    RnModel m = toy_model();
    memcpy(regions, toy_regions, sizeof regions);
    regions[RN_REGION_PACKED].initial = packed;
    m.regions = regions;
    m.prepare_count = 0;
    m.flags = RN_MODEL_WEIGHTS_PACKED;
    RnSession *s = NULL;
    RnError err = {0};
    uint64_t bytes = 0;
    ck_assert_int_eq(
        rn_session_open(&m, &(RnOptions){.modes = RN_MODE_INFER, .threads = 1}, &s, NULL), RN_OK);
    ck_assert_ptr_null(rn_session_region(s, RN_REGION_PACKED, &bytes));
    ck_assert_ptr_nonnull(rn_session_region(s, RN_REGION_PARAMS, &bytes));
    ck_assert_int_eq(rn_weights_load(s, "w", &err), RN_ERR_USAGE);
    ck_assert_msg(strstr(err.text, "model toy: its weights are packed inside it"), "%s", err.text);
    ck_assert_int_eq(rn_weights_save(s, "w", &err), RN_ERR_USAGE);
    float x[TOY_D] = {1}, y[TOY_K], *out = y;
    const float *in = x;
    ck_assert_int_eq(rn_infer(s, &in, 1, &out, NULL), RN_OK);
    ck_assert(y[0] == 2.0f);
    rn_session_close(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("weights");
    TCase *tc = tcase_create("weights");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_half);
    tcase_add_test(tc, other_types_are_converted);
    tcase_add_test(tc, data_parallel_prefix);
    tcase_add_test(tc, renamed);
    tcase_add_test(tc, stars);
    tcase_add_test(tc, new_head);
    tcase_add_test(tc, packed_inside);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
