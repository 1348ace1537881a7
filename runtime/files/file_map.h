// file_map.h: whole files in the address space, without a copy where the system can map them.
#ifndef RUNTIME_FILES_FILE_MAP_H
#define RUNTIME_FILES_FILE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "resnetc/status.h"

typedef struct FileMap {
    unsigned char *data; // read-only when mapped
    size_t size;
    bool mapped;
} FileMap;

/// Maps a file; pipes, devices and empty files are read. A file that another program cuts short
/// while it is mapped ends the process (SIGBUS), as with every mapped file.
RnStatus rni_file_map(const char *path, FileMap *out, RnError *err);
void rni_file_unmap(FileMap *file); // zeroes

#endif
