// test_headers.c: every public header stands alone, in strict C99 and in C++.
#include "support/check_main.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FOLDER TEST_SOURCE_DIR "/runtime/include"

// Compiles a file that includes the header twice; true when there is no message.
static bool compiles(const char *compiler, const char *language, const char *header)
{
    char command[2048];
    snprintf(command, sizeof command,
             "printf '#include \"resnetc/%s\"\\n#include \"resnetc/%s\"\\n' | "
             "%s %s -Wall -Wextra -pedantic -Werror -I%s -fsyntax-only -",
             header, header, compiler, language, FOLDER);
    return system(command) == 0;
}

static void check_headers(const char *compiler, const char *language)
{
    DIR *dir = opendir(FOLDER "/resnetc");
    ck_assert_ptr_nonnull(dir);
    int headers = 0;
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strstr(e->d_name, ".h") == NULL) {
            continue;
        }
        ck_assert_msg(compiles(compiler, language, e->d_name), "%s as %s", e->d_name, language);
        headers++;
    }
    closedir(dir);
    ck_assert_int_ge(headers, 10);
}

START_TEST(strict_c99)
{
    check_headers(TEST_CC, "-x c -std=c99");
}
END_TEST

START_TEST(cpp)
{
    if (system("command -v c++ >/dev/null") != 0) {
        return; // no C++ compiler here
    }
    check_headers("c++", "-x c++ -std=c++11");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("headers");
    TCase *tc = tcase_create("headers");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, strict_c99);
    tcase_add_test(tc, cpp);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
