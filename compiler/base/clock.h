// clock.h: a monotonic clock of the compiler and the tool (the runtime has its own, core/event.h).
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/// The same clock as that of the runtime's step events.
uint64_t clock_ns(void);
double clock_seconds(void);

#endif
