// file_out.h: files that appear whole or not at all.
#ifndef RUNTIME_FILES_FILE_OUT_H
#define RUNTIME_FILES_FILE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "resnetc/status.h"

/// A file being written: under a temporary name beside its path, renamed by file_out_commit. A path
/// that exists and is no regular file (/dev/stdout, a pipe) is written directly.
typedef struct FileOut {
    FILE *stream;
    char *target;     // the path with symbolic links followed
    char *temp;       // NULL when written directly
    const char *path; // as the user gave it; borrowed
    int error;        // errno of the first write that failed, or 0
} FileOut;

RnStatus rni_file_out_open(FileOut *out, const char *path, RnError *err);

/// Writes; false after a failure, which file_out_commit then reports.
bool rni_file_out_write(FileOut *out, const void *data, size_t bytes);

/// Flushes, syncs, renames, syncs the folder. On failure the temporary file is removed and the old
/// file, if there was one, is as before. Ends the FileOut either way.
RnStatus rni_file_out_commit(FileOut *out, RnError *err);

/// Gives up: removes the temporary file.
void rni_file_out_abandon(FileOut *out);

#endif
