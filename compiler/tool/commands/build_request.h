// build_request.h: what the options of a command ask of the compiler, and its answers as messages.
#ifndef TOOL_COMMANDS_BUILD_REQUEST_H
#define TOOL_COMMANDS_BUILD_REQUEST_H

#include "build/build.h"
#include "tool/cli/options.h"

/// The mode to compile for: with weights and no --mode it is inference.
ModeChoice build_request_mode(const Options *o);

/// Everything but the plans, whose batches depend on the command, and the weights. What the
/// compiler tells on its way goes to standard error.
BuildRequest build_request_make(Arena *a, const Options *o);
/// Plans for the batches of --plan-for, or for these where there are none (borrowed).
ExitCode build_request_plans(Arena *a, const Options *o, const uint32_t *batches, uint32_t count,
                             BuildPlans *out);
/// The weights of --weights as part of the object; refuses combinations that make no sense.
ExitCode build_request_weights(const Options *o, BuildRequest *out);

/// Starts the build, and refuses to write over what the model was read from.
ExitCode build_request_start(Arena *a, const Options *o, const BuildRequest *request, Build **out);

/// Reports the build's error unless status is BUILD_OK.
ExitCode build_request_report(const Build *b, BuildStatus status);

#endif
