// run_steps.c: runs a table of steps on all threads.
//
// Every thread walks the whole table. At each step it waits until the step before is complete, then
// takes the tasks of its own share, equal parts of the step in order; when these are gone, a share
// that its owner has not begun becomes its own, or the latter half of what another still has to do.
// So neighbouring tasks, which read the same weights or fetch each other's ahead (conv_walk.c), run
// in order and on one core. Threads do not wait for each other but for tasks: one that is held up
// before it has taken any holds up nobody.
#include "core/session.h"

#include <stdbool.h>

#include "core/thread_pool.h"

typedef struct Walk {
    RnSession *session;
    StepRange range;
    const RnCall *call;
    unsigned workers;
    uint64_t spin_ns;
} Walk;

static const RnStep *step_at(const Walk *w, uint32_t i)
{
    return RN_AT(RnStep, w->range.steps, w->range.stride, i);
}

static uint32_t task_count(const Walk *w, uint32_t i)
{
    return rn_step_tasks(w->session->model, step_at(w, i), w->call->batch);
}

static bool step_complete(const Walk *w, uint32_t i)
{
    unsigned done = atomic_load_explicit(&w->session->progress[i].done, memory_order_acquire);
    return done == task_count(w, i);
}

static void wait_for(const Walk *w, uint32_t i)
{
    Event *event = &w->session->step_done;
    unsigned seen = event_seen(event);
    while (!step_complete(w, i)) {
        rni_event_wait(event, seen, w->spin_ns);
        seen = event_seen(event);
    }
}

static TaskShare *share_at(const Walk *w, uint32_t i, unsigned worker)
{
    return &w->session->shares[(uint64_t)i * w->workers + worker];
}

static uint64_t share_of(uint64_t lo, uint64_t hi)
{
    return hi << 32 | lo;
}

// Where a worker's share begins: they are equal, the first ones the larger.
static uint32_t share_begin(const Walk *w, uint64_t tasks, unsigned worker)
{
    return (uint32_t)((worker * tasks + w->workers - 1) / w->workers);
}

// Before a run.
static void share_tasks(const Walk *w, uint32_t i)
{
    uint32_t tasks = task_count(w, i);
    for (unsigned worker = 0; worker < w->workers; worker++) {
        uint32_t lo = share_begin(w, tasks, worker), hi = share_begin(w, tasks, worker + 1);
        atomic_store_explicit(share_at(w, i, worker), share_of(lo, hi), memory_order_relaxed);
    }
}

typedef struct TaskRange {
    uint32_t lo, hi;
} TaskRange;

// Takes at most `grain` tasks from the front of a share. Empty: none are left.
static TaskRange take_tasks(TaskShare *share, uint32_t grain)
{
    uint64_t now = atomic_load_explicit(share, memory_order_relaxed), rest;
    TaskRange r;
    do {
        uint32_t end = (uint32_t)(now >> 32);
        r.lo = (uint32_t)now;
        r.hi = end - r.lo < grain ? end : r.lo + grain;
        rest = share_of(r.hi, end);
    } while (r.lo < r.hi && !atomic_compare_exchange_weak_explicit(
                                share, &now, rest, memory_order_relaxed, memory_order_relaxed));
    return r;
}

// Takes a share that begins where it did at first, or else its latter half.
static TaskRange take_from(TaskShare *share, uint32_t first)
{
    uint64_t now = atomic_load_explicit(share, memory_order_relaxed), rest;
    TaskRange r;
    do {
        uint32_t begin = (uint32_t)now;
        r.hi = (uint32_t)(now >> 32);
        r.lo = begin == first ? begin : begin + (r.hi - begin) / 2;
        rest = share_of(begin, r.lo);
    } while (r.lo < r.hi && !atomic_compare_exchange_weak_explicit(
                                share, &now, rest, memory_order_relaxed, memory_order_relaxed));
    return r;
}

// Fills this worker's empty share from another's. Nobody else changes an empty share.
static bool refill(const Walk *w, uint32_t i, unsigned worker)
{
    uint32_t tasks = task_count(w, i);
    for (unsigned k = 1; k < w->workers; k++) {
        unsigned other = (worker + k) % w->workers;
        TaskRange r = take_from(share_at(w, i, other), share_begin(w, tasks, other));
        if (r.lo < r.hi) {
            atomic_store_explicit(share_at(w, i, worker), share_of(r.lo, r.hi),
                                  memory_order_relaxed);
            return true;
        }
    }
    return false;
}

static void *scratch_of(const Walk *w, const RnStep *step, unsigned worker)
{
    return worker == 0 && w->range.scratch_placed
               ? rn_step_scratch(w->session->model, step, w->call)
               : w->session->scratch[worker];
}

// Calls the done hook for a step that is complete now and for others that became complete meanwhile.
// One thread at a time does so, in the order of the steps; another leaves its step to that thread
// and goes on.
static void tell_done(const Walk *w)
{
    RnSession *s = w->session;
    if (atomic_fetch_add_explicit(&s->done_due, 1, memory_order_acq_rel) > 0) {
        return;
    }
    do {
        s->done(s->done_context, s->model, w->range.plan, s->done_next++);
    } while (atomic_fetch_sub_explicit(&s->done_due, 1, memory_order_acq_rel) > 1);
}

// Gives the number of tasks that this worker has run.
static uint32_t run_tasks(const Walk *w, uint32_t i, unsigned worker)
{
    const RnStep *step = step_at(w, i);
    StepProgress *progress = &w->session->progress[i];
    void *scratch = scratch_of(w, step, worker);
    uint32_t tasks = task_count(w, i), mine = 0;
    // Small enough to balance, large enough that the shares are not fought over.
    uint32_t grain = w->workers == 1 ? tasks : tasks / (w->workers * 8);
    if (grain == 0) {
        grain = 1;
    }
    do {
        TaskRange r;
        while (r = take_tasks(share_at(w, i, worker), grain), r.lo < r.hi) {
            rn_step_run(w->session->model, step, w->call, r.lo, r.hi, scratch);
            mine += r.hi - r.lo;
            unsigned before =
                atomic_fetch_add_explicit(&progress->done, r.hi - r.lo, memory_order_acq_rel);
            if (before + (r.hi - r.lo) == tasks) {
                rni_event_notify(&w->session->step_done);
                if (w->session->done && !w->range.again) {
                    tell_done(w);
                }
            }
        }
    } while (refill(w, i, worker));
    return mine;
}

static void trace_tasks(const Walk *w, uint32_t i, unsigned worker)
{
    RnTraceEvent event = {.model = w->session->model,
                          .step = step_at(w, i),
                          .worker = worker,
                          .batch = w->call->batch,
                          .step_tasks = task_count(w, i)};
    event.start_ns = rni_clock_ns();
    event.tasks = run_tasks(w, i, worker);
    event.end_ns = rni_clock_ns();
    if (event.tasks > 0) {
        w->session->trace(w->session->trace_context, &event);
    }
}

static void walk_steps(void *context, unsigned worker)
{
    const Walk *w = context;
    for (uint32_t i = w->range.lo; i < w->range.hi; i++) {
        if (i > w->range.lo) {
            wait_for(w, i - 1);
        }
        if (w->session->trace) {
            trace_tasks(w, i, worker);
        } else {
            run_tasks(w, i, worker);
        }
    }
}

static void run_range(RnSession *s, StepRange range, const RnCall *call)
{
    Walk walk = {.session = s,
                 .range = range,
                 .call = call,
                 .workers = rn_pool_threads(s->pool),
                 .spin_ns = rni_pool_spin_ns(s->pool)};
    for (uint32_t i = range.lo; i < range.hi; i++) {
        share_tasks(&walk, i);
        atomic_store_explicit(&s->progress[i].done, 0, memory_order_relaxed);
    }
    s->done_next = range.lo;
    rn_pool_run(s->pool, walk_steps, &walk);
}

StepRange rni_session_range(const RnPlan *plan)
{
    return (StepRange){.steps = plan->steps,
                       .stride = plan->step_stride,
                       .hi = plan->step_count,
                       .scratch_placed = plan->flags & RN_PLAN_SCRATCH_PLACED,
                       .plan = plan};
}

StepRange rni_session_prepare(const RnModel *m)
{
    return (StepRange){.steps = m->prepare, .stride = m->prepare_stride, .hi = m->prepare_count};
}

void rni_session_run_steps(RnSession *s, StepRange range, const RnCall *call)
{
    if (s->hook == NULL) {
        run_range(s, range, call);
        return;
    }
    StepRange one = range;
    for (uint32_t i = range.lo; i < range.hi; i++) {
        uint64_t start = rni_clock_ns();
        one.lo = i;
        one.hi = i + 1;
        run_range(s, one, call);
        s->hook(s->hook_context, s->model, RN_AT(RnStep, range.steps, range.stride, i), call->batch,
                rni_clock_ns() - start);
    }
}
