// thread_pool.c: the threads. A run opens a gate; threads that see it open join, work, and leave;
// the caller works too, closes the gate when it is done, and waits for those that joined. A thread that
// comes late finds the gate closed: so a run never waits for a thread that the system has not
// scheduled, which matters when threads outnumber cores.
#define _GNU_SOURCE // sched_getaffinity
#include "core/thread_pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/event.h"
#include "core/fpmode.h"

enum { SPIN_NS = 40000 };

// The gate: run number in the upper half, open flag, number of threads inside.
#define GATE_OPEN (UINT64_C(1) << 31)
#define GATE_INSIDE (GATE_OPEN - 1)

typedef struct Worker {
    RnPool *pool;
    unsigned index;
    pthread_t thread;
} Worker;

struct RnPool {
    unsigned threads; // the caller included
    unsigned started; // threads that exist
    uint64_t spin_ns;
    Worker *workers;
    RnWorkFn fn; // of the run under way
    void *context;
    _Alignas(64) atomic_uint_fast64_t gate;
    atomic_bool quit;
    Event opened; // the gate has opened, or it is time to quit
    Event left;   // the last thread has left through a closed gate
};

unsigned rn_cpu_count(void)
{
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int n = CPU_COUNT(&set);
        if (n > 0) {
            return (unsigned)n;
        }
    }
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

uint64_t rni_pool_spin_ns(const RnPool *pool)
{
    return pool->spin_ns;
}

unsigned rn_pool_threads(const RnPool *pool)
{
    return pool->threads;
}

// Joins the run that is open, if it is not the one numbered `last`. True when joined.
static bool gate_join(RnPool *pool, uint64_t *last)
{
    uint64_t gate = atomic_load(&pool->gate);
    while ((gate & GATE_OPEN) && gate >> 32 != *last) {
        if (atomic_compare_exchange_weak(&pool->gate, &gate, gate + 1)) {
            *last = gate >> 32;
            return true;
        }
    }
    return false;
}

static void gate_leave(RnPool *pool)
{
    uint64_t after = atomic_fetch_sub(&pool->gate, 1) - 1;
    if ((after & (GATE_OPEN | GATE_INSIDE)) == 0) {
        rni_event_notify(&pool->left);
    }
}

static void *worker_main(void *argument)
{
    const Worker *worker = argument;
    RnPool *pool = worker->pool;
    uint64_t last = 0;
    fpmode_enter();
    for (;;) {
        unsigned seen = event_seen(&pool->opened);
        if (atomic_load(&pool->quit)) {
            return NULL;
        }
        if (gate_join(pool, &last)) {
            pool->fn(pool->context, worker->index);
            gate_leave(pool);
        } else {
            rni_event_wait(&pool->opened, seen, pool->spin_ns);
        }
    }
}

static RnStatus pool_start(RnPool *pool, RnError *err)
{
    for (unsigned i = 1; i < pool->threads; i++) {
        Worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->index = i;
        int error = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (error != 0) {
            return rn_fail(err, RN_ERR_MEMORY, "cannot start thread %u of %u: %s", i + 1,
                           pool->threads, strerror(error));
        }
        pool->started = i;
    }
    return RN_OK;
}

RnStatus rn_pool_create(unsigned threads, RnPool **out, RnError *err)
{
    *out = NULL;
    unsigned cores = rn_cpu_count();
    if (threads == 0) {
        threads = cores < RN_POOL_MAX_THREADS ? cores : RN_POOL_MAX_THREADS;
    }
    if (threads > RN_POOL_MAX_THREADS) {
        return rn_fail(err, RN_ERR_USAGE, "%u threads are too many: the limit is %d", threads,
                       RN_POOL_MAX_THREADS);
    }
    RnPool *pool = aligned_alloc(64, (sizeof *pool + 63) / 64 * 64);
    if (pool == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for a thread pool");
    }
    memset(pool, 0, sizeof *pool);
    pool->threads = threads;
    pool->spin_ns = threads <= cores ? SPIN_NS : 0;
    pool->workers = calloc(threads, sizeof *pool->workers);
    atomic_init(&pool->gate, 0);
    atomic_init(&pool->quit, false);
    bool opened = pool->workers != NULL && rni_event_init(&pool->opened) == 0;
    bool left = opened && rni_event_init(&pool->left) == 0;
    if (!left) {
        if (opened) {
            rni_event_destroy(&pool->opened);
        }
        free(pool->workers);
        free(pool);
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for a thread pool");
    }
    RnStatus status = pool_start(pool, err);
    if (status != RN_OK) {
        rn_pool_destroy(pool);
        return status;
    }
    *out = pool;
    return RN_OK;
}

void rn_pool_destroy(RnPool *pool)
{
    if (pool == NULL) {
        return;
    }
    atomic_store(&pool->quit, true);
    rni_event_notify(&pool->opened);
    for (unsigned i = 1; i <= pool->started; i++) {
        pthread_join(pool->workers[i].thread, NULL);
    }
    rni_event_destroy(&pool->opened);
    rni_event_destroy(&pool->left);
    free(pool->workers);
    free(pool);
}

void rn_pool_run(RnPool *pool, RnWorkFn fn, void *context)
{
    uint64_t before = fpmode_enter();
    if (pool->threads == 1) {
        fn(context, 0);
        fpmode_restore(before);
        return;
    }
    pool->fn = fn;
    pool->context = context;
    uint64_t run = (atomic_load(&pool->gate) >> 32) + 1;
    atomic_store(&pool->gate, (run & UINT32_MAX) << 32 | GATE_OPEN);
    rni_event_notify(&pool->opened);
    fn(context, 0);
    atomic_fetch_and(&pool->gate, ~GATE_OPEN);
    for (;;) {
        unsigned seen = event_seen(&pool->left);
        if ((atomic_load(&pool->gate) & GATE_INSIDE) == 0) {
            break;
        }
        rni_event_wait(&pool->left, seen, pool->spin_ns);
    }
    fpmode_restore(before);
}

typedef struct ForLoop {
    RnTaskFn fn;
    void *context;
    uint32_t tasks, grain;
    atomic_uint_fast64_t next;
} ForLoop;

static void for_worker(void *context, unsigned worker)
{
    ForLoop *loop = context;
    for (;;) {
        uint64_t lo = atomic_fetch_add_explicit(&loop->next, loop->grain, memory_order_relaxed);
        if (lo >= loop->tasks) {
            return;
        }
        uint64_t hi = lo + loop->grain;
        if (hi > loop->tasks) {
            hi = loop->tasks;
        }
        loop->fn(loop->context, (uint32_t)lo, (uint32_t)hi, worker);
    }
}

void rn_pool_for(RnPool *pool, uint32_t tasks, uint32_t grain, RnTaskFn fn, void *context)
{
    if (tasks == 0) {
        return;
    }
    ForLoop loop = {.fn = fn, .context = context, .tasks = tasks, .grain = grain ? grain : 1};
    atomic_init(&loop.next, 0);
    if (pool != NULL) {
        rn_pool_run(pool, for_worker, &loop);
        return;
    }
    uint64_t before = fpmode_enter();
    for_worker(&loop, 0);
    fpmode_restore(before);
}
