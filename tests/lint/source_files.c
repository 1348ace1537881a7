// source_files.c: walks the folders that hold C, and tells code from comments.
#define _XOPEN_SOURCE 700 // nftw
#include "lint/source_files.h"

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "support/check_main.h"

#define MAX_FILE (1 << 20)

static const char *const roots[] = {"bench", "compiler", "dsl", "runtime", "tests", "examples"};

static SourceVisitor visitor; // nftw has no argument for its caller
static int seen;

static int visit_file(const char *full, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)walk;
    const char *dot = strrchr(full, '.');
    if (kind != FTW_F || !dot || (strcmp(dot, ".c") != 0 && strcmp(dot, ".h") != 0)) {
        return 0;
    }
    static char text[MAX_FILE];
    FILE *f = fopen(full, "rb");
    if (!f) {
        return 0; // an editor's file that is gone again
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    seen++;
    visitor(full + strlen(TEST_SOURCE_DIR) + 1, text);
    return 0;
}

int source_files_visit(SourceVisitor visit)
{
    visitor = visit;
    seen = 0;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", TEST_SOURCE_DIR, roots[i]);
        ck_assert_int_eq(nftw(path, visit_file, 16, FTW_PHYS), 0);
    }
    return seen;
}

static void blank(char *from, const char *to)
{
    for (; from < to; from++) {
        *from = *from == '\n' ? '\n' : ' ';
    }
}

static char *end_of_quoted(char *at)
{
    char quote = *at++;
    while (*at && *at != quote) {
        at += *at == '\\' && at[1] ? 2 : 1;
    }
    return *at ? at + 1 : at;
}

static char *end_of_directive(char *at)
{
    while (*at && (*at != '\n' || at[-1] == '\\')) {
        at++;
    }
    return at;
}

void source_code_only(char *text, bool keep_directives)
{
    bool line_begins = true;
    for (char *at = text; *at;) {
        char *end = at;
        if (at[0] == '/' && at[1] == '/') {
            end = at + strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            end = strstr(at, "*/");
            end = end ? end + 2 : at + strlen(at);
        } else if (*at == '"' || *at == '\'') {
            end = end_of_quoted(at);
        } else if (*at == '#' && line_begins && !keep_directives) {
            end = end_of_directive(at);
        }
        line_begins = *at == '\n' || (line_begins && isspace((unsigned char)*at));
        blank(at, end);
        at = end > at ? end : at + 1;
    }
}

size_t source_word_length(const char *at)
{
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || at[n] == '_') {
        n++;
    }
    return n;
}
