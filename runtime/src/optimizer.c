// optimizer.c: SGD with momentum, on all threads.
//
// Parameters are cut into chunks of a fixed size, whatever the number of threads; each element is
// updated on its own, so that the cut cannot change a bit.
#include "resnetc/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { CHUNK = 1 << 15 };

typedef struct Chunk {
    uint32_t param;
    uint32_t count;
    uint64_t first; // element of the parameter
} Chunk;

struct RnOptimizer {
    RnOptimizerConfig config;
    const RnModel *model;
    uint64_t steps;
    float *momentum; // all buffers, one after another; NULL without momentum
    uint64_t *start; // per parameter: its place in momentum
    Chunk *chunks;
    uint32_t chunk_count;
};

static RnStatus check_config(const RnOptimizerConfig *c, RnError *err)
{
    if (!(c->momentum >= 0 && c->momentum < 1))
        return rn_fail(err, RN_ERR_USAGE, "momentum %g is not in [0, 1)", c->momentum);
    if (!(c->dampening >= 0 && c->dampening <= 1))
        return rn_fail(err, RN_ERR_USAGE, "dampening %g is not in [0, 1]", c->dampening);
    if (!(c->weight_decay >= 0) || !isfinite(c->weight_decay))
        return rn_fail(err, RN_ERR_USAGE, "weight decay %g is not 0 or more", c->weight_decay);
    if (c->nesterov && (c->momentum == 0 || c->dampening != 0))
        return rn_fail(err, RN_ERR_USAGE,
                       "Nesterov momentum needs momentum above 0 and dampening 0");
    return RN_OK;
}

// Cuts the parameters; with chunks NULL it only counts.
static uint64_t cut_chunks(const RnModel *m, Chunk *chunks)
{
    uint64_t count = 0;
    for (uint32_t p = 0; p < m->param_count; p++) {
        uint64_t n = rn_tensor_elements(rn_model_tensor(m, (int32_t)p));
        for (uint64_t at = 0; at < n; at += CHUNK, count++) {
            uint32_t size = n - at < CHUNK ? (uint32_t)(n - at) : CHUNK;
            if (chunks != NULL)
                chunks[count] = (Chunk){.param = p, .count = size, .first = at};
        }
    }
    return count;
}

static bool allocate(RnOptimizer *o)
{
    const RnModel *m = o->model;
    o->start = calloc((size_t)m->param_count + 1, sizeof *o->start);
    o->chunk_count = (uint32_t)cut_chunks(m, NULL);
    o->chunks = calloc((size_t)o->chunk_count + 1, sizeof *o->chunks);
    if (o->start == NULL || o->chunks == NULL)
        return false;
    cut_chunks(m, o->chunks);
    uint64_t floats = 0;
    for (uint32_t p = 0; p < m->param_count; p++) {
        o->start[p] = floats;
        floats += (rn_tensor_elements(rn_model_tensor(m, (int32_t)p)) + 15) / 16 * 16;
    }
    if (o->config.momentum == 0)
        return true;
    o->momentum = rni_memory_aligned_zero(floats * sizeof(float), MEMORY_ALIGN);
    return o->momentum != NULL;
}

RnStatus rn_optimizer_create(RnSession *session, const RnOptimizerConfig *config, RnOptimizer **out,
                             RnError *err)
{
    *out = NULL;
    RnStatus status = check_config(config, err);
    if (status != RN_OK)
        return status;
    const RnModel *m = rn_session_model(session);
    if (m->param_count > 0 && rn_tensor_data(session, rn_model_tensor(m, 0)->grad) == NULL)
        return rn_fail(err, RN_ERR_MISSING, "model %s: this session has no gradients", m->name);
    RnOptimizer *o = calloc(1, sizeof *o);
    if (o != NULL) {
        o->config = *config;
        o->model = m;
    }
    if (o == NULL || !allocate(o)) {
        rn_optimizer_destroy(o);
        return rn_fail(err, RN_ERR_MEMORY, "model %s: out of memory for the optimiser", m->name);
    }
    *out = o;
    return RN_OK;
}

void rn_optimizer_destroy(RnOptimizer *o)
{
    if (o == NULL)
        return;
    free(o->momentum);
    free(o->start);
    free(o->chunks);
    free(o);
}

// The factors of one step, and the arrays of one chunk: p, g [n], b [n] or NULL.
typedef struct Update {
    float lr, decay, momentum, fresh; // fresh: 1 - dampening, 1 at the first step
    bool nesterov;
} Update;

// p = p - lr * (g + decay * p)
static void update_plain(float *p, const float *g, size_t n, const Update *u)
{
    for (size_t i = 0; i < n; i++) {
        float d = g[i] + u->decay * p[i];
        p[i] = p[i] - u->lr * d;
    }
}

// d = g + decay * p;  b = momentum * b + fresh * d;  p = p - lr * (nesterov ? d + momentum * b : b)
static void update_momentum(float *p, const float *g, float *b, size_t n, const Update *u)
{
    float ahead = u->nesterov ? u->momentum : 1.0f, now = u->nesterov ? 1.0f : 0.0f;
    for (size_t i = 0; i < n; i++) {
        float d = g[i] + u->decay * p[i];
        b[i] = u->momentum * b[i] + u->fresh * d;
        p[i] = p[i] - u->lr * (now * d + ahead * b[i]);
    }
}

typedef struct Step {
    RnOptimizer *optimizer;
    RnSession *session;
    Update update;
} Step;

static void update_chunks(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    (void)worker;
    const Step *step = context;
    RnOptimizer *o = step->optimizer;
    for (uint32_t i = lo; i < hi; i++) {
        Chunk c = o->chunks[i];
        const RnTensor *t = rn_model_tensor(o->model, (int32_t)c.param);
        const float *g = rn_tensor_data(step->session, t->grad);
        if (g == NULL)
            continue; // a parameter that the loss does not depend on
        Update u = step->update;
        if (o->config.decay == RN_DECAY_WEIGHTS && !(t->flags & RN_TENSOR_DECAY))
            u.decay = 0;
        float *p = rn_tensor_data(step->session, (int32_t)c.param) + c.first;
        if (o->momentum == NULL)
            update_plain(p, g + c.first, c.count, &u);
        else
            update_momentum(p, g + c.first, o->momentum + o->start[c.param] + c.first, c.count, &u);
    }
}

RnStatus rn_optimizer_step(RnOptimizer *o, RnSession *session, double lr, RnError *err)
{
    if (rn_session_model(session) != o->model)
        return rn_fail(err, RN_ERR_USAGE, "the optimiser was made for another model");
    if (!isfinite(lr))
        return rn_fail(err, RN_ERR_USAGE, "learning rate %g is not a finite number", lr);
    const RnOptimizerConfig *c = &o->config;
    bool first = o->steps == 0;
    Step step = {.optimizer = o,
                 .session = session,
                 .update = {.lr = (float)lr,
                            .decay = (float)c->weight_decay,
                            .momentum = (float)c->momentum,
                            .fresh = first ? 1.0f : (float)(1 - c->dampening),
                            .nesterov = c->nesterov}};
    rn_pool_for(rn_session_pool(session), o->chunk_count, 1, update_chunks, &step);
    o->steps++;
    rn_params_changed(session);
    return RN_OK;
}

uint64_t rn_optimizer_steps(const RnOptimizer *o)
{
    return o->steps;
}

void rn_optimizer_set_steps(RnOptimizer *o, uint64_t steps)
{
    o->steps = steps;
}

unsigned rn_optimizer_buffer_count(const RnOptimizer *o)
{
    return o->momentum != NULL ? 1 : 0;
}

const char *rn_optimizer_buffer_name(const RnOptimizer *o, unsigned buffer)
{
    return buffer < rn_optimizer_buffer_count(o) ? "momentum" : NULL;
}

float *rn_optimizer_buffer(RnOptimizer *o, unsigned buffer, uint32_t param)
{
    if (buffer >= rn_optimizer_buffer_count(o) || param >= o->model->param_count)
        return NULL;
    return o->momentum + o->start[param];
}
