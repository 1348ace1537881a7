// test_outputs.c: outputs that must not be written, and outputs that cannot be, told before the
// work is done; how large an object may be. What commands write otherwise: test_cli.c.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/in_folder.h"

static const char model[] = "model net {\n    input image[1, 28, 28]\n    relu\n"
                            "    global_avgpool\n    fc: dense(10)\n}\n";

static void prepare(void)
{
    enter_folder("outputs");
    tool_write(in_folder("net.rn"), model, strlen(model));
}

START_TEST(a_source_is_not_written_over)
{
    RESNETC("net.rn -o net.rn");
    expect(2, "would write over the model's source");
    RESNETC("--emit=summary net.rn -o ./net.rn");
    expect(2, "would write over the model's source");
    RESNETC("net.rn -o net.h");
    expect(2, "the header beside it gets the name net.h");
    RESNETC("net.rn -o net.o -MF net.rn");
    expect(2, "-MF net.rn would write over the model's source");
    RESNETC("net.rn -o net.o -MF net.h");
    expect(2, "net.h would write over another output, that of -MF");
    RESNETC("net.rn --emit=summary -MD -o net.txt");
    expect(2, "-MD and -MF are for what compilation makes");
    ck_assert_int_eq(tool_count_files(folder), 1);
    RESNETC("net.rn --emit=summary");
    expect(0, "model net");
}
END_TEST

// Every command's outputs, against everything that it reads and against each other.
START_TEST(inputs_are_not_written_over)
{
    static const char *const runs[][2] = {
        {"train net.rn --data x.npy,l.npy --save net.rn",
         "--save net.rn would write over the model's"},
        {"train net.rn --data x.npy,l.npy --log ./x.npy",
         "--log ./x.npy would write over the data"},
        {"train net.rn --data x.npy,l.npy --curves l.npy", "would write over the data"},
        {"train net.rn --data x.npy,l.npy --checkpoint l.npy", "would write over the data"},
        {"train net.rn --data x.npy,l.npy --recipe r --report r", "would write over the recipe"},
        {"train net.rn --data x.npy,l.npy --weights w --trace w", "would write over the weights"},
        {"run net.rn --weights w --input x.npy -o x.npy", "-o x.npy would write over the input"},
        {"run net.rn --weights w --map r --input x.npy -o r", "would write over the rename table"},
        {"grad net.rn --weights w --input x.npy --labels l.npy -o l.npy", "over the labels"},
        {"grad net.rn --weights w --input x.npy --labels l.npy -o w", "over the weights"},
        {"bench net.rn --trace net.rn", "--trace net.rn would write over the model's source"},
        {"bench in.rn --trace net.rn", "--trace net.rn would write over the model's source"},
        {"train net.rn --data x.npy,l.npy --save o --log ./o", "another output, that of --"},
        {"net.rn -o net.o -MD -MF net.o", "would write over another output"},
    };
    SHELL(
        "for f in x.npy l.npy r w; do echo lr = 0.1 > $f; done; echo 'include \"net.rn\"' > in.rn; "
        "cat net.rn x.npy l.npy r w in.rn > before");
    expect(0, NULL);
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        RESNETC("%s", runs[i][0]);
        ck_assert_msg(run.code == 2 && strstr(run.err, runs[i][1]), "%s: %d, %s", runs[i][0],
                      run.code, run.err);
    }
    SHELL("cat net.rn x.npy l.npy r w in.rn | cmp - before");
    expect(0, NULL);
    // The weights that training starts from may be replaced by those that it gives.
    RESNETC("train net.rn --data none --weights w --save w");
    ck_assert_ptr_nonnull(strstr(run.err, "the trained weights will replace those in w"));
    SHELL("rm x.npy l.npy r w in.rn before");
    expect(0, NULL);
}
END_TEST

START_TEST(training_checks_its_outputs_first)
{
    // --data is missing on purpose: the outputs are looked at before it.
    RESNETC("train net.rn --data none --save missing/w.safetensors");
    expect(3, "missing/w.safetensors: cannot write");
    RESNETC("train net.rn --data none --checkpoint missing/c");
    expect(3, "missing/c: cannot write");
    RESNETC("train net.rn --data none --curves missing/c.svg");
    expect(3, "missing/c.svg: cannot write");
    RESNETC("train net.rn --data none --save w.safetensors");
    expect(3, "none: no data set is here");
    ck_assert_int_eq(tool_count_files(folder), 1);
}
END_TEST

START_TEST(the_user_s_name_is_used)
{
    RESNETC("resnet50 --emit=summary");
    expect(0, "model resnet50\n");
    RESNETC("trian net.rn");
    expect(2, "no command 'trian'; did you mean train?");
    RESNETC(".");
    expect(3, "is a folder");
}
END_TEST

START_TEST(deep_networks_make_small_objects)
{
    RESNETC("resnet152 --target x86-64-v4 -o r.o");
    expect(0, NULL);
    struct stat object;
    ck_assert_int_eq(stat(in_folder("r.o"), &object), 0);
    ck_assert_int_gt(object.st_size, 100000);
    ck_assert_int_lt(object.st_size, 1000000);
    SHELL("grep -c layer3.35.conv3 r.o");
    expect(0, NULL);
    SHELL("grep -c [.]LCPI r.o"); // the assembler's own labels
    expect(1, "0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outputs");
    TCase *tc = tcase_create("tool");
    tcase_set_timeout(tc, 600);
    tcase_add_checked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, a_source_is_not_written_over);
    tcase_add_test(tc, inputs_are_not_written_over);
    tcase_add_test(tc, training_checks_its_outputs_first);
    tcase_add_test(tc, the_user_s_name_is_used);
    tcase_add_test(tc, deep_networks_make_small_objects);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
