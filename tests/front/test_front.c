// test_front.c: from text to graph: meaning of the language (asserts in tests/front/good),
// parameter paths, params and -D, includes. Not here: what mistakes are told (test_errors.c).
#include "support/check_main.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "front/front.h"

typedef struct Built {
    Arena *arena;
    Graph *graph; // NULL after errors
    FrontFiles files;
    const char *messages;
} Built;

// Builds a file, or with text the text under that name.
static Built build(const char *path, const char *text, const char *const *defines)
{
    Built b = {.arena = arena_create()};
    SourceSet *sources = ARENA_NEW(b.arena, SourceSet);
    sources->arena = b.arena;
    Diag *diag = diag_create(b.arena, sources);
    TextFile table[] = {{path, text, text ? strlen(text) : 0},
                        {"shipped.rn", "model shipped { input x[1, 4, 4]; relu }", 0}};
    FrontOptions options = {.defines = defines, .models = table, .model_count = 2};
    table[1].bytes = strlen(table[1].text);
    if (!text) {
        options.models = &table[1];
        options.model_count = 1;
    }
    while (defines && defines[options.define_count]) {
        options.define_count++;
    }
    b.graph = front_build(b.arena, sources, diag, path, &options, &b.files);
    StrBuf messages = {.arena = b.arena};
    diag_render(diag, &messages);
    b.messages = strbuf_text(&messages);
    return b;
}

static Built build_text(const char *text)
{
    return build("text.rn", text, NULL);
}

static void expect_paths(const char *text, const char *expected)
{
    Built b = build_text(text);
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    StrBuf paths = {.arena = b.arena};
    for (uint32_t i = 0; i < b.graph->params.count; i++) {
        strbuf_printf(&paths, "%s%s", i ? " " : "", b.graph->params.at[i]->name);
    }
    ck_assert_str_eq(strbuf_text(&paths), expected);
    arena_destroy(b.arena);
}

START_TEST(good_files_build)
{
    static const char *const NAMES[] = {"arithmetic", "scopes", "text"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        char path[200];
        (void)snprintf(path, sizeof path, TEST_SOURCE_DIR "/tests/front/good/%s.rn", NAMES[i]);
        Built b = build(path, NULL, NULL);
        ck_assert_msg(b.graph != NULL, "%s", b.messages);
        ck_assert_str_eq(b.messages, "");
        ck_assert_ptr_null(graph_verify(b.graph, "front"));
        arena_destroy(b.arena);
    }
}
END_TEST

static void expect_pictures(const char *steps, const char *expected)
{
    char text[400];
    snprintf(text, sizeof text,
             "param c = 3\nmodel m { input x[c, 224, 200]: %s\n conv(1x1, c=2) }", steps);
    Built b = build_text(text);
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    const Value *x = b.graph->inputs.at[0];
    StrBuf out = {.arena = b.arena};
    if (x->preprocess) {
        preprocess_print(&out, x->preprocess, 3);
    }
    ck_assert_str_eq(out.count ? strbuf_text(&out) : "none", expected);
    arena_destroy(b.arena);
}

START_TEST(inputs_say_how_pictures_become_them)
{
    expect_pictures("{ }", "none");
    expect_pictures("if c == 1 { resize(9) }", "none");
    expect_pictures("resize(256)", "resize(256)");
    expect_pictures("resize(256x320)", "resize(256x320)");
    expect_pictures("{ resize(size=round(224 * 8 / 7)); center_crop }", "resize(256) centre_crop");
    expect_pictures("normalize(std=0.5)", "normalize(mean=0, std=0.5)");
    expect_pictures("{ centre_crop\n if c == 3 { normalise([0.5, 0.25, 1], 1 / 255) } }",
                    "centre_crop normalize(mean=[0.5, 0.25, 1], std=0.00392156862745098)");
    expect_pictures("if c == 1 { resize(9) } else if c == 3 { normalize(mean=0.5) } else { a }",
                    "normalize(mean=0.5, std=1)");
}
END_TEST

START_TEST(labels_give_paths)
{
    expect_paths("model m { input x[3, 8, 8]; a: conv(1x1, c=2); b.c: conv(1x1, c=2) }",
                 "a.weight b.c.weight");
    expect_paths("model m { input x[3, 8, 8]; s: { a: conv(1x1, c=2); conv(1x1, c=2) } }",
                 "s.a.weight s.0.weight");
    expect_paths(
        "model m { input x[3, 8, 8]; t: y = conv(x, 1x1, c=2); u: output conv(y, 1x1, c=2) }",
        "t.weight u.weight");
    expect_paths("model m { input x[3, 8, 8]; for i in 0..2 { [i + 3]: { a: conv(1x1, c=2) } } }",
                 "3.a.weight 4.a.weight");
}
END_TEST

START_TEST(calls_without_label_are_numbered)
{
    expect_paths("model m { input x[3, 8, 8]; conv(1x1, c=2); relu; conv(1x1, c=2) }",
                 "0.weight 1.weight");
    // repeat, for, if and groups are transparent; blocks without parameters take no number
    const char *expected = "l.0.a.weight l.1.a.weight l.2.a.weight";
    const char *head =
        "block r() { a: conv(1x1, c=2) }\nblock n() { relu }\nmodel m { input x[3, 8, 8];";
    static const char *const BODIES[] = {
        "l: repeat 3 { r }",
        "l: { r; repeat 1 { r }; n; r }",
        "l: { r; { n; r }; if true { r } }",
        "l: for i in 0..3 { n; r }",
        "l: for i in 0..3 { [i]: r }",
        "l: { x = r(x); x = r(r(x)); it = x }",
    };
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        char text[400];
        (void)snprintf(text, sizeof text, "%s %s }", head, BODIES[i]);
        expect_paths(text, expected);
    }
}
END_TEST

START_TEST(prelude_has_torchvision_names)
{
    expect_paths(
        "model m { input x[4, 8, 8]; layer2: { residual(c=8, stride=2, proj=1x1); repeat 1 { "
        "residual(c=8) } } }",
        "layer2.0.conv1.weight layer2.0.bn1.weight layer2.0.bn1.bias "
        "layer2.0.conv2.weight layer2.0.bn2.weight layer2.0.bn2.bias "
        "layer2.0.downsample.0.weight layer2.0.downsample.1.weight layer2.0.downsample.1.bias "
        "layer2.1.conv1.weight layer2.1.bn1.weight layer2.1.bn1.bias "
        "layer2.1.conv2.weight layer2.1.bn2.weight layer2.1.bn2.bias");
    expect_paths(
        "block residual(c) { own: conv(1x1, c=c) }\nmodel m { input x[4, 8, 8]; residual(c=2) }",
        "0.own.weight");
}
END_TEST

START_TEST(layers_without_parameters_get_unique_names)
{
    Built b = build_text(
        "model m { input x[3, 8, 8]; s: { relu; relu; a: relu }; relu; relu_2: relu; relu }");
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    StrBuf names = {.arena = b.arena};
    for (const Node *n = b.graph->first; n; n = n->next) {
        strbuf_printf(&names, "%s ", n->name);
    }
    ck_assert_str_eq(strbuf_text(&names), "s.relu s.relu_2 s.a relu relu_2 relu_3 ");
    arena_destroy(b.arena);
}
END_TEST

START_TEST(outputs_are_named)
{
    Built b = build_text(
        "model m { input x[3, 8, 8]; y = relu(x); output y; output z = relu(y); output }");
    ck_assert_msg(b.graph == NULL, "the current tensor is the input");
    arena_destroy(b.arena);
    b = build_text("model m { input x[3, 8, 8]; y = relu(x); output y; output z = relu(y); it = y; "
                   "output it }");
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    ck_assert_uint_eq(b.graph->outputs.count, 3);
    ck_assert_str_eq(b.graph->output_names.at[0], "y");
    ck_assert_str_eq(b.graph->output_names.at[1], "z");
    ck_assert_str_eq(b.graph->output_names.at[2], "output");
    arena_destroy(b.arena);
    b = build_text("model m { input x[3, 8, 8]; relu }");
    ck_assert_str_eq(b.graph->output_names.at[0], "output");
    ck_assert_str_eq(b.graph->name, "m");
    arena_destroy(b.arena);
}
END_TEST

static uint64_t build_hash(const char *const *defines, int64_t channels, int64_t filters)
{
    Built b = build("p.rn",
                    "param c = 4\nparam p = 0.5\nparam list = [1]\nparam any = none\nmodel m {\n"
                    "param k = c * 2\ninput x[c, 8, 8]\nconv(1x1, c=k)\n"
                    "assert p == 0.5 or p == 1.0\nassert len(list) == 1 or any == 3x3\n}",
                    defines);
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    ck_assert_int_eq(b.graph->inputs.at[0]->shape.dim[1], channels);
    ck_assert_int_eq(b.graph->outputs.at[0]->shape.dim[1], filters);
    uint64_t hash = b.graph->source_hash;
    arena_destroy(b.arena);
    return hash;
}

START_TEST(defines_set_params)
{
    uint64_t plain = build_hash(NULL, 4, 8);
    ck_assert(plain == build_hash(NULL, 4, 8));
    ck_assert(plain != build_hash((const char *const[]){"c=6", NULL}, 6, 12));
    ck_assert(plain != build_hash((const char *const[]){"p=1", NULL}, 4, 8));
    (void)build_hash((const char *const[]){"k=3", "c = 5", NULL}, 5, 3);
    (void)build_hash((const char *const[]){"list=[1, 2]", "any=3x3", NULL}, 4, 8);
}
END_TEST

static void write_text(Arena *a, const char *path, const char *text)
{
    const char *error = NULL;
    ck_assert_msg(file_write(a, path, text, strlen(text), &error), "%s", error);
}

START_TEST(a_family_is_a_file)
{
    Arena *a = arena_create();
    write_text(a, TEST_BINARY_DIR "/family.rn",
               "param depth = 1\nparam c = 2\nblock own() { conv(1x1, c=c) }\n"
               "model family { input x[3, 8, 8]; repeat depth { own } }\n");
    write_text(
        a, TEST_BINARY_DIR "/member.rn",
        "param depth = 3\ninclude \"family.rn\"\ninclude \"family.rn\"\nassert params == 14\n");
    Built b = build(TEST_BINARY_DIR "/member.rn", NULL, NULL);
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    ck_assert_uint_eq(b.graph->params.count, 3);
    ck_assert_uint_eq(b.files.paths.count, 2);
    ck_assert_str_eq(b.files.paths.at[0], TEST_BINARY_DIR "/member.rn");
    ck_assert_str_eq(b.files.paths.at[1], TEST_BINARY_DIR "/family.rn");
    arena_destroy(b.arena);
    b = build(TEST_BINARY_DIR "/member.rn", NULL, (const char *const[]){"depth=3", "c=2", NULL});
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    arena_destroy(b.arena);
    arena_destroy(a);
}
END_TEST

START_TEST(shipped_models_are_found_by_name)
{
    Built b = build("shipped.rn", NULL, NULL);
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    ck_assert_str_eq(b.graph->name, "shipped");
    ck_assert_uint_eq(b.files.paths.count, 0);
    arena_destroy(b.arena);
    b = build_text("include \"shipped.rn\"");
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    arena_destroy(b.arena);
}
END_TEST

START_TEST(deep_models_expand)
{
    Built b = build_text("model m { input x[16, 8, 8]\nlayer: repeat 600 { residual(c=16) } }");
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    ck_assert_uint_eq(b.graph->params.count, 600 * 6);
    ck_assert_str_eq(b.graph->params.at[600 * 6 - 1]->name, "layer.599.bn2.bias");
    arena_destroy(b.arena);
    b = build_text("model m { input x[3, 8, 8]; repeat 99999 { relu } }");
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    ck_assert_uint_eq(b.graph->node_count, 99999);
    arena_destroy(b.arena);
}
END_TEST

START_TEST(nodes_know_their_way)
{
    Built b = build_text("block r() { relu }\nmodel m { input x[3, 8, 8]\nr() }");
    ck_assert_msg(b.graph != NULL, "%s", b.messages);
    const Expansion *via = b.graph->first->loc.via;
    ck_assert_ptr_nonnull(via);
    ck_assert_str_eq(via->text, "r()");
    ck_assert_ptr_null(via->parent);
    arena_destroy(b.arena);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("front");
    TCase *t = tcase_create("front");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, good_files_build);
    tcase_add_test(t, inputs_say_how_pictures_become_them);
    tcase_add_test(t, labels_give_paths);
    tcase_add_test(t, calls_without_label_are_numbered);
    tcase_add_test(t, prelude_has_torchvision_names);
    tcase_add_test(t, layers_without_parameters_get_unique_names);
    tcase_add_test(t, outputs_are_named);
    tcase_add_test(t, defines_set_params);
    tcase_add_test(t, a_family_is_a_file);
    tcase_add_test(t, shipped_models_are_found_by_name);
    tcase_add_test(t, deep_models_expand);
    tcase_add_test(t, nodes_know_their_way);
    suite_add_tcase(s, t);
    return check_run(s);
}
