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
    RN_OPTIMIZER_SGD = 0 // momentum after Sutskever et al. 2013, as torch.optim.SGD writes it
} RnOptimizerKind;

/// Which parameters weight decay applies to.
typedef enum RnDecay {
    RN_DECAY_ALL = 0,    // all of them: what torch.optim.SGD does
    RN_DECAY_WEIGHTS = 1 // those flagged RN_TENSOR_DECAY: no BN scales, no biases
} RnDecay;

typedef struct RnOptimizerConfig {
    RnOptimizerKind kind;
    RnDecay decay;
    double momentum;     // 0 .. below 1
    double dampening;    // SGD: 0 .. 1
    double weight_decay; // 0 or more
    bool nesterov;       // needs momentum > 0 and dampening 0
} RnOptimizerConfig;

typedef struct RnOptimizer RnOptimizer;

/// An optimiser for this session's parameters, its buffers zero. RN_ERR_USAGE on values out of
/// range. Free with rn_optimizer_destroy, before the session is closed or after.
RnStatus rn_optimizer_create(RnSession *session, const RnOptimizerConfig *config, RnOptimizer **out,
                             RnError *err);
void rn_optimizer_destroy(RnOptimizer *optimizer); // accepts NULL

/// Updates every parameter from its gradient, on all of the session's threads, same bits for any
/// number:
///     d = grad + weight_decay * p
///     b = first step ? d : momentum * b + (1 - dampening) * d       (momentum > 0)
///     p = p - lr * (momentum == 0 ? d : nesterov ? d + momentum * b : b)
/// The session must be the one it was made for. Marks parameters as changed.
RnStatus rn_optimizer_step(RnOptimizer *optimizer, RnSession *session, double lr, RnError *err);

/// Steps done; 0 also says that the buffers hold nothing yet.
uint64_t rn_optimizer_steps(const RnOptimizer *optimizer);
/// Sets the number of steps done, when buffers are restored from a file.
void rn_optimizer_set_steps(RnOptimizer *optimizer, uint64_t steps);

/// Buffers per parameter (SGD: 1 with momentum, else 0), their names ("momentum") and floats.
unsigned rn_optimizer_buffer_count(const RnOptimizer *optimizer);
const char *rn_optimizer_buffer_name(const RnOptimizer *optimizer, unsigned buffer);
/// Buffer of parameter `param` (index in the model's table): as many floats as the parameter.
float *rn_optimizer_buffer(RnOptimizer *optimizer, unsigned buffer, uint32_t param);

#ifdef __cplusplus
}
#endif
#endif
