// optimizer.c: the optimisers' buffers, and a step of them on all threads.
// Not here: the update rules (update.c).
//
// Parameters are cut into chunks of a fixed size, whatever the number of threads; each element is
// updated on its own, and the norm is a sum of the chunks' sums in their order: the same bits for
// any number of threads.
#include "resnetc/optimizer.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "train/update.h"

enum { CHUNK = 1 << 15, MAX_BUFFERS = 2 };

typedef struct Chunk {
    uint32_t param;
    uint32_t count;
    uint64_t first; // element of the parameter
} Chunk;

struct RnOptimizer {
    RnOptimizerConfig config;
    const RnModel *model;
    uint64_t steps;
    float *buffer[MAX_BUFFERS]; // of all parameters, one after another; NULL: not needed
    uint64_t *start;            // per parameter: its place in a buffer
    bool *frozen;               // per parameter
    char *part;                 // room for the longest of their names
    Chunk *chunks;
    double *squares; // per chunk: sum of its squared gradients
    uint32_t chunk_count;
};

static RnStatus check_sgd(const RnOptimizerConfig *c, RnError *err)
{
    if (!(c->momentum >= 0 && c->momentum < 1)) {
        return rn_fail(err, RN_ERR_USAGE, "momentum %g is not in [0, 1)", c->momentum);
    }
    if (!(c->dampening >= 0 && c->dampening <= 1)) {
        return rn_fail(err, RN_ERR_USAGE, "dampening %g is not in [0, 1]", c->dampening);
    }
    if (c->nesterov && (c->momentum == 0 || c->dampening != 0)) {
        return rn_fail(err, RN_ERR_USAGE, "Nesterov momentum needs %s",
                       c->momentum > 0 ? "dampening 0" : "a momentum above 0");
    }
    return RN_OK;
}

static RnStatus check_adamw(const RnOptimizerConfig *c, RnError *err)
{
    if (!(c->beta1 >= 0 && c->beta1 < 1) || !(c->beta2 >= 0 && c->beta2 < 1)) {
        return rn_fail(err, RN_ERR_USAGE, "AdamW: beta1 %g and beta2 %g are not both in [0, 1)",
                       c->beta1, c->beta2);
    }
    if (!(c->epsilon > 0) || !isfinite(c->epsilon)) {
        return rn_fail(err, RN_ERR_USAGE, "AdamW: epsilon %g is not above 0", c->epsilon);
    }
    const char *given = c->momentum != 0    ? "momentum"
                        : c->dampening != 0 ? "dampening"
                        : c->nesterov       ? "nesterov"
                                            : NULL;
    if (given) {
        return rn_fail(err, RN_ERR_USAGE,
                       "%s is SGD's: AdamW has beta1 and beta2 instead of a momentum", given);
    }
    return RN_OK;
}

static RnStatus check_config(const RnOptimizerConfig *c, RnError *err)
{
    if (!(c->weight_decay >= 0) || !isfinite(c->weight_decay)) {
        return rn_fail(err, RN_ERR_USAGE, "weight decay %g is not 0 or more", c->weight_decay);
    }
    if (!(c->clip_norm >= 0) || !isfinite(c->clip_norm)) {
        return rn_fail(err, RN_ERR_USAGE, "a gradient norm of %g is not 0 or more", c->clip_norm);
    }
    switch (c->kind) {
    case RN_OPTIMIZER_SGD:
        return check_sgd(c, err);
    case RN_OPTIMIZER_ADAMW:
        return check_adamw(c, err);
    }
    return rn_fail(err, RN_ERR_USAGE, "no optimiser %d", (int)c->kind);
}

// Cuts the parameters; with chunks NULL it only counts.
static uint64_t cut_chunks(const RnModel *m, Chunk *chunks)
{
    uint64_t count = 0;
    for (uint32_t p = 0; p < m->param_count; p++) {
        uint64_t n = rn_tensor_elements(rn_model_tensor(m, (int32_t)p));
        for (uint64_t at = 0; at < n; at += CHUNK, count++) {
            uint32_t size = n - at < CHUNK ? (uint32_t)(n - at) : CHUNK;
            if (chunks != NULL) {
                chunks[count] = (Chunk){.param = p, .count = size, .first = at};
            }
        }
    }
    return count;
}

static unsigned buffers_needed(const RnOptimizerConfig *c)
{
    return c->kind == RN_OPTIMIZER_ADAMW ? 2 : c->momentum > 0 ? 1 : 0;
}

static bool allocate(RnOptimizer *o)
{
    const RnModel *m = o->model;
    o->start = calloc((size_t)m->param_count + 1, sizeof *o->start);
    o->chunk_count = (uint32_t)cut_chunks(m, NULL);
    o->chunks = calloc((size_t)o->chunk_count + 1, sizeof *o->chunks);
    o->squares = calloc((size_t)o->chunk_count + 1, sizeof *o->squares);
    o->frozen = calloc((size_t)m->param_count + 1, sizeof *o->frozen);
    if (!o->start || !o->chunks || !o->squares || !o->frozen) {
        return false;
    }
    cut_chunks(m, o->chunks);
    uint64_t floats = 0;
    size_t longest = 0;
    for (uint32_t p = 0; p < m->param_count; p++) {
        size_t length = strlen(rn_model_tensor_name(m, (int32_t)p));
        longest = length > longest ? length : longest;
        o->start[p] = floats;
        floats += (rn_tensor_elements(rn_model_tensor(m, (int32_t)p)) + 15) / 16 * 16;
    }
    o->part = malloc(longest + 1);
    if (o->part == NULL) {
        return false;
    }
    for (unsigned i = 0; i < buffers_needed(&o->config); i++) {
        o->buffer[i] = rni_memory_aligned_zero(floats * sizeof(float), MEMORY_ALIGN);
        if (o->buffer[i] == NULL) {
            return false;
        }
    }
    return true;
}

RnStatus rn_optimizer_create(RnSession *session, const RnOptimizerConfig *config, RnOptimizer **out,
                             RnError *err)
{
    *out = NULL;
    RnStatus status = check_config(config, err);
    if (status != RN_OK) {
        return status;
    }
    const RnModel *m = rn_session_model(session);
    if (m->param_count > 0 && rn_tensor_data(session, rn_model_tensor(m, 0)->grad) == NULL) {
        return rn_fail(err, RN_ERR_MISSING, "model %s: this session has no gradients", m->name);
    }
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
    if (o == NULL) {
        return;
    }
    for (unsigned i = 0; i < MAX_BUFFERS; i++) {
        free(o->buffer[i]);
    }
    free(o->start);
    free(o->frozen);
    free(o->part);
    free(o->chunks);
    free(o->squares);
    free(o);
}

// Does the path fit, or one of the parts that it begins with ("layer1" of "layer1.0.bn1.weight")?
static bool fits(const char *pattern, const char *path, char *part)
{
    for (size_t i = 0; path[i]; i++) {
        part[i] = 0;
        if (path[i] == '.' && fnmatch(pattern, part, 0) == 0) {
            return true;
        }
        part[i] = path[i];
    }
    return fnmatch(pattern, path, 0) == 0;
}

uint32_t rn_optimizer_freeze(RnOptimizer *o, const char *pattern)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < o->model->param_count; p++) {
        if (!fits(pattern, rn_model_tensor_name(o->model, (int32_t)p), o->part)) {
            continue;
        }
        o->frozen[p] = true;
        count++;
    }
    return count;
}

typedef struct Step {
    RnOptimizer *optimizer;
    RnSession *session;
    Update update;
} Step;

// The gradient of a chunk; NULL where it is frozen, or the loss does not depend on the parameter.
static const float *chunk_gradient(const Step *step, const Chunk *c)
{
    const RnTensor *t = rn_model_tensor(step->optimizer->model, (int32_t)c->param);
    const float *g = rn_tensor_data(step->session, t->grad);
    return g == NULL || step->optimizer->frozen[c->param] ? NULL : g + c->first;
}

static void sum_squares(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    (void)worker;
    const Step *step = context;
    for (uint32_t i = lo; i < hi; i++) {
        const Chunk *c = &step->optimizer->chunks[i];
        const float *g = chunk_gradient(step, c);
        step->optimizer->squares[i] = g ? rni_square_sum(g, c->count) : 0;
    }
}

// min(1, clip_norm / (norm + 1e-6))
static float clip_factor(const Step *step, RnPool *pool)
{
    RnOptimizer *o = step->optimizer;
    if (o->config.clip_norm == 0) {
        return 1.0f;
    }
    Step sum = *step;
    rn_pool_for(pool, o->chunk_count, 1, sum_squares, &sum);
    double total = 0;
    for (uint32_t i = 0; i < o->chunk_count; i++) {
        total += o->squares[i];
    }
    double factor = o->config.clip_norm / (sqrt(total) + 1e-6);
    return factor < 1 ? (float)factor : 1.0f;
}

static void update_chunks(void *context, uint32_t lo, uint32_t hi, unsigned worker)
{
    (void)worker;
    const Step *step = context;
    RnOptimizer *o = step->optimizer;
    for (uint32_t i = lo; i < hi; i++) {
        Chunk c = o->chunks[i];
        const RnTensor *t = rn_model_tensor(o->model, (int32_t)c.param);
        const float *g = chunk_gradient(step, &c);
        if (g == NULL) {
            continue;
        }
        Update u = step->update;
        if (o->config.decay == RN_DECAY_WEIGHTS && !(t->flags & RN_TENSOR_DECAY)) {
            u.decay = 0;
        }
        float *p = rn_tensor_data(step->session, (int32_t)c.param) + c.first;
        float *b[MAX_BUFFERS];
        for (unsigned k = 0; k < MAX_BUFFERS; k++) {
            b[k] = o->buffer[k] ? o->buffer[k] + o->start[c.param] + c.first : NULL;
        }
        switch (o->config.kind) {
        case RN_OPTIMIZER_SGD:
            if (b[0] == NULL) {
                rni_update_plain(p, g, c.count, &u);
            } else {
                rni_update_momentum(p, g, b[0], c.count, &u);
            }
            break;
        case RN_OPTIMIZER_ADAMW:
            rni_update_adamw(p, g, b[0], b[1], c.count, &u);
            break;
        }
    }
}

static Update step_factors(const RnOptimizer *o, double lr)
{
    const RnOptimizerConfig *c = &o->config;
    double t = (double)o->steps + 1;
    return (Update){.lr = (float)lr,
                    .decay = (float)c->weight_decay,
                    .momentum = (float)c->momentum,
                    .fresh = o->steps == 0 ? 1.0f : (float)(1 - c->dampening),
                    .nesterov = c->nesterov,
                    .beta2 = (float)c->beta2,
                    .fresh1 = (float)(1 - c->beta1),
                    .fresh2 = (float)(1 - c->beta2),
                    .epsilon = (float)c->epsilon,
                    .step_size = (float)(lr / (1 - pow(c->beta1, t))),
                    .root_scale = (float)sqrt(1 - pow(c->beta2, t))};
}

RnStatus rn_optimizer_step(RnOptimizer *o, RnSession *session, double lr, RnError *err)
{
    if (rn_session_model(session) != o->model) {
        return rn_fail(err, RN_ERR_USAGE, "the optimiser was made for another model");
    }
    if (!isfinite(lr)) {
        return rn_fail(err, RN_ERR_USAGE, "learning rate %g is not a finite number", lr);
    }
    RnPool *pool = rn_session_pool(session);
    Step step = {.optimizer = o, .session = session, .update = step_factors(o, lr)};
    step.update.clip = clip_factor(&step, pool);
    rn_pool_for(pool, o->chunk_count, 1, update_chunks, &step);
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
    return buffers_needed(&o->config);
}

const char *rn_optimizer_buffer_name(const RnOptimizer *o, unsigned buffer)
{
    static const char *const adamw[] = {"exp_avg", "exp_avg_sq"};
    if (buffer >= rn_optimizer_buffer_count(o)) {
        return NULL;
    }
    return o->config.kind == RN_OPTIMIZER_ADAMW ? adamw[buffer] : "momentum";
}

float *rn_optimizer_buffer(RnOptimizer *o, unsigned buffer, uint32_t param)
{
    if (buffer >= rn_optimizer_buffer_count(o) || param >= o->model->param_count) {
        return NULL;
    }
    return o->buffer[buffer] + o->start[param];
}
