// kernel_util.c: what all kernels share: the loop over tasks, geometry, layouts, a first cost
// estimate. Not here: expressions and sides (expr_emit.c).
#include "cpu/kernel.h"

TaskLoop emit_tasks(Emit *e, Val *task)
{
    TaskLoop t;
    Vb *b = e->vb;
    t.guard = vb_if(b, vb_icmp(b, LLVMIntSLT, e->task_lo, e->task_hi));
    t.loop = vb_loop(b, e->task_lo, e->task_hi, 1, NULL, 0);
    *task = t.loop.index;
    return t;
}

void emit_tasks_end(Emit *e, TaskLoop *t)
{
    vb_loop_end(e->vb, &t->loop, NULL);
    vb_if_end(e->vb, &t->guard);
}

TaskSlice emit_slice(Emit *e, Val task)
{
    Vb *b = e->vb;
    const Lowering *low = e->lowering;
    if (low->tasks_div == RN_DIV_ALL) {
        return (TaskSlice){.part = task, .image_lo = vb_int(b, 0), .image_hi = e->batch};
    }
    TaskSlice slice = {.part = vb_remi(b, task, low->tasks_mul)};
    Val chunk = vb_divi(b, task, low->tasks_mul);
    slice.image_lo = vb_muli(b, chunk, low->tasks_div);
    Val end = vb_addi(b, slice.image_lo, low->tasks_div);
    slice.image_hi = low->tasks_div == 1 ? end : vb_min(b, end, e->batch);
    return slice;
}

int64_t channel_blocks(const Value *v, uint32_t width)
{
    return div_up(shape_channels(&v->shape), width);
}

int64_t image_bytes(const Value *v)
{
    uint64_t fixed = 0, per_image = 0;
    layout_bytes(&v->shape, &v->layout, &fixed, &per_image);
    return (int64_t)per_image;
}

Access emit_input(const Emit *e, uint32_t i)
{
    return (Access){e->in[i], e->node->inputs.at[i]->layout.elem};
}

Access emit_output(const Emit *e, uint32_t i)
{
    return (Access){e->out[i], e->node->outputs.at[i]->layout.elem};
}

Access emit_scratch(const Emit *e)
{
    return (Access){e->scratch, ELEM_F32};
}

void emit_store_output(Emit *e, Val x, const ExprPlace *at)
{
    Access to = access_at(e->vb, emit_output(e, 0), at->offset);
    to = access_ati(e->vb, to, at->offset_const);
    if (e->streams) {
        access_store_streaming(e->vb, x, to);
    } else {
        access_store(e->vb, x, to);
    }
}

Layout layout_padded_vector(Arena *a, int64_t c, uint32_t width)
{
    Packing *p = ARENA_NEW(a, Packing);
    p->dims = 1;
    p->dim[0] = (PackDim){.extent = (int32_t)(div_up(c, width) * width), .coord = 0, .coef = 1};
    return (Layout){.kind = LAYOUT_PACKED, .packing = p};
}

Layout layout_blocked(uint32_t block)
{
    return (Layout){.kind = LAYOUT_BLOCKED, .block = block};
}

Layout layout_plain(void)
{
    return (Layout){.kind = LAYOUT_PLAIN};
}

Layout layout_partials(uint32_t width)
{
    return (Layout){.kind = LAYOUT_PARTIALS, .elem = ELEM_F64, .block = width};
}

double cost_ns(const TargetDef *t, double flops, double bytes)
{
    double peak = t->clock_ghz * t->fma_per_cycle * t->vector_floats * 2;
    double bandwidth = bytes > (double)t->l3_bytes   ? t->dram_gbps
                       : bytes > (double)t->l2_bytes ? t->l3_gbps
                                                     : t->l2_gbps;
    double compute = flops / (peak / 2), memory = bytes / bandwidth;
    return compute > memory ? compute : memory;
}
