// step_table.c: see step_table.h.
#include "cpu/step_table.h"

#include "base/internal_error.h"

StepTable step_table_create(Arena *a, Texts *texts)
{
    return (StepTable){.texts = texts,
                       .layers = distinct_create(a, sizeof(LayerRow)),
                       .kernels = distinct_create(a, sizeof(KernelRow)),
                       .places = distinct_create(a, sizeof(RnPlace))};
}

// "conv2d bwd weights" of conv2d_bwd_weights
static const char *work_name(Arena *a, const Node *n)
{
    char *name = arena_strdup(a, n->op->name);
    for (char *c = name; *c; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    return name;
}

// The elements of a value as it lies in memory, unless there are gaps among them.
static void count_elements(const Value *v, RnKernel *k)
{
    if (v->layout.kind != LAYOUT_PLAIN && v->layout.kind != LAYOUT_BLOCKED) {
        return;
    }
    layout_bytes(&v->shape, &v->layout, &k->elements_fixed, &k->elements_per_image);
    k->elements_fixed /= elem_bytes(v->layout.elem);
    k->elements_per_image /= elem_bytes(v->layout.elem);
    k->elem = (uint16_t)v->layout.elem;
}

static uint32_t add_kernel(StepTable *t, ModuleCtx *m, const Node *n)
{
    const Lowering *low = n->lowering;
    KernelRow row = {.function = emit_kernel(m, n),
                     .figures = {.scratch_bytes = low->scratch_bytes,
                                 .flops_fixed = low->flops_fixed,
                                 .flops_per_image = low->flops_per_image,
                                 .bytes_fixed = low->bytes_fixed,
                                 .bytes_per_image = low->bytes_per_image,
                                 .predicted_ns = low->predicted_ns,
                                 .work = texts_add(t->texts, work_name(m->arena, n)),
                                 .algorithm = texts_add(t->texts, low->kernel),
                                 .tasks_mul = low->tasks_mul,
                                 .tasks_div = low->tasks_div,
                                 .inputs = (uint16_t)n->inputs.count,
                                 .outputs = (uint16_t)n->outputs.count,
                                 .arith = RN_ARITH_F32}};
    if (n->outputs.count) {
        count_elements(n->outputs.at[0], &row.figures);
    }
    return distinct_add(&t->kernels, &row);
}

static void add_place(StepTable *t, ModuleCtx *m, const Place *p)
{
    RnPlace place = {.offset = p->offset, .slope = p->slope, .region = p->region};
    VEC_PUSH(m->arena, &t->operands, distinct_add(&t->places, &place));
}

static void add_operand(StepTable *t, ModuleCtx *m, const Node *n, const Value *v)
{
    if (!v->place.placed) {
        INTERNAL_ERROR("%s: value %u has no place", n->name, v->id);
    }
    add_place(t, m, &v->place);
}

RnStep step_table_add(StepTable *t, ModuleCtx *m, const Node *n)
{
    if (n->inputs.count + n->outputs.count > RN_MAX_OPERANDS) {
        INTERNAL_ERROR("%s has %u inputs and %u outputs, but steps have at most %d", n->name,
                       n->inputs.count, n->outputs.count, RN_MAX_OPERANDS);
    }
    LayerRow layer = {.name = texts_add(t->texts, n->name), .line = node_line(m->spec, n)};
    RnStep step = {.layer = distinct_add(&t->layers, &layer),
                   .kernel = add_kernel(t, m, n),
                   .operands = t->operands.count};
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        add_operand(t, m, n, n->inputs.at[i]);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        add_operand(t, m, n, n->outputs.at[i]);
    }
    if (n->scratch.placed) {
        add_place(t, m, &n->scratch);
    }
    m->steps++;
    return step;
}
