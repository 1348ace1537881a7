// update.c: the update rules, elementwise: any cut of a parameter gives the same bits.
#include "train/update.h"

#include <math.h>

// p = p - lr * (clip * g + decay * p)
void rni_update_plain(float *p, const float *g, size_t n, const Update *u)
{
    for (size_t i = 0; i < n; i++) {
        float d = u->clip * g[i] + u->decay * p[i];
        p[i] = p[i] - u->lr * d;
    }
}

// d = clip * g + decay * p;  b = momentum * b + fresh * d;
// p = p - lr * (nesterov ? d + momentum * b : b)
void rni_update_momentum(float *p, const float *g, float *b, size_t n, const Update *u)
{
    float ahead = u->nesterov ? u->momentum : 1.0f, now = u->nesterov ? 1.0f : 0.0f;
    for (size_t i = 0; i < n; i++) {
        float d = u->clip * g[i] + u->decay * p[i];
        b[i] = u->momentum * b[i] + u->fresh * d;
        p[i] = p[i] - u->lr * (now * d + ahead * b[i]);
    }
}

// p = p - lr * decay * p;  m += (1 - beta1) * (g - m);  v = beta2 * v + (1 - beta2) * g^2;
// p = p - step_size * m / (sqrt(v) / root_scale + epsilon)
void rni_update_adamw(float *p, const float *g, float *m, float *v, size_t n, const Update *u)
{
    float shrink = u->lr * u->decay;
    for (size_t i = 0; i < n; i++) {
        float d = u->clip * g[i];
        m[i] = m[i] + u->fresh1 * (d - m[i]);
        v[i] = u->beta2 * v[i] + u->fresh2 * (d * d);
        float toward = m[i] / (sqrtf(v[i]) / u->root_scale + u->epsilon);
        p[i] = (p[i] - shrink * p[i]) - u->step_size * toward;
    }
}

double rni_square_sum(const float *g, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)g[i] * (double)g[i];
    }
    return sum;
}
