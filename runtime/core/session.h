// session.h: what a session is made of; shared by the files that run it.
#ifndef RUNTIME_CORE_SESSION_H
#define RUNTIME_CORE_SESSION_H

#include <stdatomic.h>

#include "core/event.h"
#include "resnetc/runtime.h"

/// Progress of one step of the run under way. Alone in its cache line.
typedef struct StepProgress {
    _Alignas(64) atomic_uint done; // tasks complete
} StepProgress;

/// Tasks of one step that nobody has taken: the first, and in the upper half the one behind the
/// last.
typedef atomic_uint_fast64_t TaskShare;

struct RnSession {
    const RnModel *model;
    unsigned modes;
    uint32_t max_batch;
    RnPool *pool;
    bool owns_pool;
    RnStepHook hook;
    void *hook_context;
    RnTraceHook trace;
    void *trace_context;
    RnStepDone done;
    void *done_context;

    void **base;            // per region, owned
    uint64_t *region_bytes; // per region
    void **call_base;       // per region: base, or the caller's own memory during a call
    void **scratch;         // per worker, at the end of the arena
    uint64_t scratch_bytes; // of each but worker 0
    uint64_t first_scratch; // bytes of worker 0: it may use places that plans have for scratch
    StepProgress *progress; // per step of the longest table
    TaskShare *shares;      // per step of it and worker
    Event step_done;
    atomic_uint done_due;      // completed steps that `done` has not been called for
    uint32_t done_next;        // the first of them; belongs to the thread that calls
    float *saved_state;        // copy of the state region, to undo a failed training step
    const float **pass_inputs; // per input tensor: where the pass under way reads
    bool prepared;             // packed weights are up to date
    uint32_t train_batch;      // of the last training call, 0: none
    const RnPlan *train_plan;
};

/// A step table and the part of it to run.
typedef struct StepRange {
    const RnStep *steps;
    uint32_t stride;
    uint32_t lo, hi;
    bool scratch_placed; // worker 0's scratch is where the steps say
    bool again;          // they have run before with this call: nobody is told
    const RnPlan *plan;  // NULL: prepare
} StepRange;

/// All steps of a plan.
StepRange rni_session_range(const RnPlan *plan);
/// The prepare steps.
StepRange rni_session_prepare(const RnModel *model);

/// Runs steps [lo, hi) on the session's threads, with the hook after each if there is one.
void rni_session_run_steps(RnSession *s, StepRange range, const RnCall *call);

/// A call's description with the session's own memory for every region.
RnCall rni_session_call(RnSession *s, uint32_t batch);

/// Where a tensor lies in this call.
void *rni_session_tensor(const RnSession *s, const RnTensor *tensor, uint32_t batch);

/// Binds the input tensors to `inputs` (in place when aligned, else copied).
RnStatus rni_session_bind_inputs(RnSession *s, const float *const *inputs, uint32_t batch,
                                 RnError *err);

#endif
