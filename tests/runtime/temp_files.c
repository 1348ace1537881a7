// temp_files.c: makes, counts and removes a test's files.
#define _XOPEN_SOURCE 700 // mkdtemp
#include "runtime/temp_files.h"

#include <dirent.h>

TempFolder temp_folder(void)
{
    TempFolder t = {"/tmp/resnetc-test-XXXXXX"};
    if (mkdtemp(t.path) == NULL) {
        abort();
    }
    return t;
}

const char *temp_path(const TempFolder *t, const char *name, char text[128])
{
    snprintf(text, 128, "%s/%s", t->path, name);
    return text;
}

int temp_count(const TempFolder *t)
{
    int n = 0;
    DIR *dir = opendir(t->path);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        n += e->d_name[0] != '.';
    }
    closedir(dir);
    return n;
}

void temp_remove(const TempFolder *t)
{
    DIR *dir = opendir(t->path);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", t->path, e->d_name);
        if (e->d_name[0] != '.') {
            unlink(path);
        }
    }
    closedir(dir);
    rmdir(t->path);
}

void temp_write(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, bytes, f) != bytes || fclose(f) != 0) {
        abort();
    }
}
