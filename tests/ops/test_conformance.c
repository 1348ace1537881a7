// test_conformance.c: walks the table of operators: records, shape rules, refusals, references, and
// gradients against central differences, all from the cases in the operators' own files. Not here:
// kernels (tests/codegen), values worked out by hand (test_values.c).
#include <math.h>
#include <string.h>

#include "base/vec.h"
#include "ir/graph_clone.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "ops/loss/xent_attrs.h"
#include "passes/pass.h"
#include "support/check_main.h"
#include "support/op_case.h"

START_TEST(record_is_complete)
{
    const OpDef *op = op_table[_i];
    Arena *a = arena_create();
    ck_assert_msg(op->doc && strchr(op->doc, '.'), "%s: no documentation", op->name);
    ck_assert_msg(op->min_inputs <= op->max_inputs, "%s: input counts", op->name);
    ck_assert_msg(op_find(op->name) == op, "%s is not found by its name", op->name);
    if (strcmp(op->name, "map") != 0) {
        ck_assert_msg(op->case_count > 0, "%s: no cases", op->name);
        ck_assert_msg(op->reference || op->scalar || op->terms, "%s: no meaning", op->name);
    }
    ck_assert_msg((op->kind == OP_ELEMENTWISE) == (op->scalar != NULL), "%s: scalar", op->name);
    ck_assert_msg((op->kind == OP_CHANNEL_REDUCE) == (op->terms != NULL), "%s: terms", op->name);
    ck_assert_msg(op->internal || op->grad || strcmp(op->name, "batchnorm") == 0, "%s: no gradient",
                  op->name);
    for (uint32_t i = 0; i < op->attr_count; i++) {
        const AttrDef *def = &op->attrs[i];
        ck_assert_msg(def->doc && def->name && def->offset < op->attr_bytes, "%s.%s", op->name,
                      def->name);
        ck_assert_msg((def->type == ATTR_ENUM) == (def->choices != NULL), "%s.%s", op->name,
                      def->name);
        for (uint32_t j = 0; j < i; j++) {
            ck_assert_msg(strcmp(def->name, op->attrs[j].name) != 0, "%s.%s twice", op->name,
                          def->name);
        }
    }
    arena_destroy(a);
}
END_TEST

START_TEST(manual_tells_everything)
{
    const OpDef *op = op_table[_i];
    Arena *a = arena_create();
    StrBuf page = {.arena = a};
    op_print_manual(op, &page);
    const char *text = strbuf_text(&page);
    ck_assert_msg(strstr(text, op->doc) && strstr(text, op->name), "%s", text);
    for (uint32_t i = 0; i < op->attr_count; i++) {
        ck_assert_msg(strstr(text, op->attrs[i].doc) && strstr(text, op->attrs[i].name), "%s",
                      text);
    }
    arena_destroy(a);
}
END_TEST

START_TEST(names_are_unique)
{
    for (size_t i = 0; i < op_table_count; i++) {
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(op_table[i]->name, op_table[j]->name);
        }
    }
    ck_assert_ptr_eq(op_find("conv"), op_find("conv2d"));
    ck_assert_ptr_eq(op_find("bn"), op_find("batchnorm"));
    ck_assert_ptr_eq(op_find("fc"), op_find("dense"));
    ck_assert_ptr_null(op_find("con"));
    ck_assert_ptr_null(op_find(""));
}
END_TEST

static const char *errors_of(Arena *a, const Diag *diag)
{
    StrBuf text = {.arena = a};
    diag_render(diag, &text);
    return strbuf_text(&text);
}

// One case: accepted with a sound graph, or refused with the words it should have.
static void check_shape_case(const OpDef *op, const OpCase *c)
{
    Arena *a = arena_create();
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    Node *node;
    Graph *g = op_case_build(a, op, c, diag, &node);
    const char *errors = errors_of(a, diag);
    if (c->expect_error) {
        ck_assert_msg(!node, "%s(%s) %s is accepted", op->name, c->inputs, c->attrs);
        ck_assert_msg(strstr(errors, c->expect_error), "%s: %s", c->expect_error, errors);
        ck_assert_uint_eq(diag_error_count(diag), 1);
        ck_assert_uint_eq(g->node_count, 0);
    } else {
        ck_assert_msg(node, "%s(%s) %s is refused: %s", op->name, c->inputs, c->attrs, errors);
        const char *broken = graph_verify(g, "test");
        ck_assert_msg(!broken, "%s", broken);
        StrBuf dump = {.arena = a};
        graph_dump(g, &dump);
        ck_assert_msg(strstr(strbuf_text(&dump), op->name), "%s", strbuf_text(&dump));
        // Printed attributes read back are the same attributes.
        StrBuf printed = {.arena = a};
        attrs_print(op, node->attrs, &printed);
        void *again = arena_alloc(a, op->attr_bytes + 1);
        const char *why = NULL;
        ck_assert_msg(op_case_attrs(a, op, strbuf_text(&printed), again, &why), "%s", why);
        ck_assert_msg(attrs_equal(op, node->attrs, again), "%s %s", op->name,
                      strbuf_text(&printed));
        ck_assert_msg(attrs_hash(1, op, node->attrs) == attrs_hash(1, op, again), "%s", op->name);
    }
    arena_destroy(a);
}

START_TEST(shapes_are_as_said)
{
    const OpDef *op = op_table[_i];
    for (uint32_t i = 0; i < op->case_count; i++) {
        check_shape_case(op, &op->cases[i]);
    }
}
END_TEST

// Every output element is written, with a finite number.
START_TEST(references_write_everything)
{
    const OpDef *op = op_table[_i];
    for (uint32_t i = 0; i < op->case_count; i++) {
        const OpCase *c = &op->cases[i];
        if (c->expect_error) {
            continue;
        }
        Arena *a = arena_create();
        Node *node;
        Graph *g = op_case_build(a, op, c, NULL, &node);
        g->mode = MODE_TRAIN;
        RefTensor *values = op_case_values(a, g, c->batch, 1);
        for (uint32_t k = 0; k < node->outputs.count; k++) {
            const Value *out = node->outputs.at[k];
            RefTensor *t = &values[out->id];
            t->shape = out->shape;
            if (shape_is_batched(&t->shape)) {
                t->shape.dim[0] = c->batch;
            }
            t->at = ARENA_ARRAY(a, double, op_case_elements(out, c->batch));
            for (int64_t e = 0; e < op_case_elements(out, c->batch); e++) {
                t->at[e] = NAN;
            }
        }
        graph_interpret(g, a, c->batch, values, 1.0);
        for (uint32_t k = 0; k < node->outputs.count; k++) {
            for (int64_t e = 0; e < op_case_elements(node->outputs.at[k], c->batch); e++) {
                ck_assert_msg(isfinite(values[node->outputs.at[k]->id].at[e]),
                              "%s(%s) output %u[%ld]", op->name, c->inputs, k, (long)e);
            }
        }
        arena_destroy(a);
    }
}
END_TEST

// Gradients: the operator's output is brought to five logits (a convolution over the whole picture,
// or a dense layer), the sum of the cross entropies is differentiated by the operators' rules and
// by differences.

static Value *append(Graph *g, const char *op, const void *attrs, Value *const *in, uint32_t count,
                     bool params)
{
    const Node *n = build_node(g, &(NodeSpec){.op = op_find(op),
                                              .attrs = attrs,
                                              .in = in,
                                              .in_count = count,
                                              .name = op,
                                              .make_params = params});
    return n->outputs.at[0];
}

static void append_loss(Graph *g, Value *y)
{
    Value *logits;
    if (y->shape.rank == 4) {
        ConvAttrs conv;
        attrs_set_defaults(op_find("conv2d"), &conv);
        conv.kernel[0] = y->shape.dim[2];
        conv.kernel[1] = y->shape.dim[3];
        conv.c = 5;
        logits = append(g, "conv2d", &conv, &y, 1, true);
    } else {
        DenseAttrs dense = {.c = 5, .bias = true};
        logits = append(g, "dense", &dense, &y, 1, true);
    }
    Value *labels = graph_add_value(g, VALUE_LABELS, ELEM_U32, shape_batch(), "labels", (Loc){0});
    XentAttrs smooth = {.smoothing = 0.25};
    g->loss = append(g, "softmax_xent", &smooth, (Value *[]){logits, labels}, 2, false);
}

static double total_loss(const Graph *g, int64_t batch, uint64_t seed, const Value *moved,
                         int64_t element, double by)
{
    Arena *a = arena_create();
    RefTensor *values = op_case_values(a, g, batch, seed);
    for (int64_t n = 0; n < batch; n++) { // five classes, whatever the first node's channels are
        values[g->labels->id].at[n] = (double)(n % 5);
    }
    values[moved->id].at[element] += by;
    graph_interpret(g, a, batch, values, 1.0);
    double sum = 0.0;
    for (int64_t n = 0; n < batch; n++) {
        sum += values[g->loss->id].at[n];
    }
    arena_destroy(a);
    return sum;
}

typedef struct GradCase {
    const OpDef *op;
    const OpCase *c;
    const Graph *forward;
    const RefTensor *values; // after backward
    uint64_t seed;
} GradCase;

enum { SAMPLES = 12 };

// Central differences have an error of about step^2 * third derivative + 1e-16 / step.
static void check_gradient(const GradCase *t, const Value *v, const double *gradient)
{
    const double step = 1e-5;
    int64_t elements = op_case_elements(v, t->c->batch);
    int64_t stride = elements / SAMPLES + 1;
    for (int64_t i = 0; i < elements; i += stride) {
        double up = total_loss(t->forward, t->c->batch, t->seed, v, i, step);
        double down = total_loss(t->forward, t->c->batch, t->seed, v, i, -step);
        double expected = (up - down) / (2 * step);
        double error = fabs(gradient[i] - expected);
        ck_assert_msg(error <= 1e-7 + 1e-6 * fabs(expected),
                      "%s(%s) %s: d/d%s[%ld] is %.12g, differences say %.12g", t->op->name,
                      t->c->inputs, t->c->attrs, v->name, (long)i, gradient[i], expected);
    }
}

static void check_gradient_case(const OpDef *op, const OpCase *c)
{
    Arena *a = arena_create();
    Node *node;
    Graph *g = op_case_build(a, op, c, NULL, &node);
    append_loss(g, node->outputs.at[0]);
    g->mode = MODE_TRAIN;
    GradCase t = {.op = op, .c = c, .forward = graph_clone(a, g), .seed = 7};
    // Inputs are differentiated too: autodiff gives gradients to what is listed as a parameter.
    for (uint32_t i = 0; i < g->inputs.count; i++) {
        VEC_PUSH(a, &g->params, g->inputs.at[i]);
    }
    g->inputs.count = 0;
    PassOptions options = {0};
    PassCtx ctx = {
        .g = g, .scratch = arena_create(), .opt = &options, .diag = diag_create(a, NULL)};
    ck_assert(pass_decompose_bn(&ctx) && pass_autodiff(&ctx));
    const char *broken = graph_verify(g, "autodiff");
    ck_assert_msg(!broken, "%s", broken);
    RefTensor *values = op_case_values(a, t.forward, c->batch, t.seed);
    RefTensor *all = ARENA_ARRAY(a, RefTensor, g->next_value);
    memcpy(all, values, t.forward->next_value * sizeof *values);
    for (int64_t n = 0; n < c->batch; n++) {
        all[g->labels->id].at[n] = (double)(n % 5);
    }
    graph_interpret(g, a, c->batch, all, 1.0);
    ck_assert_uint_eq(g->grads.count, g->params.count);
    for (uint32_t i = 0; i < g->grads.count; i++) {
        check_gradient(&t, g->grads.at[i]->param, all[g->grads.at[i]->id].at);
    }
    arena_destroy(ctx.scratch);
    arena_destroy(a);
}

static bool trainable(const OpDef *op)
{
    return !op->internal || strcmp(op->name, "slice_channels") == 0;
}

START_TEST(gradients_agree_with_differences)
{
    const OpDef *op = op_table[_i];
    for (uint32_t i = 0; trainable(op) && i < op->case_count; i++) {
        if (!op->cases[i].expect_error) {
            check_gradient_case(op, &op->cases[i]);
        }
    }
}
END_TEST

// Gradient rules of mul and channel_affine rely on what the language cannot write: one number per
// image that depends on a parameter (masks alone have that shape), and operators that only passes
// make.
START_TEST(language_makes_no_number_per_image)
{
    const OpDef *op = op_table[_i];
    const Shape per_image = shape_batch();
    for (uint32_t i = 0; !op->internal && i < op->case_count; i++) {
        if (op->cases[i].expect_error) {
            continue;
        }
        Arena *a = arena_create();
        Node *node;
        (void)op_case_build(a, op, &op->cases[i], NULL, &node);
        for (uint32_t k = 0; k < node->outputs.count; k++) {
            ck_assert_msg(!shape_equal(&node->outputs.at[k]->shape, &per_image), "%s gives f32[N]",
                          op->name);
        }
        arena_destroy(a);
    }
}
END_TEST

// The same value through both inputs of an operator: both contributions count.
START_TEST(gradient_of_a_square)
{
    Arena *a = arena_create();
    Graph *g = graph_create(a, "square");
    Value *x = graph_add_value(g, VALUE_INPUT, ELEM_F32, shape_features(4), "x", (Loc){0});
    append_loss(g, append(g, "mul", NULL, (Value *[]){x, x}, 2, false));
    OpCase c = {.inputs = "4", .attrs = "", .batch = 2};
    GradCase t = {.op = op_find("mul"), .c = &c, .forward = graph_clone(a, g), .seed = 3};
    g->mode = MODE_TRAIN;
    VEC_PUSH(a, &g->params, x);
    g->inputs.count = 0;
    PassCtx ctx = {.g = g, .scratch = arena_create(), .diag = diag_create(a, NULL)};
    ck_assert(pass_autodiff(&ctx));
    RefTensor *values = op_case_values(a, t.forward, 2, t.seed);
    RefTensor *all = ARENA_ARRAY(a, RefTensor, g->next_value);
    memcpy(all, values, t.forward->next_value * sizeof *values);
    for (int n = 0; n < 2; n++) {
        all[g->labels->id].at[n] = n;
    }
    graph_interpret(g, a, 2, all, 1.0);
    for (uint32_t i = 0; i < g->grads.count; i++) {
        check_gradient(&t, g->grads.at[i]->param, all[g->grads.at[i]->id].at);
    }
    arena_destroy(ctx.scratch);
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operators");
    TCase *tests = tcase_create("conformance");
    tcase_set_timeout(tests, 300);
    int ops = (int)op_table_count;
    tcase_add_test(tests, names_are_unique);
    tcase_add_loop_test(tests, record_is_complete, 0, ops);
    tcase_add_loop_test(tests, manual_tells_everything, 0, ops);
    tcase_add_loop_test(tests, shapes_are_as_said, 0, ops);
    tcase_add_loop_test(tests, references_write_everything, 0, ops);
    tcase_add_loop_test(tests, gradients_agree_with_differences, 0, ops);
    tcase_add_loop_test(tests, language_makes_no_number_per_image, 0, ops);
    tcase_add_test(tests, gradient_of_a_square);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
