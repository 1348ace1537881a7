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

int main(void)
{
    Suite *suite = suite_create("weights");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, other_names);
    tcase_add_test(tc, another_class_count);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
