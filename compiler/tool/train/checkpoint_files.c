// checkpoint_files.c: names, numbers and the pruning of checkpoints.
//
// A file appears under its name when it is whole (written aside, synced, renamed), so every file of
// the right name is a complete checkpoint. One process writes to a folder at a time.
#include "tool/train/checkpoint_files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "tool/cli/messages.h"

#define PREFIX "step-"
#define SUFFIX ".safetensors"
#define TEMPORARY ".tmp-" // runtime/files/file_out.c

typedef VEC(uint64_t) StepList;

bool checkpoint_in_folder(const char *path)
{
    struct stat info;
    size_t n = strlen(path);
    return (n && path[n - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

const char *checkpoint_file(Arena *a, const char *path, uint64_t step)
{
    if (!checkpoint_in_folder(path)) {
        return path;
    }
    return path_join(a, path, arena_printf(a, PREFIX "%09" PRIu64 SUFFIX, step));
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

// The step of a checkpoint's file name.
static bool parse_name(const char *name, uint64_t *step)
{
    if (!starts_with(name, PREFIX)) {
        return false;
    }
    const char *number = name + strlen(PREFIX);
    size_t digits = strspn(number, "0123456789");
    if (digits < 9 || digits > 18 || strcmp(number + digits, SUFFIX) != 0) {
        return false;
    }
    *step = strtoull(number, NULL, 10);
    return true;
}

// What a process that is no more wrote aside: NAME.tmp-PID-N.
static bool is_left_over(const char *name)
{
    const char *tail = strstr(name, TEMPORARY);
    long pid = 0;
    int number = 0, end = 0;
    if (!tail || sscanf(tail + strlen(TEMPORARY), "%ld-%d%n", &pid, &number, &end) != 2 ||
        tail[strlen(TEMPORARY) + (size_t)end] != 0) {
        return false;
    }
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

// Removes left-overs whose names begin with `start`.
static void clean(Arena *a, const char *path, const char *start)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return; // whoever writes there will say why
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (starts_with(entry->d_name, start) && is_left_over(entry->d_name)) {
            (void)unlink(path_join(a, path, entry->d_name));
        }
    }
    (void)closedir(folder);
}

static int compare_steps(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// The steps of the folder's checkpoints, rising.
static ExitCode list_steps(Arena *a, const char *path, StepList *steps)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return report_error(EXIT_ENVIRONMENT, "%s: cannot open: %s", path, strerror(errno));
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        uint64_t step;
        if (parse_name(entry->d_name, &step)) {
            VEC_PUSH(a, steps, step);
        }
    }
    (void)closedir(folder);
    if (steps->count) {
        qsort(steps->at, steps->count, sizeof *steps->at, compare_steps);
    }
    return EXIT_OK;
}

ExitCode checkpoint_prepare(Arena *a, const char *path, bool resume)
{
    if (!checkpoint_in_folder(path)) {
        clean(a, path_dirname(a, path), arena_printf(a, "%s" TEMPORARY, path_basename(a, path)));
        return report_check_output(a, path);
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return report_error(EXIT_ENVIRONMENT, "%s: cannot make the folder: %s", path,
                            strerror(errno));
    }
    clean(a, path, PREFIX);
    StepList steps = {0};
    ExitCode code = list_steps(a, path, &steps);
    if (code == EXIT_OK && steps.count && !resume) {
        return report_error(EXIT_USAGE,
                            "%s holds checkpoints of an earlier run: --resume goes on from them; a "
                            "new run needs another folder",
                            path);
    }
    return code == EXIT_OK ? report_check_output(a, path_join(a, path, "written")) : code;
}

ExitCode checkpoint_newest(Arena *a, const char *path, const char **file)
{
    *file = path;
    if (!checkpoint_in_folder(path)) {
        return EXIT_OK;
    }
    StepList steps = {0};
    ExitCode code = list_steps(a, path, &steps);
    if (code != EXIT_OK) {
        return code;
    }
    if (steps.count == 0) {
        return report_error(EXIT_ENVIRONMENT, "%s: no checkpoint in this folder", path);
    }
    *file = checkpoint_file(a, path, steps.at[steps.count - 1]);
    return EXIT_OK;
}

ExitCode checkpoint_prune(Arena *a, const char *path, int64_t keep)
{
    if (!checkpoint_in_folder(path)) {
        return EXIT_OK;
    }
    StepList steps = {0};
    ExitCode code = list_steps(a, path, &steps);
    for (uint32_t i = 0; code == EXIT_OK && (int64_t)i + keep < (int64_t)steps.count; i++) {
        const char *file = checkpoint_file(a, path, steps.at[i]);
        if (unlink(file) != 0) {
            code = report_error(EXIT_ENVIRONMENT, "%s: cannot remove: %s", file, strerror(errno));
        }
    }
    return code;
}
