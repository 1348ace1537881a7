// messages.c: messages to the user and texts to standard output, with every write checked.
#include "tool/cli/messages.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/files.h"

ExitCode report_error(ExitCode code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("resnetc: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return code;
}

ExitCode report_status(const RnError *err)
{
    return report_error((ExitCode)rn_status_exit_code(err->status), "%s", err->text);
}

ExitCode report_write(Arena *a, const char *path, const void *data, size_t bytes)
{
    const char *error = NULL;
    if (!file_write(a, path ? path : "-", data, bytes, &error)) {
        return report_error(EXIT_ENVIRONMENT, "%s", error);
    }
    return EXIT_OK;
}

ExitCode report_check_output(Arena *a, const char *path)
{
    const char *error = NULL;
    if (path && !file_can_write(a, path, &error)) {
        return report_error(EXIT_ENVIRONMENT, "%s", error);
    }
    return EXIT_OK;
}
