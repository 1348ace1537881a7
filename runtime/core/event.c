// event.c: spin, then sleep on a condition variable.
//
// No wake-up is lost: the waiter raises `sleepers` before it reads the epoch for the last time, the
// notifier moves the epoch before it reads `sleepers`, and both are sequentially consistent.
#include "core/event.h"

#include <time.h>

int rni_event_init(Event *e)
{
    atomic_init(&e->epoch, 0);
    atomic_init(&e->sleepers, 0);
    int error = pthread_mutex_init(&e->lock, NULL);
    if (error != 0) {
        return error;
    }
    error = pthread_cond_init(&e->moved, NULL);
    if (error != 0) {
        pthread_mutex_destroy(&e->lock);
    }
    return error;
}

void rni_event_destroy(Event *e)
{
    pthread_cond_destroy(&e->moved);
    pthread_mutex_destroy(&e->lock);
}

uint64_t rni_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

void rni_event_notify(Event *e)
{
    atomic_fetch_add(&e->epoch, 1);
    if (atomic_load(&e->sleepers) == 0) {
        return;
    }
    pthread_mutex_lock(&e->lock);
    pthread_cond_broadcast(&e->moved);
    pthread_mutex_unlock(&e->lock);
}

void rni_event_wait(Event *e, unsigned seen, uint64_t spin_ns)
{
    uint64_t start = spin_ns ? rni_clock_ns() : 0;
    while (spin_ns && rni_clock_ns() - start < spin_ns) {
        for (int i = 0; i < 32; i++) {
            if (atomic_load_explicit(&e->epoch, memory_order_acquire) != seen) {
                return;
            }
            pause_briefly();
        }
    }
    pthread_mutex_lock(&e->lock);
    atomic_fetch_add(&e->sleepers, 1);
    while (atomic_load(&e->epoch) == seen) {
        pthread_cond_wait(&e->moved, &e->lock);
    }
    atomic_fetch_sub(&e->sleepers, 1);
    pthread_mutex_unlock(&e->lock);
}
