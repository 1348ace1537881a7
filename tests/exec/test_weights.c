// test_weights.c: weights on the command line: rename tables, prefixes, another class count.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/in_folder.h"

#define TOY TEST_SOURCE_DIR "/tests/exec/embed/toy.rn"

// Copies w.safetensors with every name behind a prefix.
static void write_prefixed(const char *name, const char *prefix)
{
    RnTensorFile *file;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("w.safetensors"), &file, NULL), RN_OK);
    size_t count = rn_tensor_file_count(file);
    RnFileTensor *list = calloc(count, sizeof *list);
    char(*names)[200] = calloc(count, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        list[i] = *rn_tensor_file_at(file, i);
        snprintf(names[i], sizeof names[i], "%s%s", prefix, list[i].name);
        list[i].name = names[i];
    }
    ck_assert_int_eq(rn_tensor_file_write(in_folder(name), list, count, NULL, 0, NULL), RN_OK);
    free(list);
    free(names);
    rn_tensor_file_close(file);
}

static void prepare(void)
{
    enter_folder("weights");
    write_images("x.npy", 6, 11, 0.5f);
    write_labels("l.npy", 6, 0);
    RESNETC("train " TOY
            " --data x.npy,l.npy --steps 1 --batch 4 --seed 3 --save w.safetensors && " TOOL
            " run " TOY " --weights w.safetensors --input x.npy --output y.npy");
    ck_assert_msg(run.code == 0, "%s", run.err);
    write_prefixed("parallel.safetensors", "module.");
    write_prefixed("other.safetensors", "backbone/");
}

START_TEST(other_names)
{
    RESNETC("run " TOY " --weights parallel.safetensors --input x.npy --output z.npy && "
            "cmp y.npy z.npy");
    expect(0, NULL);
    RESNETC("run " TOY " --weights other.safetensors --input x.npy --output z.npy");
    expect(1, "is missing");
    tool_write(in_folder("map.txt"), "# ours\nbackbone/* *\n", 20);
    RESNETC("run " TOY " --weights other.safetensors --map map.txt --input x.npy --output z.npy && "
            "cmp y.npy z.npy");
    expect(0, NULL);
    RESNETC("eval " TOY " --weights other.safetensors --map map.txt --data x.npy,l.npy");
    expect(0, "accuracy");
    RESNETC("train " TOY " --weights other.safetensors --map map.txt --data x.npy,l.npy --steps 1");
    expect(0, "accuracy");
    tool_write(in_folder("bad.txt"), "backbone/*", 10);
    RESNETC("run " TOY " --weights other.safetensors --map bad.txt --input x.npy --output z.npy");
    expect(1, "bad.txt:1: a rule is two names: OLD NEW");
    RESNETC("run " TOY " --weights other.safetensors --map none.txt --input x.npy --output z.npy");
    expect(3, "none.txt");
    RESNETC("bench " TOY " --map map.txt");
    expect(2, "--map needs --weights");
}
END_TEST

START_TEST(another_class_count)
{
    RESNETC("train " TOY " -D classes=7 --weights w.safetensors --data x.npy,l.npy --steps 1");
    expect(1, "--new-head starts the head anew");
    RESNETC("train " TOY " -D classes=7 --weights w.safetensors --data x.npy,l.npy --steps 1 "
            "--new-head --lr 0 --save seven.safetensors");
    expect(0, "new head: fc.weight starts anew as [7, ");
    expect(0, "new head: fc.bias starts anew as [7], the file has [5]");
    RnTensorFile *old, *new;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("w.safetensors"), &old, NULL), RN_OK);
    ck_assert_int_eq(rn_tensor_file_open(in_folder("seven.safetensors"), &new, NULL), RN_OK);
    const RnFileTensor *kept = rn_tensor_file_find(new, "layer1.1.conv1.weight");
    const RnFileTensor *was = rn_tensor_file_find(old, "layer1.1.conv1.weight");
    ck_assert(kept && was && kept->bytes == was->bytes);
    ck_assert(memcmp(kept->data, was->data, was->bytes) == 0);
    ck_assert_uint_eq(rn_tensor_file_find(new, "fc.weight")->shape.dim[0], 7);
    rn_tensor_file_close(old);
    rn_tensor_file_close(new);
    RESNETC("train " TOY " --new-head --data x.npy,l.npy --steps 1");
    expect(2, "--new-head needs --weights");
}
END_TEST

// Writes tensors of w.safetensors behind each of two prefixes (NULL: once), but for those whose names
// begin with `without` (NULL: all), and one more tensor.
static void write_nested(const char *name, const char *one, const char *two, const char *without)
{
    static const int64_t averaged = 7;
    RnTensorFile *file;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("w.safetensors"), &file, NULL), RN_OK);
    size_t count = rn_tensor_file_count(file), n = 0;
    RnFileTensor *list = calloc(2 * count + 1, sizeof *list);
    char(*names)[200] = calloc(2 * count, sizeof *names);
    for (size_t i = 0; i < 2 * count; i++) {
        const char *prefix = i < count ? one : two;
        const RnFileTensor *t = rn_tensor_file_at(file, i % count);
        if (prefix == NULL || (without && strncmp(t->name, without, strlen(without)) == 0)) {
            continue;
        }
        list[n] = *t;
        snprintf(names[n], sizeof names[n], "%s%s", prefix, t->name);
        list[n].name = names[n];
        n++;
    }
    list[n++] = (RnFileTensor){.name = "n_averaged", .dtype = "I64", .data = &averaged, .bytes = 8};
    ck_assert_int_eq(rn_tensor_file_write(in_folder(name), list, n, NULL, 0, NULL), RN_OK);
    free(list);
    free(names);
    rn_tensor_file_close(file);
}

#define RUN(file, more)                                                                            \
    RESNETC("run " TOY " --weights " file " --input x.npy --output z.npy " more                    \
            " && cmp y.npy z.npy && rm z.npy")

START_TEST(one_way_fits)
{
    static const char *const prefixes[] = {
        "module.",  "_orig_mod.", "model.", "ema.", "state_dict.model.module._orig_mod.",
        "backbone."};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        char told[200];
        write_nested("nested", prefixes[i], NULL, NULL);
        RUN("nested", "");
        snprintf(told, sizeof told,
                 "nested: the model's names stand behind '%s'; 1 other tensors are passed over\n",
                 prefixes[i]);
        expect(0, NULL);
        ck_assert_str_eq(run.err, told);
    }
    RUN("w.safetensors", "");
    expect(0, NULL);
    ck_assert_str_eq(run.err, "");
}
END_TEST

START_TEST(two_ways_fit)
{
    write_nested("two", "model.", "ema.module.", NULL);
    RUN("two", "");
    expect(1, "two: two sets of its tensors have the model's names; --key ");
    expect(1, "--key model");
    ck_assert_ptr_nonnull(strstr(run.err, "--key ema.module"));
    RUN("two", "--key model");
    expect(0, "stand behind 'model.'");
    RUN("two", "--key ema");
    expect(0, "stand behind 'ema.module.'");
    RUN("two", "--key ema.module.");
    expect(0, "stand behind 'ema.module.'");
    RUN("two", "--key net");
    expect(1, "two: no tensor's name begins with 'net.'");
    write_nested("plain", "", "ema.", NULL);
    RUN("plain", "");
    expect(1, "two sets of its tensors have the model's names");
    RUN("plain", "--key .");
    expect(0, "the model's names as they stand");
    RUN("plain", "--key ema");
    expect(0, "stand behind 'ema.'");
    tool_write(in_folder("ema.map"), "ema.* *\n* -\n", 13);
    RUN("plain", "--key ema --map ema.map");
    expect(2, "either a rename table or a key");
}
END_TEST

START_TEST(no_way_fits)
{
    write_nested("nearly", "net.", NULL, "fc.bias");
    RUN("nearly", "");
    expect(1, "nearly: tensor conv1.weight is missing (the model needs F32 [19, 3, 3, 3])");
    expect(1, "\n  the model has 32 tensors: conv1.weight, bn1.weight, bn1.bias, ");
    expect(1, "\n  the file has 32: n_averaged, net.bn1.bias, net.bn1.running_mean, ");
    expect(1, "\n  behind 'net.' the file has 31 of them; the first that is not there is fc.bias");
    write_nested("half", "", NULL, "layer1.1.conv2");
    RUN("half", "");
    expect(1,
           "half: tensor layer1.1.conv2.weight is missing (the model needs F32 [35, 35, 3, 3])\n");
}
END_TEST

START_TEST(no_head)
{
    write_nested("headless", "module.", NULL, "fc.");
    RESNETC("train " TOY " --weights headless --data x.npy,l.npy --steps 1 --lr 0");
    expect(1, "--new-head starts the head anew");
    RESNETC("train " TOY " --weights headless --data x.npy,l.npy --steps 1 --lr 0 --new-head "
            "--save began && " TOOL " run " TOY " --weights began --input x.npy --output n.npy");
    expect(0, NULL);
    RESNETC("train " TOY " --weights headless --data x.npy,l.npy --steps 1 --lr 0 --new-head");
    expect(0, "new head: fc.weight starts anew as [5, 35], the file has none");
    expect(0, "new head: fc.bias starts anew as [5], the file has none");
    write_nested("stemless", "module.", NULL, "bn1");
    RESNETC("train " TOY " --weights stemless --data x.npy,l.npy --steps 1 --new-head");
    expect(1, "tensor conv1.weight is missing");
}
END_TEST

START_TEST(other_files)
{
    static const struct {
        const char *text;
        size_t bytes; // 0: the text's
        const char *told;
    } cases[] = {
        {"PK\3\4\0\0\0\0\0\0\0\0archive/data.pkl", 28,
         "f: a PyTorch checkpoint, not safetensors; scripts/pth_to_safetensors.py IN.pth "
         "OUT.safetensors converts it"},
        {"\x80\2\x8a\nl\xfc\x9c"
         "F\xf9 j\xa8P\x19.",
         14, "f: a PyTorch checkpoint"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", 65,
         "f: a Git LFS pointer, which stands for the file; git lfs pull fetches it"},
        {"\x89HDF\r\n\x1a\n", 8, "f: an HDF5 file (Keras .h5)"},
        {"PK\3\4\0\0\0\0conv1.npy", 17, "f: a NumPy archive (.npz)"},
        {"<!DOCTYPE html><html>", 21, "f: a web page, not safetensors"},
        {"{\"weight_map\": {\"fc.weight\": \"../../etc/passwd\"}}", 0,
         "f: weight_map names no file beside it for fc.weight"},
        {"{\"weight_map\": {\"fc.weight\": \"gone.safetensors\"}}", 0, "gone.safetensors: No such"},
        {"{\"weight_map\": {\"fc.other\": \"w.safetensors\"}}", 0,
         "of w.safetensors is not in weight_map"},
        {"{\"weight_map\": {\"fc.other\": \"w.safetensors\"", 0, "f: not an index"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t bytes = cases[i].bytes ? cases[i].bytes : strlen(cases[i].text);
        tool_write(in_folder("f"), cases[i].text, bytes);
        RESNETC("run " TOY " --weights f --input x.npy --output z.npy");
        ck_assert_msg(strstr(run.err, cases[i].told) != NULL, "%zu: %s", i, run.err);
        ck_assert_int_eq(run.code, strstr(cases[i].told, "No such") ? 3 : 1);
    }
}
END_TEST

// The tensors of w.safetensors in two files and an index of them.
START_TEST(shards_are_read)
{
    RnTensorFile *file;
    ck_assert_int_eq(rn_tensor_file_open(in_folder("w.safetensors"), &file, NULL), RN_OK);
    size_t count = rn_tensor_file_count(file);
    RnFileTensor *list = calloc(count, sizeof *list);
    char *index = calloc(count + 1, 200);
    size_t used = (size_t)sprintf(index, "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
    for (size_t i = 0; i < count; i++) {
        list[i] = *rn_tensor_file_at(file, i);
        used += (size_t)sprintf(index + used, "%s\"%s\": \"part-%d\"", i ? ",\n" : "", list[i].name,
                                i >= 5);
    }
    used += (size_t)sprintf(index + used, "}}\n");
    ck_assert_int_eq(rn_tensor_file_write(in_folder("part-0"), list, 5, NULL, 0, NULL), RN_OK);
    ck_assert_int_eq(rn_tensor_file_write(in_folder("part-1"), list + 5, count - 5, NULL, 0, NULL),
                     RN_OK);
    tool_write(in_folder("w.index.json"), index, used);
    RUN("w.index.json", "");
    expect(0, NULL);
    ck_assert_int_eq(rn_tensor_file_write(in_folder("part-1"), list + 5, count - 6, NULL, 0, NULL),
                     RN_OK);
    RUN("w.index.json", "");
    expect(1, "w.index.json: weight_map names 32 tensors, its files hold 31");
    free(list);
    free(index);
    rn_tensor_file_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("weights");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, other_names);
    tcase_add_test(tc, another_class_count);
    tcase_add_test(tc, one_way_fits);
    tcase_add_test(tc, two_ways_fit);
    tcase_add_test(tc, no_way_fits);
    tcase_add_test(tc, no_head);
    tcase_add_test(tc, other_files);
    tcase_add_test(tc, shards_are_read);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
