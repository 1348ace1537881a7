// test_circles.c: nobody includes itself through others: no header does, and no module, which is a
// header and the .c file of its name, within a folder.
#include "lint/source_files.h"
#include "support/check_main.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 2048, MAX_EDGES = 64, MAX_PATH = 200 };

typedef struct File {
    char path[MAX_PATH]; // from the source folder; of a module without ".c" or ".h"
    int edge[MAX_EDGES];
    int edges;
    int state; // 0: not met, 1: on the way, 2: done
} File;

typedef struct Net {
    File file[MAX_FILES];
    int count;
    bool modules; // a node is a module
} Net;

static Net headers, modules;
static int circles;

static int node(Net *net, const char *path)
{
    size_t length = strlen(path) - (net->modules ? 2 : 0);
    for (int i = 0; i < net->count; i++) {
        if (strlen(net->file[i].path) == length && strncmp(net->file[i].path, path, length) == 0) {
            return i;
        }
    }
    ck_assert_int_lt(net->count, MAX_FILES);
    ck_assert_uint_lt(length, MAX_PATH);
    memcpy(net->file[net->count].path, path, length);
    return net->count++;
}

static void add_edge(Net *net, const char *from, const char *to)
{
    int a = node(net, from), b = node(net, to);
    File *f = &net->file[a];
    if (a == b) {
        return;
    }
    ck_assert_int_lt(f->edges, MAX_EDGES);
    f->edge[f->edges++] = b;
}

static bool same_folder(const char *a, const char *b)
{
    size_t n = (size_t)(strrchr(a, '/') - a);
    return n == (size_t)(strrchr(b, '/') - b) && strncmp(a, b, n) == 0;
}

// The file that `name` means, from the source folder.
static bool find_include(const char *name, char path[MAX_PATH])
{
    static const char *const roots[] = {"", "compiler/", "runtime/", "runtime/include/"};
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        char full[1024];
        snprintf(path, MAX_PATH, "%s%s", roots[i], name);
        snprintf(full, sizeof full, "%s/%s", TEST_SOURCE_DIR, path);
        FILE *f = fopen(full, "rb");
        if (f) {
            fclose(f);
            return true;
        }
    }
    return false; // generated
}

static void read_file(const char *path, char *text)
{
    const char *dot = strrchr(path, '.');
    if (strncmp(path, "compiler/", 9) != 0 && strncmp(path, "dsl/", 4) != 0 &&
        strncmp(path, "runtime/", 8) != 0) {
        return;
    }
    for (const char *line = text; line; line = strchr(line, '\n')) {
        char name[MAX_PATH], target[MAX_PATH];
        line += *line == '\n';
        if (sscanf(line, " # include \"%199[^\"\n]\"", name) != 1 || !find_include(name, target)) {
            continue;
        }
        if (strcmp(dot, ".h") == 0) {
            add_edge(&headers, path, target);
        }
        if (same_folder(path, target)) {
            add_edge(&modules, path, target);
        }
    }
}

static void visit(Net *net, int at, int way[MAX_FILES], int depth)
{
    File *f = &net->file[at];
    way[depth] = at;
    f->state = 1;
    for (int i = 0; i < f->edges; i++) {
        File *to = &net->file[f->edge[i]];
        if (to->state == 1) {
            circles++;
            int k = depth;
            while (way[k] != f->edge[i]) {
                k--;
            }
            for (; k <= depth; k++) {
                fprintf(stderr, "%s includes\n", net->file[way[k]].path);
            }
            fprintf(stderr, "%s again\n\n", to->path);
        } else if (to->state == 0) {
            visit(net, f->edge[i], way, depth + 1);
        }
    }
    f->state = 2;
}

static int count_circles(Net *net)
{
    static int way[MAX_FILES];
    circles = 0;
    for (int i = 0; i < net->count; i++) {
        if (net->file[i].state == 0) {
            visit(net, i, way, 0);
        }
    }
    return circles;
}

START_TEST(tree_has_none)
{
    modules.modules = true;
    source_files_visit(read_file);
    ck_assert_int_gt(headers.count, 100);
    ck_assert_int_gt(modules.count, 100);
    ck_assert_int_eq(count_circles(&headers), 0);
    ck_assert_int_eq(count_circles(&modules), 0);
}
END_TEST

START_TEST(circles_are_found)
{
    add_edge(&headers, "a/one.h", "a/two.h");
    add_edge(&headers, "a/two.h", "b/three.h");
    ck_assert_int_eq(count_circles(&headers), 0);
    memset(&headers, 0, sizeof headers);
    add_edge(&headers, "a/one.h", "a/two.h");
    add_edge(&headers, "a/two.h", "b/three.h");
    add_edge(&headers, "b/three.h", "a/one.h");
    ck_assert_int_eq(count_circles(&headers), 1);
    modules.modules = true;
    add_edge(&modules, "a/one.c", "a/one.h");
    add_edge(&modules, "a/one.c", "a/two.h");
    add_edge(&modules, "a/two.c", "a/one.h");
    ck_assert_int_eq(count_circles(&modules), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("circles");
    TCase *tc = tcase_create("includes");
    tcase_add_test(tc, tree_has_none);
    tcase_add_test(tc, circles_are_found);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
