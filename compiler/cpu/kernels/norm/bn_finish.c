// bn_finish.c: from partial sums to a batch norm's mean, rstd, scale and shift; and backwards. In
// double: it is a few hundred channels. Formulas: ops/norm/bn_finish.c.
#include "cpu/kernels/elementwise/vector_pass.h"
#include "ops/norm/bn_attrs.h"

enum { IN_PARTS, IN_WEIGHT, IN_BIAS, IN_RUNNING_MEAN, IN_RUNNING_VAR };
enum { OUT_MEAN, OUT_RSTD, OUT_SCALE, OUT_SHIFT };
enum { BWD_PARTS, BWD_RSTD, BWD_SCALE };
enum { BWD_DWEIGHT, BWD_DBIAS, BWD_Q, BWD_R };

// Bytes per channel of the partial sums, for the cost.
static double parts_bytes(const PlanCtx *ctx, const Value *v)
{
    uint32_t div = v->parts_div == 0 ? 1 : v->parts_div;
    double chunks = div == RN_DIV_ALL ? 1 : (double)div_up(ctx->plan_batch, div);
    return chunks * v->parts_mul * v->terms * 4;
}

static const char *plan_finish(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    int64_t c = n->inputs.at[IN_PARTS]->shape.dim[1];
    out->in_layout[0] = layout_partials(width);
    for (uint32_t i = 1; i < n->own_inputs; i++) {
        out->in_layout[i] = vector_input_layout(ctx, n, i, c);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        out->out_layout[i] = layout_padded_vector(ctx->arena, c, width);
    }
    plan_vector_pass(ctx, c, parts_bytes(ctx, n->inputs.at[0]) + 40, out);
    return NULL;
}

// batch * pixels, in all lanes.
static Val element_count(Emit *e)
{
    Vb *b = e->vb;
    const BnAttrs *attrs = e->node->attrs;
    Val count = vb_muli(b, e->batch, attrs->pixels);
    return vb_splat(b, LLVMBuildSIToFP(b->builder, count, b->f64, ""));
}

static Val positive_or(Emit *e, Val x, Val otherwise)
{
    Val zero = LLVMConstNull(LLVMTypeOf(x));
    Val is = LLVMBuildFCmp(e->vb->builder, LLVMRealULE, x, zero, "");
    return vb_select(e->vb, is, otherwise, x);
}

// state += momentum * (x - state)
static void update_running(Emit *e, uint32_t input, const VectorPlace *at, Val x)
{
    Vb *b = e->vb;
    const BnAttrs *attrs = e->node->attrs;
    const Value *v = e->node->inputs.at[input];
    Val old = load_input64(e, input, at);
    Val step = vb_fmul(b, vb_const64(b, attrs->momentum), vb_fsub(b, x, old));
    store_channels(e, v, e->in[input], at, vb_narrow(b, vb_fadd(b, old, step)));
}

static void finish_body(Emit *e, const VectorPlace *at)
{
    Vb *b = e->vb;
    const BnAttrs *attrs = e->node->attrs;
    Val m = element_count(e), one = vb_const64(b, 1.0);
    Val s1 = vb_fdiv(b, sum_parts(e, IN_PARTS, 0, at), m);
    Val s2 = vb_fdiv(b, sum_parts(e, IN_PARTS, 1, at), m);
    Val mean = vb_fadd(b, load_input64(e, IN_RUNNING_MEAN, at), s1);
    Val var = vb_fsub(b, s2, vb_fmul(b, s1, s1));
    Val negative = LLVMBuildFCmp(b->builder, LLVMRealOLT, var, LLVMConstNull(b->vec64), "");
    var = vb_select(b, negative, LLVMConstNull(b->vec64), var); // NaN stays
    Val rstd = vb_fdiv(b, one, vb_sqrt(b, vb_fadd(b, var, vb_const64(b, attrs->eps))));
    Val scale = vb_fmul(b, load_input64(e, IN_WEIGHT, at), rstd);
    Val shift = vb_fsub(b, load_input64(e, IN_BIAS, at), vb_fmul(b, mean, scale));
    store_output64(e, OUT_MEAN, at, mean);
    store_output64(e, OUT_RSTD, at, rstd);
    store_output64(e, OUT_SCALE, at, scale);
    store_output64(e, OUT_SHIFT, at, shift);
    // m / (m - 1), 1 where m is 1
    Val unbias = vb_fdiv(b, m, positive_or(e, vb_fsub(b, m, one), one));
    update_running(e, IN_RUNNING_MEAN, at, mean);
    update_running(e, IN_RUNNING_VAR, at, vb_fmul(b, var, unbias));
}

static void emit_finish(Emit *e)
{
    emit_vector_pass(e, e->node->inputs.at[IN_PARTS]->shape.dim[1], finish_body);
}

static void bwd_body(Emit *e, const VectorPlace *at)
{
    Vb *b = e->vb;
    Val m = element_count(e);
    Val s1 = sum_parts(e, BWD_PARTS, 0, at), s2 = sum_parts(e, BWD_PARTS, 1, at);
    Val rstd = load_input64(e, BWD_RSTD, at), scale = load_input64(e, BWD_SCALE, at);
    Val minus = LLVMBuildFNeg(b->builder, vb_fdiv(b, scale, m), "");
    store_output64(e, BWD_DWEIGHT, at, vb_fmul(b, s2, rstd));
    store_output64(e, BWD_DBIAS, at, s1);
    store_output64(e, BWD_Q, at, vb_fmul(b, vb_fmul(b, minus, vb_fmul(b, rstd, rstd)), s2));
    store_output64(e, BWD_R, at, vb_fmul(b, minus, s1));
}

static void emit_finish_bwd(Emit *e)
{
    emit_vector_pass(e, e->node->inputs.at[BWD_PARTS]->shape.dim[1], bwd_body);
}

static void sum_body(Emit *e, const VectorPlace *at)
{
    store_output64(e, 0, at, sum_parts(e, 0, 0, at));
}

static void emit_reduce_finish(Emit *e)
{
    emit_vector_pass(e, e->node->inputs.at[0]->shape.dim[1], sum_body);
}

const KernelDef kernel_bn_finish = {
    .name = "vector",
    .op = "bn_finish",
    .doc = "sums of parts in double, in order",
    .plan = plan_finish,
    .emit = emit_finish,
};

const KernelDef kernel_bn_finish_bwd = {
    .name = "vector",
    .op = "bn_finish_bwd",
    .doc = "sums of parts in double, in order",
    .plan = plan_finish,
    .emit = emit_finish_bwd,
};

const KernelDef kernel_reduce_finish = {
    .name = "vector",
    .op = "reduce_finish",
    .doc = "sums of parts in double, in order",
    .plan = plan_finish,
    .emit = emit_reduce_finish,
};
