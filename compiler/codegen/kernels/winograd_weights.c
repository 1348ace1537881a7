// winograd_weights.c: U[p] = G w G^T for every pair of channels, for the Winograd convolutions.
// Backward data takes w transposed and rotated. Computed in double, since it is done once per
// weight; layout U[k tile][point][c block][c][blocks*V], zero for channels that do not exist. A
// task is one tile of output channels and one block of input channels.
#include "codegen/kernels/conv_winograd.h"

#include "base/diag.h"
#include "ops/attrs.h"

typedef struct WeightsPass {
    const WinogradAttrs *a;
    int64_t k, c;          // of the weights: [k,c,3,3]
    int64_t made, reduced; // output and input channels of the convolution
    int64_t k_tiles, in_blocks, in_step;
    int64_t points, slice; // slice: bytes of one point
} WeightsPass;

// w: shape of the weights.
static WeightsPass weights_pass(const WinogradAttrs *a, const Shape *w, uint32_t width)
{
    WeightsPass p = {.a = a, .k = w->dim[0], .c = w->dim[1]};
    p.made = a->backward ? p.c : p.k;
    p.reduced = a->backward ? p.k : p.c;
    p.k_tiles = div_up(p.made, a->blocks * width);
    p.in_step = p.reduced < width ? p.reduced : width;
    p.in_blocks = div_up(p.reduced, width);
    p.points = (a->tile[0] + 2) * (a->tile[1] + 2);
    p.slice = p.in_blocks * p.in_step * a->blocks * width * 4;
    return p;
}

Layout winograd_weight_layout(Arena *arena, const WinogradAttrs *a, const Shape *w, uint32_t width)
{
    WeightsPass p = weights_pass(a, w, width);
    Layout l = {.kind = LAYOUT_OPAQUE, .bytes = (uint64_t)(p.k_tiles * p.points * p.slice)};
    l.tag = arena_printf(arena, "winograd %dx%d, %d blocks of %u%s", (int)a->tile[0],
                         (int)a->tile[1], (int)a->blocks, width, a->backward ? ", backward" : "");
    return l;
}

// Taps of the filters from V output channels, the first being `first`, to input channel `channel`.
static void load_taps(Emit *e, const WeightsPass *p, Val first, Val channel, Val tap[9])
{
    Vb *b = e->vb;
    int64_t step = p->a->backward ? 9 : p->c * 9;
    Val last = vb_int(b, p->made - 1), at[64];
    for (uint32_t l = 0; l < b->width; l++) {
        Val lane = vb_min(b, vb_addi(b, first, l), last);
        Val other = vb_muli(b, channel, p->a->backward ? p->c * 9 : 9);
        at[l] = vb_at(b, e->in[0], vb_muli(b, vb_add(b, vb_muli(b, lane, step), other), 4));
    }
    for (int t = 0; t < 9; t++) {
        Val x = vb_zero(b);
        for (uint32_t l = 0; l < b->width; l++) {
            Val lane = vb_load_scalar(b, vb_ati(b, at[l], (p->a->backward ? 8 - t : t) * 4));
            x = LLVMBuildInsertElement(b->builder, x, lane, LLVMConstInt(b->i32, l, 0), "");
        }
        tap[t] = vb_widen(b, vb_keep_first(b, x, vb_sub(b, vb_int(b, p->made), first)));
    }
}

// sum over j of row[j] * x[j * step], in double.
static Val dot3(Vb *b, const double *row, const Val *x, int step)
{
    Val sum = NULL;
    for (int j = 0; j < WINOGRAD_TAPS; j++) {
        if (row[j] == 0) {
            continue;
        }
        Val term = row[j] == 1 ? x[j * step] : vb_fmul(b, vb_const64(b, row[j]), x[j * step]);
        sum = sum ? vb_fadd(b, sum, term) : term;
    }
    return sum;
}

// The same with a row in memory, that holds no 0.
static Val dot3_loaded(Vb *b, Val row, const Val *x, int step)
{
    Val sum = NULL;
    for (int j = 0; j < WINOGRAD_TAPS; j++) {
        Val factor = vb_load_typed(b, b->f64, vb_ati(b, row, j * (int64_t)sizeof(double)), 8);
        Val term = vb_fmul(b, vb_splat(b, factor), x[j * step]);
        sum = sum ? vb_fadd(b, sum, term) : term;
    }
    return sum;
}

// The points of one row, from half: row i of G times the taps.
static void store_row(Emit *e, const WeightsPass *p, const Winograd *column, const Val *half, Val to)
{
    Vb *b = e->vb;
    for (int j = 0; j < column->points; j++) {
        vb_store(b, vb_narrow(b, dot3(b, column->g.at[j], half, 1)), vb_ati(b, to, j * p->slice));
    }
}

static Val matrix_constant(Vb *b, const WinogradMatrix *m)
{
    Val at[WINOGRAD_MAX_POINTS * WINOGRAD_TAPS];
    uint32_t count = 0;
    for (int i = 0; i < m->rows; i++) {
        for (int j = 0; j < WINOGRAD_TAPS; j++) {
            at[count++] = LLVMConstReal(b->f64, m->at[i][j]);
        }
    }
    Val table = LLVMConstArray2(b->f64, at, count);
    Val global = LLVMAddGlobal(b->module, LLVMTypeOf(table), "winograd.g");
    LLVMSetInitializer(global, table);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(global, 8);
    return global;
}

static bool is_full(const double *row)
{
    return row[0] != 0 && row[1] != 0 && row[2] != 0;
}

// Rows of G without zeros go through a loop, as unrolled they would be an eighth of the object's
// code: all but the last, 0 0 1, and the first where the first point is 0.
static void store_points(Emit *e, const WeightsPass *p, const Val tap[9], Val to)
{
    Vb *b = e->vb;
    Winograd row = winograd_make((int)p->a->tile[0]), column = winograd_make((int)p->a->tile[1]);
    int64_t row_bytes = column.points * p->slice;
    Val half[WINOGRAD_TAPS];
    int first = is_full(row.g.at[0]) ? 0 : 1, end = row.points - 1;
    for (int i = 0; i < row.points; i++) {
        if (i >= first && i < end) {
            continue;
        }
        for (int s = 0; s < WINOGRAD_TAPS; s++) {
            half[s] = dot3(b, row.g.at[i], tap + s, WINOGRAD_TAPS);
        }
        store_row(e, p, &column, half, vb_ati(b, to, i * row_bytes));
    }
    Val matrix = matrix_constant(b, &row.g);
    VbLoop rows = vb_loop(b, vb_int(b, first), vb_int(b, end), 1, NULL, 0);
    Val g = vb_at(b, matrix, vb_muli(b, rows.index, WINOGRAD_TAPS * sizeof(double)));
    for (int s = 0; s < WINOGRAD_TAPS; s++) {
        half[s] = dot3_loaded(b, g, tap + s, WINOGRAD_TAPS);
    }
    store_row(e, p, &column, half, vb_at(b, to, vb_muli(b, rows.index, row_bytes)));
    vb_loop_end(b, &rows, NULL);
}

static void emit(Emit *e)
{
    Vb *b = e->vb;
    WeightsPass p = weights_pass(e->node->attrs, &e->node->inputs.at[0]->shape, b->width);
    int64_t cell = p.a->blocks * b->width * 4;
    Val task;
    TaskLoop tasks = emit_tasks(e, &task);
    Val tile = vb_divi(b, task, p.in_blocks), block = vb_remi(b, task, p.in_blocks);
    Val u = vb_at(b, e->out[0], vb_muli(b, tile, p.points * p.slice));
    Val begin = vb_muli(b, block, p.in_step);
    VbLoop channels = vb_loop(b, vb_int(b, 0), vb_int(b, p.in_step), 1, NULL, 0);
    Val channel = vb_add(b, begin, channels.index);
    Val exists = vb_icmp(b, LLVMIntSLT, channel, vb_int(b, p.reduced));
    Val safe = vb_min(b, channel, vb_int(b, p.reduced - 1));
    VbLoop outs = vb_loop(b, vb_int(b, 0), vb_int(b, p.a->blocks), 1, NULL, 0);
    Val first = vb_muli(b, vb_add(b, vb_muli(b, tile, p.a->blocks), outs.index), b->width);
    Val tap[9];
    load_taps(e, &p, first, safe, tap);
    for (int t = 0; t < 9; t++) {
        tap[t] = vb_select(b, exists, tap[t], vb_const64(b, 0));
    }
    Val offset = vb_add(b, vb_muli(b, channel, cell), vb_muli(b, outs.index, b->width * 4));
    store_points(e, &p, tap, vb_at(b, u, offset));
    vb_loop_end(b, &outs, NULL);
    vb_loop_end(b, &channels, NULL);
    emit_tasks_end(e, &tasks);
}

static const char *plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const Shape *w = &n->inputs.at[0]->shape;
    WeightsPass p = weights_pass(n->attrs, w, width);
    out->in_layout[0] = layout_plain();
    out->out_layout[0] = winograd_weight_layout(ctx->arena, n->attrs, w, width);
    out->tasks_mul = (uint32_t)(p.k_tiles * p.in_blocks);
    out->tasks_div = RN_DIV_ALL;
    out->parts_mul = out->parts_div = 1;
    out->bytes_fixed = out->out_layout[0].bytes + (uint64_t)(p.k * p.c * 36);
    out->flops_fixed = (uint64_t)(p.k * p.c * p.points * 8);
    out->predicted_ns = cost_ns(ctx->target, (double)out->flops_fixed, (double)out->bytes_fixed);
    return NULL;
}

const KernelDef kernel_winograd_weights = {
    .name = "transform",
    .op = "winograd_weights",
    .doc = "Filters into Winograd's points, in double.",
    .plan = plan,
    .emit = emit,
};
