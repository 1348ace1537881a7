// bn_finish.c: from partial sums to a batch norm's mean, rstd, scale and shift; and backwards. In
// double: it is a few hundred channels. Formulas: ops/norm/bn_finish.c.
// Parts with centres of their own are moved to the first one's (Chan, Golub and LeVeque 1979): with
// d = k - k', a part's sum of x-k' is s1 + n*d, that of (x-k')^2 is s2 + d*(2*s1 + n*d).
#include "cpu/kernels/elementwise/vector_pass.h"
#include "ops/norm/bn_attrs.h"

enum { IN_PARTS, IN_WEIGHT, IN_BIAS, IN_RUNNING_MEAN, IN_RUNNING_VAR };
enum { OUT_MEAN, OUT_RSTD, OUT_SCALE, OUT_SHIFT, OUT_REST };
enum { BWD_PARTS, BWD_RSTD, BWD_SCALE, BWD_REST };
enum { BWD_DWEIGHT, BWD_DBIAS, BWD_Q, BWD_R };

// Bytes per channel of the partial sums, for the cost.
static double parts_bytes(const PlanCtx *ctx, const Value *v)
{
    uint32_t div = v->parts_div == 0 ? 1 : v->parts_div;
    double chunks = div == RN_DIV_ALL ? 1 : (double)div_up(ctx->plan_batch, div);
    return chunks * v->parts_mul * (double)elem_size(v->layout.elem, v->terms);
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
    store_channels(e, v, emit_input(e, input), at, vb_narrow(b, vb_fadd(b, old, step)));
}

// The moments of all parts: those of the parts so far, and what a part adds.
enum { MOMENT_CENTRE, MOMENT_S1, MOMENT_S2, MOMENT_COUNT, MOMENTS };

static void add_part(Emit *e, Val part, const VectorPlace *at, const Val *sum, Val *next)
{
    Vb *b = e->vb;
    // The centre and the count are f32, in a row of doubles.
    Access row = {part_row(e, IN_PARTS, part, MOMENT_CENTRE, at).at, ELEM_F32};
    Val own = vb_widen(b, access_load(b, row));
    Val count = vb_widen(b, access_load(b, access_ati(b, row, access_bytes(row, b->width))));
    Val s1 = load_part(e, IN_PARTS, part, MOMENT_S1, at);
    Val s2 = load_part(e, IN_PARTS, part, MOMENT_S2, at);
    Val none = LLVMBuildFCmp(b->builder, LLVMRealOEQ, sum[MOMENT_COUNT], vb_const64(b, 0), "");
    next[MOMENT_CENTRE] = vb_select(b, none, own, sum[MOMENT_CENTRE]);
    Val d = vb_fsub(b, own, next[MOMENT_CENTRE]), moved = vb_fmul(b, count, d);
    Val twice = vb_fadd(b, vb_fadd(b, s1, s1), moved);
    next[MOMENT_S1] = vb_fadd(b, sum[MOMENT_S1], vb_fadd(b, s1, moved));
    next[MOMENT_S2] = vb_fadd(b, sum[MOMENT_S2], vb_fadd(b, s2, vb_fmul(b, d, twice)));
    next[MOMENT_COUNT] = vb_fadd(b, sum[MOMENT_COUNT], count);
}

static void sum_moments(Emit *e, const VectorPlace *at, Val sum[MOMENTS])
{
    Vb *b = e->vb;
    for (int i = 0; i < MOMENTS; i++) {
        sum[i] = vb_const64(b, 0);
    }
    Val parts = part_count(e, e->node->inputs.at[IN_PARTS]);
    VbLoop loop = vb_loop(b, vb_int(b, 0), parts, 1, sum, MOMENTS);
    add_part(e, loop.index, at, loop.carried, sum);
    vb_loop_end(b, &loop, sum);
}

static void finish_body(Emit *e, const VectorPlace *at)
{
    Vb *b = e->vb;
    const BnAttrs *attrs = e->node->attrs;
    Val m = element_count(e), one = vb_const64(b, 1.0), sum[MOMENTS];
    sum_moments(e, at, sum);
    Val s1 = vb_fdiv(b, sum[MOMENT_S1], m), s2 = vb_fdiv(b, sum[MOMENT_S2], m);
    Val mean = vb_fadd(b, sum[MOMENT_CENTRE], s1);
    Val rest = vb_fsub(b, mean, vb_widen(b, vb_narrow(b, mean)));
    Val var = vb_fsub(b, s2, vb_fmul(b, s1, s1));
    Val negative = LLVMBuildFCmp(b->builder, LLVMRealOLT, var, LLVMConstNull(b->vec64), "");
    var = vb_select(b, negative, LLVMConstNull(b->vec64), var); // NaN stays
    Val rstd = vb_fdiv(b, one, vb_sqrt(b, vb_fadd(b, var, vb_const64(b, attrs->eps))));
    Val scale = vb_fmul(b, load_input64(e, IN_WEIGHT, at), rstd);
    Val shift = vb_fsub(b, load_input64(e, IN_BIAS, at), vb_fmul(b, rest, scale));
    store_output64(e, OUT_MEAN, at, mean);
    store_output64(e, OUT_RSTD, at, rstd);
    store_output64(e, OUT_SCALE, at, scale);
    store_output64(e, OUT_SHIFT, at, shift);
    store_output64(e, OUT_REST, at, rest);
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
    Val rstd = load_input64(e, BWD_RSTD, at), scale = load_input64(e, BWD_SCALE, at);
    Val rest = load_input64(e, BWD_REST, at), s1 = sum_parts(e, BWD_PARTS, 0, at);
    Val s2 = vb_fsub(b, sum_parts(e, BWD_PARTS, 1, at), vb_fmul(b, rest, s1));
    Val minus = LLVMBuildFNeg(b->builder, vb_fdiv(b, scale, m), "");
    Val q = vb_fmul(b, vb_fmul(b, minus, vb_fmul(b, rstd, rstd)), s2);
    store_output64(e, BWD_DWEIGHT, at, vb_fmul(b, s2, rstd));
    store_output64(e, BWD_DBIAS, at, s1);
    store_output64(e, BWD_Q, at, q);
    store_output64(e, BWD_R, at, vb_fsub(b, vb_fmul(b, minus, s1), vb_fmul(b, q, rest)));
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
