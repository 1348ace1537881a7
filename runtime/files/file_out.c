// file_out.c: write aside, sync, rename.
#define _DEFAULT_SOURCE // realpath
#include "files/file_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void file_out_end(FileOut *out)
{
    free(out->target);
    free(out->temp);
    *out = (FileOut){0};
}

static RnStatus fail_write(FileOut *out, int error, RnError *err)
{
    return rn_fail(err, RN_ERR_IO, "cannot write %s: %s", out->path, strerror(error));
}

// A new file beside the target: TARGET.tmp-PID-N.
static int open_beside(FileOut *out, mode_t mode)
{
    size_t bytes = strlen(out->target) + 40;
    out->temp = malloc(bytes);
    if (out->temp == NULL) {
        return -1;
    }
    for (int n = 0; n < 100; n++) {
        snprintf(out->temp, bytes, "%s.tmp-%ld-%d", out->target, (long)getpid(), n);
        int fd = open(out->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

RnStatus rni_file_out_open(FileOut *out, const char *path, RnError *err)
{
    *out = (FileOut){.path = path};
    struct stat info;
    bool exists = stat(path, &info) == 0;
    bool direct = exists && !S_ISREG(info.st_mode);
    if (exists && access(path, W_OK) != 0) {
        return fail_write(out, errno, err);
    }
    out->target = exists && !direct ? realpath(path, NULL) : strdup(path);
    if (out->target == NULL) {
        RnStatus status = fail_write(out, errno, err);
        file_out_end(out);
        return status;
    }
    int fd = direct ? open(path, O_WRONLY | O_CLOEXEC)
                    : open_beside(out, exists ? info.st_mode & 0777 : 0666);
    if (fd >= 0) {
        out->stream = fdopen(fd, "wb");
    }
    if (out->stream != NULL) {
        return RN_OK;
    }
    RnStatus status = fail_write(out, errno, err);
    if (fd >= 0) {
        close(fd);
        if (out->temp != NULL) {
            unlink(out->temp);
        }
    }
    file_out_end(out);
    return status;
}

bool rni_file_out_write(FileOut *out, const void *data, size_t bytes)
{
    if (bytes == 0 || fwrite(data, 1, bytes, out->stream) == bytes) {
        return true;
    }
    if (out->error == 0) {
        out->error = errno ? errno : EIO;
    }
    return false;
}

void rni_file_out_abandon(FileOut *out)
{
    if (out->stream != NULL) {
        fclose(out->stream);
    }
    if (out->temp != NULL) {
        unlink(out->temp);
    }
    file_out_end(out);
}

// Makes a rename last through a power cut. Some file systems cannot sync a folder: no error.
static void sync_folder_of(const char *path)
{
    char *folder = strdup(path);
    if (folder == NULL) {
        return;
    }
    char *slash = strrchr(folder, '/');
    const char *name = ".";
    if (slash == folder) {
        name = "/";
    } else if (slash != NULL) {
        *slash = 0;
        name = folder;
    }
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

RnStatus rni_file_out_commit(FileOut *out, RnError *err)
{
    int error = out->error;
    if (fflush(out->stream) != 0 && error == 0) {
        error = errno;
    }
    if (error == 0 && out->temp != NULL && fsync(fileno(out->stream)) != 0) {
        error = errno;
    }
    if (fclose(out->stream) != 0 && error == 0) {
        error = errno;
    }
    out->stream = NULL;
    if (error == 0 && out->temp != NULL && rename(out->temp, out->target) != 0) {
        error = errno;
    }
    if (error != 0) {
        RnStatus status = fail_write(out, error, err);
        if (out->temp != NULL) {
            unlink(out->temp);
        }
        file_out_end(out);
        return status;
    }
    if (out->temp != NULL) {
        sync_folder_of(out->target);
    }
    file_out_end(out);
    return RN_OK;
}
