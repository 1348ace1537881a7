// source_files.c: walks the folders that hold C.
#define _XOPEN_SOURCE 700 // nftw
#include "lint/source_files.h"

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
