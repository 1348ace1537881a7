// grad_store.c: a gradient in the layout of its maker into the framework's layout, overwriting or
// adding.
#include <stddef.h>

#include "cpu/kernels/weights/packing.h"

#define TASK_ELEMENTS 8192

// i1
static Val accumulates(Emit *e)
{
    Vb *b = e->vb;
    Val flag = vb_load_typed(b, b->i32, vb_ati(b, e->call, offsetof(RnCall, accumulate)), 4);
    return vb_icmp(b, LLVMIntNE, flag, LLVMConstInt(b->i32, 0, 0));
}

// A vector of zeros in memory: what is added to where the call overwrites (it may hold NaN).
static Val zeros(Vb *b, Elem elem)
{
    int64_t bytes = elem_size(elem, b->width);
    static const char name[] = ".zeros";
    Val global = LLVMGetNamedGlobal(b->module, name);
    if (!global) {
        global = LLVMAddGlobal(b->module, LLVMArrayType2(b->i8, (uint64_t)bytes), name);
        LLVMSetInitializer(global, LLVMConstNull(LLVMGlobalGetValueType(global)));
        LLVMSetLinkage(global, LLVMInternalLinkage);
        LLVMSetGlobalConstant(global, 1);
        LLVMSetAlignment(global, (uint32_t)bytes);
    }
    return global;
}

// Where the old value is read.
static Access old_place(Emit *e, Val accumulate, Access to)
{
    return access_as(to, vb_select(e->vb, accumulate, to.at, zeros(e->vb, to.elem)));
}

static const char *packed_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const Layout *layout = &n->inputs.at[0]->layout;
    if (layout->kind != LAYOUT_PACKED) {
        return "its input is not packed";
    }
    out->in_layout[0] = *layout;
    out->out_layout[0] = layout_plain();
    plan_packing(ctx, layout->packing, out);
    return NULL;
}

static void unpack_body(Emit *e, Val accumulate, Val packed, Val plain, Val valid)
{
    Vb *b = e->vb;
    VbIf exists;
    if (valid) {
        exists = vb_if(b, valid);
    }
    Access to = access_at(b, emit_output(e, 0), plain);
    Val x = access_load_scalar(b, access_at(b, emit_input(e, 0), packed));
    Val old = access_load_scalar(b, old_place(e, accumulate, to));
    access_store_scalar(b, vb_fadd(b, x, old), to);
    if (valid) {
        vb_if_end(b, &exists);
    }
}

static void packed_emit(Emit *e)
{
    const Packing *p = e->node->inputs.at[0]->layout.packing;
    emit_packing(e, p, &e->node->outputs.at[0]->shape, unpack_body, accumulates(e));
}

static const char *plain_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    if (n->inputs.at[0]->layout.kind != LAYOUT_PLAIN) {
        return "its input is not plain";
    }
    int64_t elements = shape_elements(&n->inputs.at[0]->shape);
    out->in_layout[0] = out->out_layout[0] = layout_plain();
    out->tasks_mul = (uint32_t)div_up(elements, TASK_ELEMENTS);
    out->tasks_div = RN_DIV_ALL;
    int64_t bytes = elem_size(ELEM_F32, 2 * elements);
    out->bytes_fixed = (uint64_t)bytes;
    out->predicted_ns = cost_ns(ctx->target, 0, (double)bytes);
    return NULL;
}

static void add_vector(Emit *e, Val accumulate, Val element, uint32_t lanes)
{
    Vb *b = e->vb;
    Access from = emit_input(e, 0), to = emit_output(e, 0);
    Val offset = vb_muli(b, element, access_bytes(to, 1));
    to = access_at(b, to, offset);
    from = access_at(b, from, access_rescale(b, offset, to.elem, from.elem));
    Val x = access_load_lanes(b, from, lanes);
    Val old = access_load_lanes(b, old_place(e, accumulate, to), lanes);
    access_store_lanes(b, vb_fadd(b, x, old), to, lanes);
}

static void plain_emit(Emit *e)
{
    Vb *b = e->vb;
    int64_t elements = shape_elements(&e->node->inputs.at[0]->shape);
    int64_t whole = elements / b->width * b->width;
    Val task, accumulate = accumulates(e);
    TaskLoop tasks = emit_tasks(e, &task);
    Val lo = vb_muli(b, task, TASK_ELEMENTS);
    Val hi = vb_min(b, vb_addi(b, lo, TASK_ELEMENTS), vb_int(b, elements));
    VbLoop loop = vb_for(b, lo, vb_min(b, hi, vb_int(b, whole)), b->width, NULL, 0);
    add_vector(e, accumulate, loop.index, b->width);
    vb_for_end(b, &loop, NULL);
    if (whole < elements) {
        VbIf last = vb_if(b, vb_icmp(b, LLVMIntSGT, hi, vb_int(b, whole)));
        add_vector(e, accumulate, vb_int(b, whole), (uint32_t)(elements - whole));
        vb_if_end(b, &last);
    }
    emit_tasks_end(e, &tasks);
}

const KernelDef kernel_grad_store_packed = {
    .name = "unpack",
    .op = "grad_store",
    .doc = "element by element, a near block at a time",
    .plan = packed_plan,
    .emit = packed_emit,
};

const KernelDef kernel_grad_store_plain = {
    .name = "plain",
    .op = "grad_store",
    .doc = "vectors in order",
    .plan = plain_plan,
    .emit = plain_emit,
};
