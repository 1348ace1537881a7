// descriptor.c: the constant rn_model_<name>: regions, tensors, plans and prepare steps as tables.
// Tables that hold addresses are records of LLVM's constants; the others are this process's memory
// as it is: host and targets are little endian, and lay structs of such members out alike.
#include <string.h>

#include "base/internal_error.h"
#include "cpu/record.h"
#include "cpu/step_table.h"
#include "object/tensor_table.h"

static Val region_record(ModuleCtx *m, const RnRegion *x)
{
    Record r = RECORD(m, RnRegion);
    PUT_TEXT(&r, RnRegion, name, x->name);
    PUT_INT(&r, RnRegion, fixed_bytes, x->fixed_bytes);
    PUT_INT(&r, RnRegion, per_image_bytes, x->per_image_bytes);
    PUT_INT(&r, RnRegion, per_worker_bytes, x->per_worker_bytes);
    PUT_INT(&r, RnRegion, align, x->align);
    PUT_INT(&r, RnRegion, memory, x->memory);
    PUT_VAL(&r, RnRegion, initial, record_bytes(m, x->name, x->initial, x->fixed_bytes));
    PUT_VAL(&r, RnRegion, preprocess,
            record_bytes(m, "preprocess", x->preprocess, sizeof *x->preprocess));
    PUT_VAL(&r, RnRegion, pixels, record_null(m)); // no input is made of bytes yet
    return record_finish(&r);
}

static Val layer_record(ModuleCtx *m, const Texts *texts, const LayerRow *x)
{
    Record r = RECORD(m, RnLayer);
    PUT_VAL(&r, RnLayer, fn, emit_layer(m, texts->bytes.text + x->name, x->line));
    PUT_INT(&r, RnLayer, name, x->name);
    PUT_INT(&r, RnLayer, line, x->line);
    return record_finish(&r);
}

static Val layer_table(ModuleCtx *m, const StepTable *t)
{
    Val *rows = ARENA_ARRAY(m->arena, Val, t->layers.count + 1);
    for (uint32_t i = 0; i < t->layers.count; i++) {
        rows[i] = layer_record(m, t->texts, DISTINCT_AT(LayerRow, &t->layers, i));
    }
    return record_table(m, "layers", rows, t->layers.count);
}

static Val kernel_record(ModuleCtx *m, const KernelRow *row)
{
    const RnKernel *x = &row->figures;
    Record r = RECORD(m, RnKernel);
    PUT_VAL(&r, RnKernel, fn, row->function);
    PUT_INT(&r, RnKernel, scratch_bytes, x->scratch_bytes);
    PUT_INT(&r, RnKernel, flops_fixed, x->flops_fixed);
    PUT_INT(&r, RnKernel, flops_per_image, x->flops_per_image);
    PUT_INT(&r, RnKernel, bytes_fixed, x->bytes_fixed);
    PUT_INT(&r, RnKernel, bytes_per_image, x->bytes_per_image);
    PUT_INT(&r, RnKernel, elements_fixed, x->elements_fixed);
    PUT_INT(&r, RnKernel, elements_per_image, x->elements_per_image);
    PUT_VAL(&r, RnKernel, predicted_ns, record_f64(m, x->predicted_ns));
    PUT_INT(&r, RnKernel, work, x->work);
    PUT_INT(&r, RnKernel, algorithm, x->algorithm);
    PUT_INT(&r, RnKernel, tasks_mul, x->tasks_mul);
    PUT_INT(&r, RnKernel, tasks_div, x->tasks_div);
    PUT_INT(&r, RnKernel, inputs, x->inputs);
    PUT_INT(&r, RnKernel, outputs, x->outputs);
    PUT_INT(&r, RnKernel, elem, x->elem);
    PUT_INT(&r, RnKernel, arith, x->arith);
    return record_finish(&r);
}

static Val kernel_table_of(ModuleCtx *m, const StepTable *t)
{
    Val *rows = ARENA_ARRAY(m->arena, Val, t->kernels.count + 1);
    for (uint32_t i = 0; i < t->kernels.count; i++) {
        rows[i] = kernel_record(m, DISTINCT_AT(KernelRow, &t->kernels, i));
    }
    return record_table(m, "kernels", rows, t->kernels.count);
}

typedef struct StepList {
    VEC(RnStep) steps;
    VEC(RnGradStep) grads;  // complete after them, in that order
    uint64_t scratch_bytes; // largest of them
} StepList;

static void add_step(ModuleCtx *m, StepTable *t, const Node *n, StepList *list)
{
    RnStep step = step_table_add(t, m, n);
    VEC_PUSH(m->arena, &list->steps, step);
    if (n->lowering->scratch_bytes > list->scratch_bytes) {
        list->scratch_bytes = n->lowering->scratch_bytes;
    }
}

// The gradients that a node's step completes. One that several steps write counts as the last's.
static void add_grads(ModuleCtx *m, const TensorTable *t, uint32_t plan, const Node *n,
                      StepList *list)
{
    uint32_t step = list->steps.count - 1;
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.at[i];
        if (v->kind != VALUE_GRAD || !v->param) {
            continue;
        }
        uint32_t tensor = (uint32_t)t->tensors.at[t->index[plan][v->param->id]].grad, kept = 0;
        for (uint32_t k = 0; k < list->grads.count; k++) {
            if (list->grads.at[k].tensor != tensor) {
                list->grads.at[kept++] = list->grads.at[k];
            }
        }
        list->grads.count = kept;
        VEC_PUSH(m->arena, &list->grads, ((RnGradStep){.step = step, .tensor = tensor}));
    }
}

static Val step_list_table(ModuleCtx *m, const char *name, const StepList *list)
{
    return record_bytes(m, name, list->steps.at, list->steps.count * sizeof(RnStep));
}

static Val plan_record(ModuleCtx *m, const char *name, const Graph *g, const StepList *list)
{
    Record r = RECORD(m, RnPlan);
    PUT_INT(&r, RnPlan, kind, g->mode == MODE_TRAIN ? RN_PLAN_TRAIN : RN_PLAN_INFER);
    PUT_INT(&r, RnPlan, batch, g->plan_batch);
    PUT_INT(&r, RnPlan, step_count, list->steps.count);
    PUT_INT(&r, RnPlan, step_stride, sizeof(RnStep));
    PUT_VAL(&r, RnPlan, steps, step_list_table(m, name, list));
    PUT_INT(&r, RnPlan, arena_fixed_bytes, g->arena_fixed);
    PUT_INT(&r, RnPlan, arena_per_image_bytes, g->arena_per_image);
    PUT_INT(&r, RnPlan, scratch_bytes, list->scratch_bytes);
    PUT_INT(&r, RnPlan, scratch_beside_bytes, g->scratch_beside);
    PUT_INT(&r, RnPlan, flags, g->scratch_placed ? RN_PLAN_SCRATCH_PLACED : 0);
    PUT_INT(&r, RnPlan, reserved, 0);
    PUT_VAL(&r, RnPlan, grads,
            record_bytes(m, "grads", list->grads.at, list->grads.count * sizeof(RnGradStep)));
    PUT_INT(&r, RnPlan, grad_count, list->grads.count);
    PUT_INT(&r, RnPlan, grad_stride, sizeof(RnGradStep));
    return record_finish(&r);
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

static Val machine_record(ModuleCtx *m, const RnMachine *x)
{
    Record r = RECORD(m, RnMachine);
    PUT_INT(&r, RnMachine, kind, x->kind);
    PUT_INT(&r, RnMachine, permissions, x->permissions);
    PUT_WORDS(&r, RnMachine, features, x->features);
    return record_finish(&r);
}

static Val model_record(ModuleCtx *m, const TensorTable *t, const StepTable *s, Val regions,
                        Val plans, const StepList *prepare)
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
    PUT_TEXT(&r, RnModel, isa, target_code_isa(m->codegen->target)->name);
    PUT_VAL(&r, RnModel, needs, machine_record(m, &target_code_isa(m->codegen->target)->needs));
    PUT_INT(&r, RnModel, source_hash, spec->source_hash);
    PUT_INT(&r, RnModel, region_count, t->region_count);
    PUT_INT(&r, RnModel, region_stride, sizeof(RnRegion));
    PUT_INT(&r, RnModel, tensor_count, t->tensors.count);
    PUT_INT(&r, RnModel, tensor_stride, sizeof(RnTensor));
    PUT_INT(&r, RnModel, plan_count, spec->plan_count);
    PUT_INT(&r, RnModel, plan_stride, sizeof(RnPlan));
    PUT_INT(&r, RnModel, prepare_count, prepare->steps.count);
    PUT_INT(&r, RnModel, prepare_stride, sizeof(RnStep));
    PUT_INT(&r, RnModel, layer_count, s->layers.count);
    PUT_INT(&r, RnModel, layer_stride, sizeof(RnLayer));
    PUT_INT(&r, RnModel, kernel_count, s->kernels.count);
    PUT_INT(&r, RnModel, kernel_stride, sizeof(RnKernel));
    PUT_INT(&r, RnModel, place_count, s->places.count);
    PUT_INT(&r, RnModel, place_stride, sizeof(RnPlace));
    PUT_INT(&r, RnModel, operand_count, s->operands.count);
    PUT_INT(&r, RnModel, text_bytes, t->texts->bytes.count);
    PUT_VAL(&r, RnModel, regions, regions);
    PUT_VAL(&r, RnModel, tensors,
            record_bytes(m, "tensors", t->tensors.at, t->tensors.count * sizeof(RnTensor)));
    PUT_VAL(&r, RnModel, plans, plans);
    PUT_VAL(&r, RnModel, prepare, step_list_table(m, "prepare", prepare));
    PUT_VAL(&r, RnModel, layers, layer_table(m, s));
    PUT_VAL(&r, RnModel, kernels, kernel_table_of(m, s));
    PUT_VAL(&r, RnModel, places,
            record_bytes(m, "places", s->places.at, s->places.count * sizeof(RnPlace)));
    PUT_VAL(&r, RnModel, operands,
            record_bytes(m, "operands", s->operands.at, s->operands.count * sizeof(uint32_t)));
    PUT_VAL(&r, RnModel, texts,
            record_bytes(m, "texts", t->texts->bytes.text, t->texts->bytes.count));
    PUT_INT(&r, RnModel, param_count, t->param_count);
    PUT_INT(&r, RnModel, state_count, t->state_count);
    PUT_INT(&r, RnModel, param_elements, t->param_elements);
    PUT_INT(&r, RnModel, macs_per_image, t->macs_per_image);
    PUT_VAL(&r, RnModel, quants, record_null(m)); // no tensor is quantized yet
    PUT_INT(&r, RnModel, quant_count, 0);
    PUT_INT(&r, RnModel, quant_stride, sizeof(RnQuant));
    return record_finish(&r);
}

static Val set_record(ModuleCtx *m, Val model)
{
    Record r = RECORD(m, RnModelSet);
    PUT_INT(&r, RnModelSet, magic, RN_SET_MAGIC);
    PUT_INT(&r, RnModelSet, abi_version, RN_ABI_VERSION);
    PUT_INT(&r, RnModelSet, struct_bytes, sizeof(RnModelSet));
    PUT_INT(&r, RnModelSet, variant_count, 1);
    PUT_INT(&r, RnModelSet, variant_stride, sizeof(RnModel));
    PUT_INT(&r, RnModelSet, reserved, 0);
    PUT_VAL(&r, RnModelSet, variants, record_table(m, "variants", &model, 1));
    PUT_TEXT(&r, RnModelSet, name, m->spec->name);
    return record_finish(&r);
}

// Which of a graph's nodes are steps of the object.
static bool is_prepare_step(const ModelSpec *spec, const Graph *g, const Node *n)
{
    return node_is_prepared(g, n) && !n->prepared && spec->part != CODEGEN_TABLES &&
           !spec_is_packed(spec);
}

static bool is_plan_step(const ModelSpec *spec, const Graph *g, const Node *n)
{
    return !node_is_prepared(g, n) && spec->part == CODEGEN_WHOLE;
}

static Val add_plan(ModuleCtx *m, StepTable *t, const TensorTable *tensors, uint32_t plan,
                    StepList *prepare)
{
    const Graph *g = m->spec->plans[plan];
    StepList steps = {0};
    for (const Node *n = g->first; n; n = n->next) {
        if (is_prepare_step(m->spec, g, n)) {
            add_step(m, t, n, prepare);
        } else if (is_plan_step(m->spec, g, n)) {
            if (g->scratch_placed && n->lowering->scratch_bytes && !n->scratch.placed) {
                INTERNAL_ERROR("%s: its scratch has no place", n->name);
            }
            add_step(m, t, n, &steps);
            add_grads(m, tensors, plan, n, &steps);
        }
    }
    return plan_record(m, plan_name(m, g), g, &steps);
}

static Val region_table(ModuleCtx *m, const TensorTable *t)
{
    Val *rows = ARENA_ARRAY(m->arena, Val, t->region_count);
    for (uint32_t i = 0; i < t->region_count; i++) {
        rows[i] = region_record(m, &t->regions[i]);
    }
    return record_table(m, "regions", rows, t->region_count);
}

void emit_descriptor(ModuleCtx *m)
{
    const ModelSpec *spec = m->spec;
    const TensorTable *t = tensor_table_create(m->arena, spec);
    StepTable steps = step_table_create(m->arena, t->texts);
    StepList prepare = {0};
    Val plans[MAX_PLANS];
    for (uint32_t i = 0; i < spec->plan_count; i++) {
        plans[i] = add_plan(m, &steps, t, i, &prepare);
    }
    Val model = model_record(m, t, &steps, region_table(m, t),
                             record_table(m, "plans", plans, spec->plan_count), &prepare);
    Val set = set_record(m, model);
    const char *symbol = arena_printf(m->arena, "rn_model_%s", spec->name);
    Val global = LLVMAddGlobal(m->vb.module, LLVMTypeOf(set), symbol);
    LLVMSetInitializer(global, set);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, 16);
}
