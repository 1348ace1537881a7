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
    expect(2, "-MF net.h would write over another output");
    RESNETC("net.rn --emit=summary -MD -o net.txt");
    expect(2, "-MD and -MF are for what compilation makes");
    ck_assert_int_eq(tool_count_files(folder), 1);
    RESNETC("net.rn --emit=summary");
    expect(0, "model net");
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
    tcase_add_test(tc, training_checks_its_outputs_first);
    tcase_add_test(tc, the_user_s_name_is_used);
    tcase_add_test(tc, deep_networks_make_small_objects);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
