// test_graph.c: the graph itself: changes, copies, dump, the verifier's rules, fused expressions in
// the interpreter.
#include <string.h>

#include "ir/graph_clone.h"
#include "ir/builder.h"
#include "ops/conv/conv_attrs.h"
#include "ops/drop/drop_attrs.h"
#include "ops/norm/bn_attrs.h"
#include "support/check_main.h"

typedef struct Small {
    Arena *arena;
    Graph *g;
    Value *x, *conv, *relu, *sum;
} Small;

static Value *append(Graph *g, const char *op, const void *attrs, Value *const *in, uint32_t count)
{
    return build_node(g, &(NodeSpec){.op = op_find(op),
                                     .attrs = attrs,
                                     .in = in,
                                     .in_count = count,
                                     .name = op,
                                     .make_params = true})
        ->outputs.at[0];
}

// x -> conv2d 1x1 to 2 channels -> relu -> add(relu, x)
static Small small_graph(void)
{
    Small s = {.arena = arena_create()};
    s.g = graph_create(s.arena, "small");
    s.x = graph_add_value(s.g, VALUE_INPUT, ELEM_F32, shape_image(2, 1, 3), "image", (Loc){0});
    ConvAttrs conv;
    attrs_set_defaults(op_find("conv2d"), &conv);
    conv.kernel[0] = conv.kernel[1] = 1;
    conv.c = 2;
    s.conv = append(s.g, "conv2d", &conv, &s.x, 1);
    s.relu = append(s.g, "relu", NULL, &s.conv, 1);
    s.sum = append(s.g, "add", NULL, (Value *[]){s.relu, s.x}, 2);
    VEC_PUSH(s.arena, &s.g->outputs, s.sum);
    VEC_PUSH(s.arena, &s.g->output_names, "out");
    return s;
}

static const char *dump(const Graph *g)
{
    StrBuf out = {.arena = g->arena};
    graph_dump(g, &out);
    return strbuf_text(&out);
}

START_TEST(dump_is_one_node_per_line)
{
    Small s = small_graph();
    ck_assert_str_eq(dump(s.g), "graph small infer {\n"
                                "  facts nothing\n"
                                "  input %0 image: f32[N,2,1,3]\n"
                                "  param %1 conv2d.weight: f32[2,2,1,1]\n"
                                "  %2 conv2d: f32[N,2,1,3] = conv2d(%0, %1) 1x1, c=2\n"
                                "  %3 relu: f32[N,2,1,3] = relu(%2)\n"
                                "  %4 add: f32[N,2,1,3] = add(%3, %0)\n"
                                "  output out = %4\n"
                                "}\n");
    arena_destroy(s.arena);
}
END_TEST

START_TEST(clone_is_deep)
{
    Small s = small_graph();
    const char *before = dump(s.g);
    Arena *other = arena_create();
    Graph *copy = graph_clone(other, s.g);
    ck_assert_str_eq(dump(copy), before);
    ck_assert_ptr_null(graph_verify(copy, "clone"));
    ((ConvAttrs *)copy->first->attrs)->c = 7;
    graph_replace_uses(copy, copy->last->outputs.at[0], copy->first->outputs.at[0]);
    graph_remove_node(copy, copy->last);
    ck_assert_str_eq(dump(s.g), before);
    ck_assert_ptr_null(graph_verify(s.g, "clone"));
    arena_destroy(other);
    arena_destroy(s.arena);
}
END_TEST

START_TEST(uses_and_removal)
{
    Small s = small_graph();
    ck_assert_uint_eq(graph_use_count(s.g, s.x), 2);
    ck_assert_uint_eq(graph_use_count(s.g, s.sum), 1);
    graph_replace_uses(s.g, s.relu, s.conv);
    ck_assert_uint_eq(graph_use_count(s.g, s.relu), 0);
    graph_remove_node(s.g, s.relu->def);
    ck_assert_uint_eq(s.g->node_count, 2);
    ck_assert_ptr_null(graph_verify(s.g, "test"));
    graph_number_nodes(s.g);
    ck_assert_uint_eq(s.g->last->mark, 2);
    arena_destroy(s.arena);
}
END_TEST

static void expect_broken(const Graph *g, const char *rule)
{
    const char *text = graph_verify(g, "autodiff");
    ck_assert_msg(text && strstr(text, rule) && strstr(text, "after autodiff"), "%s",
                  text ? text : "no complaint");
}

START_TEST(verifier_finds_broken_rules)
{
    Small s = small_graph();
    graph_move_before(s.g, s.sum->def, s.conv->def);
    expect_broken(s.g, "used before it is made");
    graph_move_before(s.g, s.sum->def, NULL);
    ck_assert_ptr_null(graph_verify(s.g, "test"));

    s.relu->shape.dim[1] = 3;
    expect_broken(s.g, "refuses its inputs");
    s.relu->shape.dim[1] = 2;
    s.sum->shape.dim[2] = 5;
    expect_broken(s.g, "another shape than the operator gives");
    s.sum->shape.dim[2] = 1;
    s.relu->def_out = 1;
    expect_broken(s.g, "does not know its node");
    s.relu->def_out = 0;
    VEC_PUSH(s.arena, &s.g->inputs, s.x);
    expect_broken(s.g, "defined twice");
    s.g->inputs.count--;
    s.g->node_count++;
    expect_broken(s.g, "are counted");
    s.g->node_count--;
    arena_destroy(s.arena);
}
END_TEST

static void expect_fact_broken(Graph *g, Fact fact, const char *rule)
{
    g->facts = fact;
    expect_broken(g, rule);
    g->facts = 0;
    ck_assert_ptr_null(graph_verify(g, "test"));
}

START_TEST(verifier_checks_facts)
{
    Small s = small_graph();
    s.g->facts = FACT_CHECKED | FACT_SIMPLE | FACT_NO_BN | FACT_LIVE;
    ck_assert_ptr_null(graph_verify(s.g, "test"));
    expect_fact_broken(s.g, FACT_LOSS, "there is no loss");
    expect_fact_broken(s.g, FACT_GRADIENTS, "0 gradients of 1 parameters");
    expect_fact_broken(s.g, FACT_MAPPED, "an elementwise node was left over");
    expect_fact_broken(s.g, FACT_LAID, "no kernel was chosen");
    expect_fact_broken(s.g, FACT_PLANNED, "input 0 has no place");

    s.conv->bind = BIND_INPUTS;
    s.conv->def->bind = BIND_PARAMS;
    expect_fact_broken(s.g, FACT_BOUND, "output 0 has another binding time");
    s.conv->def->bind = BIND_INPUTS;
    s.relu->bind = s.relu->def->bind = BIND_PARAMS;
    expect_fact_broken(s.g, FACT_BOUND, "input 0 is known later than the node runs");

    (void)append(s.g, "dropout", &(DropAttrs){.p = 0.5}, &s.sum, 1);
    expect_fact_broken(s.g, FACT_LIVE, "nobody reads what it makes");
    expect_fact_broken(s.g, FACT_SIMPLE, "training alone knows was left over");
    BnAttrs bn;
    attrs_set_defaults(op_find("batchnorm"), &bn);
    (void)append(s.g, "batchnorm", &bn, &s.sum, 1);
    expect_fact_broken(s.g, FACT_NO_BN, "a batch normalisation was left over");
    s.g->outputs.count = 0;
    expect_fact_broken(s.g, FACT_CHECKED, "there is no output");
    arena_destroy(s.arena);
}
END_TEST

START_TEST(facts_have_names)
{
    Arena *a = arena_create();
    StrBuf all = {.arena = a}, none = {.arena = a};
    facts_print(&all, (1u << FACT_COUNT) - 1);
    facts_print(&none, 0);
    ck_assert_str_eq(strbuf_text(&all),
                     "checked, simple, no-bn, loss, gradients, recomputed, unique, live, mapped, "
                     "sunk, sides, bound, laid, planned");
    ck_assert_str_eq(strbuf_text(&none), "nothing");
    arena_destroy(a);
}
END_TEST

START_TEST(verifier_looks_into_expressions)
{
    Small s = small_graph();
    Node *conv = s.conv->def;
    conv->store = ARENA_NEW(s.arena, Expr);
    ExprStep step = {.op = op_find("relu"), .arg_count = 1, .arg = {{EXPR_STEP, 0}}};
    VEC_PUSH(s.arena, &conv->store->steps, step);
    conv->store->result = (ExprRef){EXPR_STEP, 0};
    expect_broken(s.g, "before it is computed");
    conv->store->steps.at[0].arg[0] = (ExprRef){EXPR_INPUT, 9};
    expect_broken(s.g, "uses input 9");
    conv->store->steps.at[0].arg[0] = (ExprRef){EXPR_RESULT, 0};
    ck_assert_ptr_null(graph_verify(s.g, "test"));
    conv->store->steps.at[0].op = op_find("conv2d");
    expect_broken(s.g, "is not elementwise");
    arena_destroy(s.arena);
}
END_TEST

static const double image[6] = {1, -2, 3, 4, 5, -6}, weight[4] = {1, 2, -1, 1};

static const double *interpret(Small *s, const Value *out)
{
    RefTensor *values = ARENA_ARRAY(s->arena, RefTensor, s->g->next_value);
    values[s->x->id].shape = (Shape){.rank = 4, .dim = {1, 2, 1, 3}};
    values[s->x->id].at = ARENA_ARRAY(s->arena, double, 6);
    memcpy(values[s->x->id].at, image, sizeof image);
    values[s->g->params.at[0]->id].shape = s->g->params.at[0]->shape;
    values[s->g->params.at[0]->id].at = ARENA_ARRAY(s->arena, double, 4);
    memcpy(values[s->g->params.at[0]->id].at, weight, sizeof weight);
    graph_interpret(s->g, s->arena, 1, values, 1.0);
    return values[out->id].at;
}

// conv + relu + add fused by hand into the convolution's store, and a sum of it as a side.
START_TEST(interpreter_knows_expressions_and_sides)
{
    Small s = small_graph();
    double plain[6];
    memcpy(plain, interpret(&s, s.sum), sizeof plain);
    const double expected[6] = {1 + 9, 8 - 2, 0 + 3, 3 + 4, 7 + 5, 0 - 6};
    for (int i = 0; i < 6; i++) {
        ck_assert_double_eq(plain[i], expected[i]);
    }

    Node *conv = s.conv->def;
    VEC_PUSH(s.arena, &conv->inputs, s.x);
    conv->store = ARENA_NEW(s.arena, Expr);
    ExprStep relu = {.op = op_find("relu"), .arg_count = 1, .arg = {{EXPR_RESULT, 0}}};
    ExprStep add = {.op = op_find("add"), .arg_count = 2, .arg = {{EXPR_STEP, 0}, {EXPR_INPUT, 2}}};
    VEC_PUSH(s.arena, &conv->store->steps, relu);
    VEC_PUSH(s.arena, &conv->store->steps, add);
    conv->store->result = (ExprRef){EXPR_STEP, 1};
    conv->side_count = 1;
    conv->sides[0] = (Side){.op = op_find("channel_sum"), .arg_count = 1, .output = 1};
    Value *sums = graph_add_output(s.g, conv, ELEM_F64, (Shape){.rank = 2, .dim = {1, 2}});
    sums->terms = sums->parts_mul = 1;
    sums->parts_div = RN_DIV_ALL;
    sums->layout.kind = LAYOUT_PARTIALS;
    graph_replace_uses(s.g, s.sum, s.conv);
    graph_remove_node(s.g, s.sum->def);
    graph_replace_uses(s.g, s.relu, s.conv);
    graph_remove_node(s.g, s.relu->def);
    s.g->facts = FACT_CHECKED | FACT_MAPPED | FACT_SUNK | FACT_SIDES;
    const char *broken = graph_verify(s.g, "test");
    ck_assert_msg(!broken, "%s", broken);
    ck_assert_msg(
        strstr(dump(s.g), "store { t0 = relu(result); add(t0, %0) } side %5 = channel_sum(result)"),
        "%s", dump(s.g));
    const double *fused = interpret(&s, s.conv);
    for (int i = 0; i < 6; i++) {
        ck_assert_double_eq(fused[i], plain[i]);
    }
    const double *sum = interpret(&s, sums);
    ck_assert_double_eq(sum[0], plain[0] + plain[1] + plain[2]);
    ck_assert_double_eq(sum[1], plain[3] + plain[4] + plain[5]);
    arena_destroy(s.arena);
}
END_TEST

START_TEST(shapes_and_layouts)
{
    Shape big = shape_image(1 << 20, 1 << 20, 1 << 20), image_shape = shape_image(5, 7, 9);
    ck_assert(!shape_fits(&big));
    big.dim[1] = INT64_MAX / 2;
    ck_assert_int_eq(shape_elements(&big), INT64_MAX);
    ck_assert(shape_fits(&image_shape));
    uint64_t fixed, per_image;
    Layout blocked = {.kind = LAYOUT_BLOCKED, .block = 16};
    layout_bytes(&image_shape, &blocked, &fixed, &per_image);
    ck_assert_uint_eq(fixed, 0);
    ck_assert_uint_eq(per_image, 16 * 7 * 9 * 4);
    Packing tail = {.dims = 1, .dim = {{3, 0, 1}}};
    Packing p = {.dims = 2, .dim = {{4, 0, 1}, {5, 1, 1}}, .next = &tail};
    Layout packed = {.kind = LAYOUT_PACKED, .packing = &p}, other = packed;
    Packing q = p;
    other.packing = &q;
    layout_bytes(&image_shape, &packed, &fixed, &per_image);
    ck_assert_uint_eq(fixed, (4 * 5 + 3) * 4);
    ck_assert_uint_eq(per_image, 0);
    ck_assert(layout_equal(&packed, &other));
    q.base[3] = 1;
    ck_assert(!layout_equal(&packed, &other));
    Shape sums = {.rank = 2, .dim = {2, 17}};
    Layout partials = {.kind = LAYOUT_PARTIALS, .elem = ELEM_F64, .block = 16};
    layout_bytes(&sums, &partials, &fixed, &per_image);
    ck_assert_uint_eq(fixed, 2 * 32 * 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graph");
    TCase *tests = tcase_create("graph");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, dump_is_one_node_per_line);
    tcase_add_test(tests, clone_is_deep);
    tcase_add_test(tests, uses_and_removal);
    tcase_add_test(tests, verifier_finds_broken_rules);
    tcase_add_test(tests, verifier_checks_facts);
    tcase_add_test(tests, facts_have_names);
    tcase_add_test(tests, verifier_looks_into_expressions);
    tcase_add_test(tests, interpreter_knows_expressions_and_sides);
    tcase_add_test(tests, shapes_and_layouts);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
