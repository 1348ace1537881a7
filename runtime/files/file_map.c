// file_map.c: files mapped into memory.
#include "files/file_map.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/file_in.h"

// Maps what can be mapped; leaves out->data NULL otherwise. A pipe is not opened: its writer would
// see it close again.
static void map_regular(const char *path, FileMap *out)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
        (uintmax_t)info.st_size <= (uintmax_t)PTRDIFF_MAX) {
        size_t size = (size_t)info.st_size;
        void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED) {
            *out = (FileMap){.data = data, .size = size, .mapped = true};
        }
    }
    close(fd);
}

RnStatus rni_file_map(const char *path, FileMap *out, RnError *err)
{
    *out = (FileMap){0};
    map_regular(path, out);
    if (out->mapped) {
        return RN_OK;
    }
    FileBytes bytes;
    RnStatus status = rni_file_read_all(path, &bytes, err);
    if (status == RN_OK) {
        *out = (FileMap){.data = bytes.data, .size = bytes.size};
    }
    return status;
}

void rni_file_unmap(FileMap *file)
{
    if (file->mapped) {
        (void)munmap(file->data, file->size);
    } else {
        free(file->data);
    }
    *file = (FileMap){0};
}
