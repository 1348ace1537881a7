// conv_run.c: builds the node of a case, plans it, runs it twice and compares.
//
// Tolerance: a sum of n products in float32, each partial sum rounded by at most u = 2^-24
// relative, errs by about u * sum|x*w| when the signs are random (the partial sums are then sqrt(n)
// smaller than the bound n * u * sum|x*w| assumes). TOLERANCE allows 8 of those. Side sums have
// terms of one sign, often equal ones (where relu gave 0), whose roundings then agree: u/2 for each
// addition of a chain. A kernel sums a tile or a row of one at a time, at most 17 pixels here, and
// then rows, and tiles in double, so SIDE_TOLERANCE allows 32 additions. Winograd's kernels have a
// bound of their own in place of sum|x*w| (winograd_bound.h), of which 4 are allowed.
#include "cpu/conv_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/winograd_bound.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "support/check_main.h"
#include "support/kernel_run.h"

#define TOLERANCE (8.0 / (1 << 24))
#define WINOGRAD_TOLERANCE (4.0 / (1 << 24))
#define SIDE_TOLERANCE (16.0 / (1 << 24))

const OpDef op_conv = {.name = "conv2d", .role = OP_ROLE_CONV};
const OpDef op_bwd_data = {.name = "conv2d_bwd_data", .role = OP_ROLE_CONV_BWD_DATA};
const OpDef op_bwd_weights = {.name = "conv2d_bwd_weights", .role = OP_ROLE_CONV_BWD_WEIGHTS};

static const OpDef op_winograd = {.name = "winograd_weights"};

static ScalarVal affine_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *a,
                               uint32_t count)
{
    (void)attrs;
    (void)count;
    return SC_FMA(b, a[0], a[1], a[2]);
}

static ScalarVal add_relu_scalar(ScalarBuilder *b, const void *attrs, const ScalarVal *a,
                                 uint32_t count)
{
    (void)attrs;
    (void)count;
    ScalarVal zero = SC_CONST(b, 0), sum = SC_ADD(b, a[0], a[1]);
    return SC_SELECT(b, SCALAR_LT, sum, zero, zero, sum);
}

static uint32_t moment_terms(ScalarBuilder *b, const void *attrs, const ScalarVal *a,
                             uint32_t count, ScalarVal term[2])
{
    (void)attrs;
    (void)count;
    term[0] = SC_SUB(b, a[0], a[1]);
    term[1] = SC_MUL(b, term[0], term[0]);
    return 2;
}

static const OpDef op_affine = {.name = "affine", .kind = OP_ELEMENTWISE, .scalar = affine_scalar};
static const OpDef op_add_relu = {
    .name = "add_relu", .kind = OP_ELEMENTWISE, .scalar = add_relu_scalar};
static const OpDef op_moments = {
    .name = "moments", .kind = OP_CHANNEL_REDUCE, .centred = true, .terms = moment_terms};

// One run

static Value *add_input(Run *r, Shape s, const Plain *p)
{
    Value *v = graph_add_value(r->graph, VALUE_TEMP, ELEM_F32, s, "in", (Loc){0});
    r->in[r->node->inputs.count] = *p;
    VEC_PUSH(r->arena, &r->node->inputs, v);
    return v;
}

static Shape activation(const Case *t, bool dense, int64_t c, int64_t h, int64_t w)
{
    (void)t;
    return dense ? shape_features(c) : shape_image(c, h, w);
}

static void build_inputs(Run *r, bool dense)
{
    const Case *t = &r->t;
    Shape x = activation(t, dense, t->c, t->h, t->w);
    Shape y = activation(t, dense, t->k, out_h(t), out_w(t));
    Shape w = shape_weights(t->k, t->c / t->groups, t->r, t->s);
    if (dense) {
        w.rank = 2;
    }
    Plain *tensor[3] = {&r->x, &r->w, &r->y};
    Shape shape[3] = {x, w, y};
    for (uint32_t i = 0; r->sums && i < 3; i++) {
        *tensor[i] = i == r->out_of ? plain_zero(r->arena, shape[i], t->batch)
                                    : plain_random(r->arena, shape[i], t->batch, i + 1);
    }
    static const uint32_t order[3][2] = {{2, 1}, {0, 2}, {0, 1}};
    for (int i = 0; i < 2; i++) {
        uint32_t which = order[r->out_of][i];
        Value *v = add_input(r, shape[which], tensor[which]);
        if (which == 1) {
            v->kind = VALUE_PARAM;
        } else if (which == 0 && t->image) {
            v->kind = VALUE_INPUT;
        }
    }
    if (t->bias) {
        Plain bias = plain_random(r->arena, shape_vector(t->k), 1, 4);
        add_input(r, shape_vector(t->k), &bias);
    }
    r->node->own_inputs = r->node->inputs.count;
    graph_add_output(r->graph, r->node, ELEM_F32, shape[r->out_of]);
}

// relu(result * scale + shift + residual), and moments of what is stored.
static void build_fused(Run *r)
{
    Node *n = r->node;
    Shape full = n->outputs.at[0]->shape;
    Shape vector = shape_vector(shape_channels(&full));
    uint32_t first = n->inputs.count;
    for (uint64_t i = 0; i < 3; i++) {
        Shape s = i == 2 ? full : vector;
        Plain p = plain_random(r->arena, s, r->t.batch, 10 + i);
        add_input(r, s, &p);
    }
    n->store = ARENA_NEW(r->arena, Expr);
    ExprStep affine = {.op = &op_affine, .arg_count = 3};
    affine.arg[0] = (ExprRef){EXPR_RESULT, 0};
    affine.arg[1] = (ExprRef){EXPR_INPUT, first};
    affine.arg[2] = (ExprRef){EXPR_INPUT, first + 1};
    ExprStep add = {.op = &op_add_relu, .arg_count = 2};
    add.arg[0] = (ExprRef){EXPR_STEP, 0};
    add.arg[1] = (ExprRef){EXPR_INPUT, first + 2};
    VEC_PUSH(r->arena, &n->store->steps, affine);
    VEC_PUSH(r->arena, &n->store->steps, add);
    n->store->result = (ExprRef){EXPR_STEP, 1};
    n->side_count = 1;
    n->sides[0] = (Side){.op = &op_moments, .arg_count = 1, .output = 1};
    n->sides[0].arg[0] = (ExprRef){EXPR_RESULT, 0};
    Shape terms = {.rank = 2, .dim = {MOMENT_TERMS, shape_channels(&full)}};
    graph_add_output(r->graph, n, ELEM_F64, terms)->terms = MOMENT_TERMS;
}

static bool is_dense(const OpDef *op)
{
    return op->role == OP_ROLE_DENSE || op->role == OP_ROLE_DENSE_BWD_DATA ||
           op->role == OP_ROLE_DENSE_BWD_WEIGHTS;
}

static void build_attrs(Run *r)
{
    const Case *t = &r->t;
    if (is_dense(r->node->op)) {
        DenseAttrs *a = ARENA_NEW(r->arena, DenseAttrs);
        *a = (DenseAttrs){.c = t->k, .bias = t->bias};
        r->node->attrs = a;
        return;
    }
    ConvAttrs *a = ARENA_NEW(r->arena, ConvAttrs);
    *a = (ConvAttrs){.kernel = {t->r, t->s},
                     .c = t->k,
                     .stride = {t->sh, t->sw},
                     .groups = t->groups,
                     .bias = t->bias,
                     .in_size = {t->h, t->w}};
    memcpy(a->pad, t->pad, sizeof a->pad);
    r->node->attrs = a;
}

// The sums of products in *to, a tensor of zeros; all kernels of a case share them.
static void add_products(Run *r, Arena *keep, const Plain *v, const Plain *to)
{
    size_t bytes = (size_t)plain_count(to) * sizeof *to->at;
    if (!r->sums->at) {
        static const ProductFn fn[3] = {add_dx, add_dw, add_y};
        *r->sums = plain_zero(keep, to->shape, r->t.batch);
        Plain into[3] = {v[0], v[1], v[2]};
        into[r->out_of] = *r->sums;
        each_product(&r->t, into, fn[r->out_of]);
    }
    memcpy(to->at, r->sums->at, bytes);
    memcpy(to->bound, r->sums->bound, bytes);
}

// The stored values of the plain convolution in *want, their error bounds too.
static void expect(Run *r, Arena *keep)
{
    Plain v[3] = {r->x, r->w, r->y};
    add_products(r, keep, v, &v[r->out_of]);
    const int *tile = r->kernel->tile;
    if (tile[0]) {
        winograd_bound(r->arena, &r->t, v, r->out_of, tile[0], tile[1]);
    }
    r->want = v[r->out_of];
    int64_t n = plain_count(&r->want), pixels = plain_dim(&r->want, 2) * plain_dim(&r->want, 3);
    uint32_t next = 2;
    for (int64_t i = 0; r->t.bias && i < n; i++) {
        double bias = r->in[next].at[i / pixels % plain_dim(&r->want, 1)];
        r->want.at[i] += bias;
        r->want.bound[i] += fabs(bias);
    }
    next += r->t.bias;
    for (int64_t i = 0; r->t.fused && i < n; i++) {
        int64_t c = i / pixels % plain_dim(&r->want, 1);
        double scale = r->in[next].at[c], shift = r->in[next + 1].at[c], y = r->in[next + 2].at[i];
        double sum = r->want.at[i] * scale + shift + y;
        r->want.at[i] = sum < 0 ? 0 : sum;
        r->want.bound[i] = r->want.bound[i] * fabs(scale) + fabs(shift) + fabs(y);
    }
}

static const char *describe(const Run *r)
{
    const Case *t = &r->t;
    return arena_printf(r->arena,
                        "%s %s %s c%d k%d %dx%d kernel %dx%d stride %dx%d pad %d,%d,%d,%d groups "
                        "%d batch %d/%d%s%s",
                        r->target->isa->name, r->node->op->name, r->kernel->name, (int)t->c,
                        (int)t->k, (int)t->h, (int)t->w, (int)t->r, (int)t->s, (int)t->sh,
                        (int)t->sw, (int)t->pad[0], (int)t->pad[1], (int)t->pad[2], (int)t->pad[3],
                        (int)t->groups, (int)t->batch, (int)t->plan_batch, t->fused ? " fused" : "",
                        t->streams ? " streams" : "");
}

static void check_close(Run *r, const Plain *got)
{
    double tolerance = r->kernel->tile[0] ? WINOGRAD_TOLERANCE : TOLERANCE, worst = 0, sum = 0,
           norm = 0;
    for (int64_t i = 0, n = plain_count(got); i < n; i++) {
        double error = fabs(got->at[i] - r->want.at[i]), most = tolerance * r->want.bound[i];
        if (!(error <= most + 1e-37)) {
            ck_abort_msg("%s: element %d is %g, not %g (error %g)", describe(r), (int)i, got->at[i],
                         r->want.at[i], error);
        }
        worst = fmax(worst, error / (most + 1e-37));
        sum += error * error;
        norm += r->want.at[i] * r->want.at[i];
    }
    r->error = sqrt(sum / (norm + 1e-37));
    if (getenv("TEST_CONV_VERBOSE")) {
        printf("%s: error %.2f of the tolerance\n", describe(r), worst);
    }
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t part_count(const Run *r)
{
    const Lowering *low = r->node->lowering;
    return low->parts_mul * ceil_div(r->t.batch, low->parts_div);
}

// A part: for V channels V floats of the centre and V that count, then two rows of sums in double.
static int64_t part_bytes(const Run *r)
{
    int64_t width = r->target->vector_floats;
    return ceil_div(plain_dim(&r->want, 1), width) * width * 3 * 8;
}

// size1, size2: of what the sums are added up from. A part whose centre is far from the first one's
// has sums of that distance, which cancel when they are moved.
typedef struct Moments {
    double centre, count, s1, s2, size1, size2;
} Moments;

// Of channel c in all parts, around the centre of the first that has elements.
static Moments find_moments(const Run *r, const char *part, int64_t c)
{
    Moments all = {0};
    int64_t width = r->target->vector_floats, bytes = part_bytes(r), lane = c % width;
    for (int64_t p = 0; p < part_count(r); p++, part += bytes) {
        const float *centre = (const float *)(const void *)part + 2 * (c - lane) + lane;
        const double *s1 = (const double *)(const void *)(part + bytes / 3) + c;
        const double *s2 = (const double *)(const void *)(part + 2 * bytes / 3) + c;
        if (all.count == 0) {
            all.centre = (double)centre[0];
        }
        double d = (double)centre[0] - all.centre, count = (double)centre[width];
        all.count += count;
        all.s1 += *s1 + count * d;
        all.s2 += *s2 + d * (2 * *s1 + count * d);
        all.size1 += fabs(*s1) + count * fabs(d);
        all.size2 += *s2 + fabs(d) * (2 * fabs(*s1) + count * fabs(d));
    }
    return all;
}

// Sums of parts against sums of what was stored, around the same centre.
static void check_side(const Run *r, const Plain *stored, const char *partial)
{
    int64_t channels = plain_dim(stored, 1), pixels = plain_dim(stored, 2) * plain_dim(stored, 3);
    for (int64_t c = 0; c < channels; c++) {
        Moments m = find_moments(r, partial, c);
        double want[2] = {0}, bound[2] = {m.size1, m.size2}, got[2] = {m.s1, m.s2};
        ck_assert_double_eq(m.count, (double)(plain_dim(stored, 0) * pixels));
        for (int64_t i = 0; i < plain_dim(stored, 0) * pixels; i++) {
            double z = stored->at[(i / pixels * channels + c) * pixels + i % pixels] - m.centre;
            want[0] += z;
            want[1] += z * z;
            bound[0] += fabs(z);
            bound[1] += z * z;
        }
        for (int i = 0; i < 2; i++) {
            ck_assert_msg(fabs(got[i] - want[i]) <= SIDE_TOLERANCE * bound[i],
                          "%s: sum %d of channel %d is %.9g, not %.9g", describe(r), i, (int)c,
                          got[i], want[i]);
        }
    }
}

typedef struct Blocks {
    GuardBlock at[12];
    void *pointer[12];
    uint32_t count;
    GuardBlock scratch;
} Blocks;

static Layout input_layout(const Run *r, uint32_t i)
{
    const Node *n = r->node;
    uint32_t width = r->target->vector_floats;
    if (i < n->own_inputs) {
        return n->lowering->in_layout[i];
    }
    const Shape *s = &n->inputs.at[i]->shape;
    return s->rank == 1 ? layout_padded_vector(r->arena, s->dim[0], width) : layout_blocked(width);
}

// An opaque layout is made by the operator that the kernel names.
static GuardBlock prepare(Run *r, uint32_t input, bool at_end)
{
    const Lowering *low = r->node->lowering;
    const Layout *l = &low->in_layout[input];
    ck_assert_str_eq(low->prepare_op[input], op_winograd.name);
    Node *n = graph_add_node(r->graph, &op_winograd, NULL);
    WinogradAttrs *attrs = ARENA_NEW(r->arena, WinogradAttrs);
    memcpy(attrs, low->prepare_attrs[input], sizeof *attrs);
    n->attrs = attrs;
    n->name = "prepare";
    Value *v = r->node->inputs.at[input];
    VEC_PUSH(r->arena, &n->inputs, v);
    n->own_inputs = 1;
    graph_add_output(r->graph, n, ELEM_F32, v->shape)->layout = *l;
    const KernelDef *k = NULL;
    for (size_t i = 0; i < kernel_table_count; i++) {
        k = strcmp(kernel_table[i]->op, op_winograd.name) == 0 ? kernel_table[i] : k;
    }
    ck_assert_ptr_nonnull(k);
    KernelOptions options = {0};
    PlanCtx ctx = {
        .arena = r->arena, .kernel = k, .target = r->target, .options = &options, .plan_batch = 1};
    Lowering *plan = ARENA_NEW(r->arena, Lowering);
    ck_assert_ptr_null(k->plan(&ctx, n, plan));
    ck_assert_msg(layout_equal(&plan->out_layout[0], l), "%s: %s is not %s", describe(r),
                  plan->out_layout[0].tag, l->tag);
    plan->kernel = k->name;
    plan->kernel_def = k;
    n->lowering = plan;
    Layout plain = {.kind = LAYOUT_PLAIN}, asked = v->layout;
    v->layout = plain;
    GuardBlock in = guard_block(plain_bytes(&plain, &r->in[input]), at_end);
    GuardBlock out = guard_block(l->elements * elem_bytes(l->elem), at_end);
    plain_each(&plain, &r->in[input], in.at, plain_lay);
    KernelRun *run = kernel_run_create(r->target, n);
    void *pointer[2] = {in.at, out.at};
    GuardBlock scratch = guard_block(plan->scratch_bytes, at_end);
    const RnCall call = {.struct_bytes = sizeof call, .batch = 1};
    kernel_run_call(run, &call, 0, plan->tasks_mul, scratch.at, pointer);
    ck_assert_msg(guard_block_clean(&scratch), "prepare wrote outside of its scratch");
    kernel_run_destroy(run);
    guard_block_free(&scratch);
    guard_block_free(&in);
    v->layout = asked;
    return out;
}

// made: blocks of the same run, whose prepared weights are copied; or NULL.
static Blocks make_blocks(Run *r, bool at_end, const Blocks *made)
{
    Node *n = r->node;
    Blocks b = {0};
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        Layout l = input_layout(r, i);
        n->inputs.at[i]->layout = l;
        if (l.kind == LAYOUT_OPAQUE) {
            GuardBlock u =
                made ? guard_block(l.elements * elem_bytes(l.elem), at_end) : prepare(r, i, at_end);
            if (made) {
                memcpy(u.at, made->at[i].at, l.elements * elem_bytes(l.elem));
            }
            b.at[b.count++] = u;
            continue;
        }
        GuardBlock g = guard_block(plain_bytes(&l, &r->in[i]), at_end);
        plain_each(&l, &r->in[i], g.at, plain_lay);
        b.at[b.count++] = g;
    }
    n->outputs.at[0]->layout = n->lowering->out_layout[0];
    b.at[b.count++] = guard_block(plain_bytes(&n->lowering->out_layout[0], &r->want), at_end);
    if (n->side_count) {
        n->outputs.at[1]->layout = layout_partials(r->target->vector_floats);
        b.at[b.count++] = guard_block((size_t)(part_count(r) * part_bytes(r)), at_end);
    }
    for (uint32_t i = 0; i < b.count; i++) {
        b.pointer[i] = b.at[i].at;
    }
    b.scratch = guard_block(n->lowering->scratch_bytes, at_end);
    return b;
}

static void free_blocks(Blocks *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        guard_block_free(&b->at[i]);
    }
    guard_block_free(&b->scratch);
}

static int64_t task_count(const Run *r)
{
    const Lowering *l = r->node->lowering;
    return l->tasks_div == RN_DIV_ALL ? l->tasks_mul
                                      : l->tasks_mul * ceil_div(r->t.batch, l->tasks_div);
}

static void run_tasks(const Run *r, const KernelRun *k, const Blocks *b, bool one_by_one)
{
    const RnCall call = {.struct_bytes = sizeof call, .batch = (uint32_t)r->t.batch};
    int64_t tasks = task_count(r);
    if (!one_by_one) {
        kernel_run_call(k, &call, 0, tasks, b->scratch.at, b->pointer);
        return;
    }
    for (int64_t t = tasks; t-- > 0;) {
        kernel_run_call(k, &call, t, t + 1, b->scratch.at, b->pointer);
    }
    kernel_run_call(k, &call, 0, 0, b->scratch.at, b->pointer);
}

static void check_output(Run *r, const Blocks *b)
{
    const GuardBlock *out = &b->at[r->node->inputs.count];
    Plain got = r->want;
    got.at = ARENA_ARRAY(r->arena, double, plain_count(&got));
    for (int64_t i = 0; i < plain_count(&got); i++) {
        got.at[i] = (double)NAN;
    }
    const Layout *l = &r->node->lowering->out_layout[0];
    plain_each(l, &got, out->at, plain_fetch);
    check_close(r, &got);
    if (l->kind == LAYOUT_BLOCKED) { // pad lanes are zero
        GuardBlock again = guard_block(out->bytes, true);
        plain_each(l, &got, again.at, plain_lay);
        ck_assert_msg(memcmp(again.at, out->at, out->bytes) == 0, "%s: pads", describe(r));
        guard_block_free(&again);
    }
    if (r->node->side_count) {
        check_side(r, &got, b->pointer[r->node->inputs.count + 1]);
    }
}

static void run_kernel(Run *r)
{
    KernelRun *k = NULL;
    Blocks b[2];
    for (int i = 0; i < 2; i++) {
        b[i] = make_blocks(r, i == 0, i == 1 ? &b[0] : NULL);
        if (!k) {
            k = kernel_run_create(r->target, r->node);
        }
        run_tasks(r, k, &b[i], i == 1);
        for (uint32_t j = 0; j < b[i].count; j++) {
            ck_assert_msg(guard_block_clean(&b[i].at[j]), "%s: wrote outside of block %u",
                          describe(r), j);
        }
    }
    check_output(r, &b[0]);
    for (uint32_t j = r->node->inputs.count; j < b[0].count; j++) {
        // what a kernel leaves unwritten (packed pads) is NaN in both
        ck_assert_msg(memcmp(b[0].at[j].at, b[1].at[j].at, b[0].at[j].bytes) == 0,
                      "%s: bits depend on the split of tasks", describe(r));
    }
    free_blocks(&b[0]);
    free_blocks(&b[1]);
    kernel_run_destroy(k);
}

const char *plan_case(Run *r, const OpDef *op)
{
    Arena *a = r->arena = arena_create();
    r->graph = graph_create(a, "test");
    r->node = graph_add_node(r->graph, op, NULL);
    r->node->name = "node";
    build_attrs(r);
    build_inputs(r, is_dense(op));
    if (r->t.fused) {
        build_fused(r);
    }
    KernelOptions options = {0};
    // training: the algorithms that err most are tested too
    PlanCtx ctx = {.arena = a,
                   .kernel = r->kernel,
                   .target = r->target,
                   .options = &options,
                   .plan_batch = (uint32_t)r->t.plan_batch,
                   .training = true};
    Lowering *low = ARENA_NEW(a, Lowering);
    const char *why = r->kernel->plan(&ctx, r->node, low);
    ck_assert_msg(why || low->predicted_ns > 0, "%s: predicts no time", describe(r));
    low->kernel = r->kernel->name;
    low->kernel_def = r->kernel;
    low->streams = r->t.streams && r->kernel->streams;
    r->node->lowering = low;
    return why;
}

Served run_case(const TargetDef *target, const OpDef *op, uint32_t out_of, const Case *t)
{
    Served served = {0};
    Plain sums = {0};
    Arena *keep = arena_create();
    for (size_t i = 0; i < kernel_table_count; i++) {
        const KernelDef *k = kernel_table[i];
        if (strcmp(k->op, op->name) != 0 || (t->fused && !(k->takes_store && k->takes_sides))) {
            continue;
        }
        Run r = {.target = target, .kernel = k, .t = *t, .out_of = out_of, .sums = &sums};
        const char *why = plan_case(&r, op);
        const Lowering *low = r.node->lowering;
        Arena *a = r.arena;
        if (!why) {
            expect(&r, keep);
            run_kernel(&r);
            ck_assert_int_lt(served.count, 16);
            served.kernel[served.count] = k->name;
            served.error[served.count++] = r.error;
            if (getenv("TEST_CONV_VERBOSE")) {
                printf("%s: tasks %u/%u\n", describe(&r), low->tasks_mul, low->tasks_div);
                fflush(stdout);
            }
        } else if (getenv("TEST_CONV_VERBOSE")) {
            printf("%s: %s\n", describe(&r), why);
        }
        arena_destroy(a);
    }
    arena_destroy(keep);
    return served;
}
