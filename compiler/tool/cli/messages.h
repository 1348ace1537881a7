// messages.h: what the commands tell the user on standard error, and how texts reach standard
// output.
#ifndef TOOL_CLI_MESSAGES_H
#define TOOL_CLI_MESSAGES_H

#include "tool/cli/options.h"
#include "resnetc/status.h"

/// "resnetc: TEXT" on standard error; returns code.
ExitCode report_error(ExitCode code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/// The same for a runtime failure.
ExitCode report_status(const RnError *err);
/// Writes to a file, or to standard output when path is NULL or "-".
ExitCode report_write(Arena *a, const char *path, const void *data, size_t bytes);
/// Fails when the result of a long run could not be written to path; NULL is fine.
ExitCode report_check_output(Arena *a, const char *path);

#endif
