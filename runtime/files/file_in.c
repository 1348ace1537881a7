// file_in.c: reading files. Memory grows with what is really there, never with what a header
// claims.
#include "files/file_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/memory.h"

static const size_t STREAM_LIMIT = (size_t)1 << 30;
static const size_t PIECE = (size_t)1 << 16;

// Makes room for at least `more` bytes past size.
static bool grow(FileBytes *b, size_t *capacity, size_t more)
{
    if (*capacity - b->size >= more) {
        return true;
    }
    size_t bigger = *capacity * 2 > b->size + more ? *capacity * 2 : b->size + more;
    unsigned char *data = rni_memory_aligned(bigger, MEMORY_ALIGN);
    if (data == NULL) {
        return false;
    }
    if (b->size) {
        memcpy(data, b->data, b->size);
    }
    free(b->data);
    b->data = data;
    *capacity = bigger;
    return true;
}

static RnStatus fail_memory(const char *path, RnError *err)
{
    return rn_fail(err, RN_ERR_MEMORY, "%s: too large for this machine's memory", path);
}

static RnStatus fail_system(const char *path, int error, RnError *err)
{
    return rn_fail(err, RN_ERR_IO, "%s: %s", path, strerror(error));
}

static RnStatus read_descriptor(int fd, const char *path, FileBytes *out, RnError *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return fail_system(path, errno, err);
    }
    bool regular = S_ISREG(info.st_mode);
    size_t limit = regular ? (size_t)PTRDIFF_MAX : STREAM_LIMIT;
    size_t capacity = 0;
    // One byte more than the size, so that the end is seen without growing.
    if (!grow(out, &capacity, regular ? (size_t)info.st_size + 1 : PIECE)) {
        return fail_memory(path, err);
    }
    for (;;) {
        if (!grow(out, &capacity, 1)) {
            return fail_memory(path, err);
        }
        ssize_t n = read(fd, out->data + out->size, capacity - out->size);
        if (n == 0) {
            return RN_OK;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_system(path, errno, err);
        }
        out->size += (size_t)n;
        if (out->size > limit) {
            return rn_fail(err, RN_ERR_INPUT, "%s: more than %zu bytes from a pipe or device", path,
                           limit);
        }
    }
}

RnStatus rni_file_read_all(const char *path, FileBytes *out, RnError *err)
{
    *out = (FileBytes){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_system(path, errno, err);
    }
    RnStatus status = read_descriptor(fd, path, out, err);
    close(fd);
    if (status != RN_OK) {
        free(out->data);
        *out = (FileBytes){0};
    }
    return status;
}

// zlib's reason without the "<fd:3>: " it puts before.
static const char *gzip_reason(gzFile file, int *code)
{
    const char *reason = gzerror(file, code);
    const char *colon = reason[0] == '<' ? strstr(reason, ">: ") : NULL;
    return colon ? colon + 3 : reason;
}

static RnStatus read_gzip(gzFile file, const char *path, size_t limit, FileBytes *out, RnError *err)
{
    size_t capacity = 0;
    for (;;) {
        if (!grow(out, &capacity, PIECE)) {
            return fail_memory(path, err);
        }
        size_t room = capacity - out->size;
        unsigned ask = room > (1u << 30) ? 1u << 30 : (unsigned)room;
        int n = gzread(file, out->data + out->size, ask);
        if (n < 0) {
            int code = Z_OK;
            const char *reason = gzip_reason(file, &code);
            if (code == Z_ERRNO) {
                return fail_system(path, errno, err);
            }
            return rn_fail(err, RN_ERR_INPUT, "%s: damaged gzip data: %s", path, reason);
        }
        out->size += (size_t)n;
        if (out->size > limit) {
            return rn_fail(err, RN_ERR_INPUT, "%s: holds more than the limit of %zu bytes", path,
                           limit);
        }
        if (n > 0) {
            continue;
        }
        int code = Z_OK;
        const char *reason = gzip_reason(file, &code);
        if (code != Z_OK) {
            return rn_fail(err, RN_ERR_INPUT, "%s: truncated gzip data: %s", path, reason);
        }
        return RN_OK;
    }
}

RnStatus rni_file_read_gzip(const char *path, size_t limit, FileBytes *out, RnError *err)
{
    *out = (FileBytes){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_system(path, errno, err);
    }
    gzFile file = gzdopen(fd, "rb");
    if (file == NULL) {
        close(fd);
        return fail_memory(path, err);
    }
    gzbuffer(file, 1u << 17);
    RnStatus status = read_gzip(file, path, limit, out, err);
    gzclose(file);
    if (status != RN_OK) {
        free(out->data);
        *out = (FileBytes){0};
    }
    return status;
}
