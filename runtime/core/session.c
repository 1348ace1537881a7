// session.c: opening and closing sessions: plans chosen, memory allocated, tensors found.
// Not here: running (infer.c, train.c, run_steps.c).
#include "core/session.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

static const RnPlan *plan_at(const RnModel *m, uint32_t i)
{
    return RN_AT(RnPlan, m->plans, m->plan_stride, i);
}

static const RnRegion *region_at(const RnModel *m, uint32_t i)
{
    return RN_AT(RnRegion, m->regions, m->region_stride, i);
}

static bool plan_wanted(const RnSession *s, const RnPlan *plan)
{
    return s->modes & (plan->kind == RN_PLAN_TRAIN ? RN_MODE_TRAIN : RN_MODE_INFER);
}

// Settles the modes and the largest batch.
static RnStatus choose_modes(RnSession *s, const RnOptions *options, RnError *err)
{
    unsigned has = 0;
    for (uint32_t i = 0; i < s->model->plan_count; i++) {
        has |= plan_at(s->model, i)->kind == RN_PLAN_TRAIN ? RN_MODE_TRAIN : RN_MODE_INFER;
    }
    s->modes = options->modes ? options->modes : has;
    unsigned lacks = s->modes & ~has;
    if (lacks & RN_MODE_TRAIN) {
        return rn_fail(err, RN_ERR_MISSING,
                       "model %s has no training plan: compile it with --mode both",
                       s->model->name);
    }
    if (lacks || s->modes == 0) {
        return rn_fail(err, RN_ERR_MISSING,
                       "model %s has no inference plan: compile it with --mode both",
                       s->model->name);
    }
    s->max_batch = options->max_batch;
    for (uint32_t i = 0; i < s->model->plan_count && options->max_batch == 0; i++) {
        const RnPlan *plan = plan_at(s->model, i);
        if (plan_wanted(s, plan) && plan->batch > s->max_batch) {
            s->max_batch = plan->batch;
        }
    }
    return RN_OK;
}

// The largest batch that this session runs by the plan; 0: it never does.
static uint32_t largest_batch(const RnSession *s, const RnPlan *plan)
{
    RnPlanKind kind = (RnPlanKind)plan->kind;
    uint32_t lo = 0, hi = s->max_batch;
    if (!plan_wanted(s, plan)) {
        return 0;
    }
    while (lo < hi) { // batches up to the answer have this plan, or one for smaller batches
        uint32_t middle = hi - (hi - lo) / 2;
        const RnPlan *of_middle = rn_model_plan(s->model, kind, middle);
        if (of_middle == NULL || of_middle->batch <= plan->batch) {
            lo = middle;
        } else {
            hi = middle - 1;
        }
    }
    return lo > 0 && rn_model_plan(s->model, kind, lo) == plan ? lo : 0;
}

// Calls for every step table the session may run, with the largest batch.
typedef bool (*TableFn)(RnSession *s, StepRange range, uint32_t batch);

static bool each_table(RnSession *s, TableFn fn)
{
    const RnModel *m = s->model;
    if (!fn(s, rni_session_prepare(m), 1)) {
        return false;
    }
    for (uint32_t i = 0; i < m->plan_count; i++) {
        const RnPlan *p = plan_at(m, i);
        uint32_t batch = largest_batch(s, p);
        if (batch && !fn(s, rni_session_range(p), batch)) {
            return false;
        }
    }
    return true;
}

static bool tasks_fit(RnSession *s, StepRange range, uint32_t batch)
{
    for (uint32_t i = range.lo; i < range.hi; i++) {
        if (rn_step_tasks(s->model, RN_AT(RnStep, range.steps, range.stride, i), batch) >
            INT32_MAX) {
            return false;
        }
    }
    return true;
}

static bool grow_scratch(RnSession *s, StepRange range, uint32_t batch)
{
    (void)batch;
    for (uint32_t i = range.lo; i < range.hi; i++) {
        const RnKernel *k = rn_step_kernel(s->model, RN_AT(RnStep, range.steps, range.stride, i));
        uint64_t bytes = (k->scratch_bytes + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
        if (bytes > s->scratch_bytes) {
            s->scratch_bytes = bytes;
        }
        if (bytes > s->first_scratch && !range.scratch_placed) {
            s->first_scratch = bytes;
        }
    }
    return true;
}

static uint32_t longest_table(const RnSession *s)
{
    uint32_t longest = s->model->prepare_count;
    for (uint32_t i = 0; i < s->model->plan_count; i++) {
        if (plan_at(s->model, i)->step_count > longest) {
            longest = plan_at(s->model, i)->step_count;
        }
    }
    return longest;
}

// fixed + batch * per_image, false when it overflows.
static bool batch_bytes(uint64_t fixed, uint32_t batch, uint64_t per_image, uint64_t *out)
{
    return checked_mul(per_image, batch, out) && checked_add(*out, fixed, out);
}

// Bytes of the arena without scratch that has no place in it. It is sized by the plans that the
// session may run, not by all of the model's: an inference session of a model that also trains
// stays small.
static bool values_bytes(const RnSession *s, uint64_t *out)
{
    *out = region_at(s->model, RN_REGION_ARENA)->fixed_bytes;
    for (uint32_t i = 0; i < s->model->plan_count; i++) {
        const RnPlan *p = plan_at(s->model, i);
        uint32_t batch = largest_batch(s, p);
        uint64_t past = p->flags & RN_PLAN_SCRATCH_PLACED ? p->scratch_beside_bytes : 0, need = 0;
        if (!batch_bytes(p->arena_fixed_bytes, batch, p->arena_per_image_bytes, &need) ||
            !checked_add(need, past, &need)) {
            return false;
        }
        if (batch && need > *out) {
            *out = need;
        }
    }
    *out = (*out + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
    return true;
}

// Bytes of a region in this session.
static bool region_bytes(const RnSession *s, uint32_t index, uint64_t *out)
{
    const RnRegion *r = region_at(s->model, index);
    uint64_t bytes = 0, workers = 0;
    unsigned threads = rn_pool_threads(s->pool);
    if (index == RN_REGION_GRADS && !(s->modes & RN_MODE_TRAIN)) {
        *out = 0;
        return true;
    }
    if (index == RN_REGION_ARENA) {
        return values_bytes(s, &bytes) && checked_add(bytes, s->first_scratch, &bytes) &&
               checked_mul(s->scratch_bytes, threads - 1, &workers) &&
               checked_add(bytes, workers, out);
    }
    return batch_bytes(r->fixed_bytes, s->max_batch, r->per_image_bytes, &bytes) &&
           checked_mul(r->per_worker_bytes, threads, &workers) && checked_add(bytes, workers, out);
}

// Every worker's scratch, at the end of the arena.
static void place_scratch(RnSession *s)
{
    unsigned workers = rn_pool_threads(s->pool);
    char *end = (char *)s->base[RN_REGION_ARENA] + s->region_bytes[RN_REGION_ARENA];
    for (unsigned i = workers; i-- > 0;) {
        end -= i > 0 ? s->scratch_bytes : s->first_scratch;
        s->scratch[i] = end;
    }
}

// Packed weights that nothing prepares again are only read: they stay where the object has them.
static bool stays_in_object(const RnModel *m, uint32_t index)
{
    return index == RN_REGION_PACKED && m->prepare_count == 0 && region_at(m, index)->initial;
}

static RnStatus allocate_region(RnSession *s, uint32_t index, RnError *err)
{
    const RnRegion *r = region_at(s->model, index);
    uint64_t bytes = 0;
    if (!region_bytes(s, index, &bytes)) {
        return rn_fail(err, RN_ERR_MEMORY,
                       "model %s: batch %u needs more memory than can be counted", s->model->name,
                       s->max_batch);
    }
    if (stays_in_object(s->model, index)) {
        memcpy(&s->base[index], &r->initial, sizeof r->initial); // the table's type has no const
        return RN_OK;
    }
    bool plain = index <= RN_REGION_GRADS;
    s->base[index] =
        plain ? rni_memory_aligned_zero(bytes, r->align) : rni_memory_aligned(bytes, r->align);
    if (s->base[index] == NULL) {
        return rn_fail(err, RN_ERR_MEMORY,
                       "model %s: out of memory: its %s needs %llu bytes for a batch of %u",
                       s->model->name, r->name, (unsigned long long)bytes, s->max_batch);
    }
    s->region_bytes[index] = bytes;
    if (r->initial != NULL && bytes >= r->fixed_bytes && r->fixed_bytes > 0) {
        memcpy(s->base[index], r->initial, (size_t)r->fixed_bytes);
    }
    return RN_OK;
}

static RnStatus allocate(RnSession *s, RnError *err)
{
    const RnModel *m = s->model;
    unsigned workers = rn_pool_threads(s->pool);
    uint32_t inputs = 0;
    while (rn_model_nth(m, RN_ROLE_INPUT, inputs) >= 0) {
        inputs++;
    }
    s->base = calloc(m->region_count, sizeof *s->base);
    s->call_base = calloc(m->region_count, sizeof *s->call_base);
    s->region_bytes = calloc(m->region_count, sizeof *s->region_bytes);
    s->scratch = calloc(workers, sizeof *s->scratch);
    s->pass_inputs = calloc(inputs + 1, sizeof *s->pass_inputs);
    s->progress =
        rni_memory_aligned_zero((uint64_t)longest_table(s) * sizeof *s->progress, MEMORY_ALIGN);
    s->shares = rni_memory_aligned_zero((uint64_t)longest_table(s) * workers * sizeof *s->shares,
                                        MEMORY_ALIGN);
    if (!s->base || !s->call_base || !s->region_bytes || !s->scratch || !s->pass_inputs ||
        !s->progress || !s->shares) {
        return rn_fail(err, RN_ERR_MEMORY, "model %s: out of memory", m->name);
    }
    each_table(s, grow_scratch);
    for (uint32_t i = 0; i < m->region_count; i++) {
        RnStatus status = allocate_region(s, i, err);
        if (status != RN_OK) {
            return status;
        }
    }
    place_scratch(s);
    if (s->modes & RN_MODE_TRAIN) {
        s->saved_state = rni_memory_aligned(s->region_bytes[RN_REGION_STATE], MEMORY_ALIGN);
        if (s->saved_state == NULL) {
            return rn_fail(err, RN_ERR_MEMORY, "model %s: out of memory", m->name);
        }
    }
    return RN_OK;
}

static RnStatus open_parts(RnSession *s, const RnOptions *options, RnError *err)
{
    RnStatus status = choose_modes(s, options, err);
    if (status != RN_OK) {
        return status;
    }
    s->pool = options->pool;
    if (s->pool == NULL) {
        status = rn_pool_create(options->threads, &s->pool, err);
        if (status != RN_OK) {
            return status;
        }
        s->owns_pool = true;
    }
    if (!each_table(s, tasks_fit)) {
        return rn_fail(err, RN_ERR_BATCH, "model %s: a batch of %u makes too many tasks",
                       s->model->name, s->max_batch);
    }
    s->prepared = region_at(s->model, RN_REGION_PACKED)->initial != NULL;
    return allocate(s, err);
}

// What the descriptor may say, and this runtime's functions have no arguments for.
static RnStatus check_served(const RnModel *m, RnError *err)
{
    for (uint32_t i = 0; i < m->tensor_count; i++) {
        const RnTensor *t = rn_model_tensor(m, (int32_t)i);
        bool floats =
            t->role == RN_ROLE_INPUT || t->role == RN_ROLE_OUTPUT || t->role == RN_ROLE_LOSS;
        if (floats && (t->elem != RN_F32 || RN_TAIL(RnTensor, t, layout, m->tensor_stride))) {
            return rn_fail(err, RN_ERR_MODEL,
                           "model %s: %s is not f32 in the order n c h w, the only kind of input "
                           "and output that this runtime passes",
                           m->name, rn_text(m, t->name));
        }
    }
    return RN_OK;
}

RnStatus rn_session_open(const RnModel *model, const RnOptions *options, RnSession **out,
                         RnError *err)
{
    static const RnOptions defaults = {0};
    *out = NULL;
    RnStatus status = rn_model_check(model, err);
    if (status == RN_OK) {
        status = check_served(model, err);
    }
    if (status != RN_OK) {
        return status;
    }
    RnSession *s = rni_memory_aligned_zero(sizeof *s, MEMORY_ALIGN);
    if (s == NULL || rni_event_init(&s->step_done) != 0) {
        free(s);
        return rn_fail(err, RN_ERR_MEMORY, "model %s: out of memory", model->name);
    }
    if (options == NULL) {
        options = &defaults;
    }
    s->model = model;
    s->hook = options->on_step;
    s->hook_context = options->on_step_context;
    status = open_parts(s, options, err);
    if (status != RN_OK) {
        rn_session_close(s);
        return status;
    }
    *out = s;
    return RN_OK;
}

void rn_session_close(RnSession *s)
{
    if (s == NULL) {
        return;
    }
    for (uint32_t i = 0; s->base != NULL && i < s->model->region_count; i++) {
        if (!stays_in_object(s->model, i)) {
            free(s->base[i]);
        }
    }
    if (s->owns_pool) {
        rn_pool_destroy(s->pool);
    }
    rni_event_destroy(&s->step_done);
    free(s->saved_state);
    free(s->progress);
    free(s->shares);
    free(s->pass_inputs);
    free(s->scratch);
    free(s->region_bytes);
    free(s->call_base);
    free(s->base);
    free(s);
}

const RnModel *rn_session_model(const RnSession *session)
{
    return session->model;
}

RnPool *rn_session_pool(RnSession *session)
{
    return session->pool;
}

uint32_t rn_session_max_batch(const RnSession *session)
{
    return session->max_batch;
}

uint64_t rn_session_bytes(const RnSession *session)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < session->model->region_count; i++) {
        total += session->region_bytes[i];
    }
    return total;
}

void *rn_session_region(RnSession *session, uint32_t region, uint64_t *bytes)
{
    if (region >= session->model->region_count || session->region_bytes[region] == 0) {
        return NULL;
    }
    *bytes = session->region_bytes[region];
    return session->base[region];
}

void rn_session_set_hook(RnSession *session, RnStepHook hook, void *context)
{
    session->hook = hook;
    session->hook_context = context;
}

void rn_session_set_trace(RnSession *session, RnTraceHook hook, void *context)
{
    session->trace = hook;
    session->trace_context = context;
}

void rn_session_set_done(RnSession *session, RnStepDone hook, void *context)
{
    session->done = hook;
    session->done_context = context;
}

float *rn_tensor_data(RnSession *session, int32_t index)
{
    if (index < 0 || (uint32_t)index >= session->model->tensor_count) {
        return NULL;
    }
    const RnTensor *t = rn_model_tensor(session->model, index);
    bool plain = t->role == RN_ROLE_PARAM || t->role == RN_ROLE_STATE ||
                 (t->role == RN_ROLE_GRAD && (session->modes & RN_MODE_TRAIN));
    return plain ? (float *)(void *)((char *)session->base[t->region] + t->offset) : NULL;
}

void rn_params_changed(RnSession *session)
{
    session->prepared = false;
}
