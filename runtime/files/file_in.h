// file_in.h: whole files into memory.
#ifndef RUNTIME_FILES_FILE_IN_H
#define RUNTIME_FILES_FILE_IN_H

#include <stddef.h>

#include "resnetc/status.h"

typedef struct FileBytes {
    unsigned char *data; // 64-byte aligned; free with free()
    size_t size;
} FileBytes;

/// Reads a file. Pipes and devices are read up to 1 GiB.
RnStatus rni_file_read_all(const char *path, FileBytes *out, RnError *err);

/// Reads a file that may be gzip, up to `limit` bytes of content.
RnStatus rni_file_read_gzip(const char *path, size_t limit, FileBytes *out, RnError *err);

#endif
