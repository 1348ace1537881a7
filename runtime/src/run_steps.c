// run_steps.c: runs a table of steps on all threads.
//
// Every thread walks the whole table. At each step it waits until the steps that this one needs are
// complete, then takes tasks from the step's counter until none are left. There is no barrier: a
// thread that finds nothing to do goes on to the next step, and only tasks that are really under
// way are waited for.
#include "session.h"

#include "pool.h"

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

// Waits until steps [lo, last] are complete; *complete is the count known to be, and moves on.
static void wait_for(const Walk *w, int64_t last, uint32_t *complete)
{
    Event *event = &w->session->step_done;
    while ((int64_t)*complete <= last) {
        unsigned seen = event_seen(event);
        if (step_complete(w, *complete))
            ++*complete;
        else
            rni_event_wait(event, seen, w->spin_ns);
    }
}

// Gives the number of tasks that this worker has run.
static uint32_t run_tasks(const Walk *w, uint32_t i, void *scratch)
{
    const RnStep *step = step_at(w, i);
    StepProgress *progress = &w->session->progress[i];
    uint32_t tasks = task_count(w, i);
    // Small enough to balance, large enough that the counter is not fought over.
    uint32_t grain = tasks / (w->workers * 8);
    if (w->workers == 1)
        grain = tasks;
    if (grain == 0)
        grain = 1;
    uint32_t mine = 0;
    while (atomic_load_explicit(&progress->next, memory_order_relaxed) < tasks) {
        uint32_t lo = atomic_fetch_add_explicit(&progress->next, grain, memory_order_relaxed);
        if (lo >= tasks)
            break;
        uint32_t hi = tasks - lo < grain ? tasks : lo + grain;
        rn_step_run(w->session->model, step, w->call, lo, hi, scratch);
        mine += hi - lo;
        unsigned before = atomic_fetch_add_explicit(&progress->done, hi - lo, memory_order_acq_rel);
        if (before + (hi - lo) == tasks)
            rni_event_notify(&w->session->step_done);
    }
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
    event.tasks = run_tasks(w, i, w->session->scratch[worker]);
    event.end_ns = rni_clock_ns();
    if (event.tasks > 0)
        w->session->trace(w->session->trace_context, &event);
}

static void walk_steps(void *context, unsigned worker)
{
    const Walk *w = context;
    uint32_t complete = w->range.lo;
    for (uint32_t i = w->range.lo; i < w->range.hi; i++) {
        wait_for(w, step_at(w, i)->wait, &complete);
        if (w->session->trace)
            trace_tasks(w, i, worker);
        else
            run_tasks(w, i, w->session->scratch[worker]);
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
        atomic_store_explicit(&s->progress[i].next, 0, memory_order_relaxed);
        atomic_store_explicit(&s->progress[i].done, 0, memory_order_relaxed);
    }
    rn_pool_run(s->pool, walk_steps, &walk);
}

void rni_session_run_steps(RnSession *s, StepRange range, const RnCall *call)
{
    if (s->hook == NULL) {
        run_range(s, range, call);
        return;
    }
    for (uint32_t i = range.lo; i < range.hi; i++) {
        uint64_t start = rni_clock_ns();
        run_range(s, (StepRange){range.steps, range.stride, i, i + 1}, call);
        s->hook(s->hook_context, s->model, RN_AT(RnStep, range.steps, range.stride, i),
                call->batch, rni_clock_ns() - start);
    }
}
