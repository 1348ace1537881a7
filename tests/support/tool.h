// tool.h: runs resnetc and other programs as a user does, and keeps what they said.
#ifndef SUPPORT_TOOL_H
#define SUPPORT_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL TEST_BINARY_DIR "/bin/resnetc"

typedef struct ToolRun {
    int code;          // exit code, or 128 + signal
    char out[1 << 16]; // standard output, cut
    char err[1 << 16]; // standard error, cut
} ToolRun;

/// Runs a shell command made as printf does. The result is valid until the next call with the same
/// ToolRun. Aborts the test when no process can be started.
void tool_run(ToolRun *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/// Asserts the exit code, that one of the outputs has the text in it (NULL: whatever it said), and
/// that no sanitizer reported anything.
void tool_expect(const ToolRun *r, int code, const char *text);

/// A new folder under the build folder; returned text is the caller's to free. tool_remove_folder
/// removes it with all that it holds.
char *tool_folder(const char *name);
void tool_remove_folder(char *folder);

void tool_write(const char *path, const void *data, size_t bytes);
/// Writes an IDX file of made-up pictures, sides below 256; height 0: of labels 0, 1, .., classes -
/// 1, 0, ... At most 255 of them.
void tool_write_idx(const char *path, uint32_t count, uint32_t height, uint32_t width,
                    uint32_t classes);
bool tool_exists(const char *path);
/// Number of entries of a folder.
int tool_count_files(const char *folder);

#endif
