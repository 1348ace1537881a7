// init.c: initial values of parameters and state.
#include <math.h>
#include <string.h>

#include "resnetc/random.h"
#include "resnetc/runtime.h"

typedef struct Fans {
    double in, out;
} Fans;

// Of a weight [out, in, ...]: in = dim 1 times the rest, out = dim 0 times the rest.
static Fans weight_fans(const RnTensor *t)
{
    double area = 1;
    for (uint32_t i = 2; i < t->rank; i++) {
        area *= t->dim[i];
    }
    return (Fans){t->dim[1] * area, t->dim[0] * area};
}

// A bias has the fans of the weight beside it: X.bias of X.weight.
static Fans tensor_fans(const RnModel *m, const RnTensor *t)
{
    if (t->rank >= 2) {
        return weight_fans(t);
    }
    double n = t->rank == 1 ? t->dim[0] : 1;
    const char *name = rn_text(m, t->name), *dot = strrchr(name, '.');
    size_t prefix = dot ? (size_t)(dot - name) + 1 : 0;
    for (uint32_t i = 0; i < m->param_count; i++) {
        const RnTensor *w = rn_model_tensor(m, (int32_t)i);
        const char *other = rn_text(m, w->name);
        if (w->rank >= 2 && strncmp(other, name, prefix) == 0 &&
            strcmp(other + prefix, "weight") == 0) {
            return weight_fans(w);
        }
    }
    return (Fans){n, n};
}

static void fill_normal(float *x, uint64_t n, double std, uint64_t seed, uint64_t stream)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = (float)(std * rn_random_normal(seed, stream, i));
    }
}

static void fill_uniform(float *x, uint64_t n, double bound, uint64_t seed, uint64_t stream)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = (float)(bound * (2 * rn_random_uniform(seed, stream, i) - 1));
    }
}

static void fill_const(float *x, uint64_t n, double value)
{
    for (uint64_t i = 0; i < n; i++) {
        x[i] = (float)value;
    }
}

static void init_tensor(const RnModel *m, const RnTensor *t, float *x, uint64_t seed,
                        unsigned flags)
{
    uint64_t n = rn_tensor_elements(t), stream = rn_random_stream(rn_text(m, t->name));
    Fans fans = tensor_fans(m, t);
    double arg = t->init_arg;
    if ((flags & RN_INIT_ZERO_GAMMA) && (t->flags & RN_TENSOR_ZERO_GAMMA)) {
        fill_const(x, n, 0);
        return;
    }
    switch ((RnInit)t->init) {
    case RN_INIT_CONST:
        fill_const(x, n, arg);
        break;
    case RN_INIT_HE_FAN_OUT:
        fill_normal(x, n, arg * sqrt(2 / fans.out), seed, stream);
        break;
    case RN_INIT_XAVIER_UNIFORM:
        fill_uniform(x, n, arg * sqrt(6 / (fans.in + fans.out)), seed, stream);
        break;
    case RN_INIT_UNIFORM_FAN_IN:
        fill_uniform(x, n, arg / sqrt(fans.in), seed, stream);
        break;
    }
}

void rn_init_params(RnSession *session, uint64_t seed, unsigned flags)
{
    const RnModel *m = rn_session_model(session);
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++) {
        const RnTensor *t = rn_model_tensor(m, (int32_t)i);
        init_tensor(m, t, rn_tensor_data(session, (int32_t)i), seed, flags);
    }
    rn_params_changed(session);
}
