// compile.c: the one place where front end, passes and code generator meet.
#include "build/compile.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/files.h"
#include "base/intern.h"
#include "base/textfile.h"
#include "build/apart.h"
#include "build/loaded_object.h"
#include "tool/cli/report.h"
#include "front/front.h"
#include "ir/opdef.h"
#include "object/header.h"
#include "passes/pipeline.h"

#define MAX_PLANS (COMPILE_MAX_PLANS / 2) // of each kind

struct Compilation {
    Arena *arena;
    const Options *options;
    SourceSet sources;
    Diag *diag;
    const char *path;    // of the model, or the shipped file's name
    uint32_t main_file;  // what the user named
    uint32_t model_file; // where the network stands: another one where that only sets params
    Graph *built;
    const TargetDef *target;
    KernelOptions kernel_options;
    Codegen *codegen;
    Graph *plans[COMPILE_MAX_PLANS];
    uint32_t plan_count;
    EmbeddedWeights weights;
    bool embeds; // weights are set
    LoadedObject *loaded;
};

// Prints and empties nothing: a compilation renders its diagnostics once, when a part has ended.
static void print_diagnostics(const Compilation *c)
{
    StrBuf text = {.arena = c->arena};
    diag_render(c->diag, &text);
    fputs(strbuf_text(&text), stderr);
}

static void print_time(const Compilation *c, const char *what, double seconds)
{
    if (c->options->time_passes) {
        fprintf(stderr, "%-24s %9.2f ms\n", what, 1e3 * seconds);
    }
}

static const TextFile *find_shipped(const char *name)
{
    for (size_t i = 0; i < shipped_models_table_count; i++) {
        const char *known = shipped_models_table[i].name;
        size_t stem = strcspn(known, ".");
        if (strcmp(known, name) == 0 || (strlen(name) == stem && strncmp(known, name, stem) == 0)) {
            return &shipped_models_table[i];
        }
    }
    return NULL;
}

static ExitCode unknown_model(Arena *a, const char *name, const char *error)
{
    const char *names[512];
    size_t count = 0;
    for (; count < shipped_models_table_count && count < 512; count++) {
        const char *known = shipped_models_table[count].name;
        names[count] = arena_strndup(a, known, strcspn(known, "."));
    }
    const char *near = strpbrk(name, "/.") ? NULL : nearest_name(name, names, count);
    if (near) {
        return report_error(EXIT_ENVIRONMENT, "%s\n  help: a shipped model has the name %s", error,
                            near);
    }
    return report_error(EXIT_ENVIRONMENT, "%s", error);
}

// The front end reads the file; this only tells a missing file from a wrong one.
static ExitCode find_model(Compilation *c)
{
    const char *name = c->options->model;
    if (strncmp(name, "models/", 7) == 0 && access(name, F_OK) != 0) {
        name += 7; // the folder where they are installed
    }
    const TextFile *shipped = strchr(name, '/') ? NULL : find_shipped(name);
    struct stat info;
    bool folder = stat(name, &info) == 0 && S_ISDIR(info.st_mode);
    if (access(name, R_OK) == 0 && !folder) {
        c->path = name;
    } else if (shipped) {
        c->path = shipped->name;
    } else if (folder) {
        return report_error(EXIT_ENVIRONMENT, "%s: is a folder, not a model", name);
    } else {
        return unknown_model(c->arena, name,
                             arena_printf(c->arena, "%s: cannot open: %s", name, strerror(errno)));
    }
    return EXIT_OK;
}

static ExitCode choose_target(Compilation *c)
{
    const char *name = c->options->target;
    c->target = name ? target_find(name) : target_native();
    if (c->target) {
        return EXIT_OK;
    }
    if (!name) {
        return report_error(EXIT_ENVIRONMENT,
                            "this machine runs none of the targets (--list-targets)");
    }
    return report_error(EXIT_USAGE, "--target: '%s' is unknown; see --list-targets", name);
}

static ExitCode check_pass_names(const Options *o)
{
    if (o->dump_after && strcmp(o->dump_after, "all") != 0 && !passes_known(o->dump_after)) {
        return report_error(EXIT_USAGE, "--dump-after: no pass '%s'; see --list-passes",
                            o->dump_after);
    }
    if (o->stop_after && !passes_known(o->stop_after)) {
        return report_error(EXIT_USAGE, "--stop-after: no pass '%s'; see --list-passes",
                            o->stop_after);
    }
    return EXIT_OK;
}

// The number of the model's own file among those that were read; shipped ones stand in a folder of
// their own.
static uint32_t find_main_file(const Compilation *c)
{
    const char *shipped = arena_printf(c->arena, "<shipped>/%s", c->path);
    for (uint32_t i = 0; i < c->sources.files.count; i++) {
        const char *path = c->sources.files.at[i].path;
        if (strcmp(path, c->path) == 0 || strcmp(path, shipped) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static ExitCode build_graph(Compilation *c)
{
    double start = clock_seconds();
    FrontOptions front = {.defines = c->options->defines.at,
                          .define_count = c->options->defines.count,
                          .models = shipped_models_table,
                          .model_count = shipped_models_table_count};
    c->built = front_build(c->arena, &c->sources, c->diag, c->path, &front, NULL);
    if (c->built) { // the user's word for it, where the file only sets params of a family
        c->built->name = compile_default_name(c);
    }
    c->main_file = find_main_file(c);
    c->model_file = c->main_file;
    if (c->built && c->built->inputs.count && c->built->inputs.at[0]->loc.range.file) {
        c->model_file = c->built->inputs.at[0]->loc.range.file;
    }
    print_time(c, "front end", clock_seconds() - start);
    print_diagnostics(c);
    return c->built && diag_error_count(c->diag) == 0 ? EXIT_OK : EXIT_MODEL;
}

ExitCode compile_start(Arena *a, const Options *o, Compilation **out)
{
    Compilation *c = ARENA_NEW(a, Compilation);
    *out = c;
    c->arena = a;
    c->options = o;
    c->sources.arena = a;
    c->diag = diag_create(a, &c->sources);
    c->kernel_options = (KernelOptions){.exact = o->exact, .optimize_size = o->optimize == 1};
    ExitCode code = choose_target(c);
    if (code == EXIT_OK) {
        code = check_pass_names(o);
    }
    if (code == EXIT_OK) {
        code = find_model(c);
    }
    if (code == EXIT_OK) {
        code = build_graph(c);
    }
    if (code == EXIT_OK) {
        c->codegen = codegen_create(a, c->target, &c->kernel_options);
    }
    return code;
}

const char *compile_lone_norm(const Compilation *c)
{
    for (const Node *n = c->built->first; n; n = n->next) {
        const Shape *s = &n->outputs.at[0]->shape;
        if (n->op->role == OP_ROLE_BATCHNORM && shape_elements(s) == shape_channels(s)) {
            return n->name ? n->name : n->op->name;
        }
    }
    return NULL;
}

void compile_finish(Compilation *c)
{
    if (c) {
        object_unload(c->loaded);
    }
}

const Graph *compile_graph(const Compilation *c)
{
    return c->built;
}

uint32_t compile_classes(const Compilation *c)
{
    const Shape *s = &c->built->outputs.at[0]->shape;
    return s->rank == 2 && shape_is_batched(s) ? (uint32_t)s->dim[1] : 0;
}

uint32_t compile_plan_count(const Compilation *c)
{
    return c->plan_count;
}

const TargetDef *compile_target(const Compilation *c)
{
    return c->target;
}

const Graph *compile_plan(const Compilation *c, uint32_t i)
{
    return c->plans[i];
}

static int compare_batches(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static ExitCode parse_plan(const char *text, uint32_t *batch)
{
    char *end = NULL;
    long n = strncmp(text, "batch=", 6) == 0 ? strtol(text + 6, &end, 10) : 0;
    if (n < 1 || n > 65536 || *end) {
        return report_error(EXIT_USAGE,
                            "--plan-for: '%s' has not the form batch=N, N from 1 to 65536", text);
    }
    *batch = (uint32_t)n;
    return EXIT_OK;
}

ExitCode compile_plan_batches(const Compilation *c, const uint32_t *fallback,
                              uint32_t fallback_count, const uint32_t **batches, uint32_t *count)
{
    const TextList *asked = &c->options->plans;
    *batches = fallback;
    *count = fallback_count;
    if (asked->count == 0) {
        return EXIT_OK;
    }
    if (asked->count > MAX_PLANS) {
        return report_error(EXIT_USAGE, "--plan-for: at most %d plans", MAX_PLANS);
    }
    uint32_t *list = ARENA_ARRAY(c->arena, uint32_t, asked->count);
    for (uint32_t i = 0; i < asked->count; i++) {
        ExitCode code = parse_plan(asked->at[i], &list[i]);
        if (code != EXIT_OK) {
            return code;
        }
    }
    qsort(list, asked->count, sizeof *list, compare_batches);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < asked->count; i++) {
        if (i == 0 || list[i] != list[distinct - 1]) {
            list[distinct++] = list[i];
        }
    }
    *batches = list;
    *count = distinct;
    return EXIT_OK;
}

static void print_kernels(const Graph *g)
{
    fprintf(stderr,
            "== kernels (%s, batch %u): layer and operator, then each candidate with the time "
            "predicted on one thread; * is taken\n",
            g->mode == MODE_TRAIN ? "train" : "infer", g->plan_batch);
    for (const Node *n = g->first; n; n = n->next) {
        if (!n->lowering) {
            continue;
        }
        fprintf(stderr, "%s, %s\n", n->name ? n->name : "-", n->op->name);
        if (n->lowering->explain) {
            fprintf(stderr, "%s", n->lowering->explain);
        }
    }
}

static ExitCode run_passes(Compilation *c, Mode mode, uint32_t batch, PassOptions *opt)
{
    Graph *g = graph_clone(c->arena, c->built);
    g->mode = mode;
    g->plan_batch = batch;
    PassReport report = {.dumps = {.arena = c->arena}, .times = {.arena = c->arena}};
    bool good = passes_run(g, opt, c->diag, &report);
    fputs(strbuf_text(&report.dumps), stderr);
    fputs(strbuf_text(&report.times), stderr);
    if (!good) {
        print_diagnostics(c);
        return EXIT_MODEL;
    }
    if (c->options->explain_kernels && !c->options->stop_after) {
        print_kernels(g);
    }
    c->plans[c->plan_count++] = g;
    return EXIT_OK;
}

// What to do about a model without a loss: nothing, leave training out with a warning, or fail.
static ExitCode check_trainable(const Compilation *c, bool infer, bool *train)
{
    const char *why = *train ? passes_untrainable(c->arena, c->built) : NULL;
    if (!why) {
        return EXIT_OK;
    }
    bool asked = !infer || c->options->command->bit != CMD_COMPILE;
    if (asked) {
        return report_error(EXIT_MODEL, "%s cannot be trained: %s", c->options->model, why);
    }
    fprintf(stderr, "resnetc: warning: %s has no training code: %s\n", c->options->model, why);
    *train = false;
    return EXIT_OK;
}

ExitCode compile_plans(Compilation *c, bool infer, bool train, const uint32_t *batches,
                       uint32_t count)
{
    ExitCode code = check_trainable(c, infer, &train);
    LowerTarget target = codegen_lower_target(c->codegen);
    PassOptions opt = {.target = &target,
                       .both_modes = infer && train,
                       .recompute = (Recompute)c->options->recompute,
                       .label_smoothing = c->options->label_smoothing,
                       .packed = packed_pool_create(c->arena),
                       .dump_after = c->options->dump_after,
                       .stop_after = c->options->stop_after,
                       .verify_each = c->options->verify_each,
                       .time_passes = c->options->time_passes};
    for (uint32_t i = 0; infer && code == EXIT_OK && i < count; i++) {
        code = run_passes(c, MODE_INFER, batches[i], &opt);
    }
    // Nobody trains on one image at a time: unless asked, training is planned for the largest batch
    // only.
    uint32_t first = c->options->plans.count ? 0 : count - 1;
    for (uint32_t i = first; train && code == EXIT_OK && i < count; i++) {
        code = run_passes(c, MODE_TRAIN, batches[i], &opt);
    }
    return code;
}

static ModelSpec model_spec(const Compilation *c, const char *name)
{
    const SourceFile *file = source_file(&c->sources, c->main_file);
    if (!file) {
        INTERNAL_ERROR("the model's file is not among its sources");
    }
    const Graph **plans = ARENA_ARRAY(c->arena, const Graph *, c->plan_count + 1);
    for (uint32_t i = 0; i < c->plan_count; i++) {
        plans[i] = c->plans[i];
    }
    return (ModelSpec){.name = name,
                       .compiler = "resnetc " RESNETC_VERSION,
                       .source = file->text,
                       .path = file->path,
                       .sources = &c->sources,
                       .main_file = c->model_file,
                       .source_hash = c->built->source_hash,
                       .plans = plans,
                       .plan_count = c->plan_count,
                       .weights = c->embeds ? &c->weights : NULL};
}

const char *compile_model_text(const Compilation *c)
{
    const SourceFile *file = source_file(&c->sources, c->model_file);
    return file ? file->text : "";
}

const void *compile_emit(Compilation *c, const char *name, CodegenFormat format, size_t *bytes)
{
    ModelSpec spec = model_spec(c, name);
    CodegenStats stats = {0};
    const void *out = codegen_emit(c->codegen, c->arena, &spec, format, bytes, &stats);
    print_time(c, "code generator: build", 1e-3 * stats.build_ms);
    print_time(c, "code generator: LLVM", 1e-3 * stats.emit_ms);
    if (c->options->time_passes) {
        fprintf(stderr, "%u kernels, %u steps, %zu bytes\n", stats.kernels, stats.steps, *bytes);
    }
    return out;
}

const char *compile_header(Compilation *c, const char *name)
{
    ModelSpec spec = model_spec(c, name);
    return header_text(c->arena, &spec, c->target->name);
}

static ExitCode load_object(Compilation *c, const void *object, size_t bytes, const char *name,
                            const RnModel **model)
{
    const char *error = NULL;
    c->loaded = object_load(c->arena, object, bytes, name, model, &error);
    return c->loaded ? EXIT_OK : report_error(EXIT_ENVIRONMENT, "%s", error);
}

ExitCode compile_load_part(Compilation *c, CodegenPart part, const RnModel **model)
{
    const TargetDef *target = part == CODEGEN_TABLES ? target_native() : c->target;
    if (!target) {
        return report_error(EXIT_ENVIRONMENT, "this machine runs none of the targets");
    }
    const char *name = compile_default_name(c);
    ModelSpec spec = model_spec(c, name);
    spec.part = part;
    size_t bytes = 0;
    const void *object = codegen_emit(codegen_create(c->arena, target, &c->kernel_options),
                                      c->arena, &spec, CODEGEN_OBJECT, &bytes, NULL);
    return load_object(c, object, bytes, name, model);
}

void compile_move_weights(Compilation *c, MovedWeights *moved)
{
    passes_embed(c->arena, c->plans, c->plan_count, moved);
}

void compile_embed(Compilation *c, const EmbeddedWeights *weights)
{
    c->weights = *weights;
    c->embeds = true;
}

static const void *emit_object(void *compilation, size_t *bytes)
{
    Compilation *c = compilation;
    return compile_emit(c, compile_default_name(c), CODEGEN_OBJECT, bytes);
}

ExitCode compile_load(Compilation *c, bool infer, bool train, uint32_t batch, const RnModel **model)
{
    const uint32_t *batches;
    uint32_t count;
    ExitCode code = compile_plan_batches(c, &batch, 1, &batches, &count);
    if (code == EXIT_OK) {
        code = compile_plans(c, infer, train, batches, count);
    }
    if (code != EXIT_OK) {
        return code;
    }
    // LLVM's memory is not to stay while the network runs.
    size_t bytes = 0;
    bool started = false;
    void *made = apart_make(emit_object, c, &bytes, &started);
    if (started && !made) {
        return report_error(EXIT_ENVIRONMENT, "the code generator ended without a result");
    }
    const void *object = made ? made : emit_object(c, &bytes);
    code = load_object(c, object, bytes, compile_default_name(c), model);
    free(made);
    return code;
}

const char *compile_default_name(const Compilation *c)
{
    return compile_identifier(c->arena, c->path);
}

// A path with what make reads as its own escaped.
static void add_make_path(StrBuf *out, const char *path)
{
    for (; *path; path++) {
        if (*path == ' ' || *path == '#' || *path == '\\') {
            strbuf_add(out, "\\");
        }
        if (*path == '$') {
            strbuf_add(out, "$");
        }
        strbuf_add_bytes(out, path, 1);
    }
}

const char *compile_depends(const Compilation *c, const char *object)
{
    StrBuf out = {.arena = c->arena};
    add_make_path(&out, object);
    strbuf_add(&out, ":");
    for (uint32_t i = 0; i < c->sources.files.count; i++) {
        const char *path = c->sources.files.at[i].path;
        if (*path == '<' || strcmp(path, "-D") == 0) { // "<shipped>/resnet.rn", the command line
            continue;
        }
        strbuf_add(&out, " ");
        add_make_path(&out, path);
    }
    const char *const others[] = {c->options->weights, c->options->map};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!others[i]) {
            continue;
        }
        strbuf_add(&out, " ");
        add_make_path(&out, others[i]);
    }
    strbuf_add(&out, "\n");
    return strbuf_text(&out);
}

bool compile_is_source(const Compilation *c, const char *path)
{
    for (uint32_t i = 0; i < c->sources.files.count; i++) {
        if (file_same(c->sources.files.at[i].path, path)) {
            return true;
        }
    }
    return false;
}

const char *compile_identifier(Arena *a, const char *path)
{
    const char *base = path_basename(a, path);
    size_t length = strcspn(base, ".");
    char *name =
        arena_printf(a, "%s%.*s", isdigit((unsigned char)*base) ? "_" : "", (int)length, base);
    for (char *p = name; *p; p++) {
        if (!isalnum((unsigned char)*p)) {
            *p = '_';
        }
    }
    return *name ? name : "model";
}
