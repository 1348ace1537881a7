// conv_naive.c: the reference kernels: any groups, any sizes, one scalar sum per element, no tiles.
// They take what the others refuse and are what those are measured against.
//
//   conv2d              y[n,k,y,x]  = bias[k] + sum over c,r,s of w * x
//   conv2d_bwd_data     dx[n,c,y,x] = sum over k,r,s of w * dy, where (y+pt-r)/sh and (x+pl-s)/sw
//   are whole conv2d_bwd_weights  dw[k,c,r,s] = sum over n,y,x of x * dy
//
// A vector of results is made lane by lane in scratch and then goes through the fused epilogue as
// usual. Sums of backward weights are taken per row of dy first, so that no chain of additions gets
// long.
#include <string.h>

#include "cpu/kernels/conv/conv_size.h"

// The plan of all three: no pointers, no padding.
typedef struct NaivePlan {
    ConvSize size;
    int64_t backward;         // of data
    int64_t c_group, k_group; // channels of a group
} NaivePlan;

typedef struct Naive {
    Emit *e;
    Vb *b;
    const NaivePlan *plan;
    ConvSize z;
} Naive;

static Naive naive_begin(Emit *e)
{
    const NaivePlan *plan = e->lowering->plan;
    return (Naive){.e = e, .b = e->vb, .plan = plan, .z = plan->size};
}

static Val scalar_fma(Vb *b, Val x, Val y, Val z)
{
    return LLVMBuildFAdd(b->builder, LLVMBuildFMul(b->builder, x, y, ""), z, "");
}

// Number of element (n,c,y,x) in a blocked tensor of channels c, h x w.
static Val blocked_at(Vb *b, Val n, Val c, Val y, Val x, const int64_t size[3])
{
    int64_t width = b->width, blocks = div_up(size[0], width);
    Val at = vb_add(b, vb_muli(b, n, blocks), vb_divi(b, c, width));
    at = vb_add(b, vb_muli(b, at, size[1]), y);
    at = vb_add(b, vb_muli(b, at, size[2]), x);
    return vb_add(b, vb_muli(b, at, width), vb_remi(b, c, width));
}

static Val weight_at(Naive *v, Val k, Val c, Val r, Val s)
{
    Vb *b = v->b;
    Val at = vb_add(b, vb_muli(b, k, v->plan->c_group), c);
    at = vb_add(b, vb_muli(b, at, v->z.r), r);
    return vb_add(b, vb_muli(b, at, v->z.s), s);
}

static Val inside(Vb *b, Val i, int64_t size) // 0 <= i < size, as one unsigned comparison
{
    return vb_icmp(b, LLVMIntULT, i, vb_int(b, size));
}

// sum += w * value for the tap if `ok`: a product with a value read at a safe place and then
// replaced by 0.
static Val add_if(Naive *v, Val ok, Val number, Val weight, Val sum)
{
    Vb *b = v->b;
    Access x = emit_input(v->e, 0);
    Val safe = vb_select(b, ok, vb_muli(b, number, access_bytes(x, 1)), vb_int(b, 0));
    Val product = scalar_fma(b, access_load_scalar(b, access_at(b, x, safe)), weight, sum);
    return vb_select(b, ok, product, sum);
}

// The sum over the taps and reduced channels of output element (n, channel, y, x).
static Val element(Naive *v, Val n, Val channel, Val y, Val x)
{
    Vb *b = v->b;
    const ConvSize *z = &v->z;
    bool backward = v->plan->backward;
    int64_t made = backward ? v->plan->c_group : v->plan->k_group,
            reduced = backward ? v->plan->k_group : v->plan->c_group;
    Val group = vb_divi(b, channel, made), own = vb_remi(b, channel, made);
    Val sum = vb_number(b, 0);
    VbLoop lc = vb_loop(b, vb_int(b, 0), vb_int(b, reduced), 1, &sum, 1);
    VbLoop lr = vb_loop(b, vb_int(b, 0), vb_int(b, z->r), 1, &lc.carried[0], 1);
    VbLoop ls = vb_loop(b, vb_int(b, 0), vb_int(b, z->s), 1, &lr.carried[0], 1);
    Val other = vb_add(b, vb_muli(b, group, reduced), lc.index), iy, ix, ok, weight;
    if (backward) {
        Val ty = vb_sub(b, vb_addi(b, y, z->pad[0]), lr.index);
        Val tx = vb_sub(b, vb_addi(b, x, z->pad[1]), ls.index);
        // a negative number is huge as unsigned, so its quotient lies outside
        iy = vb_divi(b, ty, z->stride[0]);
        ix = vb_divi(b, tx, z->stride[1]);
        ok = LLVMBuildAnd(b->builder, inside(b, iy, z->oh), inside(b, ix, z->ow), "");
        Val whole_y = vb_icmp(b, LLVMIntEQ, vb_remi(b, ty, z->stride[0]), vb_int(b, 0));
        Val whole_x = vb_icmp(b, LLVMIntEQ, vb_remi(b, tx, z->stride[1]), vb_int(b, 0));
        ok = LLVMBuildAnd(b->builder, ok, LLVMBuildAnd(b->builder, whole_y, whole_x, ""), "");
        weight = weight_at(v, other, own, lr.index, ls.index);
    } else {
        iy = vb_addi(b, vb_add(b, vb_muli(b, y, z->stride[0]), lr.index), -z->pad[0]);
        ix = vb_addi(b, vb_add(b, vb_muli(b, x, z->stride[1]), ls.index), -z->pad[1]);
        ok = LLVMBuildAnd(b->builder, inside(b, iy, z->h), inside(b, ix, z->w), "");
        weight = weight_at(v, channel, lc.index, lr.index, ls.index);
    }
    int64_t in_size[3] = {backward ? z->k : z->c, backward ? z->oh : z->h, backward ? z->ow : z->w};
    Val number = blocked_at(b, n, other, iy, ix, in_size);
    Val w = access_load_scalar(b, access_index(b, emit_input(v->e, 1), weight, 1));
    Val next = add_if(v, ok, number, w, ls.carried[0]);
    vb_loop_end(b, &ls, &next);
    vb_loop_end(b, &lr, &next);
    vb_loop_end(b, &lc, &next);
    return next;
}

// One vector of output channels at one pixel, lane by lane through scratch.
static Val element_vector(Naive *v, Val n, Val block, Val y, Val x)
{
    Vb *b = v->b;
    int64_t channels = v->plan->backward ? v->z.c : v->z.k;
    Access lanes = emit_scratch(v->e);
    access_store(b, vb_zero(b), lanes);
    Val first = vb_muli(b, block, b->width);
    Val last = vb_min(b, vb_addi(b, first, b->width), vb_int(b, channels));
    VbLoop loop = vb_loop(b, first, last, 1, NULL, 0);
    Val sum = element(v, n, loop.index, y, x);
    if (v->z.bias) {
        Access bias_at = access_index(b, emit_input(v->e, 2), loop.index, 1);
        Val bias = access_load_scalar(b, bias_at);
        sum = LLVMBuildFAdd(b->builder, sum, bias, "");
    }
    Val lane = vb_sub(b, loop.index, first);
    access_store_scalar(b, sum, access_index(b, lanes, lane, 1));
    vb_loop_end(b, &loop, NULL);
    return access_load(b, lanes);
}

// A task is one image and one block of output channels.
static void emit_data(Emit *e)
{
    Naive v = naive_begin(e);
    Vb *b = v.b;
    bool backward = v.plan->backward;
    int64_t h = backward ? v.z.h : v.z.oh, w = backward ? v.z.w : v.z.ow;
    int64_t blocks = div_up(backward ? v.z.c : v.z.k, b->width);
    Val task;
    TaskLoop tasks = emit_tasks(e, &task);
    Val image = vb_divi(b, task, blocks), block = vb_remi(b, task, blocks);
    SumPlace partial = {image, block}; // parts are images here
    emit_clear_sums(e, &partial);
    VbLoop rows = vb_loop(b, vb_int(b, 0), vb_int(b, h), 1, NULL, 0);
    VbLoop columns = vb_loop(b, vb_int(b, 0), vb_int(b, w), 1, NULL, 0);
    Val raw = element_vector(&v, image, block, rows.index, columns.index);
    Val pixel = vb_add(b, vb_muli(b, rows.index, w), columns.index);
    ExprPlace at = {.image = image, .block = block};
    Access to = emit_output(e, 0);
    Val number = vb_add(b, vb_muli(b, task, h * w), pixel);
    at.offset = vb_muli(b, number, access_bytes(to, b->width));
    Val stored = emit_store_expr(e, raw, &at);
    access_store(b, stored, access_at(b, to, at.offset));
    Val sum[EMIT_MAX_SUMS];
    emit_open_sums(e, &partial, sum);
    emit_count_sums(e, stored, 1, sum);
    emit_add_sums(e, stored, &at, sum);
    emit_flush_sums(e, &partial, sum);
    vb_loop_end(b, &columns, NULL);
    vb_loop_end(b, &rows, NULL);
    emit_tasks_end(e, &tasks);
}

// The sum over one row of dy for dw[k,c,r,s]; x's channel is `channel`.
static Val row_sum(Naive *v, const Val at[3], Val n, Val channel, Val y) // at: k, r, s
{
    Vb *b = v->b;
    const ConvSize *z = &v->z;
    Val zero = vb_number(b, 0);
    VbLoop lx = vb_loop(b, vb_int(b, 0), vb_int(b, z->ow), 1, &zero, 1);
    Val iy = vb_addi(b, vb_add(b, vb_muli(b, y, z->stride[0]), at[1]), -z->pad[0]);
    Val ix = vb_addi(b, vb_add(b, vb_muli(b, lx.index, z->stride[1]), at[2]), -z->pad[1]);
    Val ok = LLVMBuildAnd(b->builder, inside(b, iy, z->h), inside(b, ix, z->w), "");
    int64_t x_size[3] = {z->c, z->h, z->w}, dy_size[3] = {z->k, z->oh, z->ow};
    Val dy_at = blocked_at(b, n, at[0], y, lx.index, dy_size);
    Val dy = access_load_scalar(b, access_index(b, emit_input(v->e, 1), dy_at, 1));
    Val x_at = blocked_at(b, n, channel, iy, ix, x_size);
    Val next = add_if(v, ok, x_at, dy, lx.carried[0]);
    vb_loop_end(b, &lx, &next);
    return next;
}

// A task is one filter k.
static void emit_weights(Emit *e)
{
    Naive v = naive_begin(e);
    Vb *b = v.b;
    const ConvSize *z = &v.z;
    Val task;
    TaskLoop tasks = emit_tasks(e, &task);
    VbLoop lc = vb_loop(b, vb_int(b, 0), vb_int(b, v.plan->c_group), 1, NULL, 0);
    VbLoop lr = vb_loop(b, vb_int(b, 0), vb_int(b, z->r), 1, NULL, 0);
    VbLoop ls = vb_loop(b, vb_int(b, 0), vb_int(b, z->s), 1, NULL, 0);
    Val group = vb_divi(b, task, v.plan->k_group);
    Val channel = vb_add(b, vb_muli(b, group, v.plan->c_group), lc.index);
    Val zero = vb_number(b, 0), at[3] = {task, lr.index, ls.index};
    VbLoop ln = vb_loop(b, vb_int(b, 0), e->batch, 1, &zero, 1);
    Val none = vb_number(b, 0);
    VbLoop ly = vb_loop(b, vb_int(b, 0), vb_int(b, z->oh), 1, &none, 1);
    Val image =
        LLVMBuildFAdd(b->builder, ly.carried[0], row_sum(&v, at, ln.index, channel, ly.index), "");
    vb_loop_end(b, &ly, &image);
    Val sum = LLVMBuildFAdd(b->builder, ln.carried[0], image, "");
    vb_loop_end(b, &ln, &sum);
    Val number = weight_at(&v, task, lc.index, lr.index, ls.index);
    access_store_scalar(b, sum, access_index(b, emit_output(e, 0), number, 1));
    vb_loop_end(b, &ls, NULL);
    vb_loop_end(b, &lr, NULL);
    vb_loop_end(b, &lc, NULL);
    emit_tasks_end(e, &tasks);
}

// About one dependent add per product.
static double naive_ns(const PlanCtx *ctx, const ConvSize *z)
{
    return (double)(conv_macs(z) * ctx->plan_batch) * 8 / ctx->target->clock_ghz;
}

static const char *plan_data(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    ConvSize z = conv_size(n);
    NaivePlan *plan = ARENA_NEW(ctx->arena, NaivePlan);
    *plan = (NaivePlan){.size = z, .c_group = z.c / z.groups, .k_group = z.k / z.groups};
    plan->backward = n->op->role == OP_ROLE_CONV_BWD_DATA;
    out->plan = plan;
    out->plan_bytes = sizeof *plan;
    out->in_layout[0] = layout_blocked(width);
    out->in_layout[1] = layout_plain();
    out->in_layout[2] = layout_padded_vector(ctx->arena, z.k, width);
    out->out_layout[0] = layout_blocked(width);
    out->tasks_mul = (uint32_t)div_up(plan->backward ? z.c : z.k, width);
    out->tasks_div = out->parts_mul = out->parts_div = 1;
    out->scratch_bytes = (uint64_t)elem_size(ELEM_F32, width);
    out->flops_per_image = (uint64_t)(2 * conv_macs(&z));
    out->bytes_per_image = (uint64_t)elem_size(ELEM_F32, z.c * z.h * z.w + z.k * z.oh * z.ow);
    out->bytes_fixed = (uint64_t)elem_size(ELEM_F32, z.k * (z.c / z.groups) * z.r * z.s);
    out->predicted_ns = naive_ns(ctx, &z);
    return NULL;
}

static const char *plan_weights(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const char *why = plan_data(ctx, n, out);
    ConvSize z = conv_size(n);
    out->in_layout[1] = layout_blocked(ctx->target->vector_floats);
    out->out_layout[0] = layout_plain();
    out->tasks_mul = (uint32_t)z.k;
    out->tasks_div = RN_DIV_ALL;
    out->scratch_bytes = 0;
    return why;
}

const KernelDef kernel_conv_naive = {
    .name = "naive",
    .op = "conv2d",
    .doc = "Plain scalar loops; serves any convolution.",
    .takes_store = true,
    .takes_sides = true,
    .plan = plan_data,
    .emit = emit_data,
};

const KernelDef kernel_conv_naive_bwd_data = {
    .name = "naive",
    .op = "conv2d_bwd_data",
    .doc = "Plain scalar loops; serves any convolution.",
    .takes_store = true,
    .takes_sides = true,
    .plan = plan_data,
    .emit = emit_data,
};

const KernelDef kernel_conv_naive_bwd_weights = {
    .name = "naive",
    .op = "conv2d_bwd_weights",
    .doc = "Plain scalar loops; serves any convolution.",
    .plan = plan_weights,
    .emit = emit_weights,
};
