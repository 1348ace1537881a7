// files.c: whole files in and out, and paths.
#define _XOPEN_SOURCE 700 // realpath

#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *reason(Arena *a, const char *path, const char *doing)
{
    return arena_printf(a, "%s: %s: %s", path, doing, strerror(errno));
}

// Reads until the end or until more than max_bytes came. Returns -1 with errno set on failure.
static int read_all(Arena *a, FILE *f, size_t max_bytes, char **text, size_t *bytes)
{
    size_t capacity = 1 << 14, count = 0;
    char *buffer = arena_alloc(a, capacity + 1);
    for (;;) {
        count += fread(buffer + count, 1, capacity - count, f);
        if (ferror(f)) {
            return -1;
        }
        if (count < capacity || count > max_bytes) {
            break;
        }
        char *larger = arena_alloc(a, capacity * 2 + 1);
        memcpy(larger, buffer, count);
        buffer = larger;
        capacity *= 2;
    }
    buffer[count] = '\0';
    *text = buffer;
    *bytes = count;
    return 0;
}

char *file_read(Arena *a, const char *path, size_t max_bytes, size_t *bytes, const char **error)
{
    char *text = NULL;
    *bytes = 0;
    FILE *f = fopen(path, "rb");
    if (!f) {
        *error = reason(a, path, "cannot open");
        return NULL;
    }
    int failed = read_all(a, f, max_bytes, &text, bytes);
    if (failed) {
        *error = reason(a, path, "cannot read");
    }
    (void)fclose(f); // opened for reading: nothing can be lost
    if (failed) {
        return NULL;
    }
    if (*bytes > max_bytes) {
        *error = arena_printf(a, "%s: larger than the limit of %zu bytes", path, max_bytes);
        return NULL;
    }
    return text;
}

bool file_write_open(int fd, const void *data, size_t bytes)
{
    const char *from = data;
    while (bytes) {
        ssize_t n = write(fd, from, bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        from += n;
        bytes -= (size_t)n;
    }
    return true;
}

// Devices and pipes are written in place: renaming over them would replace them.
static bool write_in_place(Arena *a, const char *path, const void *data, size_t bytes,
                           const char **error)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0) {
        *error = reason(a, path, "cannot open for writing");
        return false;
    }
    bool ok = file_write_open(fd, data, bytes);
    if (!ok) {
        *error = reason(a, path, "cannot write");
    }
    if (close(fd) != 0 && ok) {
        *error = reason(a, path, "cannot write");
        ok = false;
    }
    return ok;
}

// The file a path means once symbolic links are followed, so that a link stays a link.
static const char *resolve_link(Arena *a, const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode)) {
        return path;
    }
    char *real = realpath(path, NULL);
    if (!real) {
        return path;
    }
    const char *copy = arena_strdup(a, real);
    free(real);
    return copy;
}

static bool write_aside(Arena *a, const char *path, const void *data, size_t bytes,
                        const char **error)
{
    const char *target = resolve_link(a, path);
    const char *aside = arena_printf(a, "%s.tmp-%ld", target, (long)getpid());
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) {
        *error = reason(a, path, "cannot create");
        return false;
    }
    bool ok = file_write_open(fd, data, bytes) && fsync(fd) == 0;
    if (!ok) {
        *error = reason(a, path, "cannot write");
    }
    if (close(fd) != 0 && ok) {
        *error = reason(a, path, "cannot write");
        ok = false;
    }
    if (ok && rename(aside, target) != 0) {
        *error = reason(a, path, "cannot rename into place");
        ok = false;
    }
    if (!ok) {
        (void)unlink(aside); // the write's own failure is what is reported
    }
    return ok;
}

bool file_write(Arena *a, const char *path, const void *data, size_t bytes, const char **error)
{
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0) {
        size_t written = fwrite(data, 1, bytes, stdout);
        if (written == bytes && fflush(stdout) == 0) {
            return true;
        }
        *error = reason(a, "standard output", "cannot write");
        return false;
    }
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return write_in_place(a, path, data, bytes, error);
    }
    return write_aside(a, path, data, bytes, error);
}

bool file_can_write(Arena *a, const char *path, const char **error)
{
    if (strcmp(path, "-") == 0) {
        return true;
    }
    bool there = file_exists(path);
    const char *probe =
        there ? path : arena_printf(a, "%s.tmp-%ld", resolve_link(a, path), (long)getpid());
    int fd = open(probe, there ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd < 0) {
        *error = reason(a, path, "cannot write");
        return false;
    }
    (void)close(fd); // nothing was written
    if (!there) {
        (void)unlink(probe);
    }
    return true;
}

bool file_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool file_is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

bool file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

const char *path_dirname(Arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return ".";
    }
    return slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

const char *path_basename(Arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    return arena_strdup(a, slash ? slash + 1 : path);
}

const char *path_join(Arena *a, const char *dir, const char *name)
{
    if (name[0] == '/' || strcmp(dir, ".") == 0 || dir[0] == '\0') {
        return arena_strdup(a, name);
    }
    const char *between = dir[strlen(dir) - 1] == '/' ? "" : "/";
    return arena_printf(a, "%s%s%s", dir, between, name);
}

const char *path_replace_ext(Arena *a, const char *path, const char *ext)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash + 1 : path, '.');
    bool has_ext = dot && dot != path && dot[-1] != '/';
    int stem = (int)(has_ext ? (size_t)(dot - path) : strlen(path));
    return arena_printf(a, "%.*s%s", stem, path, ext);
}
