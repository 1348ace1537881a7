// model.c: checks a model's descriptor, and looks things up in it.
//
// The descriptor is code as much as data: whoever made it can crash the process anyway. The checks
// are against mistakes (another version, a truncated or foreign object), not against malice.
#include "resnetc/runtime.h"

#include <string.h>

#include "core/memory.h"

bool rn_machine_has(const char *isa)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (strcmp(isa, "x86-64") == 0) {
        return true;
    }
    if (strcmp(isa, "x86-64-v3") == 0) {
        return v3;
    }
    if (strcmp(isa, "x86-64-v4") == 0) {
        return v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    }
    return false;
#elif defined(__aarch64__)
    return strcmp(isa, "aarch64") == 0;
#else
    (void)isa;
    return false;
#endif
}

static RnStatus broken(const RnModel *m, const char *what, uint32_t index, RnError *err)
{
    return rn_fail(err, RN_ERR_MODEL, "model %s: %s %u of its descriptor is wrong", m->name, what,
                   index);
}

static bool region_ok(const RnRegion *r)
{
    return r->name != NULL && r->align != 0 && (r->align & (r->align - 1)) == 0;
}

static bool layer_ok(const RnModel *m, const RnLayer *l)
{
    return l->fn != NULL && l->name < m->text_bytes;
}

static bool kernel_ok(const RnModel *m, const RnKernel *k)
{
    return k->fn != NULL && k->tasks_div != 0 && k->work < m->text_bytes &&
           k->algorithm < m->text_bytes;
}

static bool operands_ok(const RnModel *m, const RnStep *s, bool scratch_placed)
{
    const RnKernel *k = rn_step_kernel(m, s);
    uint64_t count = (uint64_t)k->inputs + k->outputs;
    if (count > RN_MAX_OPERANDS) {
        return false;
    }
    count += scratch_placed && k->scratch_bytes > 0;
    if (s->operands + count > m->operand_count) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (m->operands[s->operands + i] >= m->place_count) {
            return false;
        }
    }
    return true;
}

static bool steps_ok(const RnModel *m, const RnStep *steps, uint32_t stride, uint32_t count,
                     bool scratch_placed)
{
    for (uint32_t i = 0; i < count; i++) {
        const RnStep *s = RN_AT(RnStep, steps, stride, i);
        if (s->layer >= m->layer_count || s->kernel >= m->kernel_count || s->wait >= (int64_t)i ||
            !operands_ok(m, s, scratch_placed)) {
            return false;
        }
        if (scratch_placed && s->wait != (int64_t)i - 1) { // another step might use the place
            return false;
        }
    }
    return true;
}

// Parameters, state and gradients are floats inside their region.
static bool plain_ok(const RnModel *m, const RnTensor *t)
{
    uint64_t bytes = 0, end = 0;
    return t->elem == RN_F32 && t->slope == 0 &&
           checked_mul(rn_tensor_elements(t), sizeof(float), &bytes) &&
           checked_add(t->offset, bytes, &end) && t->offset % sizeof(float) == 0 &&
           end <= RN_AT(RnRegion, m->regions, m->region_stride, t->region)->fixed_bytes;
}

static bool tensor_ok(const RnModel *m, uint32_t index)
{
    const RnTensor *t = RN_AT(RnTensor, m->tensors, m->tensor_stride, index);
    if (t->name >= m->text_bytes || t->region >= m->region_count || t->rank > RN_MAX_RANK ||
        t->grad >= (int64_t)m->tensor_count) {
        return false;
    }
    for (uint32_t i = 0; i < t->rank; i++) {
        if (i > 0 && t->dim[i] == 0) {
            return false;
        }
    }
    bool is_param = index < m->param_count;
    bool is_state = !is_param && index - m->param_count < m->state_count;
    if (is_param != (t->role == RN_ROLE_PARAM) || is_state != (t->role == RN_ROLE_STATE)) {
        return false;
    }
    if (is_param && t->grad >= 0) {
        const RnTensor *g = rn_model_tensor(m, t->grad);
        if (g->role != RN_ROLE_GRAD || rn_tensor_elements(g) != rn_tensor_elements(t)) {
            return false;
        }
    }
    if (is_param || is_state || t->role == RN_ROLE_GRAD) {
        return plain_ok(m, t);
    }
    if (t->role == RN_ROLE_INPUT || t->role == RN_ROLE_OUTPUT || t->role == RN_ROLE_LOSS) {
        return t->elem == RN_F32;
    }
    return t->role != RN_ROLE_LABELS || t->elem == RN_U32;
}

// What steps are made of.
static RnStatus check_parts(const RnModel *m, RnError *err)
{
    for (uint32_t i = 0; i < m->layer_count; i++) {
        if (!layer_ok(m, RN_AT(RnLayer, m->layers, m->layer_stride, i))) {
            return broken(m, "layer", i, err);
        }
    }
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        if (!kernel_ok(m, RN_AT(RnKernel, m->kernels, m->kernel_stride, i))) {
            return broken(m, "kernel", i, err);
        }
    }
    for (uint32_t i = 0; i < m->place_count; i++) {
        if (RN_AT(RnPlace, m->places, m->place_stride, i)->region >= m->region_count) {
            return broken(m, "place", i, err);
        }
    }
    return RN_OK;
}

static RnStatus check_tables(const RnModel *m, RnError *err)
{
    for (uint32_t i = 0; i < m->region_count; i++) {
        if (!region_ok(RN_AT(RnRegion, m->regions, m->region_stride, i))) {
            return broken(m, "region", i, err);
        }
    }
    for (uint32_t i = 0; i < m->tensor_count; i++) {
        if (!tensor_ok(m, i)) {
            return broken(m, "tensor", i, err);
        }
    }
    RnStatus status = check_parts(m, err);
    if (status != RN_OK) {
        return status;
    }
    for (uint32_t i = 0; i < m->plan_count; i++) {
        const RnPlan *p = RN_AT(RnPlan, m->plans, m->plan_stride, i);
        if (p->kind > RN_PLAN_TRAIN || p->batch == 0 || p->step_stride < sizeof(RnStep) ||
            !steps_ok(m, p->steps, p->step_stride, p->step_count,
                      p->flags & RN_PLAN_SCRATCH_PLACED)) {
            return broken(m, "plan", i, err);
        }
    }
    if (m->prepare_count &&
        (m->prepare_stride < sizeof(RnStep) ||
         !steps_ok(m, m->prepare, m->prepare_stride, m->prepare_count, false))) {
        return broken(m, "prepare table", 0, err);
    }
    return RN_OK;
}

static bool strides_ok(const RnModel *m)
{
    return m->region_stride >= sizeof(RnRegion) && m->tensor_stride >= sizeof(RnTensor) &&
           m->plan_stride >= sizeof(RnPlan) && m->layer_stride >= sizeof(RnLayer) &&
           m->kernel_stride >= sizeof(RnKernel) && m->place_stride >= sizeof(RnPlace);
}

RnStatus rn_model_check(const RnModel *m, RnError *err)
{
    if (m == NULL || m->magic != RN_MAGIC) {
        return rn_fail(err, RN_ERR_MODEL, "this is not a compiled model");
    }
    if (m->abi_version != RN_ABI_VERSION) {
        return rn_fail(err, RN_ERR_MODEL, "the model has interface version %u, this runtime has %u",
                       m->abi_version, RN_ABI_VERSION);
    }
    if (m->struct_bytes < sizeof(RnModel) || m->name == NULL || m->isa == NULL || !strides_ok(m) ||
        m->region_count < RN_REGION_FIRST_IO || m->text_bytes == 0 ||
        m->texts[m->text_bytes - 1] != '\0') {
        return rn_fail(err, RN_ERR_MODEL,
                       "the model's descriptor has sizes this runtime cannot read");
    }
    if (!rn_machine_has(m->isa)) {
        return rn_fail(err, RN_ERR_ISA,
                       "model %s was compiled for %s, which this machine does not have: compile it "
                       "with another --target",
                       m->name, m->isa);
    }
    return check_tables(m, err);
}

const RnTensor *rn_model_tensor(const RnModel *model, int32_t index)
{
    return RN_AT(RnTensor, model->tensors, model->tensor_stride, index);
}

const char *rn_model_tensor_name(const RnModel *model, int32_t index)
{
    return rn_text(model, rn_model_tensor(model, index)->name);
}

int32_t rn_model_find(const RnModel *model, const char *name, RnRole role)
{
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        const RnTensor *t = rn_model_tensor(model, (int32_t)i);
        if (t->role == (uint32_t)role && strcmp(rn_text(model, t->name), name) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

int32_t rn_model_nth(const RnModel *model, RnRole role, uint32_t nth)
{
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        if (rn_model_tensor(model, (int32_t)i)->role == (uint32_t)role && nth-- == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

const RnPreprocess *rn_model_preprocess(const RnModel *model, uint32_t nth)
{
    int32_t index = rn_model_nth(model, RN_ROLE_INPUT, nth);
    if (index < 0) {
        return NULL;
    }
    uint32_t region = rn_model_tensor(model, index)->region;
    return RN_AT(RnRegion, model->regions, model->region_stride, region)->preprocess;
}

uint64_t rn_tensor_elements(const RnTensor *tensor)
{
    uint64_t n = 1;
    for (uint32_t i = (tensor->flags & RN_TENSOR_BATCHED) ? 1 : 0; i < tensor->rank; i++) {
        n *= tensor->dim[i];
    }
    return n;
}

uint32_t rn_model_classes(const RnModel *model)
{
    int32_t index = rn_model_nth(model, RN_ROLE_OUTPUT, 0);
    if (index < 0) {
        return 0;
    }
    const RnTensor *t = rn_model_tensor(model, index);
    return t->rank == 2 && (t->flags & RN_TENSOR_BATCHED) ? t->dim[1] : 0;
}
