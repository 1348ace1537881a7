// temp_files.h: a folder for one test's files, gone afterwards.
#ifndef TEMP_FILES_H
#define TEMP_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct TempFolder {
    char path[64];
} TempFolder;

// Ends the process where it cannot be made.
TempFolder temp_folder(void);
// Path of a file in the folder; text holds it.
const char *temp_path(const TempFolder *t, const char *name, char text[128]);
// Number of files in the folder.
int temp_count(const TempFolder *t);
void temp_remove(const TempFolder *t);

// Ends the process where it cannot be written.
void temp_write(const char *path, const void *data, size_t bytes);

#endif
