// outputs.h: the one rule about what a command may write: never over what it reads, never two
// outputs into one file. Which options name files, and whether these are read or written, stands in
// the table of options.
#ifndef TOOL_COMMANDS_OUTPUTS_H
#define TOOL_COMMANDS_OUTPUTS_H

#include "build/build.h"
#include "tool/cli/options.h"

/// Before anything is read: compares what is written with the files that options name, and with
/// each other. --save over the weights is allowed, and said.
ExitCode outputs_check(Arena *a, const Options *o);
/// When the model is read: compares what is written with all files that it was read from.
ExitCode outputs_check_sources(Arena *a, const Options *o, const Build *b);

#endif
