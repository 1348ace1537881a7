// runtime.h: sessions: a compiled model, its memory and its threads.
// Not here: update rules (optimizer.h), files (weights.h, checkpoint.h, tensor_io.h), data
// (data.h).
//
// An object holds a set of variants (RnModelSet); rn_model_choose finds the one for this machine.
// That model (RnModel) is constant and may be shared by any number of sessions on any number of
// threads. A session belongs to one thread at a time. Nothing here is global.
#ifndef RESNETC_RUNTIME_H
#define RESNETC_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resnetc/model_abi.h"
#include "resnetc/pool.h"
#include "resnetc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RnSession RnSession;

/// RnOptions.modes: what the session will be asked for; memory is allocated for that only.
enum { RN_MODE_INFER = 1, RN_MODE_TRAIN = 2 };

/// One step has run. batch: images of the call; ns: its time over all threads.
typedef void (*RnStepHook)(void *context, const RnModel *model, const RnStep *step, uint32_t batch,
                           uint64_t ns);

/// One worker's share of one step, between its first task and its last.
typedef struct RnTraceEvent {
    const RnModel *model;
    const RnStep *step;
    unsigned worker;            // 0: the caller's thread
    uint32_t batch;             // images of the call
    uint32_t tasks, step_tasks; // this worker's, the whole step's
    uint64_t start_ns, end_ns;  // CLOCK_MONOTONIC
} RnTraceEvent;

/// Called on the worker's own thread, so on several at once; the workers go on as without it.
typedef void (*RnTraceHook)(void *context, const RnTraceEvent *event);

/// A step of the plan (NULL: of the prepare steps) is complete: its results may be read, and nothing
/// later in the plan writes gradients that it completes (RnPlan.grads).
typedef void (*RnStepDone)(void *context, const RnModel *model, const RnPlan *plan, uint32_t step);

typedef struct RnOptions {
    unsigned modes;     // RN_MODE_*; 0: whatever the model has
    uint32_t max_batch; // largest batch of one pass; 0: the largest any plan was made for
    unsigned threads;   // workers; 0: one per core; ignored when pool is given
    RnPool *pool;       // NULL: the session makes its own; else borrowed until close
    RnStepHook on_step; // NULL, or called after each step; steps then run one after another
    void *on_step_context;
} RnOptions;

/// The variant of an object's set that this machine runs (rn_model_select), checked; NULL if it
/// fails. Refuses what rn_model_check refuses, and with RN_ERR_ISA a set without such a variant.
RnStatus rn_model_choose(const RnModelSet *set, const RnModel **out, RnError *err);

/// Refuses what this runtime or this machine cannot run: wrong magic, version, sizes or tables
/// (RN_ERR_MODEL), missing instructions (RN_ERR_ISA).
RnStatus rn_model_check(const RnModel *model, RnError *err);

/// Opens a session: allocates everything it will ever need. options may be NULL. Parameters and
/// state start with the model's embedded weights if it has some (RnModel.flags), else as zeros:
/// then rn_init_params or rn_weights_load comes next. The model must outlive the session. Free with
/// rn_session_close.
RnStatus rn_session_open(const RnModel *model, const RnOptions *options, RnSession **out,
                         RnError *err);

/// Frees it. Accepts NULL.
void rn_session_close(RnSession *session);

const RnModel *rn_session_model(const RnSession *session);
RnPool *rn_session_pool(RnSession *session);
uint32_t rn_session_max_batch(const RnSession *session);
/// Bytes the session has allocated, all regions and scratch.
uint64_t rn_session_bytes(const RnSession *session);

/// The session's memory of a region and its bytes; NULL where the session has none of its own.
/// Valid until close. For tools: a program uses rn_tensor_data.
void *rn_session_region(RnSession *session, uint32_t region, uint64_t *bytes);

/// Sets or clears (NULL) the step hook.
void rn_session_set_hook(RnSession *session, RnStepHook hook, void *context);
/// Sets or clears (NULL) the trace hook.
void rn_session_set_trace(RnSession *session, RnTraceHook hook, void *context);
/// Sets or clears (NULL) the hook that is called once for each step of a call, in the order of the
/// steps, while later ones go on. One of the threads that run the steps calls it; calls do not
/// overlap, and the last returns before the run does. While it runs, its thread takes no tasks: so
/// it does little, such as starting a transfer.
void rn_session_set_done(RnSession *session, RnStepDone hook, void *context);

// ---- Tensors
// -------------------------------------------------------------------------------------

/// Index of the tensor of this name and role in the model's table, or -1.
int32_t rn_model_find(const RnModel *model, const char *name, RnRole role);
/// Index of tensor `nth` (0, 1, ...) of a role in table order, or -1.
int32_t rn_model_nth(const RnModel *model, RnRole role, uint32_t nth);
/// What the model states about the pictures of input `nth`, or NULL.
const RnPreprocess *rn_model_preprocess(const RnModel *model, uint32_t nth);
/// Tensor i of the table.
const RnTensor *rn_model_tensor(const RnModel *model, int32_t index);
/// Its name: a parameter's path, an input's name, ...
const char *rn_model_tensor_name(const RnModel *model, int32_t index);
/// Elements of one image of a batched tensor, or of the whole of another; plain shape, no padding.
uint64_t rn_tensor_elements(const RnTensor *tensor);
/// Classes: the last dimension of the first output, 0 if it has no [n, classes] output.
uint32_t rn_model_classes(const RnModel *model);

/// The floats of a parameter, a state or a gradient (plain, C order, rn_tensor_elements of them);
/// NULL for any other tensor, and for gradients in a session without RN_MODE_TRAIN. Valid until
/// close. Who writes parameters or state through it calls rn_params_changed afterwards.
float *rn_tensor_data(RnSession *session, int32_t index);

/// Says that parameters or state were written from outside. Inference prepares again by itself.
void rn_params_changed(RnSession *session);

/// Runs the prepare steps (folding, packing) now if parameters or state have changed since the last
/// time.
RnStatus rn_prepare(RnSession *session, RnError *err);

/// rn_init_params flags.
enum { RN_INIT_ZERO_GAMMA = 1 /* last BN scale of each residual branch starts at 0 */ };

/// Gives every parameter and state its initial value. The same (model, seed) gives the same bits:
/// each value is a function of seed, name and index.
void rn_init_params(RnSession *session, uint64_t seed, unsigned flags);

// ---- Inference
// -----------------------------------------------------------------------------------

/// Runs inference on `batch` images, in passes of at most the session's largest batch.
/// rn_model_plan says which plan runs a pass. Plans round differently: so the last bits of a result
/// may depend on the number of images of its pass, never on threads.
///
/// inputs:  one pointer per tensor of role INPUT, in table order: f32 [batch, dims] plain.
/// outputs: one pointer per tensor of role OUTPUT: f32 [batch, dims] plain. NULL entries are
/// skipped. Inputs that are aligned as their region asks (64 bytes) are read in place, else copied;
/// the same for outputs. Borrows every pointer for the call only.
/// Outputs that are not finite are no failure: rn_infer_check_finite looks for them.
RnStatus rn_infer(RnSession *session, const float *const *inputs, size_t batch,
                  float *const *outputs, RnError *err);

/// Whether the outputs that rn_infer has written for these arguments are finite numbers.
///
/// RN_ERR_NAN when one is infinite or not a number: err then names where it comes from: the first
/// parameter, running statistic (a negative variance too) or input that is wrong, else the first
/// layer whose result is not finite. Finds it by running the first such image again, so it costs
/// nothing but a look at the outputs as long as all is well. Borrows every pointer for the call.
RnStatus rn_infer_check_finite(RnSession *session, const float *const *inputs, size_t batch,
                               float *const *outputs, RnError *err);

// ---- Training
// ------------------------------------------------------------------------------------

typedef struct RnTrainBatch {
    const float *const *inputs; // as in rn_infer
    const uint32_t *labels;     // [batch], each below rn_model_classes
    uint32_t batch;             // 1 .. the session's largest
    uint32_t accumulate;        // 0: gradients are overwritten; 1: added to
    float loss_scale; // factor on each image's loss gradient; 0 means 1 / batch (the mean)
    uint64_t seed, step, first_image; // for dropout and the like, see RnCall
} RnTrainBatch;

typedef struct RnTrainResult {
    double loss;      // mean over the batch, in nats, summed in double in image order
    uint32_t correct; // images whose largest logit is their label's (the first of equals counts)
} RnTrainResult;

/// Forward and backward in training mode: gradients are written, running statistics updated,
/// parameters not touched.
///
/// Fails with RN_ERR_BATCH on a batch of 0 or above the largest, RN_ERR_INPUT on a label out of
/// range (named), RN_ERR_NAN when the loss is not finite: err then names the first parameter, input
/// or step that is not; state is as before the call.
RnStatus rn_forward_backward(RnSession *session, const RnTrainBatch *batch, RnTrainResult *result,
                             RnError *err);

/// Logits of the last rn_forward_backward: f32 [batch, classes], valid until the next call; NULL if
/// there are none.
const float *rn_train_logits(const RnSession *session);

#ifdef __cplusplus
}
#endif
#endif
