// event.h: waiting for something that another thread does: spin a little, then sleep.
#ifndef RUNTIME_CORE_EVENT_H
#define RUNTIME_CORE_EVENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/// A counter that moves each time something has happened. To wait for a condition:
///     for (;;) { seen = event_seen(e); if (condition) break; rni_event_wait(e, seen, spin_ns); }
/// and who makes it true calls event_notify afterwards.
typedef struct Event {
    _Alignas(64) atomic_uint epoch;
    atomic_uint sleepers;
    pthread_mutex_t lock;
    pthread_cond_t moved;
} Event;

int rni_event_init(Event *e); // 0, or an errno
void rni_event_destroy(Event *e);

static inline unsigned event_seen(Event *e)
{
    return atomic_load(&e->epoch);
}

void rni_event_notify(Event *e);

/// Returns when the epoch differs from `seen`: spins for spin_ns, then sleeps.
void rni_event_wait(Event *e, unsigned seen, uint64_t spin_ns);

/// Nanoseconds of the monotonic clock.
uint64_t rni_clock_ns(void);

#endif
