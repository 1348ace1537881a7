// tool.c: runs programs with their output in temporary files.
#include "support/tool.h"

#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
    perror(what);
    abort();
}

static void read_back(FILE *f, char *text, size_t size)
{
    rewind(f);
    size_t n = fread(text, 1, size - 1, f);
    text[n] = 0;
    fclose(f);
}

void tool_run(ToolRun *r, const char *fmt, ...)
{
    char command[8192];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof command) {
        give_up("command too long");
    }
    FILE *out = tmpfile(), *err = tmpfile();
    if (!out || !err) {
        give_up("tmpfile");
    }
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        give_up("fork");
    }
    if (child == 0) {
        if (dup2(fileno(out), 1) < 0 || dup2(fileno(err), 2) < 0) {
            _exit(126);
        }
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) != child) {
        give_up("waitpid");
    }
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    read_back(out, r->out, sizeof r->out);
    read_back(err, r->err, sizeof r->err);
}

void tool_expect(const ToolRun *r, int code, const char *text)
{
    ck_assert_msg(r->code == code, "exit code %d, wanted %d\n%.1500s%.1500s", r->code, code, r->out,
                  r->err);
    ck_assert_msg(!text || strstr(r->err, text) || strstr(r->out, text),
                  "no '%s' in\n%.1500s%.1500s", text, r->out, r->err);
    ck_assert_msg(!strstr(r->err, "Sanitizer"), "%s", r->err);
}

char *tool_folder(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/tmp-%s-XXXXXX", TEST_BINARY_DIR, name);
    char *made = mkdtemp(path);
    char *copy = made ? strdup(made) : NULL;
    if (!copy) {
        give_up(path);
    }
    return copy;
}

void tool_remove_folder(char *folder)
{
    static ToolRun r;
    tool_run(&r, "rm -rf '%s'", folder);
    free(folder);
}

void tool_write(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, bytes, f) != bytes || fclose(f) != 0) {
        give_up(path);
    }
}

void tool_write_idx(const char *path, uint32_t count, uint32_t height, uint32_t width,
                    uint32_t classes)
{
    bool labels = height == 0;
    const unsigned char head[16] = {0, 0, 8, labels ? 1 : 3,        0, 0, 0, (unsigned char)count,
                                    0, 0, 0, (unsigned char)height, 0, 0, 0, (unsigned char)width};
    size_t start = labels ? 8 : 16, bytes = start + count * (labels ? 1 : height * width);
    unsigned char *data = calloc(bytes, 1);
    ck_assert_ptr_nonnull(data);
    memcpy(data, head, start);
    for (size_t i = 0; i < bytes - start; i++) {
        data[start + i] = (unsigned char)(labels ? i % classes : i * 71 % 251);
    }
    tool_write(path, data, bytes);
    free(data);
}

bool tool_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

int tool_count_files(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d) {
        give_up(folder);
    }
    int count = 0;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(d);
    return count;
}
