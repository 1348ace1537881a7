// packing.c: loops over packed tensors. The outermost dimensions make the tasks. The innermost
// ones, as many as stay in the first cache, run in the order of the source: reads are then
// sequential, and the writes go to a block that is near; the other way round every read would be
// far from the last, often a multiple of the page size away, where a cache holds few lines.
#include "cpu/kernels/weights/packing.h"

#include "base/internal_error.h"

#define TASK_ELEMENTS 8192
#define UNROLL 16
#define NEAR_BYTES 24576
#define OPS_OF_ELEMENT 8 // sums of indices

#define MAX_PARTS 16

// Becomes Lowering.plan: neither pointers nor padding.
typedef struct PackPlan {
    int32_t task_dims[MAX_PARTS]; // of each part: so many leading dimensions are spread over tasks
} PackPlan;

// A task's share of a part has TASK_ELEMENTS at least.
static int32_t choose_task_dims(const Packing *p)
{
    int64_t inner = 1;
    for (uint32_t d = 0; d < p->dims; d++) {
        inner *= p->dim[d].extent;
    }
    uint32_t dims = 0;
    while (dims + 1 < p->dims && inner / p->dim[dims].extent >= TASK_ELEMENTS) {
        inner /= p->dim[dims++].extent;
    }
    return (int32_t)dims;
}

static int64_t task_count(const Packing *p, int32_t task_dims)
{
    int64_t count = 1;
    for (int32_t d = 0; d < task_dims; d++) {
        count *= p->dim[d].extent;
    }
    return count;
}

void plan_packing(const PlanCtx *ctx, const Packing *p, Lowering *out)
{
    PackPlan *plan = ARENA_NEW(ctx->arena, PackPlan);
    int64_t elements = packing_elements(p), bytes = elem_size(ELEM_F32, 2 * elements);
    int64_t most = 1;
    for (uint32_t i = 0; p; p = p->next, i++) {
        if (i == MAX_PARTS) {
            INTERNAL_ERROR("a packing of more than %d parts", MAX_PARTS);
        }
        plan->task_dims[i] = choose_task_dims(p);
        int64_t count = task_count(p, plan->task_dims[i]);
        most = count > most ? count : most;
    }
    out->plan = plan;
    out->plan_bytes = sizeof *plan;
    out->tasks_mul = (uint32_t)most;
    out->tasks_div = RN_DIV_ALL;
    out->bytes_fixed = (uint64_t)bytes;
    double index_ops = (double)(OPS_OF_ELEMENT * elements);
    out->predicted_ns = cost_ns(ctx->target, index_ops, (double)bytes);
}

typedef struct Cursor {
    Emit *e;
    const Packing *p;
    PackBody body;
    Val context;
    int64_t extent[SHAPE_MAX_RANK], stride[SHAPE_MAX_RANK]; // of the source, in elements
    int64_t packed_stride[PACK_MAX_DIMS];
    uint32_t order[PACK_MAX_DIMS]; // dimensions from the outermost loop to the innermost
    bool checked[SHAPE_MAX_RANK];  // this coordinate can leave the source
    Val coord[SHAPE_MAX_RANK];     // of checked coordinates
    Val packed, plain;             // element offsets
    Elem packed_elem, plain_elem;  // what both tensors store
} Cursor;

static void start_cursor(Cursor *c, const Shape *source, int64_t first)
{
    int64_t stride = 1, base = 0;
    const Packing *p = c->p;
    const Layout *in = &c->e->node->inputs.at[0]->layout, *out = &c->e->node->outputs.at[0]->layout;
    bool unpacks = in->kind == LAYOUT_PACKED;
    c->packed_elem = unpacks ? in->elem : out->elem;
    c->plain_elem = unpacks ? out->elem : in->elem;
    for (uint32_t j = source->rank; j-- > 0; stride *= source->dim[j]) {
        c->extent[j] = source->dim[j];
        c->stride[j] = stride;
        int64_t lo = p->base[j], hi = p->base[j];
        for (uint32_t d = 0; d < p->dims; d++) {
            if (p->dim[d].coord == (int32_t)j) {
                int64_t reach = (int64_t)p->dim[d].coef * (p->dim[d].extent - 1);
                *(reach < 0 ? &lo : &hi) += reach;
            }
        }
        c->checked[j] = lo < 0 || hi >= source->dim[j];
        c->coord[j] = vb_int(c->e->vb, p->base[j]);
        base += p->base[j] * stride;
    }
    if (p->fold[1]) {
        c->extent[1] *= c->extent[0] / p->fold[0];
        c->extent[0] = p->fold[0];
        c->checked[0] = c->checked[1] = true;
    }
    stride = 1;
    for (uint32_t d = p->dims; d-- > 0; stride *= p->dim[d].extent) {
        c->packed_stride[d] = stride;
    }
    c->packed = vb_int(c->e->vb, first);
    c->plain = vb_int(c->e->vb, base);
}

static int64_t source_step(const Cursor *c, uint32_t d)
{
    int64_t step = c->p->dim[d].coef * c->stride[c->p->dim[d].coord];
    return step < 0 ? -step : step;
}

// The trailing dimensions whose elements are near, by falling distance in the source.
static void order_dims(Cursor *c, uint32_t first)
{
    const Packing *p = c->p;
    int64_t bytes = elem_bytes(c->packed_elem);
    uint32_t near = p->dims;
    for (uint32_t d = 0; d < p->dims; d++) {
        c->order[d] = d;
    }
    while (near > first && bytes * p->dim[near - 1].extent <= NEAR_BYTES) {
        bytes *= p->dim[--near].extent;
    }
    for (uint32_t i = near + 1; i < p->dims; i++) {
        uint32_t d = c->order[i], k = i;
        for (; k > near && source_step(c, c->order[k - 1]) < source_step(c, d); k--) {
            c->order[k] = c->order[k - 1];
        }
        c->order[k] = d;
    }
}

static void step(Cursor *c, uint32_t d, Val index)
{
    Vb *b = c->e->vb;
    const PackDim *dim = &c->p->dim[d];
    c->packed = vb_add(b, c->packed, vb_muli(b, index, c->packed_stride[d]));
    c->plain = vb_add(b, c->plain, vb_muli(b, index, dim->coef * c->stride[dim->coord]));
    if (c->checked[dim->coord]) {
        c->coord[dim->coord] = vb_add(b, c->coord[dim->coord], vb_muli(b, index, dim->coef));
    }
}

// i1, or NULL where nothing can leave the source.
static Val is_valid(const Cursor *c)
{
    Vb *b = c->e->vb;
    Val valid = NULL;
    for (uint32_t j = 0; j < SHAPE_MAX_RANK; j++) {
        if (c->checked[j]) {
            Val inside = vb_icmp(b, LLVMIntULT, c->coord[j], vb_int(b, c->extent[j]));
            valid = valid ? LLVMBuildAnd(b->builder, valid, inside, "") : inside;
        }
    }
    return valid;
}

// One element, `packed` and `plain` bytes past the cursor.
static void emit_element(const Cursor *c, Val valid, int64_t packed, int64_t plain)
{
    Vb *b = c->e->vb;
    Val from = vb_addi(b, vb_muli(b, c->plain, elem_bytes(c->plain_elem)), plain);
    const int32_t *fold = c->p->fold;
    if (fold[1]) { // what `plain` counts as channels of earlier groups are their filters
        Val group = vb_divi(b, c->coord[1], fold[1]);
        int64_t step = fold[0] * c->stride[0] - fold[1] * c->stride[1];
        from = vb_add(b, from, vb_muli(b, group, elem_size(c->plain_elem, step)));
    }
    if (valid) {
        from = vb_select(b, valid, from, vb_int(b, 0));
    }
    Val to = vb_addi(b, vb_muli(b, c->packed, elem_bytes(c->packed_elem)), packed);
    c->body(c->e, c->context, to, from, valid);
}

// Whether loops from order[i] on are short enough to be written out, and cannot leave the source.
static bool can_unroll(const Cursor *c, uint32_t i)
{
    int64_t count = 1;
    for (; i < c->p->dims; i++) {
        const PackDim *dim = &c->p->dim[c->order[i]];
        count *= dim->extent;
        if (count > UNROLL || c->checked[dim->coord]) {
            return false;
        }
    }
    return true;
}

static void unroll(const Cursor *c, uint32_t i, Val valid, int64_t packed, int64_t plain)
{
    if (i == c->p->dims) {
        emit_element(c, valid, packed, plain);
        return;
    }
    uint32_t d = c->order[i];
    const PackDim *dim = &c->p->dim[d];
    for (int64_t k = 0; k < dim->extent; k++) {
        unroll(c, i + 1, valid, packed + elem_size(c->packed_elem, k * c->packed_stride[d]),
               plain + elem_size(c->plain_elem, k * dim->coef * c->stride[dim->coord]));
    }
}

// The innermost dimension, whose coordinate stays inside the source (others may not).
static void emit_last(Cursor *c, uint32_t d)
{
    Vb *b = c->e->vb;
    const PackDim *dim = &c->p->dim[d];
    int64_t whole = dim->extent / UNROLL * UNROLL;
    int64_t plain = elem_size(c->plain_elem, dim->coef * c->stride[dim->coord]);
    Val valid = is_valid(c);
    VbLoop loop = vb_for(b, vb_int(b, 0), vb_int(b, whole), UNROLL, NULL, 0);
    Cursor at = *c;
    step(&at, d, loop.index);
    for (int64_t u = 0; u < UNROLL; u++) {
        emit_element(&at, valid, elem_size(c->packed_elem, u * c->packed_stride[d]), u * plain);
    }
    vb_for_end(b, &loop, NULL);
    if (whole < dim->extent) {
        VbLoop rest = vb_loop(b, vb_int(b, whole), vb_int(b, dim->extent), 1, NULL, 0);
        at = *c;
        step(&at, d, rest.index);
        emit_element(&at, valid, 0, 0);
        vb_loop_end(b, &rest, NULL);
    }
}

static void emit_dims(Cursor *c, uint32_t i)
{
    Vb *b = c->e->vb;
    if (can_unroll(c, i)) {
        unroll(c, i, is_valid(c), 0, 0);
        return;
    }
    uint32_t d = c->order[i];
    const PackDim *dim = &c->p->dim[d];
    if (i + 1 == c->p->dims && !c->checked[dim->coord]) {
        emit_last(c, d);
        return;
    }
    Cursor at = *c;
    if (dim->extent == 1) {
        emit_dims(&at, i + 1);
        return;
    }
    VbLoop loop = vb_loop(b, vb_int(b, 0), vb_int(b, dim->extent), 1, NULL, 0);
    step(&at, d, loop.index);
    emit_dims(&at, i + 1);
    vb_loop_end(b, &loop, NULL);
}

// One part of the packing: the task decides the outer dimensions' indices.
static void emit_part(Cursor *c, uint32_t dims, Val task)
{
    Vb *b = c->e->vb;
    Val rest = task;
    for (uint32_t d = dims; d-- > 0; rest = vb_divi(b, rest, c->p->dim[d].extent)) {
        step(c, d, d == 0 ? rest : vb_remi(b, rest, c->p->dim[d].extent));
    }
    order_dims(c, dims);
    emit_dims(c, dims);
}

void emit_packing(Emit *e, const Packing *p, const Shape *source, PackBody body, Val context)
{
    Vb *b = e->vb;
    const PackPlan *plan = e->lowering->plan;
    int64_t first = 0;
    Val task;
    if (p->dims == 0) {
        INTERNAL_ERROR("%s: a packing without dimensions", e->node->name);
    }
    TaskLoop tasks = emit_tasks(e, &task);
    for (const int32_t *dims = plan->task_dims; p; p = p->next, dims++) {
        int64_t count = task_count(p, *dims), elements = 1;
        Cursor c = {.e = e, .p = p, .body = body, .context = context};
        VbIf mine;
        bool all = count == e->lowering->tasks_mul;
        if (!all) {
            mine = vb_if(b, vb_icmp(b, LLVMIntSLT, task, vb_int(b, count)));
        }
        start_cursor(&c, source, first);
        emit_part(&c, (uint32_t)*dims, task);
        if (!all) {
            vb_if_end(b, &mine);
        }
        for (uint32_t d = 0; d < p->dims; d++) {
            elements *= p->dim[d].extent;
        }
        first += elements;
    }
    emit_tasks_end(e, &tasks);
}
