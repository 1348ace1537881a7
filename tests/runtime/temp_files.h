// temp_files.h: a folder for one test's files, gone afterwards.
#ifndef TEMP_FILES_H
#define TEMP_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct TempFolder {
    char path[64];
} TempFolder;

static inline TempFolder temp_folder(void)
{
    TempFolder t = {"/tmp/resnetc-test-XXXXXX"};
    if (mkdtemp(t.path) == NULL) {
        abort();
    }
    return t;
}

// Path of a file in the folder; text holds it.
static inline const char *temp_path(const TempFolder *t, const char *name, char text[128])
{
    snprintf(text, 128, "%s/%s", t->path, name);
    return text;
}

// Number of files in the folder.
static inline int temp_count(const TempFolder *t)
{
    int n = 0;
    DIR *dir = opendir(t->path);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        n += e->d_name[0] != '.';
    }
    closedir(dir);
    return n;
}

static inline void temp_remove(const TempFolder *t)
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

static inline void temp_write(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, bytes, f) != bytes || fclose(f) != 0) {
        abort();
    }
}

#endif
