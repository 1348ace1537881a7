// files.h: whole files in and out, and paths.
#ifndef BASE_FILES_H
#define BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/// Reads a whole file of at most max_bytes into the arena, NUL-terminated. On failure returns NULL
/// and *error is a text with the path and the system's reason.
char *file_read(Arena *a, const char *path, size_t max_bytes, size_t *bytes, const char **error);

/// Writes a whole file aside (path + ".tmp-PID"), flushes and renames it, so that a failure leaves
/// no partial file and an old file whole. "-" or "/dev/stdout" go to stdout. False with *error on
/// failure.
bool file_write(Arena *a, const char *path, const void *data, size_t bytes, const char **error);

/// Tells before a long run whether its result could be written: a file aside can be made, or the
/// device opened. Leaves nothing behind.
bool file_can_write(Arena *a, const char *path, const char **error);

/// Writes all bytes to an open descriptor. False with errno set on failure.
bool file_write_open(int fd, const void *data, size_t bytes);

bool file_exists(const char *path);
/// Whether both paths are there and mean the same file.
bool file_same(const char *a, const char *b);
/// Whether it is a device or a pipe.
bool file_is_special(const char *path);

const char *path_dirname(Arena *a, const char *path);  // "a/b.rn" -> "a", "b.rn" -> "."
const char *path_basename(Arena *a, const char *path); // "a/b.rn" -> "b.rn"
const char *path_join(Arena *a, const char *dir, const char *name);
const char *path_replace_ext(Arena *a, const char *path, const char *ext); // ("x.o", ".h") -> "x.h"

#endif
