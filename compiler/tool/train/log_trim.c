// log_trim.c: finds where the lines of later steps begin, and cuts the file there.
#include "tool/train/log_trim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "tool/cli/messages.h"

#define START "{\"step\": "
#define HEAD "{\"data\": " // a first line about the data set, which stays

// Where the first line that goes begins; -1 when a line is none of a log.
static int64_t find_cut(FILE *f, uint64_t step)
{
    char *line = NULL;
    size_t capacity = 0;
    int64_t at = 0;
    for (ssize_t n; (n = getline(&line, &capacity, f)) > 0; at += n) {
        uint64_t line_step = 0;
        if (at == 0 && n > (ssize_t)strlen(HEAD) && line[n - 1] == '\n' &&
            strncmp(line, HEAD, strlen(HEAD)) == 0) {
            continue;
        }
        size_t start = (size_t)n < strlen(START) ? (size_t)n : strlen(START);
        bool whole = line[n - 1] == '\n', ours = strncmp(line, START, start) == 0;
        if (ours &&
            (!whole || (sscanf(line, START "%" SCNu64, &line_step) == 1 && line_step > step))) {
            break;
        }
        if (line_step == 0) {
            at = -1;
            break;
        }
    }
    free(line);
    return at;
}

ExitCode log_trim(const char *path, uint64_t step)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        return EXIT_OK;
    }
    FILE *f = fopen(path, "r");
    if (!f) {
        return report_error(EXIT_ENVIRONMENT, "%s: cannot open: %s", path, strerror(errno));
    }
    int64_t cut = find_cut(f, step);
    bool failed = ferror(f) != 0;
    (void)fclose(f);
    if (cut < 0) {
        return report_error(EXIT_USAGE, "%s is no log of this command: it stays as it is", path);
    }
    if (failed || truncate(path, (off_t)cut) != 0) {
        return report_error(EXIT_ENVIRONMENT, "%s: cannot cut it back to step %llu: %s", path,
                            (unsigned long long)step, strerror(errno));
    }
    return EXIT_OK;
}
