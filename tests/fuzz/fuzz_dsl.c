// fuzz_dsl.c: the language given any bytes.
#include "fuzz/fuzz_dsl.h"

#include <string.h>

#include "base/internal_error.h"
#include "dsl/parse.h"
#include "front/front.h"

// Parses the text, and if that is well prints it and compares the trees.
static void check_parse(Arena *a, const char *text, size_t bytes)
{
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    Intern *names = intern_create(a);
    uint32_t file = source_add(&sources, "fuzz.rn", text, bytes);
    const AstFile *ast = dsl_parse(a, names, &sources, diag, file);
    StrBuf out = {.arena = a};
    diag_render(diag, &out);
    if (diag_error_count(diag)) {
        return;
    }
    StrBuf printed = {.arena = a};
    ast_print_file(ast, &printed);
    if (printed.count > DSL_MAX_FILE_BYTES) {
        return;
    }
    file = source_add(&sources, "again.rn", strbuf_text(&printed), printed.count);
    const AstFile *again = dsl_parse(a, names, &sources, diag, file);
    if (diag_error_count(diag) || !ast_equal(ast, again)) {
        INTERNAL_ERROR("a tree does not survive printing:\n%s", strbuf_text(&printed));
    }
}

// Builds the graph, which must be whole if there is no message.
static void check_build(Arena *a, const char *text, size_t bytes)
{
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    const TextFile table[] = {{"fuzz.rn", text, bytes}, {"other.rn", "param c = 3\n", 12}};
    FrontOptions options = {.models = table, .model_count = 2};
    Graph *g = front_build(a, &sources, diag, "fuzz.rn", &options, NULL);
    StrBuf out = {.arena = a};
    diag_render(diag, &out);
    if (!g != (diag_error_count(diag) != 0)) {
        INTERNAL_ERROR("a graph and errors, or neither");
    }
    const char *broken = g ? graph_verify(g, "front") : NULL;
    if (broken) {
        INTERNAL_ERROR("%s", broken);
    }
}

unsigned fuzz_dsl(const unsigned char *data, size_t size)
{
    Arena *a = arena_create();
    char *text = arena_alloc(a, size + 1);
    if (size) {
        memcpy(text, data, size);
    }
    check_parse(a, text, size);
    check_build(a, text, size);
    arena_destroy(a);
    return 0;
}
