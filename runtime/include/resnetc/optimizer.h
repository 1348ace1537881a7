// optimizer.h: update rules: gradients -> parameters.
#ifndef RESNETC_OPTIMIZER_H
#define RESNETC_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "resnetc/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum RnOptimizerKind {
    RN_OPTIMIZER_SGD = 0, // momentum after Sutskever et al. 2013, as torch.optim.SGD writes it
    RN_OPTIMIZER_ADAMW =
        1 // Adam (Kingma and Ba 2015) with decoupled decay (Loshchilov, Hutter 2019)
} RnOptimizerKind;

/// Which parameters weight decay applies to.
typedef enum RnDecay {
    RN_DECAY_ALL = 0,    // all of them: what torch.optim does
    RN_DECAY_WEIGHTS = 1 // those flagged RN_TENSOR_DECAY: no BN scales, no biases
} RnDecay;

typedef struct RnOptimizerConfig {
    RnOptimizerKind kind;
    RnDecay decay;
    double momentum;     // SGD: 0 .. below 1
    double dampening;    // SGD: 0 .. 1
    double weight_decay; // 0 or more
    bool nesterov;       // SGD: needs momentum > 0 and dampening 0
    double beta1, beta2; // AdamW: 0 .. below 1; 0.9 and 0.999 in the papers
    double epsilon;      // AdamW: above 0; 1e-8 in the papers
    double clip_norm;    // largest norm of all gradients together; 0: they are not clipped
} RnOptimizerConfig;

typedef struct RnOptimizer RnOptimizer;

/// An optimiser for this session's parameters, its buffers zero. RN_ERR_USAGE on values out of
/// range. Free with rn_optimizer_destroy, before the session is closed or after.
RnStatus rn_optimizer_create(RnSession *session, const RnOptimizerConfig *config, RnOptimizer **out,
                             RnError *err);
void rn_optimizer_destroy(RnOptimizer *optimizer); // accepts NULL

/// Freezes the parameters whose path fits the pattern, as a shell matches names ("layer1.*",
/// "*.bias"), or lies below one that does ("layer1"). They are neither updated nor decayed any
/// more, and their gradients do not count in the norm. Returns how many parameters fit.
uint32_t rn_optimizer_freeze(RnOptimizer *optimizer, const char *pattern);

/// Updates every parameter from its gradient, on all of the session's threads, same bits for any
/// number. With clip_norm, g = grad * min(1, clip_norm / (norm + 1e-6)), where norm is the
/// Euclidean norm of all gradients (Pascanu et al. 2013, as torch.nn.utils.clip_grad_norm_).
/// SGD:
///     d = g + weight_decay * p
///     b = first step ? d : momentum * b + (1 - dampening) * d       (momentum > 0)
///     p = p - lr * (momentum == 0 ? d : nesterov ? d + momentum * b : b)
/// AdamW, t = 1 at the first step:
///     p = p - lr * weight_decay * p
///     m = beta1 * m + (1 - beta1) * g
///     v = beta2 * v + (1 - beta2) * g^2
///     p = p - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// The session must be the one it was made for. Marks parameters as changed.
RnStatus rn_optimizer_step(RnOptimizer *optimizer, RnSession *session, double lr, RnError *err);

/// Steps done; 0 also says that the buffers hold nothing yet.
uint64_t rn_optimizer_steps(const RnOptimizer *optimizer);
/// Sets the number of steps done, when buffers are restored from a file.
void rn_optimizer_set_steps(RnOptimizer *optimizer, uint64_t steps);

/// Buffers per parameter (SGD: 1 with momentum, else 0; AdamW: 2) and their names ("momentum";
/// "exp_avg" of m, "exp_avg_sq" of v).
unsigned rn_optimizer_buffer_count(const RnOptimizer *optimizer);
const char *rn_optimizer_buffer_name(const RnOptimizer *optimizer, unsigned buffer);
/// Buffer of parameter `param` (index in the model's table): as many floats as the parameter.
float *rn_optimizer_buffer(RnOptimizer *optimizer, unsigned buffer, uint32_t param);

#ifdef __cplusplus
}
#endif
#endif
