// in_folder.h: for a test program that runs the tool in one folder of its own: the folder, the last
// result, and what is written there. Not here: how programs are run (tool.h).
#ifndef SUPPORT_IN_FOLDER_H
#define SUPPORT_IN_FOLDER_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/tensor_io.h"
#include "support/tool.h"

static ToolRun run;
static char *folder;

/// Run a command, or resnetc, in the folder. The format must be a literal.
#define SHELL(...) tool_run(&run, "cd \"$RN_TEST_FOLDER\" && " __VA_ARGS__)
#define RESNETC(...) SHELL(TOOL " " __VA_ARGS__)

/// For fixtures: makes the folder, and removes it.
static inline void enter_folder(const char *name)
{
    folder = tool_folder(name);
    setenv("RN_TEST_FOLDER", folder, 1);
}

static inline void clean_up(void)
{
    tool_remove_folder(folder);
}

/// tool_expect of the last run.
static inline void expect(int code, const char *text)
{
    tool_expect(&run, code, text);
}

/// The path of a file in the folder; valid until the next call.
static inline const char *in_folder(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/// Writes an array [count, 3, 13, width] of made-up pictures; the last number is `last`.
static inline void write_images(const char *name, uint64_t count, uint64_t width, float last)
{
    RnShape shape = {4, {count, 3, 13, width}};
    size_t n = (size_t)(count * 3 * 13 * width);
    float *x = calloc(n, sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)(i * 53 % 97) / 97.0f;
    }
    x[n - 1] = last;
    ck_assert_int_eq(rn_npy_write_f32(in_folder(name), &shape, x, NULL), RN_OK);
    free(x);
}

/// Writes labels 0, 1, .., 4, 0, 1, ..; the last is `last`.
static inline void write_labels(const char *name, uint64_t count, int64_t last)
{
    RnShape shape = {1, {count}};
    int64_t *labels = calloc(count, sizeof *labels);
    ck_assert_ptr_nonnull(labels);
    for (uint64_t i = 0; i < count; i++) {
        labels[i] = (int64_t)(i % 5);
    }
    labels[count - 1] = last;
    ck_assert_int_eq(rn_npy_write_i64(in_folder(name), &shape, labels, NULL), RN_OK);
    free(labels);
}

#endif
