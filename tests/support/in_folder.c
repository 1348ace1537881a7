// in_folder.c: the folder of a test program, and what it writes there.
#include "support/in_folder.h"

ToolRun run;
char *folder;

void enter_folder(const char *name)
{
    folder = tool_folder(name);
    setenv("RN_TEST_FOLDER", folder, 1);
}

void clean_up(void)
{
    tool_remove_folder(folder);
}

void expect(int code, const char *text)
{
    tool_expect(&run, code, text);
}

const char *in_folder(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void write_images(const char *name, uint64_t count, uint64_t width, float last)
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

void write_labels(const char *name, uint64_t count, int64_t last)
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
