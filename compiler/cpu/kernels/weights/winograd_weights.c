// winograd_weights.c: U[p] = G w G^T for every pair of channels, for the Winograd convolutions.
// Backward data takes w transposed, and rotated along the dimensions that are not mirrored.
// Computed in double, since it is done once per weight; the layout is that of winograd_weights.h.
// A task is one tile of output channels and one block of input channels.
#include "cpu/kernels/weights/winograd_weights.h"

#include "cpu/kernels/winograd/winograd_math.h"

#define TAPS (WINOGRAD_TAPS * WINOGRAD_TAPS)

/// Becomes Lowering.plan: int64_t only, so neither pointers nor padding.
typedef struct WinogradWeightsPlan {
    int64_t tile[2], stride, blocks, backward, mirrored[2]; // the attributes
    int64_t lane_step, other_step; // elements from one output channel's taps to the next one's, and
                                   // from one input channel's
    int64_t made, reduced;         // output and input channels of the convolution
    int64_t k_tiles, in_blocks, in_step;
    int64_t sums;            // whether products of a point lie together
    int64_t row_products;    // of a row of points
    int64_t products, slice; // slice: elements of one product
} WinogradWeightsPlan;

// w: shape of the weights.
static WinogradWeightsPlan make_plan(const WinogradAttrs *a, const Shape *w, uint32_t width)
{
    int64_t k = w->dim[0], c = w->dim[1];
    WinogradWeightsPlan p = {.tile = {a->tile[0], a->tile[1]},
                             .stride = a->stride,
                             .blocks = a->blocks,
                             .backward = a->backward,
                             .mirrored = {a->mirrored[0], a->mirrored[1]}};
    p.made = a->backward ? c : k;
    p.reduced = a->backward ? k : c;
    p.lane_step = a->backward ? TAPS : c * TAPS;
    p.other_step = a->backward ? c * TAPS : TAPS;
    p.k_tiles = div_up(p.made, a->blocks * width);
    p.in_step = p.reduced < width ? p.reduced : width;
    p.in_blocks = div_up(p.reduced, width);
    int64_t columns = winograd_products((int)a->tile[1], (int)a->stride);
    p.products = winograd_products((int)a->tile[0], (int)a->stride) * columns;
    p.sums = a->stride == 2 && !a->backward;
    p.row_products = p.sums ? 2 * columns : columns;
    p.slice = p.reduced * a->blocks * width;
    return p;
}

Layout winograd_weight_layout(Arena *arena, const WinogradAttrs *a, const Shape *w, uint32_t width)
{
    WinogradWeightsPlan p = make_plan(a, w, width);
    Layout l = {.kind = LAYOUT_OPAQUE};
    l.elements = (uint64_t)(p.k_tiles * p.products * p.reduced * a->blocks * width);
    const char *way =
        arena_printf(arena, ", backward %dx%d", (int)a->mirrored[0], (int)a->mirrored[1]);
    l.tag = arena_printf(arena, "winograd %dx%d, stride %d, %d blocks of %u%s", (int)a->tile[0],
                         (int)a->tile[1], (int)a->stride, (int)a->blocks, width,
                         a->backward ? way : "");
    return l;
}

// Tap t of the convolution, as the filter has it.
static int64_t tap_of(const WinogradWeightsPlan *p, int t)
{
    int64_t at[2] = {t / WINOGRAD_TAPS, t % WINOGRAD_TAPS};
    for (int d = 0; d < 2; d++) {
        at[d] = p->backward && !p->mirrored[d] ? WINOGRAD_TAPS - 1 - at[d] : at[d];
    }
    return at[0] * WINOGRAD_TAPS + at[1];
}

// Taps of the filters from V output channels, the first being `first`, to input channel `channel`.
static void load_taps(Emit *e, const WinogradWeightsPlan *p, Val first, Val channel, Val tap[TAPS])
{
    Vb *b = e->vb;
    Access w = emit_input(e, 0), lane_taps = emit_scratch(e);
    int64_t vector = access_bytes(lane_taps, b->width);
    Val last = vb_int(b, p->made - 1);
    Val other = vb_muli(b, channel, p->other_step);
    VbLoop lanes = vb_loop(b, vb_int(b, 0), vb_int(b, b->width), 1, NULL, 0);
    Val lane = vb_min(b, vb_add(b, first, lanes.index), last);
    Val first_tap = vb_add(b, vb_muli(b, lane, p->lane_step), other);
    Access from = access_index(b, w, first_tap, 1);
    Access to = access_index(b, lane_taps, lanes.index, 1);
    for (int t = 0; t < TAPS; t++) {
        Val x = access_load_scalar(b, access_ati(b, from, access_bytes(w, tap_of(p, t))));
        access_store_scalar(b, x, access_ati(b, to, t * vector));
    }
    vb_loop_end(b, &lanes, NULL);
    Val count = vb_sub(b, vb_int(b, p->made), first);
    for (int t = 0; t < TAPS; t++) {
        Val x = access_load(b, access_ati(b, lane_taps, t * vector));
        tap[t] = vb_widen(b, vb_keep_first(b, x, count));
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
    LLVMSetAlignment(global, elem_bytes(ELEM_F64));
    return global;
}

// Row `index` of the matrix of this table times x[0], x[step], x[2 * step].
static Val dot3(Vb *b, Val matrix, Val index, const Val *x, int step)
{
    Access row = access_index(b, (Access){matrix, ELEM_F64}, index, WINOGRAD_TAPS);
    Val sum = NULL;
    for (int j = 0; j < WINOGRAD_TAPS; j++) {
        Val at = access_ati(b, row, access_bytes(row, j)).at;
        Val factor = vb_load_typed(b, b->f64, at, elem_bytes(row.elem));
        Val term = vb_fmul(b, vb_splat(b, factor), x[j * step]);
        sum = sum ? vb_fadd(b, sum, term) : term;
    }
    return sum;
}

// A dimension of a product: its point, which of the point's products it is, how many there are.
typedef struct ProductPlace {
    Val point, parity, count;
} ProductPlace;

static ProductPlace place_of(Vb *b, Val product, int points)
{
    ProductPlace p = {.point = vb_remi(b, product, points), .parity = vb_divi(b, product, points)};
    Val last = vb_icmp(b, LLVMIntEQ, p.point, vb_int(b, points - 1));
    p.count = vb_select(b, last, vb_int(b, 1), vb_int(b, 2));
    return p;
}

// The product of row q and column r of a filter whose first one is u.
static Access product_at(Emit *e, const WinogradWeightsPlan *p, Access u, Val q, Val r)
{
    Vb *b = e->vb;
    if (!p->sums) {
        Val at = vb_add(b, vb_muli(b, q, p->row_products), r);
        return access_index(b, u, at, p->slice);
    }
    ProductPlace row = place_of(b, q, winograd_points((int)p->tile[0], 2));
    ProductPlace column = place_of(b, r, winograd_points((int)p->tile[1], 2));
    Val at = vb_muli(b, row.point, p->row_products);
    at = vb_add(b, at, vb_mul(b, row.count, vb_muli(b, column.point, 2)));
    at = vb_add(b, at, vb_add(b, vb_mul(b, row.parity, column.count), column.parity));
    return access_index(b, u, at, p->slice);
}

// G w G^T by loops over tables of G: unrolled it would be an eighth of the object's code.
static void store_products(Emit *e, const WinogradWeightsPlan *p, const Val tap[TAPS], Access to)
{
    Vb *b = e->vb;
    WinogradMatrix row = winograd_make((int)p->tile[0], (int)p->stride).g;
    WinogradMatrix column = winograd_make((int)p->tile[1], (int)p->stride).g;
    Val row_g = matrix_constant(b, &row), column_g = matrix_constant(b, &column);
    Val half[WINOGRAD_TAPS];
    VbLoop rows = vb_loop(b, vb_int(b, 0), vb_int(b, row.rows), 1, NULL, 0);
    for (int s = 0; s < WINOGRAD_TAPS; s++) {
        half[s] = dot3(b, row_g, rows.index, tap + s, WINOGRAD_TAPS);
    }
    VbLoop columns = vb_loop(b, vb_int(b, 0), vb_int(b, column.rows), 1, NULL, 0);
    Val u = vb_narrow(b, dot3(b, column_g, columns.index, half, 1));
    access_store(b, u, product_at(e, p, to, rows.index, columns.index));
    vb_loop_end(b, &columns, NULL);
    vb_loop_end(b, &rows, NULL);
}

static void emit(Emit *e)
{
    Vb *b = e->vb;
    const WinogradWeightsPlan *p = e->lowering->plan;
    Access out = emit_output(e, 0);
    int64_t vector = access_bytes(out, b->width), cell = p->blocks * vector;
    Val task;
    TaskLoop tasks = emit_tasks(e, &task);
    Val tile = vb_divi(b, task, p->in_blocks), block = vb_remi(b, task, p->in_blocks);
    Access u = access_index(b, out, tile, p->products * p->slice);
    Val begin = vb_muli(b, block, p->in_step);
    Val end = vb_min(b, vb_addi(b, begin, p->in_step), vb_int(b, p->reduced));
    VbLoop channels = vb_loop(b, begin, end, 1, NULL, 0);
    VbLoop outs = vb_loop(b, vb_int(b, 0), vb_int(b, p->blocks), 1, NULL, 0);
    Val first = vb_muli(b, vb_add(b, vb_muli(b, tile, p->blocks), outs.index), b->width);
    Val tap[TAPS];
    load_taps(e, p, first, channels.index, tap);
    Val offset = vb_add(b, vb_muli(b, channels.index, cell), vb_muli(b, outs.index, vector));
    store_products(e, p, tap, access_at(b, u, offset));
    vb_loop_end(b, &outs, NULL);
    vb_loop_end(b, &channels, NULL);
    emit_tasks_end(e, &tasks);
}

static const char *plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const Shape *w = &n->inputs.at[0]->shape;
    WinogradWeightsPlan *p = ARENA_NEW(ctx->arena, WinogradWeightsPlan);
    *p = make_plan(n->attrs, w, width);
    out->in_layout[0] = layout_plain();
    out->out_layout[0] = winograd_weight_layout(ctx->arena, n->attrs, w, width);
    out->tasks_mul = (uint32_t)(p->k_tiles * p->in_blocks);
    out->tasks_div = RN_DIV_ALL;
    out->parts_mul = out->parts_div = 1;
    out->scratch_bytes = (uint64_t)elem_size(ELEM_F32, TAPS * width);
    int64_t read = p->made * p->reduced * TAPS, stored = (int64_t)out->out_layout[0].elements;
    out->bytes_fixed = (uint64_t)(elem_size(n->inputs.at[0]->layout.elem, read) +
                                  elem_size(n->outputs.at[0]->layout.elem, stored));
    out->flops_fixed = (uint64_t)(p->made * p->reduced * p->products * 8);
    out->plan = p;
    out->plan_bytes = sizeof *p;
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
