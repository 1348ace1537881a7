// trace.h: what every thread did when, as a file in the trace-event format that chrome://tracing
// and ui.perfetto.dev show: --trace.
#ifndef TOOL_MEASURE_TRACE_H
#define TOOL_MEASURE_TRACE_H

#include "tool/cli/options.h"
#include "resnetc/runtime.h"

typedef struct Trace Trace;

/// Begins to record the session's steps. path NULL: *out is NULL, and the rest does nothing.
/// Keeps the first TRACE_MAX_EVENTS of each thread.
enum { TRACE_MAX_EVENTS = 1 << 16 };
ExitCode trace_start(Arena *a, const char *path, RnSession *session, Trace **out);
/// Adds an event of the caller's own work ("update") from start until now; times from clock_ns.
void trace_add(Trace *t, const char *name, uint64_t start_ns);
/// Stops recording, writes the file and frees. The session must still be open. Accepts NULL.
ExitCode trace_finish(Trace *t);

#endif
