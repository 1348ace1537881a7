// test_install.c: what cmake --install gives, moved to another folder, is all that somebody needs:
// a project outside the tree is built with it by CMake and by pkg-config, models are compiled again
// when their files change, the manual page and the completion work.
#include "support/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/cli/options.h"
#include "support/tool.h"

#define SOURCES TEST_SOURCE_DIR "/tests/install"

static ToolRun run;
static char *folder;

// A shell command in the folder; P is the installed prefix.
#define SHELL(...)                                                                                 \
    tool_run(&run, "cd \"$RN_TEST_FOLDER\" && P=$PWD/moved && export PATH=$P/bin:$PATH && "        \
                   "export PKG_CONFIG_PATH=$P/" TEST_LIBDIR "/pkgconfig && " __VA_ARGS__)

static void expect(const char *text)
{
    ck_assert_msg(run.code == 0, "exit code %d\n%.2000s%.2000s", run.code, run.out, run.err);
    ck_assert_msg(!text || strstr(run.out, text), "no '%s' in\n%.4000s", text, run.out);
}

static void prepare(void)
{
    folder = tool_folder("install");
    setenv("RN_TEST_FOLDER", folder, 1);
    tool_run(&run,
             "cd %s && cmake --install %s --prefix $PWD/first && mv first moved && "
             "cp -r %s/project .",
             folder, TEST_BINARY_DIR, SOURCES);
    ck_assert_msg(run.code == 0, "%s%s", run.out, run.err);
}

static void clean_up(void)
{
    tool_remove_folder(folder);
}

START_TEST(tool_and_models)
{
    SHELL("resnetc --version && resnetc models/resnet18 --emit=summary");
    expect("11,689,512");
    SHELL("ls $P/share/resnetc/models | wc -l && ls examples/models 2>/dev/null; "
          "resnetc $P/share/resnetc/models/resnet50.rn --emit=summary");
    expect("25,557,032");
}
END_TEST

// Built, run, nothing to do; then the included file changes and only then the model is compiled
// again.
START_TEST(project_by_cmake)
{
    SHELL("cmake -S project -B built -G Ninja -DCMAKE_PREFIX_PATH=$P -DCMAKE_C_COMPILER=" TEST_CC
          " && cmake --build built && ./built/app_runtime && ./built/app_runtime_static");
    expect("7 classes, loss fell, 10 logits\n7 classes, loss fell, 10 logits\n");
    SHELL("cmake --build built");
    expect("no work to do");
    SHELL("sleep 0.01 && touch project/stem.rn && cmake --build built -- -v");
    expect("net.rn -o");
    ck_assert_msg(!strstr(run.out, "cifar_resnet20 -o"), "%s", run.out);
    SHELL("cmake --build built");
    expect("no work to do");
}
END_TEST

START_TEST(project_by_pkg_config)
{
    SHELL("mkdir plain && cd plain && cp ../project/* . && resnetc net.rn -D classes=7 -MD && "
          "resnetc cifar_resnet20 -o shipped.o && cat net.d && " TEST_CC
          " -std=c11 main.c net.o shipped.o $(pkg-config --cflags --libs resnetc) -o shared && "
          "LD_LIBRARY_PATH=$P/" TEST_LIBDIR " ./shared");
    expect("net.o: net.rn stem.rn\n7 classes, loss fell, 10 logits\n");
    SHELL("cd plain && " TEST_CC " -std=c11 main.c net.o shipped.o $(pkg-config --cflags resnetc) "
          "$P/" TEST_LIBDIR "/libresnetc_runtime.a "
          "$(pkg-config --static --libs resnetc | sed 's/-lresnetc_runtime//') -o static && "
          "./static && ldd static | grep -c resnetc || true");
    expect("7 classes, loss fell, 10 logits\n0\n");
}
END_TEST

START_TEST(shared_runtime_exports_its_interface_alone)
{
    SHELL("nm -D --defined-only $P/" TEST_LIBDIR "/libresnetc_runtime.so | "
          "awk '{print $3}' | sort > exported && grep -c '^rn_' exported && "
          "! grep -v '^rn_' exported && objdump -p $P/" TEST_LIBDIR "/libresnetc_runtime.so");
    expect("libresnetc_runtime.so.1\n");
}
END_TEST

START_TEST(manual_page)
{
    SHELL("cat $P/share/man/man1/resnetc.1 > page && if command -v groff > /dev/null; then "
          "groff -man -Tutf8 -ww page 2> complaints > /dev/null; cat complaints; fi; "
          "test ! -s complaints");
    expect(NULL);
    SHELL("tr -d '\\\\' < page");
    Arena *arena = arena_create();
    for (size_t i = 0; i < option_table_count; i++) {
        const char *name = option_spelling(arena, &option_table[i]);
        ck_assert_msg(strstr(run.out, name), "%s", name);
    }
    arena_destroy(arena);
}
END_TEST

START_TEST(completion)
{
    static const char *const cases[][3] = {
        // words, the place of the current one, what is offered
        {"resnetc --emit = pl", "3", "plan plan-svg"},
        {"resnetc --emit pl", "2", "plan plan-svg"},
        {"resnetc tra", "1", "train"},
        {"resnetc train --epoch", "2", "--epochs"},
        {"resnetc train --emi", "2", ""},
        {"resnetc train cifar_resnet2", "2", "cifar_resnet20 cifar_resnet20_b"},
        {"resnetc --target x86-64-v", "2", "x86-64-v3 x86-64-v4"},
        {"resnetc run --weights page", "3", "page.txt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SHELL("mkdir -p typed && cd typed && touch page.txt && bash -c '. \"$1\"; COMP_WORDS=(%s); "
              "COMP_CWORD=%s; _resnetc; echo \"[${COMPREPLY[*]}]\"' - "
              "$P/share/bash-completion/completions/resnetc",
              cases[i][0], cases[i][1]);
        char want[256];
        snprintf(want, sizeof want, "[%s]\n", cases[i][2]);
        expect(want);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("install");
    TCase *tc = tcase_create("installed");
    tcase_set_timeout(tc, 240);
    tcase_add_unchecked_fixture(tc, prepare, clean_up);
    tcase_add_test(tc, tool_and_models);
    tcase_add_test(tc, project_by_cmake);
    tcase_add_test(tc, project_by_pkg_config);
    tcase_add_test(tc, shared_runtime_exports_its_interface_alone);
    tcase_add_test(tc, manual_page);
    tcase_add_test(tc, completion);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
