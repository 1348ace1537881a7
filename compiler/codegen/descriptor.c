// descriptor.c: the constant rn_model_<name>: regions, tensors, plans and prepare steps as tables.
#include <string.h>

#include "base/diag.h"
#include "codegen/record.h"
#include "codegen/tensor_table.h"

static Val region_record(ModuleCtx *m, const RnRegion *x)
{
    Record r = RECORD(m, RnRegion);
    PUT_TEXT(&r, RnRegion, name, x->name);
    PUT_INT(&r, RnRegion, fixed_bytes, x->fixed_bytes);
    PUT_INT(&r, RnRegion, per_image_bytes, x->per_image_bytes);
    PUT_INT(&r, RnRegion, per_worker_bytes, x->per_worker_bytes);
    PUT_INT(&r, RnRegion, align, x->align);
    PUT_INT(&r, RnRegion, flags, x->flags);
    PUT_VAL(&r, RnRegion, initial, record_bytes(m, x->name, x->initial, x->fixed_bytes));
    return record_finish(&r);
}

static Val f64_array(ModuleCtx *m, const double *x, uint32_t count)
{
    Val field[RN_PICTURE_CHANNELS];
    for (uint32_t i = 0; i < count; i++) {
        field[i] = record_f64(m, x[i]);
    }
    return LLVMConstArray2(m->vb.f64, field, count);
}

static Val preprocess_record(ModuleCtx *m, const RnPreprocess *x)
{
    if (!x) {
        return LLVMConstNull(m->vb.ptr);
    }
    Record r = RECORD(m, RnPreprocess);
    PUT_INT(&r, RnPreprocess, resize_shorter, x->resize_shorter);
    PUT_INT(&r, RnPreprocess, resize_height, x->resize_height);
    PUT_INT(&r, RnPreprocess, resize_width, x->resize_width);
    PUT_INT(&r, RnPreprocess, centre_crop, x->centre_crop);
    PUT_INT(&r, RnPreprocess, normalize, x->normalize);
    PUT_INT(&r, RnPreprocess, reserved, 0);
    PUT_VAL(&r, RnPreprocess, mean, f64_array(m, x->mean, RN_PICTURE_CHANNELS));
    PUT_VAL(&r, RnPreprocess, std, f64_array(m, x->std, RN_PICTURE_CHANNELS));
    Val record = record_finish(&r);
    return record_table(m, "preprocess", &record, 1);
}

static Val tensor_record(ModuleCtx *m, const RnTensor *x)
{
    Record r = RECORD(m, RnTensor);
    PUT_TEXT(&r, RnTensor, name, x->name ? x->name : "");
    PUT_INT(&r, RnTensor, offset, x->offset);
    PUT_INT(&r, RnTensor, slope, x->slope);
    PUT_INT(&r, RnTensor, region, x->region);
    PUT_INT(&r, RnTensor, dtype, x->dtype);
    PUT_INT(&r, RnTensor, layout, x->layout);
    PUT_INT(&r, RnTensor, block, x->block);
    PUT_INT(&r, RnTensor, role, x->role);
    PUT_INT(&r, RnTensor, flags, x->flags);
    PUT_INT(&r, RnTensor, rank, x->rank);
    PUT_INT(&r, RnTensor, init, x->init);
    PUT_VAL(&r, RnTensor, init_arg, record_f64(m, x->init_arg));
    Val dim[RN_MAX_RANK];
    for (uint32_t i = 0; i < RN_MAX_RANK; i++) {
        dim[i] = vb_int(&m->vb, x->dim[i]);
    }
    PUT_VAL(&r, RnTensor, dim, LLVMConstArray2(m->vb.i64, dim, RN_MAX_RANK));
    PUT_INT(&r, RnTensor, grad, x->grad);
    PUT_INT(&r, RnTensor, grad_step, x->grad_step);
    PUT_VAL(&r, RnTensor, preprocess, preprocess_record(m, x->preprocess));
    return record_finish(&r);
}

// Steps

typedef struct StepCtx {
    const Graph *graph;
    const TensorTable *table;
    uint32_t plan;
    const char *plan_name;
} StepCtx;

static const char *step_name(ModuleCtx *m, const Node *n)
{
    char *name = arena_printf(m->arena, "%s %s", n->name ? n->name : "", n->op->name);
    for (char *c = strrchr(name, ' '); *c; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    return name;
}

// Gradients that this node completes, in completion order.
static void grad_range(const Graph *g, const Node *n, int32_t *lo, int32_t *hi)
{
    *lo = *hi = 0;
    if (n->outputs.count == 0 || n->outputs.at[0]->kind != VALUE_GRAD) {
        return;
    }
    for (uint32_t i = 0; i < g->grads.count; i++) {
        const Value *v = g->grads.at[i];
        if (v->def == n) {
            *lo = *hi == 0 ? (int32_t)i : *lo;
            *hi = (int32_t)i + 1;
        }
    }
}

static Val step_record(ModuleCtx *m, const StepCtx *c, const Node *n, int32_t wait)
{
    const Lowering *low = n->lowering;
    int32_t grad_lo, grad_hi;
    grad_range(c->graph, n, &grad_lo, &grad_hi);
    int32_t output = n->outputs.count ? c->table->index[c->plan][n->outputs.at[0]->id] : -1;
    Record r = RECORD(m, RnStep);
    PUT_TEXT(&r, RnStep, name, step_name(m, n));
    PUT_TEXT(&r, RnStep, kernel, low->kernel);
    PUT_VAL(&r, RnStep, fn, emit_step(m, n, c->plan_name));
    PUT_INT(&r, RnStep, kind, RN_STEP_CPU);
    PUT_INT(&r, RnStep, flags, 0);
    PUT_INT(&r, RnStep, tasks_mul, low->tasks_mul);
    PUT_INT(&r, RnStep, tasks_div, low->tasks_div);
    PUT_INT(&r, RnStep, wait, wait);
    PUT_INT(&r, RnStep, output, output);
    PUT_INT(&r, RnStep, line, node_line(m->spec, n));
    PUT_INT(&r, RnStep, grad_lo, grad_lo);
    PUT_INT(&r, RnStep, grad_hi, grad_hi);
    PUT_INT(&r, RnStep, prefetch_region, 0);
    PUT_INT(&r, RnStep, scratch_bytes, low->scratch_bytes);
    PUT_INT(&r, RnStep, flops_fixed, low->flops_fixed);
    PUT_INT(&r, RnStep, flops_per_image, low->flops_per_image);
    PUT_INT(&r, RnStep, bytes_fixed, low->bytes_fixed);
    PUT_INT(&r, RnStep, bytes_per_image, low->bytes_per_image);
    PUT_INT(&r, RnStep, prefetch_offset, 0);
    PUT_INT(&r, RnStep, prefetch_bytes, 0);
    PUT_VAL(&r, RnStep, predicted_ns, record_f64(m, low->predicted_ns));
    return record_finish(&r);
}

static Val plan_record(ModuleCtx *m, const StepCtx *c)
{
    const Graph *g = c->graph;
    Val *steps = ARENA_ARRAY(m->arena, Val, g->node_count + 1);
    uint32_t count = 0;
    uint64_t scratch = 0;
    for (const Node *n = g->first; n && m->spec->part == CODEGEN_WHOLE; n = n->next) {
        if (!node_is_prepared(g, n)) {
            steps[count] = step_record(m, c, n, (int32_t)count - 1);
            count++;
            scratch = n->lowering->scratch_bytes > scratch ? n->lowering->scratch_bytes : scratch;
        }
    }
    Record r = RECORD(m, RnPlan);
    PUT_INT(&r, RnPlan, kind, g->mode == MODE_TRAIN ? RN_PLAN_TRAIN : RN_PLAN_INFER);
    PUT_INT(&r, RnPlan, batch, g->plan_batch);
    PUT_INT(&r, RnPlan, step_count, count);
    PUT_INT(&r, RnPlan, step_stride, sizeof(RnStep));
    PUT_VAL(&r, RnPlan, steps, record_table(m, c->plan_name, steps, count));
    PUT_INT(&r, RnPlan, arena_fixed_bytes, g->arena_fixed);
    PUT_INT(&r, RnPlan, arena_per_image_bytes, g->arena_per_image);
    PUT_INT(&r, RnPlan, scratch_bytes, scratch);
    return record_finish(&r);
}

typedef struct PrepareList {
    VEC(Val) steps;
} PrepareList;

static void add_prepared(ModuleCtx *m, const StepCtx *c, PrepareList *list)
{
    for (const Node *n = c->graph->first; n; n = n->next) {
        // Places do not tell: intermediate results follow each other at one place.
        if (node_is_prepared(c->graph, n) && !n->prepared) {
            Val step = step_record(m, c, n, (int32_t)list->steps.count - 1);
            VEC_PUSH(m->arena, &list->steps, step);
        }
    }
}

static const char *plan_name(ModuleCtx *m, const Graph *g)
{
    return arena_printf(m->arena, "%s%u", g->mode == MODE_TRAIN ? "train" : "infer", g->plan_batch);
}

static uint32_t model_flags(const ModelSpec *spec)
{
    if (!spec->weights) {
        return 0;
    }
    return spec_is_packed(spec) ? RN_MODEL_WEIGHTS_PACKED : RN_MODEL_WEIGHTS_PLAIN;
}

static Val model_record(ModuleCtx *m, const TensorTable *t, const Val table[4], uint32_t prepared)
{
    const ModelSpec *spec = m->spec;
    Record r = RECORD(m, RnModel);
    PUT_INT(&r, RnModel, magic, RN_MAGIC);
    PUT_INT(&r, RnModel, abi_version, RN_ABI_VERSION);
    PUT_INT(&r, RnModel, struct_bytes, sizeof(RnModel));
    PUT_INT(&r, RnModel, flags, model_flags(spec));
    PUT_TEXT(&r, RnModel, name, spec->name);
    PUT_TEXT(&r, RnModel, source, spec->source ? spec->source : "");
    PUT_TEXT(&r, RnModel, compiler, spec->compiler);
    PUT_TEXT(&r, RnModel, isa, m->codegen->target->name);
    PUT_INT(&r, RnModel, source_hash, spec->source_hash);
    PUT_INT(&r, RnModel, region_count, t->region_count);
    PUT_INT(&r, RnModel, region_stride, sizeof(RnRegion));
    PUT_INT(&r, RnModel, tensor_count, t->tensors.count);
    PUT_INT(&r, RnModel, tensor_stride, sizeof(RnTensor));
    PUT_INT(&r, RnModel, plan_count, spec->plan_count);
    PUT_INT(&r, RnModel, plan_stride, sizeof(RnPlan));
    PUT_INT(&r, RnModel, prepare_count, prepared);
    PUT_INT(&r, RnModel, prepare_stride, sizeof(RnStep));
    PUT_VAL(&r, RnModel, regions, table[0]);
    PUT_VAL(&r, RnModel, tensors, table[1]);
    PUT_VAL(&r, RnModel, plans, table[2]);
    PUT_VAL(&r, RnModel, prepare, table[3]);
    PUT_INT(&r, RnModel, param_count, t->param_count);
    PUT_INT(&r, RnModel, state_count, t->state_count);
    PUT_INT(&r, RnModel, param_elements, t->param_elements);
    PUT_INT(&r, RnModel, macs_per_image, t->macs_per_image);
    return record_finish(&r);
}

void emit_descriptor(ModuleCtx *m)
{
    const ModelSpec *spec = m->spec;
    const TensorTable *t = tensor_table_create(m->arena, spec);
    Val *regions = ARENA_ARRAY(m->arena, Val, t->region_count);
    for (uint32_t i = 0; i < t->region_count; i++) {
        regions[i] = region_record(m, &t->regions[i]);
    }
    Val *tensors = ARENA_ARRAY(m->arena, Val, t->tensors.count + 1);
    for (uint32_t i = 0; i < t->tensors.count; i++) {
        tensors[i] = tensor_record(m, &t->tensors.at[i]);
    }
    PrepareList prepare = {0};
    Val plans[MAX_PLANS];
    for (uint32_t i = 0; i < spec->plan_count; i++) {
        StepCtx c = {spec->plans[i], t, i, plan_name(m, spec->plans[i])};
        if (spec->part != CODEGEN_TABLES && !spec_is_packed(spec)) {
            add_prepared(m, &c, &prepare);
        }
        plans[i] = plan_record(m, &c);
    }
    const Val table[4] = {
        record_table(m, "regions", regions, t->region_count),
        record_table(m, "tensors", tensors, t->tensors.count),
        record_table(m, "plans", plans, spec->plan_count),
        record_table(m, "prepare", prepare.steps.at, prepare.steps.count),
    };
    Val model = model_record(m, t, table, prepare.steps.count);
    const char *symbol = arena_printf(m->arena, "rn_model_%s", spec->name);
    Val global = LLVMAddGlobal(m->vb.module, LLVMTypeOf(model), symbol);
    LLVMSetInitializer(global, model);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, 16);
}
