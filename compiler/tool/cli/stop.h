// stop.h: Ctrl-C (SIGINT) and SIGTERM as a wish to stop at the next good place.
//
// The signals are blocked and looked at, so that there is neither a handler nor a global for it.
// One that the process was started to ignore stays ignored.
#ifndef TOOL_CLI_STOP_H
#define TOOL_CLI_STOP_H

#include <signal.h>
#include <stdbool.h>

typedef struct StopSignals {
    sigset_t held, before;
    bool holding;
} StopSignals;

/// From here on the signals wait. Threads made afterwards inherit it.
void stop_hold(StopSignals *s);
/// Whether one has come since.
bool stop_wanted(void);
/// Forgets what has come; the next one ends the process as usual.
void stop_release(StopSignals *s);

#endif
