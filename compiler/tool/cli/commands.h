// commands.h: the commands, each in its own file cmd_NAME.c. Each prints its own messages and
// returns the exit code.
#ifndef TOOL_CLI_COMMANDS_H
#define TOOL_CLI_COMMANDS_H

#include "tool/cli/options.h"

ExitCode cmd_compile(Arena *a, const Options *o);
ExitCode cmd_train(Arena *a, const Options *o);
ExitCode cmd_run(Arena *a, const Options *o);
ExitCode cmd_grad(Arena *a, const Options *o);
ExitCode cmd_eval(Arena *a, const Options *o);
ExitCode cmd_predict(Arena *a, const Options *o);
ExitCode cmd_bench(Arena *a, const Options *o);
/// --list-ops, --list-models, --list-targets, --list-passes, --version.
ExitCode cmd_info(Arena *a, const Options *o);

/// The whole tool: parses, runs, returns the exit code. Tests call it too.
ExitCode driver_main(int argc, char **argv);

#endif
