// test_kernels.c: every kernel of every operator, on every target that this machine runs, against
// the float64 reference: the cases of the operators' records, alone and with an expression and
// channel sums attached. Every block of memory lies between inaccessible pages; tasks one by one in
// reverse order give the same bits as one range. Not here: larger convolutions (test_conv.c,
// test_winograd.c), whole networks.
// Half of the variants store their output around the caches, where the kernel can.
//
// Tolerance: results are sums of at most a few hundred products of numbers of about 1, so float32
// with its 2^-24 per rounding errs by about sqrt(300) of that, relative to the largest result:
// 1e-6. Twice that.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "cpu/kernel.h"
#include "ops/drop/drop_attrs.h"
#include "ops/layout/layout_attrs.h"
#include "ops/drop/drop_hash.h"
#include "support/check_main.h"
#include "support/targets.h"
#include "support/kernel_run.h"
#include "support/laid_tensor.h"
#include "support/op_case.h"

#define TOLERANCE 2e-6

enum { MAX_VALUES = 24 };

typedef struct Run {
    Arena *arena;
    const TargetDef *target;
    const KernelDef *kernel;
    const OpDef *op;
    const OpCase *c;
    Graph *graph;
    Node *node;
    RefTensor *values; // inputs as given, outputs as the reference has them
    RnCall call;
    int64_t batch, plan_batch;
    bool fused, plain_input, streams;
} Run;

static const char *describe(const Run *r)
{
    return arena_printf(r->arena, "%s %s.%s(%s) %s batch %d%s%s%s", r->target->isa->name,
                        r->op->name, r->kernel->name, r->c->inputs, r->c->attrs, (int)r->batch,
                        r->fused ? " fused" : "", r->plain_input ? " of an input" : "",
                        r->streams ? " streams" : "");
}

// Building the node

static Value *add_operand(Run *r, Shape s)
{
    ValueKind kind = shape_is_batched(&s) ? VALUE_INPUT : VALUE_PARAM;
    Value *v = graph_add_value(r->graph, kind, ELEM_F32, s, "operand", (Loc){0});
    VEC_PUSH(r->arena, &r->node->inputs, v);
    return v;
}

static ExprRef add_step(Run *r, const char *op, ExprRef x, const ExprRef *more, uint32_t count)
{
    ExprStep step = {.op = op_find(op), .arg_count = count + 1, .arg = {x}};
    for (uint32_t i = 0; i < count; i++) {
        step.arg[i + 1] = more[i];
    }
    VEC_PUSH(r->arena, &r->node->store->steps, step);
    return r->node->store->result = (ExprRef){EXPR_STEP, r->node->store->steps.count - 1};
}

static ExprRef operand_ref(Run *r, Shape s)
{
    add_operand(r, s);
    return (ExprRef){EXPR_INPUT, r->node->inputs.count - 1};
}

// An elementwise node as a map of one step.
static void make_map(Run *r)
{
    Node *n = r->node;
    ExprStep step = {.op = n->op, .attrs = n->attrs, .arg_count = n->own_inputs};
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        step.arg[i] = (ExprRef){EXPR_INPUT, i};
    }
    n->store = ARENA_NEW(r->arena, Expr);
    VEC_PUSH(r->arena, &n->store->steps, step);
    n->store->result = (ExprRef){EXPR_STEP, 0};
    n->op = op_find("map");
    n->attrs = NULL;
    n->own_inputs = 0;
}

// relu(channel_affine(x) * gate[N,c] * mask[N] + full) of what the node computes.
static void add_expression(Run *r)
{
    Node *n = r->node;
    const Shape full = n->outputs.at[0]->shape;
    int64_t c = shape_channels(&full);
    ExprRef x = {EXPR_RESULT, 0};
    if (n->store) {
        x = n->store->result;
    } else {
        n->store = ARENA_NEW(r->arena, Expr);
    }
    ExprRef scale = operand_ref(r, shape_vector(c)), shift = operand_ref(r, shape_vector(c));
    x = add_step(r, "channel_affine", x, (ExprRef[]){scale, shift}, 2);
    ExprRef gate = operand_ref(r, shape_image(c, 1, 1)), mask = operand_ref(r, shape_batch());
    x = add_step(r, "mul", x, &gate, 1);
    x = add_step(r, "mul", x, &mask, 1);
    ExprRef other = operand_ref(r, full);
    x = add_step(r, "add", x, &other, 1);
    add_step(r, "relu", x, NULL, 0);
}

static void add_side(Run *r, const char *op, const ExprRef *more, uint32_t count)
{
    Node *n = r->node;
    Side *side = &n->sides[n->side_count++];
    *side = (Side){.op = op_find(op), .arg_count = count + 1, .output = n->outputs.count};
    side->arg[0] = (ExprRef){EXPR_RESULT, 0};
    for (uint32_t i = 0; i < count; i++) {
        side->arg[i + 1] = more[i];
    }
    uint32_t terms = side->op->centred ? MOMENT_TERMS : 2;
    Shape s = {.rank = 2, .dim = {terms, shape_channels(&n->outputs.at[0]->shape)}};
    Value *sums = graph_add_output(r->graph, n, ELEM_F64, s);
    sums->terms = terms;
    sums->layout.kind = LAYOUT_PARTIALS;
}

static void add_sides(Run *r)
{
    const Shape full = r->node->outputs.at[0]->shape;
    ExprRef k = operand_ref(r, shape_vector(shape_channels(&full)));
    ExprRef z = operand_ref(r, full);
    add_side(r, "channel_moments", NULL, 0);
    add_side(r, "channel_dot", (ExprRef[]){z, k}, 2);
}

// Layouts

// As the layout pass leaves values before it asks for a kernel.
static void set_input_layout(Run *r, Value *v)
{
    uint32_t width = r->target->vector_floats;
    bool input = v->kind == VALUE_INPUT;
    v->layout = layout_plain();
    if (v->terms) {
        v->layout = layout_partials(width);
        v->parts_mul = 2;
        v->parts_div = 1;
    } else if (input && !r->plain_input) {
        v->kind = VALUE_TEMP;
        if (v->shape.rank > 1 && strcmp(r->op->name, "to_blocked") != 0) {
            v->layout = layout_blocked(width);
        }
    }
}

// A weight's packing as a kernel may want it: [ceil(k/4)][c...][4], the rest as it stands.
static Layout some_packing(Arena *a, const Shape *s)
{
    Packing *p = ARENA_NEW(a, Packing);
    p->dim[p->dims++] = (PackDim){(int32_t)((s->dim[0] + 3) / 4), 0, 4};
    for (uint32_t i = 1; i < s->rank; i++) {
        p->dim[p->dims++] = (PackDim){(int32_t)s->dim[i], (int32_t)i, 1};
    }
    p->dim[p->dims++] = (PackDim){4, 0, 1};
    return (Layout){.kind = LAYOUT_PACKED, .packing = p};
}

static void set_layouts_before(Run *r)
{
    Node *n = r->node;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        set_input_layout(r, n->inputs.at[i]);
    }
    Value *out = n->outputs.at[0];
    if (strcmp(r->op->name, "pack") == 0) {
        out->layout = some_packing(r->arena, &out->shape);
        ((PackAttrs *)n->attrs)->packing = out->layout.packing;
    } else if (strcmp(r->op->name, "to_blocked") == 0) {
        out->layout = layout_blocked((uint32_t)((const BlockAttrs *)n->attrs)->block);
    } else if (strcmp(r->op->name, "grad_store") == 0) {
        out->kind = VALUE_GRAD;
        if (r->plan_batch > 1) {
            n->inputs.at[0]->layout = some_packing(r->arena, &out->shape);
        }
    }
}

// How an expression reads an operand (graph.h, Expr).
static Layout operand_layout(const Run *r, const Value *v)
{
    uint32_t width = r->target->vector_floats;
    if (shape_is_batched(&v->shape)) {
        return v->shape.rank == 1 ? layout_plain() : layout_blocked(width);
    }
    return v->shape.dim[0] == 1 ? layout_plain()
                                : layout_padded_vector(r->arena, v->shape.dim[0], width);
}

// As the lowering says. False if an input has a layout that only another kernel can make.
static bool set_layouts_after(Run *r, const Lowering *low)
{
    Node *n = r->node;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        Value *v = n->inputs.at[i];
        if (v->terms || v->elem != ELEM_F32 || strcmp(r->op->name, "grad_store") == 0) {
            continue;
        }
        v->layout = i < n->own_inputs ? low->in_layout[i] : operand_layout(r, v);
        if (v->layout.kind == LAYOUT_OPAQUE) {
            return false;
        }
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        Value *v = n->outputs.at[i];
        v->layout = low->out_layout[i];
        if (v->terms) {
            v->layout = layout_partials(r->target->vector_floats);
            v->parts_mul = low->parts_mul;
            v->parts_div = low->parts_div;
        }
    }
    return true;
}

// Running

typedef struct Blocks {
    GuardBlock at[MAX_VALUES], scratch;
    void *pointer[MAX_VALUES];
    uint32_t count;
} Blocks;

static Blocks make_blocks(const Run *r, const RefTensor *given, bool at_end)
{
    const Node *n = r->node;
    Blocks b = {.scratch = guard_block(n->lowering->scratch_bytes, at_end)};
    ck_assert_uint_le(n->inputs.count + n->outputs.count, MAX_VALUES);
    for (uint32_t i = 0; i < n->inputs.count + n->outputs.count; i++) {
        const Value *v = i < n->inputs.count ? n->inputs.at[i] : n->outputs.at[i - n->inputs.count];
        b.at[i] = guard_block(laid_bytes(v, r->batch), at_end);
        b.pointer[i] = b.at[i].at;
        if (i < n->inputs.count) {
            laid_write(v, r->batch, &given[v->id], b.pointer[i]);
        }
        b.count++;
    }
    return b;
}

static void free_blocks(Blocks *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        guard_block_free(&b->at[i]);
    }
    guard_block_free(&b->scratch);
}

static void run_tasks(const Run *r, const KernelRun *k, const Blocks *b, bool one_by_one)
{
    const Lowering *low = r->node->lowering;
    int64_t tasks = low->tasks_mul;
    if (low->tasks_div != RN_DIV_ALL) {
        tasks *= div_up(r->batch, low->tasks_div);
    }
    if (!one_by_one) {
        kernel_run_call(k, &r->call, 0, tasks, b->scratch.at, b->pointer);
        return;
    }
    kernel_run_call(k, &r->call, 0, 0, b->scratch.at, b->pointer);
    for (int64_t t = tasks; t-- > 0;) {
        kernel_run_call(k, &r->call, t, t + 1, b->scratch.at, b->pointer);
    }
}

static void check_value(const Run *r, const Value *v, const void *block, const char *what)
{
    int64_t count = op_case_elements(v, r->batch);
    double *got = ARENA_ARRAY(r->arena, double, count), largest = 1e-3;
    const double *want = r->values[v->id].at;
    laid_read(v, r->batch, block, got);
    for (int64_t i = 0; i < count; i++) {
        largest = fabs(want[i]) > largest ? fabs(want[i]) : largest;
    }
    for (int64_t i = 0; i < count; i++) {
        bool close = isnan(want[i]) ? isnan(got[i]) : fabs(got[i] - want[i]) <= TOLERANCE * largest;
        if (!close) { // an assertion alone writes a message for each element
            ck_abort_msg("%s: %s[%ld] is %.9g, not %.9g", describe(r), what, (long)i, got[i],
                         want[i]);
        }
    }
    ck_assert_msg(laid_pads_are_zero(v, r->batch, block), "%s: %s has pads that are not zero",
                  describe(r), what);
}

static void check_results(const Run *r, const Blocks *b)
{
    const Node *n = r->node;
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        check_value(r, n->outputs.at[i], b->pointer[n->inputs.count + i],
                    arena_printf(r->arena, "output %u", i));
    }
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        if (n->op->updates >> i & 1) {
            check_value(r, n->inputs.at[i], b->pointer[i], arena_printf(r->arena, "state %u", i));
        }
    }
}

static void check_blocks(const Run *r, const Blocks *whole, const Blocks *split)
{
    for (uint32_t i = 0; i < whole->count; i++) {
        ck_assert_msg(guard_block_clean(&whole->at[i]) && guard_block_clean(&split->at[i]),
                      "%s: wrote outside of block %u", describe(r), i);
        ck_assert_msg(memcmp(whole->at[i].at, split->at[i].at, whole->at[i].bytes) == 0,
                      "%s: block %u depends on the split of tasks", describe(r), i);
    }
    ck_assert_msg(guard_block_clean(&whole->scratch) && guard_block_clean(&split->scratch),
                  "%s: wrote outside of its scratch", describe(r));
}

static void run_kernel(Run *r)
{
    const RefTensor *given = op_case_values(r->arena, r->graph, r->batch, 11);
    r->values = op_case_values(r->arena, r->graph, r->batch, 11);
    graph_interpret(r->graph, r->arena, r->batch, r->values, (double)r->call.loss_scale);
    KernelRun *k = kernel_run_create(r->target, r->node);
    Blocks whole = make_blocks(r, given, true), split = make_blocks(r, given, false);
    run_tasks(r, k, &whole, false);
    run_tasks(r, k, &split, true);
    check_blocks(r, &whole, &split);
    check_results(r, &whole);
    free_blocks(&whole);
    free_blocks(&split);
    kernel_run_destroy(k);
}

// Builds the node and plans the kernel for it. False if it does not serve.
static bool prepare(Run *r)
{
    r->graph = op_case_build(r->arena, r->op, r->c, NULL, &r->node);
    r->graph->mode = MODE_TRAIN;
    r->call =
        (RnCall){.struct_bytes = sizeof(RnCall), .batch = (uint32_t)r->batch, .loss_scale = 0.5F};
    if (r->op->kind == OP_ELEMENTWISE) {
        make_map(r);
    }
    const Value *out = r->node->outputs.at[0];
    if (r->fused && (!shape_is_batched(&out->shape) || out->shape.rank < 2)) {
        return false;
    }
    if (r->fused) {
        add_expression(r);
    }
    if (r->fused && r->kernel->takes_sides) {
        add_sides(r);
    }
    set_layouts_before(r);
    KernelOptions options = {0};
    PlanCtx ctx = {.arena = r->arena,
                   .kernel = r->kernel,
                   .target = r->target,
                   .options = &options,
                   .plan_batch = (uint32_t)r->plan_batch};
    Lowering *low = ARENA_NEW(r->arena, Lowering);
    const char *why = r->kernel->plan(&ctx, r->node, low);
    if (getenv("TEST_KERNELS_VERBOSE")) {
        fprintf(stderr, "%s: %s\n", describe(r), why ? why : "serves");
    }
    if (why) {
        return false;
    }
    ck_assert_msg(low->predicted_ns > 0, "%s: predicts no time", describe(r));
    low->kernel = r->kernel->name;
    low->kernel_def = r->kernel;
    low->streams = r->streams && r->kernel->streams;
    r->node->lowering = low;
    return set_layouts_after(r, low);
}

// Winograd's kernels round by their own measure: test_winograd.c.
static bool serves(const KernelDef *k, const OpDef *op)
{
    if (strncmp(k->name, "winograd", 8) == 0) {
        return false;
    }
    return strcmp(k->op, op->kind == OP_ELEMENTWISE ? "map" : op->name) == 0;
}

// Runs a variant on every kernel of the operator; returns how many served.
static int run_variant(const Run *variant)
{
    int count = 0;
    for (size_t i = 0; i < kernel_table_count; i++) {
        if (!serves(kernel_table[i], variant->op) ||
            (variant->fused && !kernel_table[i]->takes_store)) {
            continue;
        }
        Run r = *variant;
        r.arena = arena_create();
        r.kernel = kernel_table[i];
        if (prepare(&r)) {
            run_kernel(&r);
            count++;
        }
        arena_destroy(r.arena);
    }
    return count;
}

// Operators that passes replace before kernels are chosen; and the one whose result only the
// kernels of another can read: test_winograd.c runs the two together.
static bool has_no_kernel_here(const OpDef *op)
{
    static const char *const names[] = {"batchnorm", "dropout", "drop_path", "map",
                                        "winograd_weights"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(op->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void run_op(const TargetDef *target, const OpDef *op)
{
    for (uint32_t i = 0; i < op->case_count && !has_no_kernel_here(op); i++) {
        const OpCase *c = &op->cases[i];
        if (c->expect_error) {
            continue;
        }
        Run r = {.target = target, .op = op, .c = c, .batch = c->batch, .plan_batch = 1};
        ck_assert_msg(run_variant(&r) > 0, "%s: no kernel serves %s(%s) %s", target->isa->name,
                      op->name, c->inputs, c->attrs);
        r.fused = r.streams = true;
        run_variant(&r);
        r.plan_batch = 16;
        r.batch = c->batch + 2;
        r.streams = false;
        run_variant(&r);
        r.fused = false;
        r.streams = true;
        r.plain_input = strcmp(op->name, "conv2d") == 0;
        ck_assert_msg(run_variant(&r) > 0, "%s: no kernel serves %s(%s) %s", target->isa->name,
                      op->name, c->inputs, c->attrs);
    }
}

START_TEST(kernels_agree_with_references)
{
    size_t targets = isa_table_count;
    const TargetDef *t = target_to_run((size_t)_i % targets);
    if (t) {
        run_op(t, op_table[(size_t)_i / targets]);
    }
}
END_TEST

// What a kernel stores around the caches is ordered by a fence before its step is complete: one, at
// the kernel's end, and none in a kernel that stores as usual.
START_TEST(streams_end_with_a_fence)
{
    static const struct {
        const char *op, *inputs, *attrs;
    } cases[] = {{"relu", "20,4,4", ""}, {"conv2d", "20,9,9", "3x3, c=20, pad=1"}};
    const Isa *isa = isa_table[_i];
    if (!isa->store_fence) {
        return;
    }
    Arena *a = arena_create();
    const TargetDef *t = target_create(a, isa, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OpCase c = {.inputs = cases[i].inputs, .attrs = cases[i].attrs, .batch = 2};
        int served[2] = {0};
        for (size_t k = 0; k < 2 * kernel_table_count; k++) {
            Run r = {.target = t, .op = op_find(cases[i].op), .c = &c, .batch = 2, .plan_batch = 1};
            r.kernel = kernel_table[k / 2];
            r.streams = k % 2;
            r.arena = arena_create();
            if (r.kernel->streams && serves(r.kernel, r.op) && prepare(&r)) {
                const char *text = kernel_run_assembly(r.arena, t, r.node);
                const char *fence = strstr(text, "sfence");
                ck_assert_msg(!strstr(text, "movntp") == !r.streams, "%s", describe(&r));
                ck_assert_msg(!fence == !r.streams, "%s", describe(&r));
                ck_assert_msg(!fence || !strstr(fence + 1, "sfence"), "%s", describe(&r));
                ck_assert_msg(!fence || !strstr(fence, "movntp"), "%s", describe(&r));
                served[k % 2]++;
            }
            arena_destroy(r.arena);
        }
        ck_assert_msg(served[0] > 0 && served[1] > 0, "%s", cases[i].op);
    }
    arena_destroy(a);
}
END_TEST

// Runs one case with values set by hand on every kernel that serves it, and shows the first output.
typedef void (*SetFn)(const Run *r, RefTensor *values);
typedef void (*ExpectFn)(const Run *r, const double *got, int64_t count);

static void run_with(Run *r, SetFn set, ExpectFn expect)
{
    r->arena = arena_create();
    const RnCall call = r->call;
    int served = 0;
    for (size_t i = 0; i < kernel_table_count; i++) {
        r->kernel = kernel_table[i];
        if (!serves(r->kernel, r->op) || !prepare(r)) {
            continue;
        }
        r->call = call;
        r->call.batch = (uint32_t)r->batch;
        served++;
        RefTensor *values = op_case_values(r->arena, r->graph, r->batch, 11);
        if (set) {
            set(r, values);
        }
        KernelRun *k = kernel_run_create(r->target, r->node);
        Blocks b = make_blocks(r, values, true);
        const Value *out = r->node->outputs.at[0];
        int64_t count = op_case_elements(out, r->batch);
        if (call.accumulate) {
            for (int64_t e = 0; e < count; e++) {
                ((float *)b.pointer[r->node->inputs.count])[e] = 2.0F;
            }
        }
        run_tasks(r, k, &b, false);
        double *got = ARENA_ARRAY(r->arena, double, count);
        laid_read(out, r->batch, b.pointer[r->node->inputs.count], got);
        r->values = values;
        expect(r, got, count);
        free_blocks(&b);
        kernel_run_destroy(k);
    }
    ck_assert_msg(served > 0, "%s: no kernel serves %s(%s) %s", r->target->isa->name, r->op->name,
                  r->c->inputs, r->c->attrs);
    arena_destroy(r->arena);
}

static void set_first_nan(const Run *r, RefTensor *values)
{
    values[r->node->inputs.at[0]->id].at[0] = (double)NAN;
}

static void expect_first_nan(const Run *r, const double *got, int64_t count)
{
    ck_assert_msg(isnan(got[0]), "%s: NaN is lost", describe(r));
    ck_assert_msg(count < 2 || !isnan(got[count - 1]), "%s: NaN spreads", describe(r));
}

START_TEST(nan_survives)
{
    static const struct {
        const char *op, *inputs, *attrs;
    } cases[] = {{"relu", "5,4,4", ""},
                 {"maxpool", "5,4,4", "2x2"},
                 {"avgpool", "5,4,4", "2x2"},
                 {"maxpool", "5,4,4", "3x3, stride=2, pad=1, pad_value=zero"},
                 {"global_avgpool", "5,4,4", ""}};
    const TargetDef *t = target_to_run((size_t)_i);
    for (size_t i = 0; t && i < sizeof cases / sizeof cases[0]; i++) {
        OpCase c = {.inputs = cases[i].inputs, .attrs = cases[i].attrs, .batch = 2};
        Run r = {.target = t, .op = op_find(cases[i].op), .c = &c, .batch = 2, .plan_batch = 1};
        run_with(&r, set_first_nan, expect_first_nan);
    }
}
END_TEST

static void expect_added(const Run *r, const double *got, int64_t count)
{
    const double *d = r->values[r->node->inputs.at[0]->id].at;
    for (int64_t i = 0; i < count; i++) {
        ck_assert_msg(fabs(got[i] - (d[i] + 2.0)) < 1e-6, "%s: element %ld is %g, not %g + 2",
                      describe(r), (long)i, got[i], d[i]);
    }
}

START_TEST(gradients_accumulate)
{
    const TargetDef *t = target_to_run((size_t)_i);
    static const char *const inputs[] = {"=5,3,3,3", "=33", "=16,4"};
    for (size_t i = 0; t && i < sizeof inputs / sizeof inputs[0]; i++) {
        OpCase c = {.inputs = inputs[i], .attrs = "", .batch = 1};
        for (int64_t plan_batch = 1; plan_batch < 3; plan_batch++) { // 2: from a packed layout
            Run r = {.target = t,
                     .op = op_find("grad_store"),
                     .c = &c,
                     .batch = 1,
                     .plan_batch = plan_batch};
            r.call.accumulate = 1;
            run_with(&r, NULL, expect_added);
        }
    }
}
END_TEST

static void expect_mask(const Run *r, const double *got, int64_t count)
{
    const DropAttrs *a = r->node->attrs;
    int64_t per_image = count / r->batch;
    for (int64_t i = 0; i < count; i++) {
        uint64_t image = r->call.first_image + (uint64_t)(i / per_image);
        uint64_t key = drop_image_key(r->call.seed, r->call.step, (uint64_t)a->salt, image);
        uint32_t bits = per_image == 1 ? drop_path_bits(key)
                                       : drop_element_bits(key, (uint32_t)(i % per_image));
        double want = bits >= drop_threshold(a->p) ? 1.0 / (1.0 - a->p) : 0.0;
        ck_assert_msg(fabs(got[i] - want) < 1e-6, "%s: element %ld is %g, not %g", describe(r),
                      (long)i, got[i], want);
    }
}

START_TEST(masks_follow_the_call)
{
    const TargetDef *t = target_to_run((size_t)_i);
    OpCase c = {.inputs = "37,5,7", .attrs = "0.3, salt=7", .batch = 9};
    for (int i = 0; t && i < 2; i++) {
        Run r = {.target = t,
                 .op = op_find(i ? "dropout_mask" : "drop_path_mask"),
                 .c = &c,
                 .batch = 9,
                 .plan_batch = 1};
        r.call =
            (RnCall){.seed = UINT64_C(0xFEDCBA9876543210), .step = 12345, .first_image = 59990};
        run_with(&r, NULL, expect_mask);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *tests = tcase_create("kernels");
    tcase_set_timeout(tests, 300);
    int targets = (int)isa_table_count;
    tcase_add_loop_test(tests, kernels_agree_with_references, 0, targets * (int)op_table_count);
    tcase_add_loop_test(tests, streams_end_with_a_fence, 0, targets);
    tcase_add_loop_test(tests, nan_survives, 0, targets);
    tcase_add_loop_test(tests, gradients_accumulate, 0, targets);
    tcase_add_loop_test(tests, masks_follow_the_call, 0, targets);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
