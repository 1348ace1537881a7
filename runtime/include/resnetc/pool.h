// pool.h: a set of threads that run one piece of work together, then sleep until the next.
#ifndef RESNETC_POOL_H
#define RESNETC_POOL_H

#include <stdint.h>

#include "resnetc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RnPool RnPool;

enum { RN_POOL_MAX_THREADS = 1024 };

/// Cores this process may run on, 1 or more.
unsigned rn_cpu_count(void);

/// Starts threads - 1 threads (the caller is the first worker); 0 means rn_cpu_count(). More
/// threads than cores are allowed. Free with rn_pool_destroy.
RnStatus rn_pool_create(unsigned threads, RnPool **out, RnError *err);

/// Ends and joins the threads. Accepts NULL.
void rn_pool_destroy(RnPool *pool);

unsigned rn_pool_threads(const RnPool *pool);

/// Work of one worker, 0 (the caller) .. threads - 1. It returns when nothing is left to do.
typedef void (*RnWorkFn)(void *context, unsigned worker);

/// Runs fn on the caller and on every thread that comes while the caller is in it, and returns when
/// all of them have left it. So fn must hand out its work dynamically and must be complete even if
/// worker 0 alone ever runs. Floating-point mode (round to nearest, subnormals flushed) is the same
/// on all of them; the caller's is restored. One run at a time per pool, never from inside a run.
void rn_pool_run(RnPool *pool, RnWorkFn fn, void *context);

/// Tasks [lo, hi) of a range, on this worker.
typedef void (*RnTaskFn)(void *context, uint32_t lo, uint32_t hi, unsigned worker);

/// Runs fn over [0, tasks), in pieces of at most `grain` tasks that workers take from a counter.
/// NULL pool: on the caller alone, in the same floating-point mode.
void rn_pool_for(RnPool *pool, uint32_t tasks, uint32_t grain, RnTaskFn fn, void *context);

#ifdef __cplusplus
}
#endif
#endif
