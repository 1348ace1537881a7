// thread_pool.h: what the runtime itself uses of the pool beyond resnetc/pool.h.
#ifndef RUNTIME_CORE_THREAD_POOL_H
#define RUNTIME_CORE_THREAD_POOL_H

#include "resnetc/pool.h"

/// How long a waiting worker spins before it sleeps; 0 when threads outnumber cores.
uint64_t rni_pool_spin_ns(const RnPool *pool);

#endif
