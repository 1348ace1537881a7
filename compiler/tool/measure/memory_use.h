// memory_use.h: how much memory this process has needed.
#ifndef TOOL_MEASURE_MEMORY_USE_H
#define TOOL_MEASURE_MEMORY_USE_H

#include <stdint.h>

/// Forgets earlier peaks, where the system can (Linux).
void memory_use_restart(void);
/// The most resident memory since the restart, or since the process began, in bytes.
uint64_t memory_use_peak(void);

#endif
