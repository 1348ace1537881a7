// log_trim.h: cuts a log back to the step from which a run goes on.
#ifndef TOOL_TRAIN_LOG_TRIM_H
#define TOOL_TRAIN_LOG_TRIM_H

#include "tool/cli/options.h"

/// Removes the lines of steps after `step`, and a last line that was cut off, from a log of
/// `resnetc train`. A log that is not there, or a device, is left as it is; a file that is no such
/// log is an error and stays.
ExitCode log_trim(const char *path, uint64_t step);

#endif
