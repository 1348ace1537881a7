// update.h: the update rules on one stretch of one parameter. Formulas: resnetc/optimizer.h.
// Not here: which stretches, buffers, norms (optimizer.c).
#ifndef RUNTIME_TRAIN_UPDATE_H
#define RUNTIME_TRAIN_UPDATE_H

#include <stdbool.h>
#include <stddef.h>

/// The factors of one step.
typedef struct Update {
    float clip;            // factor on every gradient, 1: none
    float lr, decay;       // decay: 0 where a parameter is exempt
    float momentum, fresh; // SGD; fresh: 1 - dampening, 1 at the first step
    bool nesterov;
    float beta2, fresh1, fresh2, epsilon; // AdamW; fresh: 1 - beta, taken in double
    float step_size, root_scale;          // lr / (1 - beta1^t), sqrt(1 - beta2^t)
} Update;

/// SGD without momentum. p, g: n floats.
void rni_update_plain(float *p, const float *g, size_t n, const Update *u);
/// SGD with momentum. b: the buffer.
void rni_update_momentum(float *p, const float *g, float *b, size_t n, const Update *u);
/// AdamW. m, v: the running means of gradient and squared gradient.
void rni_update_adamw(float *p, const float *g, float *m, float *v, size_t n, const Update *u);
/// Sum of g^2, in double.
double rni_square_sum(const float *g, size_t n);

#endif
