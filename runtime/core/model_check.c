// model_check.c: whether a model's descriptor is one that this runtime and this machine can run.
//
// The descriptor is code as much as data: whoever made it can crash the process anyway. The checks
// are against mistakes (another version, a truncated or foreign object), not against malice. So
// counts and strides are bounded before tables are walked, and indices before they are followed.
#include "resnetc/runtime.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

enum {
    MAX_STRIDE = 4096,   // no element is a hundredth as long
    MAX_COUNT = 1 << 26, // a network of a million layers stays below
    MAX_VARIANTS = 256
};

static RnStatus broken(const RnModel *m, const char *what, uint32_t index, RnError *err)
{
    return rn_fail(err, RN_ERR_MODEL, "model %s: %s %u of its descriptor is wrong", m->name, what,
                   index);
}

// Whether a table can be walked: elements of at least `frozen` bytes, each where it may lie.
static bool table_ok(const void *table, uint64_t count, uint64_t stride, uint64_t frozen,
                     uint64_t align)
{
    return count == 0 ||
           (table != NULL && count <= MAX_COUNT && stride >= frozen && stride <= MAX_STRIDE &&
            stride % align == 0 && (uintptr_t)table % align == 0);
}

static bool region_ok(const RnRegion *r)
{
    return r->name != NULL && r->align != 0 && (r->align & (r->align - 1)) == 0 &&
           r->memory == RN_MEMORY_HOST;
}

static bool layer_ok(const RnModel *m, const RnLayer *l)
{
    return l->fn != NULL && l->name < m->text_bytes;
}

static bool kernel_ok(const RnModel *m, const RnKernel *k)
{
    return k->fn != NULL && k->tasks_mul != 0 && k->tasks_div != 0 && k->work < m->text_bytes &&
           k->algorithm < m->text_bytes && k->elem <= RN_F64 && k->arith <= RN_ARITH_S16 &&
           rn_kernel_operands(k) <= RN_MAX_OPERANDS;
}

static bool operands_ok(const RnModel *m, const RnStep *s, bool scratch_placed)
{
    const RnKernel *k = rn_step_kernel(m, s);
    uint64_t count = (uint64_t)rn_kernel_operands(k) + (scratch_placed && k->scratch_bytes > 0);
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
    if (!table_ok(steps, count, stride, RN_FROZEN_BYTES_STEP, _Alignof(RnStep))) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const RnStep *s = RN_AT(RnStep, steps, stride, i);
        if (s->layer >= m->layer_count || s->kernel >= m->kernel_count ||
            !operands_ok(m, s, scratch_placed)) {
            return false;
        }
    }
    return true;
}

// Each row names a step and a gradient; steps do not fall.
static bool grads_ok(const RnModel *m, const RnPlan *p)
{
    const RnGradStep *grads = RN_TAIL(RnPlan, p, grads, m->plan_stride);
    uint32_t count = RN_TAIL(RnPlan, p, grad_count, m->plan_stride);
    uint32_t stride = RN_TAIL(RnPlan, p, grad_stride, m->plan_stride), last = 0;
    if (!table_ok(grads, count, stride, RN_FROZEN_BYTES_GRAD, _Alignof(RnGradStep))) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const RnGradStep *g = RN_AT(RnGradStep, grads, stride, i);
        if (g->step < last || g->step >= p->step_count || g->tensor >= m->tensor_count ||
            rn_model_tensor(m, (int32_t)g->tensor)->role != RN_ROLE_GRAD) {
            return false;
        }
        last = g->step;
    }
    return true;
}

static bool plan_ok(const RnModel *m, const RnPlan *p)
{
    return p->kind <= RN_PLAN_TRAIN && p->batch != 0 &&
           steps_ok(m, p->steps, p->step_stride, p->step_count,
                    p->flags & RN_PLAN_SCRATCH_PLACED) &&
           grads_ok(m, p);
}

// The least and the largest number that elements of a type hold; false: it is no integer type that
// is quantized.
static bool elem_range(uint32_t elem, int32_t *least, int32_t *largest)
{
    switch ((RnElem)elem) {
    case RN_S8:
        *least = INT8_MIN;
        *largest = INT8_MAX;
        return true;
    case RN_U8:
        *least = 0;
        *largest = UINT8_MAX;
        return true;
    case RN_S16:
        *least = INT16_MIN;
        *largest = INT16_MAX;
        return true;
    case RN_S32:
        *least = INT32_MIN;
        *largest = INT32_MAX;
        return true;
    case RN_F32:
    case RN_BF16:
    case RN_F16:
    case RN_U32:
    case RN_F64:
        break;
    }
    return false;
}

static bool quant_ok(const RnModel *m, const RnTensor *t)
{
    uint32_t number = RN_TAIL(RnTensor, t, quant, m->tensor_stride);
    int32_t least = 0, largest = 0;
    if (number == 0) {
        return true;
    }
    if (number > RN_TAIL(RnModel, m, quant_count, m->struct_bytes) ||
        !elem_range(t->elem, &least, &largest)) {
        return false;
    }
    const RnQuant *q = RN_AT(RnQuant, m->quants, m->quant_stride, number - 1);
    bool whole = q->axis == -1;
    if (!whole && (q->axis < 0 || q->axis >= t->rank)) {
        return false;
    }
    if (q->scales == NULL || q->count == 0 || q->count != (whole ? 1 : t->dim[q->axis])) {
        return false;
    }
    for (uint32_t i = 0; i < q->count; i++) {
        if (!(q->scales[i] > 0) || !isfinite(q->scales[i]) ||
            (q->zero_points && (q->zero_points[i] < least || q->zero_points[i] > largest))) {
            return false;
        }
    }
    return true;
}

// A table of pixels belongs to an input of bytes with channels, and its numbers are numbers.
static bool pixels_ok(const RnModel *m, const RnTensor *t)
{
    const RnRegion *r = RN_AT(RnRegion, m->regions, m->region_stride, t->region);
    const float *pixels = RN_TAIL(RnRegion, r, pixels, m->region_stride);
    if (pixels == NULL || t->role != RN_ROLE_INPUT) {
        return pixels == NULL;
    }
    if (t->elem != RN_U8 || t->rank != 4 || t->dim[1] > RN_PICTURE_CHANNELS) {
        return false;
    }
    for (uint32_t i = 0; i < t->dim[1] * 256; i++) {
        if (!isfinite(pixels[i])) {
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

static bool shape_ok(const RnModel *m, const RnTensor *t)
{
    uint32_t layout = RN_TAIL(RnTensor, t, layout, m->tensor_stride);
    if (t->rank > RN_MAX_RANK || layout > RN_NHWC || (layout == RN_NHWC && t->rank != 4)) {
        return false;
    }
    for (uint32_t i = 0; i < t->rank; i++) {
        if (i > 0 && t->dim[i] == 0) {
            return false;
        }
    }
    return true;
}

static bool grad_ok(const RnModel *m, const RnTensor *param)
{
    if (param->grad < 0) {
        return true;
    }
    const RnTensor *g = rn_model_tensor(m, param->grad);
    return g->role == RN_ROLE_GRAD && rn_tensor_elements(g) == rn_tensor_elements(param);
}

static bool tensor_ok(const RnModel *m, uint32_t index)
{
    const RnTensor *t = rn_model_tensor(m, (int32_t)index);
    if (t->name >= m->text_bytes || t->region >= m->region_count || t->elem > RN_F64 ||
        t->grad >= (int64_t)m->tensor_count || !shape_ok(m, t) || !quant_ok(m, t) ||
        !pixels_ok(m, t)) {
        return false;
    }
    bool is_param = index < m->param_count;
    bool is_state = !is_param && index - m->param_count < m->state_count;
    if (is_param != (t->role == RN_ROLE_PARAM) || is_state != (t->role == RN_ROLE_STATE)) {
        return false;
    }
    if (is_param && !grad_ok(m, t)) {
        return false;
    }
    if (is_param || is_state || t->role == RN_ROLE_GRAD) {
        return plain_ok(m, t);
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
        if (!plan_ok(m, RN_AT(RnPlan, m->plans, m->plan_stride, i))) {
            return broken(m, "plan", i, err);
        }
    }
    if (!steps_ok(m, m->prepare, m->prepare_stride, m->prepare_count, false)) {
        return broken(m, "prepare table", 0, err);
    }
    return RN_OK;
}

static bool quants_ok(const RnModel *m)
{
    return table_ok(RN_TAIL(RnModel, m, quants, m->struct_bytes),
                    RN_TAIL(RnModel, m, quant_count, m->struct_bytes),
                    RN_TAIL(RnModel, m, quant_stride, m->struct_bytes), RN_FROZEN_BYTES_QUANT,
                    _Alignof(RnQuant));
}

// Whether every table can be walked, and the texts end.
static bool sizes_ok(const RnModel *m)
{
    if (m->struct_bytes < RN_FROZEN_BYTES_MODEL || m->struct_bytes > MAX_STRIDE ||
        m->region_count < RN_REGION_FIRST_IO || m->region_count > UINT16_MAX || m->name == NULL ||
        m->isa == NULL || m->texts == NULL || m->text_bytes == 0) {
        return false;
    }
    uint64_t named = (uint64_t)m->param_count + m->state_count;
    return table_ok(m->regions, m->region_count, m->region_stride, RN_FROZEN_BYTES_REGION,
                    _Alignof(RnRegion)) &&
           table_ok(m->tensors, m->tensor_count, m->tensor_stride, RN_FROZEN_BYTES_TENSOR,
                    _Alignof(RnTensor)) &&
           table_ok(m->plans, m->plan_count, m->plan_stride, RN_FROZEN_BYTES_PLAN,
                    _Alignof(RnPlan)) &&
           table_ok(m->layers, m->layer_count, m->layer_stride, RN_FROZEN_BYTES_LAYER,
                    _Alignof(RnLayer)) &&
           table_ok(m->kernels, m->kernel_count, m->kernel_stride, RN_FROZEN_BYTES_KERNEL,
                    _Alignof(RnKernel)) &&
           table_ok(m->places, m->place_count, m->place_stride, RN_FROZEN_BYTES_PLACE,
                    _Alignof(RnPlace)) &&
           table_ok(m->operands, m->operand_count, sizeof(uint32_t), sizeof(uint32_t),
                    _Alignof(uint32_t)) &&
           quants_ok(m) && named <= m->tensor_count && m->texts[m->text_bytes - 1] == '\0';
}

static RnStatus check_version(uint32_t version, RnError *err)
{
    return version == RN_ABI_VERSION
               ? RN_OK
               : rn_fail(err, RN_ERR_MODEL,
                         "the model has interface version %u, this runtime has %u", version,
                         RN_ABI_VERSION);
}

static RnStatus check_sizes(bool good, RnError *err)
{
    return good ? RN_OK
                : rn_fail(err, RN_ERR_MODEL,
                          "the model's descriptor has sizes this runtime cannot read");
}

static RnStatus refuse_machine(const RnModel *m, const char *name, RnError *err)
{
    return rn_fail(err, RN_ERR_ISA,
                   "model %s was compiled for %s, which this machine does not have: compile it "
                   "with another --target",
                   name, m->isa);
}

RnStatus rn_model_check(const RnModel *m, RnError *err)
{
    if (m == NULL) {
        return rn_fail(err, RN_ERR_MODEL,
                       "there is no model: its object has no variant for this machine, or is of "
                       "another interface version (rn_model_choose says which)");
    }
    if (m->magic != RN_MAGIC) {
        return rn_fail(err, RN_ERR_MODEL, "this is not a compiled model");
    }
    RnStatus status = check_version(m->abi_version, err);
    if (status == RN_OK) {
        status = check_sizes(sizes_ok(m), err);
    }
    if (status != RN_OK) {
        return status;
    }
    RnMachine here = rn_machine_here();
    return rn_machine_has(&here, &m->needs) ? check_tables(m, err)
                                            : refuse_machine(m, m->name, err);
}

RnStatus rn_model_choose(const RnModelSet *set, const RnModel **out, RnError *err)
{
    *out = NULL;
    if (set == NULL || set->magic != RN_SET_MAGIC) {
        return rn_fail(err, RN_ERR_MODEL, "this is not a compiled model");
    }
    RnStatus status = check_version(set->abi_version, err);
    if (status == RN_OK) {
        status = check_sizes(set->struct_bytes >= RN_FROZEN_BYTES_SET && set->name != NULL &&
                                 set->variant_count > 0 && set->variant_count <= MAX_VARIANTS &&
                                 table_ok(set->variants, set->variant_count, set->variant_stride,
                                          RN_FROZEN_BYTES_MODEL, _Alignof(RnModel)),
                             err);
    }
    if (status != RN_OK) {
        return status;
    }
    RnMachine here = rn_machine_here();
    const RnModel *m = rn_model_select(set, &here);
    if (m == NULL) {
        return refuse_machine(
            RN_AT(RnModel, set->variants, set->variant_stride, set->variant_count - 1), set->name,
            err);
    }
    status = rn_model_check(m, err);
    *out = status == RN_OK ? m : NULL;
    return status;
}
