// weights_option.h: --weights, --map and --new-head: a file's weights into a session.
#ifndef TOOL_COMMANDS_WEIGHTS_OPTION_H
#define TOOL_COMMANDS_WEIGHTS_OPTION_H

#include "tool/cli/options.h"
#include "resnetc/runtime.h"
#include "resnetc/weights.h"

/// --map and --new-head, as the runtime takes them.
RnWeightsOptions weights_options(const Options *o);
/// Loads --weights as the options say. With --new-head the session must have initial values; the
/// tensors that kept them are listed on standard error.
ExitCode weights_load(const Options *o, RnSession *session);

/// Names of classes that the file of --weights holds, in the arena; NULL: none, or it cannot be read
/// twice (a pipe). *count: how many.
ExitCode weights_class_names(Arena *a, const Options *o, const char *const **names,
                             uint32_t *count);

/// Says on standard error where the names of a data set's classes and those in the file of --weights
/// differ: then a label means one thing here and another there.
ExitCode weights_compare_names(Arena *a, const Options *o, const char *const *names,
                               uint32_t count);

#endif
