// weights.h: --weights, --map and --new-head: a file's weights into a session.
#ifndef DRIVER_WEIGHTS_H
#define DRIVER_WEIGHTS_H

#include "driver/options.h"
#include "resnetc/runtime.h"

/// Loads --weights as the options say. With --new-head the session must have initial values; the
/// tensors that kept them are listed on standard error.
ExitCode weights_load(const Options *o, RnSession *session);

#endif
